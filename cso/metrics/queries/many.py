"""Many metrics at once: the figures of `cso.metrics.queries.figures`, by a few statements whatever their number.

A scorecard holds metrics of several families for every leader; family by family it would take more statements than a
page may.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import product
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import connection

from cso.metrics.counting import Window
from cso.metrics.periods import Period, status
from cso.metrics.queries.figures import MARKS_WAIT, Figure, cell_end, groups_of_units, rest_of, undue_part
from cso.metrics.registry import Family, Metric
from tenants.scope import current_tenant, current_tenant_id

K = TypeVar("K", bound=Hashable)

# What counts by an instant, and what does not yet, in the order of the family's counters.
_Split = tuple[list[int], list[int]]


def figures_of_many(
    metrics: Sequence[Metric], groups: Mapping[K, Sequence[UUID]], periods: Sequence[Period], *, now: datetime
) -> dict[tuple[str, K, Period], Figure]:
    """A figure for each metric (by key) of each group in each period, as `figures` gives.

    One statement, one more while a period is not over, one more for one that is final, and one while marks wait.
    """
    if not metrics or not groups or not periods:
        return {}
    periods = list(dict.fromkeys(periods))
    families = list({metric.family.key: metric.family for metric in metrics}.values())
    asked = _Asked(groups_of_units(groups), families, periods, now)
    # What is running is read before the cells: a change between the two has then left its mark, which their query sees.
    running = _count([(f, p, undue_part(p, f.counted_before(now))) for f, p in asked.unfinished], asked)
    kept, is_behind = _sum_cells(asked)
    live: dict[tuple[str, Period, K], _Split] = {}
    if is_behind:
        live = _count([(f, p, rest_of(p, f.counted_before(now))) for f, p in asked.unfinished], asked)
    open_now = {(family.key, period) for family, period in asked.unfinished}
    restated = _restatements(metrics, asked)
    found = {}
    for metric, group, period in product(metrics, groups, periods):
        key = (metric.family.key, period, group)
        nothing = [0] * len(metric.family.counters)
        sums, revision, as_of = kept.get(key, (nothing, None, None))
        if is_behind and key[:2] in open_now:
            due, undue = live.get(key, (nothing, nothing))
            sums = [a + b for a, b in zip(sums, due, strict=True)]
        else:
            _, undue = running.get(key, (nothing, nothing))
            sums = [a - b for a, b in zip(sums, undue, strict=True)]
        found[metric.key, group, period] = _figure(
            metric, sums, undue, period, now, revision, as_of, restated.get((metric.key, group, period))
        )
    return found


def figures_of_parts(
    metrics: Sequence[Metric], windows: Sequence[tuple[Window, Period]], *, now: datetime
) -> list[dict[str, Figure]]:
    """The same for windows of instants, each a part of its period: by metric key, in the windows' order.

    Counted from the facts, units below included; one statement.
    """
    if not metrics or not windows:
        return [{} for _ in windows]
    families = {metric.family.key: metric.family for metric in metrics}
    parameters: dict[str, Any] = {"tenant": current_tenant_id(), "units": [window.unit for window, _ in windows]}
    selects = []
    for number, family in enumerate(families.values()):
        parameters |= {
            f"starts{number}": [window.start - family.delay for window, _ in windows],
            f"ends{number}": [window.end - family.delay for window, _ in windows],
            f"until{number}": family.counted_before(now) - family.delay,
        }
        selects.append(_select_windows(family, number))
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(selects), parameters)
        counted = {(key, ordinal - 1): (due, undue) for key, ordinal, due, undue in cursor.fetchall()}
    return [
        {metric.key: _figure(metric, *counted[metric.family.key, ordinal], period, now) for metric in metrics}
        for ordinal, (_, period) in enumerate(windows)
    ]


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


class _Asked(Generic[K]):
    """What a caller wants, with what of it is not over yet."""

    def __init__(
        self, owners: Mapping[UUID, list[K]], families: Sequence[Family], periods: Sequence[Period], now: datetime
    ) -> None:
        zone = current_tenant().zone
        self.owners, self.families, self.periods, self.now = owners, families, periods, now
        self.unfinished = [
            (family, period)
            for family, period in product(families, periods)
            if family.can_run and period.bounds(zone)[1] > family.counted_before(now)
        ]
        self.holders: dict[tuple[str, date], list[Period]] = {}
        for period in periods:
            for cell in period.cells():
                self.holders.setdefault((period.cell_grain, cell), []).append(period)


def _sum_cells(asked: _Asked[K]) -> tuple[dict[tuple[str, Period, K], tuple[list[int], int, datetime]], bool]:
    """Counts, revision and last change by family, period and group; and whether marks wait, as of the same instant.

    While they wait, the counts leave out the cells that are not over, where facts of a family can run.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT marks.wait, cell.family, cell.unit_id, cell.grain, cell.period, cell.total, cell.revision, cell.as_of
            FROM (SELECT {MARKS_WAIT}) AS marks(wait) LEFT JOIN (
                unnest(%(families)s::text[]) AS wanted(family)
                CROSS JOIN unnest(%(grains)s::text[], %(cells)s::date[]) AS span(grain, period)
                JOIN metrics_cell cell ON cell.tenant_id = %(tenant)s AND cell.family = wanted.family
                    AND cell.grain = span.grain AND cell.period = span.period AND cell.unit_id = ANY(%(units)s)
            ) ON TRUE
            """,
            _parameters(asked),
        )
        rows = cursor.fetchall()
    is_behind = bool(rows[0][0])
    families = {family.key: family for family in asked.families}
    sums: dict[tuple[str, Period, K], tuple[list[int], int, datetime]] = {}
    for _, key, unit, grain, cell, total, revision, as_of in rows:
        if unit is None:
            continue
        family = families[key]
        is_open = family.can_run and cell_end(grain, cell) > family.counted_before(asked.now)
        counted = [0] * len(total) if is_behind and is_open else total
        for period, group in product(asked.holders[grain, cell], asked.owners[unit]):
            known, known_revision, known_as_of = sums.get((key, period, group), ([0] * len(total), 0, as_of))
            summed = [a + b for a, b in zip(known, counted, strict=True)]
            sums[key, period, group] = (summed, known_revision + revision, max(known_as_of, as_of))
    return sums, is_behind


def _restatements(metrics: Sequence[Metric], asked: _Asked[K]) -> dict[tuple[str, K, Period], datetime]:
    """When a figure last changed after it was final; a counter that a metric does not show restates nothing of it."""
    zone = current_tenant().zone
    if not any(status(period, asked.now, zone) == "final" for period in asked.periods):
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT family, unit_id, grain, period, before, after, at FROM metrics_restatement
            WHERE tenant_id = %(tenant)s AND family = ANY(%(families)s) AND unit_id = ANY(%(units)s)
            AND (grain, period) IN (SELECT * FROM unnest(%(grains)s::text[], %(cells)s::date[])) ORDER BY at
            """,
            _parameters(asked),
        )
        rows = cursor.fetchall()
    found = {}
    for family, unit, grain, cell, before, after, at in rows:
        for metric in metrics:
            shown = [metric.family.position(name) for name in metric.shown]
            if metric.family.key == family and any(before[n] != after[n] for n in shown):
                for group, period in product(asked.owners[unit], asked.holders[grain, cell]):
                    if status(period, asked.now, zone) == "final":
                        found[metric.key, group, period] = at
    return found


def _parameters(asked: _Asked[K]) -> dict[str, Any]:
    return {
        "tenant": current_tenant_id(),
        "families": [family.key for family in asked.families],
        "grains": [grain for grain, _ in asked.holders],
        "cells": [cell for _, cell in asked.holders],
        "units": list(asked.owners),
    }


@dataclass(frozen=True)
class _Part:
    family: Family
    period: Period
    between: tuple[datetime, datetime]


def _count(
    asks: Sequence[tuple[Family, Period, tuple[datetime, datetime]]], asked: _Asked[K]
) -> dict[tuple[str, Period, K], _Split]:
    """The facts decided within each part, split at what counts by now; one statement for all parts."""
    parts = [_Part(*ask) for ask in asks]
    if not parts:
        return {}
    parameters: dict[str, Any] = {"tenant": current_tenant_id(), "units": list(asked.owners)}
    for number, part in enumerate(parts):
        delay = part.family.delay
        instants = (*part.between, part.family.counted_before(asked.now))
        names = (f"start{number}", f"end{number}", f"until{number}")
        parameters |= {name: instant - delay for name, instant in zip(names, instants, strict=True)}
    with connection.cursor() as cursor:
        selects = [_select_part(part, number) for number, part in enumerate(parts)]
        cursor.execute(" UNION ALL ".join(selects), parameters)
        rows = cursor.fetchall()
    found: dict[tuple[str, Period, K], _Split] = {}
    for number, unit, due, undue in rows:
        part = parts[number]
        for group in asked.owners[unit]:
            key = (part.family.key, part.period, group)
            known = found.get(key, ([0] * len(due), [0] * len(due)))
            found[key] = (
                [a + b for a, b in zip(known[0], due, strict=True)],
                [a + b for a, b in zip(known[1], undue, strict=True)],
            )
    return found


def _select_part(part: _Part, number: int) -> str:
    family, table = part.family, part.family.source.table
    return f"""
        SELECT {number}, above.ancestor_id, {_split(family, f"%(until{number})s")}
        FROM {table} JOIN people_unitancestor above
            ON above.tenant_id = {table}.tenant_id AND above.unit_id = {table}.unit_id
        WHERE {table}.tenant_id = %(tenant)s AND above.ancestor_id = ANY(%(units)s) AND {family.base_condition}
        AND {table}.{family.indexed} >= %(start{number})s
        AND {table}.{family.column} >= %(start{number})s AND {table}.{family.column} < %(end{number})s
        GROUP BY above.ancestor_id"""


def _select_windows(family: Family, number: int) -> str:
    table = family.source.table
    until = f"%(until{number})s" if family.can_run else "'infinity'::timestamptz"
    return f"""
        SELECT '{family.key}', w.ordinal, counted.due, counted.undue
        FROM unnest(%(units)s::uuid[], %(starts{number})s::timestamptz[], %(ends{number})s::timestamptz[])
            WITH ORDINALITY AS w(unit_id, starts, ends, ordinal)
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
