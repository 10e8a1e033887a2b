"""Many metrics at once: the figures of `cso.metrics.queries.figures`, by a few statements whatever their number.

A scorecard holds metrics of several families for every leader; family by family it would take more statements than a
page may.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import product
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import connection

from cso.metrics.counting import Window
from cso.metrics.periods import Period, status
from cso.metrics.queries.figures import MARKS_WAIT, Figure, cell_end, groups_of_units, rest_of, undue_part
from cso.metrics.queries.states import Row as StateRow
from cso.metrics.queries.states import StatesAsked
from cso.metrics.registry import Family, Metric
from tenants.scope import current_tenant, current_tenant_id

K = TypeVar("K", bound=Hashable)

# What counts by an instant, and what does not yet, in the order of the family's counters.
_Split = tuple[list[int], list[int]]
Figures = dict[tuple[str, K, Period], Figure]


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


def figures_of_many(
    metrics: Sequence[Metric], groups: Mapping[K, Sequence[UUID]], periods: Sequence[Period], *, now: datetime
) -> Figures[K]:
    """A figure for each metric (by key) of each group in each period, as `figures` gives.

    One statement, one more while a period is not over, and one while marks wait.
    """
    [found] = figures_of_asks([Ask(metrics, groups, periods)], now=now).figures
    return found


def figures_of_parts(
    metrics: Sequence[Metric], windows: Sequence[tuple[Window, Period]], *, now: datetime
) -> list[dict[str, Figure]]:
    """The same for windows of instants, each a part of its period: by metric key, in the windows' order.

    Counted from the facts, units below included; one statement.
    """
    return figures_of_asks([], Parts(metrics, windows), now=now).parts


@dataclass(frozen=True)
class Answers:
    """figures: of each ask; parts: of each window, by metric key; states: by metric key and group.

    is_behind: cells stand behind the facts, for marks wait, or could not be counted.
    """

    figures: list[Figures[Any]]
    parts: list[dict[str, Figure]]
    states: dict[tuple[str, Any], dict[str, int]]
    is_behind: bool


def figures_of_asks(
    asks: Sequence[Ask[Any]], parts: Parts | None = None, states: StatesAsked[Any] | None = None, *, now: datetime
) -> Answers:
    """`figures_of_many` of each ask, `figures_of_parts` and states, in as many statements as for one of them."""
    parts = parts or Parts([], [])
    asked = [_Asked(ask, number, now) for number, ask in enumerate(asks)]
    # What is running is read before the cells: a change between the two has then left its mark, which their query sees.
    undue = [part for one in asked for part in one.parts(undue_part)]
    running, counted = _count(undue, parts, now)
    kept, restated, is_behind, stand = _sum_cells([one for one in asked if one.holders], states)
    live: dict[_Key, _Split] = {}
    if is_behind:
        live, _ = _count([part for one in asked for part in one.parts(rest_of)], Parts([], []), now)
    known = _Kept(kept, restated, running, live, is_behind)
    found = [one.figures(known) for one in asked]
    return Answers(found, counted, states.counts(stand) if states else {}, is_behind)


@dataclass(frozen=True)
class _Kept:
    """What was read, by ask, family, period and group."""

    sums: Mapping[_Key, tuple[list[int], int, datetime]]
    restated: Mapping[tuple[int, str, Hashable, Period], datetime]
    running: Mapping[_Key, _Split]
    live: Mapping[_Key, _Split]
    is_behind: bool


_Key = tuple[int, str, Period, Hashable]


def _figure(
    metric: Metric,
    sums: Sequence[int],
    undue: Sequence[int],
    period: Period,
    now: datetime,
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
        status(period, now, current_tenant().zone),
        counts,
        revision,
        as_of,
        restated_at,
    )


class _Asked:
    """What a caller wants, with what of it is not over yet."""

    def __init__(self, ask: Ask[Any], number: int, now: datetime) -> None:
        zone = current_tenant().zone
        self.ask, self.number, self.now = ask, number, now
        self.owners = groups_of_units(ask.groups)
        self.families = list({metric.family.key: metric.family for metric in ask.metrics}.values())
        self.periods = list(dict.fromkeys(ask.periods))
        self.unfinished = [
            (family, period)
            for family, period in product(self.families, self.periods)
            if family.can_run and self.owners and period.bounds(zone)[1] > family.counted_before(now)
        ]
        self.holders: dict[tuple[str, date], list[Period]] = {}
        for period in self.periods if self.owners and self.families else ():
            for cell in period.cells():
                self.holders.setdefault((period.cell_grain, cell), []).append(period)
        self.has_final = any(status(period, now, zone) == "final" for period in self.periods)

    def parts(self, of: Callable[[Period, datetime], tuple[datetime, datetime]]) -> list[_Part]:
        return [_Part(self, f, p, of(p, f.counted_before(self.now))) for f, p in self.unfinished]

    def figures(self, kept: _Kept) -> Figures[Any]:
        open_now = {(family.key, period) for family, period in self.unfinished}
        found = {}
        for metric, group, period in product(self.ask.metrics, self.ask.groups, self.periods):
            key: _Key = (self.number, metric.family.key, period, group)
            nothing = [0] * len(metric.family.counters)
            sums, revision, as_of = kept.sums.get(key, (nothing, None, None))
            if kept.is_behind and key[1:3] in open_now:
                due, undue = kept.live.get(key, (nothing, nothing))
                sums = [a + b for a, b in zip(sums, due, strict=True)]
            else:
                _, undue = kept.running.get(key, (nothing, nothing))
                sums = [a - b for a, b in zip(sums, undue, strict=True)]
            restated_at = kept.restated.get((self.number, metric.key, group, period))
            found[metric.key, group, period] = _figure(
                metric, sums, undue, period, self.now, revision, as_of, restated_at
            )
        return found

    @property
    def parameters(self) -> dict[str, Any]:
        values = {
            "families": [family.key for family in self.families],
            "grains": [grain for grain, _ in self.holders],
            "cells": [cell for _, cell in self.holders],
            "units": list(self.owners),
        }
        return {f"{name}{self.number}": value for name, value in values.items()}


_Sums = dict[_Key, tuple[list[int], int, datetime]]
_Restated = dict[tuple[int, str, Hashable, Period], datetime]


def _sum_cells(
    asked: Sequence[_Asked], states: StatesAsked[Any] | None
) -> tuple[_Sums, _Restated, bool, list[StateRow]]:
    """Counts, revision and last change; when a final figure was restated; whether marks wait; and how states stand: as
    of one instant.

    While marks wait, the counts leave out the cells that are not over, where facts of a family can run.
    """
    parameters: dict[str, Any] = {"tenant": current_tenant_id(), **(states.parameters if states else {})}
    selects = [_select_state(select) for select in states.selects] if states else []
    for one in asked:
        parameters |= one.parameters
        selects += [_select_cells(one.number), *([_select_restatements(one.number)] if one.has_final else [])]
    if not selects:
        return {}, {}, False, []
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH marks AS (SELECT {MARKS_WAIT} AS wait)
            SELECT {_MARKS}, marks.wait, NULL::text, NULL::uuid, NULL::text, NULL::date, NULL::bigint[],
                NULL::bigint[], NULL::int, NULL::timestamptz FROM marks
            UNION ALL {" UNION ALL ".join(selects)}
            """,
            parameters,
        )
        rows = cursor.fetchall()
    is_behind = next(bool(row[1]) for row in rows if row[0] == _MARKS)
    by_number = {one.number: one for one in asked}
    sums: _Sums = {}
    restated: _Restated = {}
    stand: list[StateRow] = []
    for number, wait, family, unit, grain, cell, total, after, revision, as_of in rows:
        if number < _MARKS:
            stand.append((_MARKS - 1 - number, wait, unit, total))
        elif after is not None:
            _add_restatement(restated, by_number[number], (family, unit, grain, cell, total, after, as_of))
        elif number != _MARKS:
            _add_cell(sums, by_number[number], (family, unit, grain, cell, total, revision, as_of), is_behind)
    return sums, restated, is_behind, stand


# Asks are numbered from 0 on, states downwards behind the one row that says whether marks wait.
_MARKS = -1


def _select_state(select: str) -> str:
    return f"""
        SELECT {_MARKS - 1} - state.number, state.wait, NULL, state.unit_id, NULL, NULL, state.counts, NULL, NULL, NULL
        FROM ({select}) AS state(number, wait, unit_id, counts)"""


def _add_cell(sums: _Sums, one: _Asked, row: tuple[Any, ...], is_behind: bool) -> None:
    key, unit, grain, cell, total, revision, as_of = row
    family = next(each for each in one.families if each.key == key)
    is_open = family.can_run and cell_end(grain, cell) > family.counted_before(one.now)
    counted = [0] * len(total) if is_behind and is_open else total
    for period, group in product(one.holders[grain, cell], one.owners[unit]):
        here = (one.number, key, period, group)
        known, known_revision, known_as_of = sums.get(here, ([0] * len(total), 0, as_of))
        summed = [a + b for a, b in zip(known, counted, strict=True)]
        sums[here] = (summed, known_revision + revision, max(known_as_of, as_of))


def _add_restatement(restated: _Restated, one: _Asked, row: tuple[Any, ...]) -> None:
    """A counter that a metric does not show restates nothing of it."""
    family, unit, grain, cell, before, after, at = row
    zone = current_tenant().zone
    for metric in one.ask.metrics:
        shown = [metric.family.position(name) for name in metric.shown]
        if metric.family.key == family and any(before[n] != after[n] for n in shown):
            for group, period in product(one.owners[unit], one.holders[grain, cell]):
                if status(period, one.now, zone) == "final":
                    key = (one.number, metric.key, group, period)
                    restated[key] = max(at, restated.get(key, at))


def _select_cells(number: int) -> str:
    return f"""
        SELECT {number}, NULL, cell.family, cell.unit_id, cell.grain, cell.period, cell.total, NULL, cell.revision,
            cell.as_of
        FROM unnest(%(families{number})s::text[]) AS wanted(family)
        CROSS JOIN unnest(%(grains{number})s::text[], %(cells{number})s::date[]) AS span(grain, period)
        JOIN metrics_cell cell ON cell.tenant_id = %(tenant)s AND cell.family = wanted.family
            AND cell.grain = span.grain AND cell.period = span.period AND cell.unit_id = ANY(%(units{number})s)"""


def _select_restatements(number: int) -> str:
    return f"""
        SELECT {number}, NULL, family, unit_id, grain, period, before, after, NULL, at FROM metrics_restatement
        WHERE tenant_id = %(tenant)s AND family = ANY(%(families{number})s) AND unit_id = ANY(%(units{number})s)
        AND (grain, period) IN (SELECT * FROM unnest(%(grains{number})s::text[], %(cells{number})s::date[]))"""


@dataclass(frozen=True)
class _Part:
    asked: _Asked
    family: Family
    period: Period
    between: tuple[datetime, datetime]


def _count(wanted: Sequence[_Part], parts: Parts, now: datetime) -> tuple[dict[_Key, _Split], list[dict[str, Figure]]]:
    """The facts decided within each part, split at what counts by now, and the figures of windows; one statement."""
    parameters: dict[str, Any] = {"tenant": current_tenant_id()}
    selects = []
    for number, part in enumerate(wanted):
        delay = part.family.delay
        instants = (*part.between, part.family.counted_before(now))
        names = (f"start{number}", f"end{number}", f"until{number}")
        parameters |= {name: instant - delay for name, instant in zip(names, instants, strict=True)}
        parameters[f"units{part.asked.number}"] = list(part.asked.owners)
        selects.append(_select_part(part, number))
    families = {metric.family.key: metric.family for metric in parts.metrics} if parts.windows else {}
    for number, family in enumerate(families.values()):
        parameters |= _window_parameters(family, number, parts, now)
        selects.append(_select_windows(family, number))
    if not selects:
        return {}, [{} for _ in parts.windows]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(selects), parameters)
        rows = cursor.fetchall()
    found: dict[_Key, _Split] = {}
    counted: dict[tuple[str, int], _Split] = {}
    for key, number, unit, due, undue in rows:
        if key is not None:
            counted[key, number - 1] = (due, undue)
            continue
        part = wanted[number]
        for group in part.asked.owners[unit]:
            here = (part.asked.number, part.family.key, part.period, group)
            known = found.get(here, ([0] * len(due), [0] * len(due)))
            found[here] = (
                [a + b for a, b in zip(known[0], due, strict=True)],
                [a + b for a, b in zip(known[1], undue, strict=True)],
            )
    return found, [
        {metric.key: _figure(metric, *counted[metric.family.key, ordinal], period, now) for metric in parts.metrics}
        for ordinal, (_, period) in enumerate(parts.windows)
    ]


def _window_parameters(family: Family, number: int, parts: Parts, now: datetime) -> dict[str, Any]:
    return {
        "window_units": [window.unit for window, _ in parts.windows],
        f"window_starts{number}": [window.start - family.delay for window, _ in parts.windows],
        f"window_ends{number}": [window.end - family.delay for window, _ in parts.windows],
        f"window_until{number}": family.counted_before(now) - family.delay,
    }


def _select_part(part: _Part, number: int) -> str:
    family, table = part.family, part.family.source.table
    return f"""
        SELECT NULL, {number}, above.ancestor_id, {_split(family, f"%(until{number})s")}
        FROM {table} JOIN people_unitancestor above
            ON above.tenant_id = {table}.tenant_id AND above.unit_id = {table}.unit_id
        WHERE {table}.tenant_id = %(tenant)s AND above.ancestor_id = ANY(%(units{part.asked.number})s)
        AND {family.base_condition} AND {table}.{family.indexed} >= %(start{number})s
        AND {table}.{family.column} >= %(start{number})s AND {table}.{family.column} < %(end{number})s
        GROUP BY above.ancestor_id"""


def _select_windows(family: Family, number: int) -> str:
    table = family.source.table
    until = f"%(window_until{number})s" if family.can_run else "'infinity'::timestamptz"
    return f"""
        SELECT '{family.key}', w.ordinal::int, NULL::uuid, counted.due, counted.undue
        FROM unnest(%(window_units)s::uuid[], %(window_starts{number})s::timestamptz[],
            %(window_ends{number})s::timestamptz[]) WITH ORDINALITY AS w(unit_id, starts, ends, ordinal)
        CROSS JOIN LATERAL (
            SELECT {_split(family, until)} FROM {table}
            WHERE {table}.tenant_id = %(tenant)s AND {family.base_condition} AND {table}.unit_id IN (
                SELECT below.unit_id FROM people_unitancestor below
                WHERE below.tenant_id = %(tenant)s AND below.ancestor_id = w.unit_id)
            AND {table}.{family.column} >= w.starts AND {table}.{family.column} < w.ends
        ) counted(due, undue)"""


def _split(family: Family, until: str) -> str:
    """Two arrays of the family's counters: what is decided before an instant, and what is not."""
    column = f"{family.source.table}.{family.column}"
    sides = (f"{column} < {until}", f"{column} >= {until}")
    arrays = [", ".join(family.aggregate(name, side) for name in family.counters) for side in sides]
    return ", ".join(f"ARRAY[{counters}]::bigint[]" for counters in arrays)
