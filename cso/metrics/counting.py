"""Counting facts in windows of time: the one place where a figure comes from rows.

The engine counts a unit's own cells here; a leader's part of a month and a check by hand are counted here too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from cso.metrics.formulas.histograms import Histogram, width_bucket_thresholds
from cso.metrics.registry import Family
from tenants.scope import current_tenant_id


@dataclass(frozen=True)
class Window:
    """The facts of one unit whose deciding instant (column + delay) lies in [start, end)."""

    unit: UUID
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Tally:
    """counts: in the order of the family's counters. histogram: of its seconds; empty where it keeps none."""

    counts: tuple[int, ...]
    histogram: Histogram


EMPTY = Histogram.of([], [])
# As PostgreSQL writes arrays; adapting a list of a thousand numbers takes the driver longer than a count.
_THRESHOLDS = f"{{{','.join(map(str, width_bucket_thresholds()))}}}"


def count_windows(family: Family, windows: Sequence[Window], *, with_units_below: bool = False) -> list[Tally]:
    """One tally per window, in the windows' order; the unit's own facts, or also those of all units below."""
    return count_together([family], windows, with_units_below=with_units_below)[0]


def count_together(
    families: Sequence[Family], windows: Sequence[Window], *, with_units_below: bool = False
) -> list[list[Tally]]:
    """As `count_windows`, for each of the families, which are alike by `counted_alike`: their facts are read once."""
    if not windows:
        return [[] for _ in families]
    parameters: dict[str, Any] = {
        "tenant": current_tenant_id(),
        "units": [window.unit for window in windows],
        "starts": [window.start - families[0].delay for window in windows],
        "ends": [window.end - families[0].delay for window in windows],
        "thresholds": _THRESHOLDS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_per_window(families, with_units_below), parameters)
        rows: dict[int, list[Sequence[int]]] = {}
        for ordinal, *row in cursor.fetchall():
            rows.setdefault(ordinal, []).append(row)
    tallies = []
    start = 1
    for family in families:
        end = start + len(family.counters)
        tallies.append([_tally(rows.get(n, []), start, end) for n in range(1, len(windows) + 1)])
        start = end + 1
    return tallies


def counted_alike(family: Family) -> tuple[object, ...]:
    """Families of which this is the same count the same facts in the same windows."""
    return family.source.key, family.column, family.delay, family.seconds


def _tally(rows: Sequence[Sequence[int | None]], start: int, end: int) -> Tally:
    """rows: a window's, one per bucket. Columns `start` to `end` are the family's counters, then how many facts."""
    counts = tuple(sum(row[column] or 0 for row in rows) for column in range(start, end))
    pairs = [(row[0], row[end]) for row in rows if row[0] is not None and row[end]]
    return Tally(counts, Histogram.of(*zip(*pairs, strict=True)) if pairs else EMPTY)


def _per_window(families: Sequence[Family], with_units_below: bool) -> str:
    """For each window, and of times for each of its buckets: the bucket, then each family's counters and facts.

    What has no time falls in no bucket, and counts beside them.
    """
    source, seconds = families[0].source, families[0].seconds
    bucket = f"width_bucket({source.table}.{seconds}, %(thresholds)s::bigint[])" if seconds else "NULL"
    columns = [
        sql
        for family in families
        for sql in (
            *(family.aggregate(name) for name in family.counters),
            f"count(*) FILTER (WHERE {family.base_condition})" if seconds else "NULL",
        )
    ]
    base = " OR ".join(dict.fromkeys(family.base_condition for family in families))
    return f"""
        SELECT w.ordinal, counted.*
        FROM unnest(%(units)s::uuid[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
            WITH ORDINALITY AS w(unit_id, starts, ends, ordinal)
        CROSS JOIN LATERAL (
            SELECT {bucket} AS bucket, {", ".join(columns)}
            FROM {_facts(families[0], with_units_below)} AND ({base})
            {"GROUP BY bucket" if seconds else ""}
        ) counted
    """


def _facts(family: Family, with_units_below: bool) -> str:
    """FROM and WHERE of the facts of a window `w`."""
    table = family.source.table
    in_unit = f"{table}.unit_id = w.unit_id"
    if with_units_below:
        in_unit = f"""{table}.unit_id IN (
            SELECT below.unit_id FROM people_unitancestor below
            WHERE below.tenant_id = %(tenant)s AND below.ancestor_id = w.unit_id)"""
    return f"""{table} WHERE {table}.tenant_id = %(tenant)s AND {in_unit}
        AND {table}.{family.column} >= w.starts AND {table}.{family.column} < w.ends"""
