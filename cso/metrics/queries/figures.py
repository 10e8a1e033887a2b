"""Reading figures: cells plus the clock.

Cells know nothing of the time, so a reader says when "now" is, and what is not yet due by then is left out. While marks
wait, cells stand behind the facts; the months and weeks that are not over then come from the facts alone, for cells
less what is running would be no figure of any instant. A group of units stands for the sum of its (disjoint) subtrees:
one unit for itself, the top units for the whole tenant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import connection

from cso.intervals import SMALL_SAMPLE, Interval, wilson_interval
from cso.metrics.counting import Window, count_windows
from cso.metrics.models import Target
from cso.metrics.periods import Period, Status, day_start, period_of, status, status_at
from cso.metrics.registry import METRICS, Family, Metric
from cso.people.models import Unit
from tenants.scope import current_tenant, current_tenant_id, day_of

K = TypeVar("K", bound=Hashable)

HEADLINE = METRICS["recovered_24h"]
# Whether cells of the tenant stand behind its facts; a quarantined mark waits for a person.
MARKS_WAIT = """(
    EXISTS (SELECT FROM metrics_mark WHERE tenant_id = %(tenant)s)
    OR EXISTS (SELECT FROM metrics_quarantinedmark WHERE tenant_id = %(tenant)s))"""


@dataclass(frozen=True)
class Figure:
    """A count or a share: `numerator` of `denominator`, in which `running` facts that are not yet due do not count.

    counts: every counter of the metric's family, by name, likewise without the running ones.
    revision, as_of: how often, and when last, the cells behind it changed; None when there are none.
    restated_at: when it last changed after it was final; None when it did not.
    """

    metric: Metric
    numerator: int
    denominator: int
    running: int
    status: Status
    counts: Mapping[str, int]
    revision: int | None = None
    as_of: datetime | None = None
    restated_at: datetime | None = None

    @property
    def share(self) -> Fraction | None:
        """Exact, 0 to 1; None without data (never 0 % or 100 %)."""
        return Fraction(self.numerator, self.denominator) if self.denominator else None

    @property
    def percent(self) -> float | None:
        return float(self.share * 100) if self.share is not None else None

    @property
    def interval(self) -> Interval | None:
        """Wilson, 95 %."""
        return wilson_interval(self.numerator, self.denominator)

    @property
    def chance(self) -> Interval | None:
        """The interval where the cases are so few that it is said with the share; None elsewhere."""
        return self.interval if self.denominator < SMALL_SAMPLE else None

    @property
    def missed(self) -> int:
        return self.denominator - self.numerator


def whole_tenant() -> list[UUID]:
    """The top units, whose totals make up the tenant."""
    return list(Unit.objects.filter(parent=None).values_list("pk", flat=True))


def figures(
    metric: Metric, groups: Mapping[K, Sequence[UUID]], periods: Sequence[Period], *, now: datetime
) -> dict[tuple[K, Period], Figure]:
    """A figure for each group in each period: one query, and one more per period that is not over at `now`.

    While marks wait, each of those periods takes one more, which counts the facts. A unit may stand in several groups,
    and a period may be asked for twice.
    """
    periods = list(dict.fromkeys(periods))
    family, names, zone = metric.family, list(metric.family.counters), current_tenant().zone
    until = family.counted_before(now)
    unfinished = [period for period in periods if family.can_run and period.bounds(zone)[1] > until]
    # What is running is read before the cells: a change between the two has then left its mark, which the cells' query
    # sees.
    running = {period: _count_now(family, groups, undue_part(period, until), until) for period in unfinished}
    kept = _sum_cells(metric, groups, periods, until)
    live: dict[Period, _Now[K]] = {}
    if kept.is_behind:
        live = {period: _count_now(family, groups, rest_of(period, until), until) for period in unfinished}
    found = {}
    for period, group in product(periods, groups):
        sums, revision, as_of, restated_at = kept.sums.get((group, period), ([0] * len(names), None, None, None))
        state = status(period, now, zone)
        if period in live:
            due, undue = live[period].get(group, ([0] * len(names), [0] * len(names)))
            sums = [a + b for a, b in zip(sums, due, strict=True)]
        else:
            _, undue = running.get(period, {}).get(group, ([], [0] * len(names)))
            sums = [a - b for a, b in zip(sums, undue, strict=True)]
        counts = dict(zip(names, sums, strict=True))
        found[group, period] = Figure(
            metric,
            counts[metric.numerator],
            counts[metric.denominator],
            undue[names.index(metric.counted)],
            state,
            counts,
            revision,
            as_of,
            restated_at if state == "final" else None,
        )
    return found


def figures_between(
    metric: Metric, windows: Sequence[Window], *, now: datetime, period: Period | None = None
) -> list[Figure]:
    """The same figure for any windows of instants, counted from the facts: a leader's part of a month, a check by hand.

    One per window, units below included; two queries whatever their number. A part of a `period` is final when that is.
    """
    family = metric.family
    names, until = list(family.counters), family.counted_before(now)

    def due_by(window: Window) -> datetime:
        return max(window.start, min(window.end, until)) if family.can_run else window.end

    counted = count_windows(family, [Window(w.unit, w.start, due_by(w)) for w in windows], with_units_below=True)
    left_out = count_windows(family, [Window(w.unit, due_by(w), w.end) for w in windows], with_units_below=True)
    found = []
    for window, tally, undue in zip(windows, counted, left_out, strict=True):
        counts = dict(zip(names, tally.counts, strict=True))
        running = undue.counts[names.index(metric.counted)]
        state = status(period, now, current_tenant().zone) if period else status_at(window.end, now)
        found.append(Figure(metric, counts[metric.numerator], counts[metric.denominator], running, state, counts))
    return found


def figure_of(
    metric: Metric,
    units: Sequence[UUID],
    period: Period,
    *,
    now: datetime,
    between: tuple[datetime, datetime] | None = None,
) -> Figure:
    """The figure of disjoint subtrees together in a period; of a part of it, counted from the facts, with `between`."""
    if between is None:
        return figures(metric, {None: units}, [period], now=now)[None, period]
    parts = figures_between(metric, [Window(unit, *between) for unit in units], now=now, period=period)
    counts = {name: sum(part.counts[name] for part in parts) for name in metric.family.counters}
    return Figure(
        metric,
        counts[metric.numerator],
        counts[metric.denominator],
        sum(part.running for part in parts),
        status(period, now, current_tenant().zone),
        counts,
    )


def target_for(metric: Metric, period: Period, *, now: datetime) -> Decimal | None:
    """The target that a period is held against, in percent: the one in force at its start.

    For a period that began before any was set, it is the first one that took force within it, by now; None without.
    """
    known = Target.objects.filter(metric=metric.key).order_by("starts_on")
    return target_of(dict(known.values_list("starts_on", "percent")), period, now=now)


def target_of(course: Mapping[date, Decimal], period: Period, *, now: datetime) -> Decimal | None:
    """The same, from the targets by the day from which each is in force, in their order."""
    elapsed = max(period.first, min(day_of(now), period.after - timedelta(days=1)))
    target: Decimal | None = None
    for starts_on, percent in course.items():
        if starts_on <= elapsed and (target is None or starts_on <= period.first):
            target = percent
    return target


_Sum = tuple[list[int], int, datetime, datetime | None]


@dataclass(frozen=True)
class _Kept(Generic[K]):
    """What cells hold: counts, revisions, last change and last restatement by group and period.

    is_behind: marks wait; the counts then leave out the cells that are not over, where facts of a family can run.
    """

    sums: dict[tuple[K, Period], _Sum]
    is_behind: bool


def _sum_cells(
    metric: Metric, groups: Mapping[K, Sequence[UUID]], periods: Sequence[Period], until: datetime
) -> _Kept[K]:
    """One query, so that the cells and whether marks wait are of one instant.

    until: what is decided from then on does not count yet. A restatement of a counter that the metric does not show is
    none of it.
    """
    family = metric.family
    shown = [family.position(name) + 1 for name in metric.shown]  # arrays begin at 1
    owners = groups_of_units(groups)
    holders: dict[tuple[str, date], list[Period]] = defaultdict(list)
    for period in periods:
        for cell in period.cells():
            holders[period.cell_grain, cell].append(period)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT marks.wait, cell.unit_id, cell.grain, cell.period, cell.total, cell.revision, cell.as_of, (
                SELECT max(at) FROM metrics_restatement r WHERE r.tenant_id = %(tenant)s AND r.family = %(family)s
                AND r.grain = cell.grain AND r.period = cell.period AND r.unit_id = cell.unit_id
                AND ({" OR ".join(f"r.before[{n}] <> r.after[{n}]" for n in shown)}))
            FROM (SELECT {MARKS_WAIT}) AS marks(wait) LEFT JOIN (
                unnest(%(grains)s::text[], %(cells)s::date[]) AS wanted(grain, period)
                JOIN metrics_cell cell ON cell.tenant_id = %(tenant)s AND cell.family = %(family)s
                    AND cell.grain = wanted.grain AND cell.period = wanted.period AND cell.unit_id = ANY(%(units)s)
            ) ON TRUE
            """,
            {
                "tenant": current_tenant_id(),
                "family": family.key,
                "grains": [grain for grain, _ in holders],
                "cells": [cell for _, cell in holders],
                "units": list(owners),
            },
        )
        rows = cursor.fetchall()
    is_behind = bool(rows[0][0])
    left_out = {key for key in holders if is_behind and family.can_run and cell_end(*key) > until}
    sums: dict[tuple[K, Period], _Sum] = {}
    for _, unit, grain, cell, total, revision, as_of, restated_at in rows:
        if unit is None:
            continue
        counted = [0] * len(total) if (grain, cell) in left_out else total
        for key in product(owners[unit], holders[grain, cell]):
            known, known_revision, known_as_of, known_restated = sums.get(key, ([0] * len(total), 0, as_of, None))
            summed = [a + b for a, b in zip(known, counted, strict=True)]
            restated = max(filter(None, (known_restated, restated_at)), default=None)
            sums[key] = (summed, known_revision + revision, max(known_as_of, as_of), restated)
    return _Kept(sums, is_behind)


def cell_end(grain: Any, cell: date) -> datetime:
    """The first instant that no longer belongs to a cell."""
    return Period(grain, cell).bounds(current_tenant().zone)[1]


def undue_part(period: Period, until: datetime) -> tuple[datetime, datetime]:
    """What of a period does not count yet, where `until` is what counts before."""
    start, end = period.bounds(current_tenant().zone)
    return max(start, until), end


def rest_of(period: Period, until: datetime) -> tuple[datetime, datetime]:
    """From the first of its cells that is not over at `until` to its end."""
    first = next(cell for cell in period.cells() if cell_end(period.cell_grain, cell) > until)
    zone = current_tenant().zone
    return day_start(first, zone), period.bounds(zone)[1]


# By group: what is due at an instant, and what is not yet, in the order of the family's counters.
_Now = dict[K, tuple[list[int], list[int]]]


def _count_now(
    family: Family, groups: Mapping[K, Sequence[UUID]], between: tuple[datetime, datetime], until: datetime
) -> _Now[K]:
    """The facts that are decided in [start, end), split at `until`; one query."""
    owners = groups_of_units(groups)
    table = family.source.table
    counters = ", ".join(
        family.aggregate(name, f"{table}.{family.column} {side} %(until)s")
        for side in ("<", ">=")
        for name in family.counters
    )
    start, end = between
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT above.ancestor_id, {counters}
            FROM {table} JOIN people_unitancestor above
                ON above.tenant_id = {table}.tenant_id AND above.unit_id = {table}.unit_id
            WHERE {table}.tenant_id = %(tenant)s AND above.ancestor_id = ANY(%(units)s) AND {family.base_condition}
            AND {table}.{family.indexed} >= %(start)s
            AND {table}.{family.column} >= %(start)s AND {table}.{family.column} < %(end)s
            GROUP BY above.ancestor_id
            """,
            {
                "tenant": current_tenant_id(),
                "units": list(owners),
                "until": until - family.delay,
                "start": start - family.delay,
                "end": end - family.delay,
            },
        )
        rows = cursor.fetchall()
    width = len(family.counters)
    found: _Now[K] = {}
    for unit, *counts in rows:
        for group in owners[unit]:
            due, undue = found.get(group, ([0] * width, [0] * width))
            found[group] = (
                [a + b for a, b in zip(due, counts[:width], strict=True)],
                [a + b for a, b in zip(undue, counts[width:], strict=True)],
            )
    return found


def groups_of_units(groups: Mapping[K, Sequence[UUID]]) -> dict[UUID, list[K]]:
    """In which groups each unit stands."""
    holders: dict[UUID, list[K]] = defaultdict(list)
    for group, units in groups.items():
        for unit in units:
            holders[unit].append(group)
    return holders


def last_full_weeks(count: int, *, now: datetime) -> list[Period]:
    """The `count` weeks that are over, oldest first: what a chart of behaviour is drawn from."""
    week = period_of(now, "week", current_tenant().zone)
    weeks = []
    for _ in range(count):
        week = week.previous()
        weeks.append(week)
    return weeks[::-1]
