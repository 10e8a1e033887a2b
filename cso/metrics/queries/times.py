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
    [listed] = _listed([facts])
    # Cells hold no part of a period, and not apart what is not over yet.
    is_whole = not between and not (metric.family.can_run and end > metric.family.counted_before(now))
    return _exact(metric, listed) or facts.estimate(period if is_whole else None)


def time_summaries(
    metrics: Sequence[Metric],
    units: Sequence[UUID],
    period: Period,
    *,
    now: datetime,
    between: tuple[datetime, datetime] | None = None,
) -> dict[str, Summary]:
    """`time_summary` of several times, by metric key: one query, where the facts of each are few enough to read."""
    start, end = between or period.bounds(current_tenant().zone)
    rows = _listed([_Facts(metric, units, start, end, now, number) for number, metric in enumerate(metrics)])
    return {
        metric.key: _exact(metric, listed) or time_summary(metric, units, period, now=now, between=between)
        for metric, listed in zip(metrics, rows, strict=True)
    }


# Seconds until it ended (None: still open), seconds until it ended otherwise, and seconds waited by now.
_Listed = Sequence[tuple[int | None, int | None, float]]


def _exact(metric: Metric, listed: _Listed) -> Summary | None:
    """From the facts one by one; None where there are more than were read."""
    if metric.family.otherwise:
        ended = [seconds for seconds, _, _ in listed if seconds is not None]
        others = [other for seconds, other, _ in listed if seconds is None and other is not None]
        waiting = [waited for seconds, other, waited in listed if seconds is None and other is None]
        return statistics.time_with_others(ended, others, waiting)
    if len(listed) > EXACT_UP_TO:
        return None
    ended = [seconds for seconds, _, _ in listed if seconds is not None]
    return statistics.time_to_recover(ended, [waited for seconds, _, waited in listed if seconds is None])


class _Facts:
    """The facts of units, and of all below, that began in [start, end) and by now."""

    def __init__(
        self,
        metric: Metric,
        units: Sequence[UUID],
        start: datetime,
        end: datetime,
        now: datetime,
        number: int = 0,
    ) -> None:
        """`number`: which of several it is, in one statement."""
        family = metric.family
        table = family.source.table
        self.family, self.seconds = family, _seconds_of(family)
        self.waited = f"EXTRACT(EPOCH FROM %(now)s - {table}.{family.column})"
        self.rows = f"""
            {table} WHERE {table}.tenant_id = %(tenant)s AND {table}.unit_id IN (
                SELECT unit_id FROM people_unitancestor WHERE ancestor_id = ANY(%(units)s) AND tenant_id = %(tenant)s)
            AND {family.base_condition} AND {family.conditions[metric.denominator]}
            AND {table}.{family.column} >= %(start{number})s AND {table}.{family.column} < %(end{number})s"""
        self.parameters: dict[str, Any] = {
            "tenant": current_tenant_id(),
            "units": list(units),
            f"start{number}": start - family.delay,
            f"end{number}": min(end, now) - family.delay,
            "now": now,
            "thresholds": width_bucket_thresholds(),
        }

    def select(self, number: int) -> str:
        """Its number, and of each fact what `_Listed` holds: of all, where some end otherwise, else of as many as are
        read exactly, and one more."""
        otherwise = f"{self.family.source.table}.{self.family.otherwise}" if self.family.otherwise else "NULL::int"
        most = "" if self.family.otherwise else f"LIMIT {EXACT_UP_TO + 1}"
        return f"SELECT {number}, {self.seconds}, {otherwise}, {self.waited}::float8 FROM {self.rows} {most}"

    def estimate(self, period: Period | None) -> Summary:
        """From histograms; of a whole period with those that cells hold."""
        return time_to_recover_from(*((self.histograms_with_cells(period) if period else None) or self.histograms()))

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


def _listed(several: Sequence[_Facts]) -> list[_Listed]:
    """The facts of each; one query."""
    if not several:
        return []
    parameters: dict[str, Any] = {}
    for facts in several:
        parameters |= facts.parameters
    found: list[list[tuple[int | None, int | None, float]]] = [[] for _ in several]
    with connection.cursor() as cursor:
        selects = (f"({facts.select(number)})" for number, facts in enumerate(several))
        cursor.execute(" UNION ALL ".join(selects), parameters)
        for number, *listed in cursor.fetchall():
            found[number].append(listed)
    return [*found]


def _seconds_of(family: Family) -> str:
    if family.seconds is None:
        raise ValueError(f"The family {family.key} keeps no seconds, so there is no time to tell of it.")
    return f"{family.source.table}.{family.seconds}"


def _histogram(rows: Iterable[tuple[Any, ...]], is_open: bool) -> Histogram:
    found = [(bucket, count) for kind, bucket, count, *_ in rows if kind is is_open]
    return Histogram.of([bucket for bucket, _ in found], [count for _, count in found])
