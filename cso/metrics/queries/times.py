"""Times: median and 90th percentile by Kaplan-Meier, from the facts or from histograms of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from cso.metrics.formulas import statistics
from cso.metrics.formulas.histograms import Histogram, time_to_recover_from, width_bucket_thresholds
from cso.metrics.formulas.statistics import Summary
from cso.metrics.periods import Period
from cso.metrics.queries.figures import MARKS_WAIT
from cso.metrics.registry import Family, Metric
from tenants.scope import current_tenant, current_tenant_id

# Up to here the times are read from the facts, exactly; above, from histograms, within 1 %.
EXACT_UP_TO = 20_000


def time_summary(
    metric: Metric,
    units: Sequence[UUID],
    period: Period,
    *,
    now: datetime,
    between: tuple[datetime, datetime] | None = None,
) -> Summary:
    """Median and p90 of a time, in seconds, of the facts that began in a period or in a window `between` of it.

    Exact for up to `EXACT_UP_TO` facts. Above, no more are loaded than it takes to know that: histograms answer, and
    `Summary.certain` says whether they can promise their bound. Of what may end otherwise all facts are read: people
    write them one by one, so there are never so many.
    """
    start, end = between or period.bounds(current_tenant().zone)
    facts = _Facts(metric, units, start, end, now)
    if metric.family.otherwise:
        return statistics.time_with_others(*facts.by_end())
    few = facts.listed(EXACT_UP_TO + 1)
    if len(few) <= EXACT_UP_TO:
        ended = [seconds for seconds, _ in few if seconds is not None]
        return statistics.time_to_recover(ended, [waited for seconds, waited in few if seconds is None])
    # Cells hold no part of a period, and not apart what is not over yet.
    kept = (
        None
        if between or (metric.family.can_run and end > metric.family.counted_before(now))
        else facts.histograms_with_cells(period)
    )
    return time_to_recover_from(*(kept or facts.histograms()))


class _Facts:
    """The facts of units, and of all below, that began in [start, end) and by now."""

    def __init__(self, metric: Metric, units: Sequence[UUID], start: datetime, end: datetime, now: datetime) -> None:
        family = metric.family
        table = family.source.table
        self.family, self.seconds = family, _seconds_of(family)
        self.waited = f"EXTRACT(EPOCH FROM %(now)s - {table}.{family.column})"
        self.rows = f"""
            {table} WHERE {table}.tenant_id = %(tenant)s AND {table}.unit_id IN (
                SELECT unit_id FROM people_unitancestor WHERE ancestor_id = ANY(%(units)s) AND tenant_id = %(tenant)s)
            AND {family.base_condition} AND {family.conditions[metric.denominator]}
            AND {table}.{family.column} >= %(start)s AND {table}.{family.column} < %(end)s"""
        self.parameters: dict[str, Any] = {
            "tenant": current_tenant_id(),
            "units": list(units),
            "start": start - family.delay,
            "end": min(end, now) - family.delay,
            "now": now,
            "thresholds": width_bucket_thresholds(),
        }

    def listed(self, most: int) -> list[tuple[int | None, float]]:
        """Seconds until it ended (None: still open), and seconds waited by now, one by one."""
        return self._asked(f"SELECT {self.seconds}, {self.waited}::float8 FROM {self.rows} LIMIT %(most)s", most=most)

    def by_end(self) -> tuple[list[float], list[float], list[float]]:
        """Seconds until it ended, seconds until it ended otherwise, and seconds that the open ones have waited."""
        otherwise = f"{self.family.source.table}.{self.family.otherwise}"
        rows = self._asked(f"SELECT {self.seconds}, {otherwise}, {self.waited}::float8 FROM {self.rows}")
        ended = [seconds for seconds, _, _ in rows if seconds is not None]
        others = [other for seconds, other, _ in rows if seconds is None and other is not None]
        return ended, others, [waited for seconds, other, waited in rows if seconds is None and other is None]

    def histograms(self) -> tuple[Histogram, Histogram]:
        """Those that ended and those still open, from the facts alone."""
        rows = self._asked(f"""
            SELECT {self.seconds} IS NULL,
                width_bucket(COALESCE({self.seconds}, ceil({self.waited}))::bigint, %(thresholds)s::bigint[]), count(*)
            FROM {self.rows} GROUP BY 1, 2""")
        return _histogram(rows, False), _histogram(rows, True)

    def histograms_with_cells(self, period: Period) -> tuple[Histogram, Histogram] | None:
        """Those that ended as cells hold them, and those still open; None while marks wait: the two would not fit."""
        rows = self._asked(
            f"""
            SELECT FALSE, bucket::int, sum(bucket_count)::bigint, FALSE
            FROM metrics_cell cell, unnest(total_buckets, total_bucket_counts) AS h(bucket, bucket_count)
            WHERE cell.tenant_id = %(tenant)s AND family = %(family)s AND grain = %(grain)s
            AND period = ANY(%(cells)s) AND unit_id = ANY(%(units)s) GROUP BY bucket
            UNION ALL
            SELECT TRUE, width_bucket(ceil({self.waited})::bigint, %(thresholds)s::bigint[]), count(*), FALSE
            FROM {self.rows} AND {self.seconds} IS NULL GROUP BY 2
            UNION ALL
            SELECT NULL, NULL, NULL, {MARKS_WAIT}""",
            family=self.family.key,
            grain=period.cell_grain,
            cells=period.cells(),
        )
        if any(is_behind for *_, is_behind in rows):
            return None
        return _histogram(rows, False), _histogram(rows, True)

    def _asked(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, self.parameters | parameters)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _seconds_of(family: Family) -> str:
    if family.seconds is None:
        raise ValueError(f"The family {family.key} keeps no seconds, so there is no time to tell of it.")
    return f"{family.source.table}.{family.seconds}"


def _histogram(rows: Iterable[tuple[Any, ...]], is_open: bool) -> Histogram:
    found = [(bucket, count) for kind, bucket, count, *_ in rows if kind is is_open]
    return Histogram.of([bucket for bucket, _ in found], [count for _, count in found])
