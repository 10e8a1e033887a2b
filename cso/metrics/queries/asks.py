"""What a caller wants to know of many metrics, and how it is put together from what was read.

A page reads a thousand figures and more, so what is the same for a period is looked up once for all its groups.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import product
from typing import Any, Generic, TypeVar
from uuid import UUID

from cso.metrics.counting import Window
from cso.metrics.periods import Period, Status, status
from cso.metrics.queries.figures import Figure, cell_end, groups_of_units
from cso.metrics.registry import Family, Metric
from tenants.scope import current_tenant

K = TypeVar("K", bound=Hashable)

Figures = dict[tuple[str, K, Period], Figure]
# Shares of 0 to 1 (None: no data) by metric key and group, in the order of the periods.
Courses = dict[tuple[str, K], list[float | None]]
# Counts, revisions, and when a cell changed last, where that is wanted.
Sum = tuple[list[int], int, datetime | None]
# What counts by an instant, and what does not yet, in the order of the family's counters.
Split = tuple[list[int], list[int]]
# Of an ask, by its number: a family or a metric in a period.
Key = tuple[int, str, Period]


@dataclass(frozen=True)
class Ask(Generic[K]):
    """The figures of metrics, for each group in each period."""

    metrics: Sequence[Metric]
    groups: Mapping[K, Sequence[UUID]]
    periods: Sequence[Period]


@dataclass(frozen=True)
class Parts:
    """The figures of metrics in windows of instants, each a part of its period."""

    metrics: Sequence[Metric]
    windows: Sequence[tuple[Window, Period]]


@dataclass(frozen=True)
class Read:
    """What was read, by family (`restated`: by metric), and therein by group."""

    sums: Mapping[Key, dict[Hashable, Sum]]
    restated: Mapping[Key, dict[Hashable, datetime]]
    running: Mapping[Key, dict[Hashable, Split]]
    live: Mapping[Key, dict[Hashable, Split]]
    is_behind: bool


@dataclass(frozen=True)
class Part:
    """Of a period what is not over yet, in [start, end)."""

    asked: Asked
    family: Family
    period: Period
    between: tuple[datetime, datetime]


class Asked:
    """An ask with what of it is not over yet. is_course: of its figures only the shares are wanted."""

    def __init__(self, ask: Ask[Any], number: int, now: datetime, *, is_course: bool = False) -> None:
        zone = current_tenant().zone
        self.ask, self.number, self.now, self.is_course = ask, number, now, is_course
        self.owners = groups_of_units(ask.groups)
        self.families = {metric.family.key: metric.family for metric in ask.metrics}
        self.periods = list(dict.fromkeys(ask.periods))
        self.states = {period: status(period, now, zone) for period in self.periods}
        self.unfinished = [
            (family, period)
            for family, period in product(self.families.values(), self.periods)
            if family.can_run and self.owners and period.bounds(zone)[1] > family.counted_before(now)
        ]
        self.open_now = {(family.key, period) for family, period in self.unfinished}
        self.holders: dict[tuple[str, date], list[Period]] = {}
        for period in self.periods if self.owners and self.families else ():
            for cell in period.cells():
                self.holders.setdefault((period.cell_grain, cell), []).append(period)
        self.has_final = "final" in self.states.values() and not is_course

    def parts(self, of: Callable[[Period, datetime], tuple[datetime, datetime]]) -> list[Part]:
        return [Part(self, f, p, of(p, f.counted_before(self.now))) for f, p in self.unfinished]

    def not_over(self) -> set[tuple[str, str, date]]:
        """Families, grains and cells that still run."""
        return {
            (family.key, *cell)
            for family, cell in product(self.families.values(), self.holders)
            if family.can_run and cell_end(*cell) > family.counted_before(self.now)
        }

    def figures(self, read: Read) -> Figures[Any]:
        found: Figures[Any] = {}
        for metric, period in product(self.ask.metrics, self.periods):
            state = self.states[period]
            restated = read.restated.get((self.number, metric.key, period), {})
            for group, sums, undue, revision, as_of in self._counted(metric.family, period, read):
                at = restated.get(group)
                found[metric.key, group, period] = figure_from(metric, sums, undue, state, revision, as_of, at)
        return found

    def courses(self, read: Read) -> Courses[Any]:
        found: Courses[Any] = {}
        for metric in self.ask.metrics:
            above, below = (metric.family.position(name) for name in (metric.numerator, metric.denominator))
            by_period = [
                [sums[above] / sums[below] if sums[below] else None for _, sums, *_ in counted]
                for counted in (self._counted(metric.family, period, read) for period in self.periods)
            ]
            for number, group in enumerate(self.ask.groups):
                found[metric.key, group] = [shares[number] for shares in by_period]
        return found

    def _counted(
        self, family: Family, period: Period, read: Read
    ) -> Iterator[tuple[Any, Sequence[int], Sequence[int], int | None, datetime | None]]:
        """Of each group what counts by now and what does not yet, with revision and last change."""
        here: Key = (self.number, family.key, period)
        kept, running, live = read.sums.get(here, {}), read.running.get(here, {}), read.live.get(here, {})
        is_live = read.is_behind and here[1:] in self.open_now
        nothing = [0] * len(family.counters)
        for group in self.ask.groups:
            sums, revision, as_of = kept.get(group, (nothing, None, None))
            undue = nothing
            if is_live and group in live:
                due, undue = live[group]
                sums = added(sums, due)
            elif not is_live and group in running:
                _, undue = running[group]
                sums = [a - b for a, b in zip(sums, undue, strict=True)]
            yield group, sums, undue, revision, as_of


def figure_from(
    metric: Metric,
    sums: Sequence[int],
    undue: Sequence[int],
    state: Status,
    revision: int | None = None,
    as_of: datetime | None = None,
    restated_at: datetime | None = None,
) -> Figure:
    family = metric.family
    counts = dict(zip(family.counters, sums, strict=True))
    return Figure(
        metric,
        counts[metric.numerator],
        counts[metric.denominator],
        undue[family.position(metric.counted)],
        state,
        counts,
        revision,
        as_of,
        restated_at,
    )


def added(one: Sequence[int], two: Sequence[int]) -> list[int]:
    return [a + b for a, b in zip(one, two, strict=True)]
