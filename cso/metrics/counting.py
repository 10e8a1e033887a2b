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


def count_windows(family: Family, windows: Sequence[Window], *, with_units_below: bool = False) -> list[Tally]:
    """One tally per window, in the windows' order; the unit's own facts, or also those of all units below."""
    if not windows:
        return []
    parameters: dict[str, Any] = {
        "tenant": current_tenant_id(),
        "units": [window.unit for window in windows],
        "starts": [window.start - family.delay for window in windows],
        "ends": [window.end - family.delay for window in windows],
        "thresholds": width_bucket_thresholds(),
    }
    counters = ", ".join(family.aggregate(name) for name in family.counters)
    with connection.cursor() as cursor:
        cursor.execute(_per_window(family, counters, with_units_below), parameters)
        counts = {ordinal: tuple(row) for ordinal, *row in cursor.fetchall()}
        histograms: dict[int, list[tuple[int, int]]] = {}
        if family.seconds:
            cursor.execute(_histogram_per_window(family, with_units_below), parameters)
            for ordinal, bucket, count in cursor.fetchall():
                histograms.setdefault(ordinal, []).append((bucket, count))
    return [Tally(counts[n], _histogram(histograms.get(n))) for n in range(1, len(windows) + 1)]


def _per_window(family: Family, columns: str, with_units_below: bool) -> str:
    return f"""
        SELECT w.ordinal, counted.*
        FROM unnest(%(units)s::uuid[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
            WITH ORDINALITY AS w(unit_id, starts, ends, ordinal)
        CROSS JOIN LATERAL (
            SELECT {columns} FROM {_facts(family, with_units_below)}
        ) counted
    """


def _histogram_per_window(family: Family, with_units_below: bool) -> str:
    table = family.source.table
    return f"""
        SELECT w.ordinal, counted.*
        FROM unnest(%(units)s::uuid[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
            WITH ORDINALITY AS w(unit_id, starts, ends, ordinal)
        CROSS JOIN LATERAL (
            SELECT width_bucket({table}.{family.seconds}, %(thresholds)s::bigint[]) AS bucket, count(*)
            FROM {_facts(family, with_units_below)} AND {table}.{family.seconds} IS NOT NULL
            GROUP BY bucket
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
    return f"""{table} WHERE {table}.tenant_id = %(tenant)s AND {in_unit} AND {family.base_condition}
        AND {table}.{family.column} >= w.starts AND {table}.{family.column} < w.ends"""


def _histogram(pairs: list[tuple[int, int]] | None) -> Histogram:
    return Histogram.of(*zip(*pairs, strict=True)) if pairs else EMPTY
