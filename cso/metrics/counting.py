"""Counting facts in windows of time: the one place where a figure comes from rows.

The engine counts a unit's own cells here; a leader's part of a month and a check by hand are counted here too.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection

from cso.metrics.formulas.histograms import Histogram, histogram_of
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
    return count_together([(family, windows)], with_units_below=with_units_below)[0]


def count_together(
    asked: Sequence[tuple[Family, Sequence[Window]]], *, with_units_below: bool = False
) -> list[list[Tally]]:
    """As `count_windows`, for each family and its windows; the families are alike by `counted_alike`.

    Windows overlap, as a month and its weeks do, and those of one family lie a day beside another's. So time is cut
    where any begins or ends, each fact is read once, in its piece, and a window is the sum of its pieces.
    """
    pieces = _Pieces(_instants(family, window) for family, windows in asked for window in windows)
    if not pieces.spans:
        return [[_tally([], family, 0) for _ in windows] for family, windows in asked]
    rows = _count([family for family, _ in asked], pieces.spans, with_units_below)
    tallies = []
    start = 0
    for family, windows in asked:
        of_windows = (pieces.within(_instants(family, window)) for window in windows)
        tallies.append([_tally(rows[within], family, start) for within in of_windows])
        start += len(family.counters) + (family.seconds is not None)
    return tallies


def counted_alike(family: Family) -> tuple[object, ...]:
    """Families of which this is the same are counted by the same instant of the same facts."""
    return family.source.key, family.column


def _instants(family: Family, window: Window) -> Window:
    """The window of the column itself, without the delay after which it decides."""
    return Window(window.unit, window.start - family.delay, window.end - family.delay)


class _Pieces:
    """The time of each unit, cut where a window begins or ends; what lies in no window is left out."""

    def __init__(self, windows: Iterable[Window]) -> None:
        opened: dict[UUID, dict[datetime, int]] = defaultdict(lambda: defaultdict(int))
        for window in windows:
            if window.start < window.end:
                opened[window.unit][window.start] += 1
                opened[window.unit][window.end] -= 1
        self.spans: list[Window] = []
        self._starts: dict[UUID, list[datetime]] = {}
        self._first: dict[UUID, int] = {}
        for unit, changes in opened.items():
            self._first[unit] = len(self.spans)
            self.spans += _covered(unit, changes)
            self._starts[unit] = [span.start for span in self.spans[self._first[unit] :]]

    def within(self, window: Window) -> slice:
        """Which of `spans` make up one of the windows."""
        starts, first = self._starts.get(window.unit, []), self._first.get(window.unit, 0)
        return slice(first + bisect_left(starts, window.start), first + bisect_left(starts, window.end))


def _covered(unit: UUID, changes: dict[datetime, int]) -> Iterator[Window]:
    """changes: at each instant, how many windows more are open from there."""
    is_open = 0
    for start, end in pairwise(sorted(changes)):
        is_open += changes[start]
        if is_open:
            yield Window(unit, start, end)


def _count(families: Sequence[Family], spans: Sequence[Window], with_units_below: bool) -> list[Sequence[Any]]:
    """Of each span: each family's counters and, where it keeps times, the seconds of all its facts as bytes."""
    parameters: dict[str, Any] = {
        "tenant": current_tenant_id(),
        "units": [span.unit for span in spans],
        "starts": [span.start for span in spans],
        "ends": [span.end for span in spans],
    }
    with connection.cursor() as cursor:
        cursor.execute(_per_span(families, with_units_below), parameters)
        return [row for _ordinal, *row in sorted(cursor.fetchall(), key=lambda row: row[0])]


def _tally(rows: Sequence[Sequence[Any]], family: Family, start: int) -> Tally:
    """rows: of the pieces of one window; its family's columns begin at `start`."""
    end = start + len(family.counters)
    counts = tuple(sum(row[column] for row in rows) for column in range(start, end))
    if family.seconds is None:
        return Tally(counts, EMPTY)
    seconds = np.frombuffer(b"".join(row[end] for row in rows), dtype=">i8")
    return Tally(counts, histogram_of(seconds) if seconds.size else EMPTY)


def _per_span(families: Sequence[Family], with_units_below: bool) -> str:
    # Seconds travel as they are: to sort them by bucket for a histogram took the database longer than all the rest.
    columns = [column for family in families for column in (*map(family.aggregate, family.counters), *_seconds(family))]
    base = " OR ".join(dict.fromkeys(family.base_condition for family in families))
    return f"""
        SELECT w.ordinal, counted.*
        FROM unnest(%(units)s::uuid[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
            WITH ORDINALITY AS w(unit_id, starts, ends, ordinal)
        CROSS JOIN LATERAL (
            SELECT {", ".join(columns)} FROM {_facts(families[0], with_units_below)} AND ({base})
        ) counted
    """


def _seconds(family: Family) -> Iterator[str]:
    if family.seconds:
        seconds = f"{family.source.table}.{family.seconds}"
        known = f"FILTER (WHERE {family.base_condition} AND {seconds} >= 0)"
        yield f"COALESCE(string_agg(int8send({seconds}::bigint), ''::bytea) {known}, ''::bytea)"


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
