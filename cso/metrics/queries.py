"""Reading figures: cells plus the clock.

Cells know nothing of the time, so a reader says when "now" is, and what is not yet due by then is left out. A group of
units stands for the sum of its (disjoint) subtrees: one unit for itself, the top units for the whole tenant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import TypeVar
from uuid import UUID

from django.db import connection

from cso.metrics import formulas
from cso.metrics.counting import Window, base_condition, count_windows
from cso.metrics.formulas import Interval, Summary, wilson_interval
from cso.metrics.histograms import Histogram, time_to_recover_from, width_bucket_thresholds
from cso.metrics.models import Target
from cso.metrics.periods import Period, Status, period_of, status
from cso.metrics.registry import DUE, METRICS, Family, Metric
from cso.people.models import Unit
from cso.recovery.models import RECOVERY_TIME
from tenants.scope import current_tenant, current_tenant_id

K = TypeVar("K", bound=Hashable)

HEADLINE = METRICS["recovered_24h"]


@dataclass(frozen=True)
class Figure:
    """A count or a share: `numerator` of `denominator`, in which `running` cases that are not yet due do not count.

    counts: every counter of the metric's family, by name, likewise without the running ones.
    revision, as_of: how often, and when last, the cells behind it changed; None when there are none.
    """

    metric: Metric
    numerator: int
    denominator: int
    running: int
    status: Status
    counts: Mapping[str, int]
    revision: int | None = None
    as_of: datetime | None = None

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
    def missed(self) -> int:
        return self.denominator - self.numerator


def whole_tenant() -> list[UUID]:
    """The top units, whose totals make up the tenant."""
    return list(Unit.objects.filter(parent=None).values_list("pk", flat=True))


def figures(
    metric: Metric, groups: Mapping[K, Sequence[UUID]], periods: Sequence[Period], *, now: datetime
) -> dict[tuple[K, Period], Figure]:
    """A figure for each group in each period: one query, and one more per period that is not over at `now`.

    A unit may stand in several groups, and a period may be asked for twice.
    """
    periods = list(dict.fromkeys(periods))
    counted = _sum_cells(metric.family, groups, periods)
    running = _running(metric.family, groups, [p for p in periods if _may_hold_undue(metric.family, p, now)], now)
    names = list(metric.family.counters)
    zone = current_tenant().zone
    found = {}
    for period in periods:
        state = status(period, now, zone)
        for group in groups:
            sums, revision, as_of = counted.get((group, period), ([0] * len(names), None, None))
            undue = running.get((group, period), [0] * len(names))
            counts = _due(metric, dict(zip(names, sums, strict=True)), dict(zip(names, undue, strict=True)))
            found[group, period] = Figure(
                metric,
                counts[metric.numerator],
                counts[metric.denominator],
                undue[names.index(metric.denominator)],
                state,
                counts,
                revision,
                as_of,
            )
    return found


def _due(metric: Metric, counted: Mapping[str, int], undue: Mapping[str, int]) -> dict[str, int]:
    """What cells hold without what is not yet due.

    Cells stand behind the facts until the engine has run, so more may be running than they hold. The figure then shows
    fewer cases for a moment, but always a share.
    """
    counts = {name: max(0, counted[name] - undue[name]) for name in counted}
    counts[metric.numerator] = min(counts[metric.numerator], counts[metric.denominator])
    return counts


def figures_between(metric: Metric, windows: Sequence[Window], *, now: datetime) -> list[Figure]:
    """The same figure for any windows of instants, counted from the facts: a leader's part of a month, a check by hand.

    One per window, units below included; two queries whatever their number.
    """
    family = metric.family
    names = list(family.counters)

    def due_by(window: Window) -> datetime:
        return max(window.start, min(window.end, now)) if family.delay else window.end

    counted = count_windows(family, [Window(w.unit, w.start, due_by(w)) for w in windows], with_units_below=True)
    left_out = count_windows(family, [Window(w.unit, due_by(w), w.end) for w in windows], with_units_below=True)
    found = []
    for window, tally, undue in zip(windows, counted, left_out, strict=True):
        counts = dict(zip(names, tally.counts, strict=True))
        running = undue.counts[names.index(metric.denominator)]
        state: Status = "running" if now < window.end else "provisional"
        found.append(Figure(metric, counts[metric.numerator], counts[metric.denominator], running, state, counts))
    return found


# Up to here the times are read from the facts, exactly; above, from histograms, within 1 %.
EXACT_UP_TO = 20_000


def time_to_recover(units: Sequence[UUID], period: Period, *, now: datetime) -> Summary:
    """Median and p90 of the seconds to the fix that held, by Kaplan-Meier, of the cases that began in a period.

    Exact for up to `EXACT_UP_TO` cases, and wherever the histograms cannot promise their bound (`Summary.certain`).
    """
    metric = METRICS["time_to_recover"]
    cases = figures(metric, {None: units}, [period], now=now)[None, period].denominator
    if cases > EXACT_UP_TO:
        summary = time_to_recover_from(_fixed_histogram(units, period), _open_histogram(units, period, now))
        if summary.certain:
            return summary
    fixed, still_open = _seconds(units, period, now)
    return formulas.time_to_recover(fixed, still_open)


def overdue_now(groups: Mapping[K, Sequence[UUID]], *, now: datetime) -> dict[K, int]:
    """How many valid cases of each group are open and past their 24 hours, this instant."""
    if not groups:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT above.ancestor_id, count(*)
            FROM recovery_case JOIN people_unitancestor above
                ON above.tenant_id = recovery_case.tenant_id AND above.unit_id = recovery_case.unit_id
            WHERE recovery_case.tenant_id = %s AND fixed_at IS NULL AND is_valid AND clock_start < %s
            AND above.ancestor_id = ANY(%s)
            GROUP BY above.ancestor_id
            """,
            [current_tenant_id(), now - RECOVERY_TIME, [unit for units in groups.values() for unit in units]],
        )
        by_unit = dict(cursor.fetchall())
    return {group: sum(by_unit.get(unit, 0) for unit in units) for group, units in groups.items()}


def target_on(metric: Metric, day: date) -> Decimal | None:
    """The target in force on a day of the tenant, in percent; None when none was set by then."""
    return (
        Target.objects.filter(metric=metric.key, starts_on__lte=day)
        .order_by("-starts_on")
        .values_list("percent", flat=True)
        .first()
    )


@dataclass(frozen=True)
class Reason:
    """A cause of misses; `cause` None stands for cases without one."""

    cause_id: UUID | None
    cause: str | None
    missed: int


def reasons(windows: Sequence[Window], *, now: datetime, most: int = 3) -> list[list[Reason]]:
    """The causes with most missed 24-hour recoveries in each window of due instants, units below included.

    In the windows' order; within each, most first, ties by name. One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT w.ordinal, cause.id, cause.name, missed.cases
            FROM unnest(%(units)s::uuid[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
                WITH ORDINALITY AS w(unit_id, starts, ends, ordinal)
            CROSS JOIN LATERAL (
                SELECT recovery_case.cause_id, count(*) AS cases
                FROM people_unitancestor below JOIN recovery_case
                    ON recovery_case.tenant_id = %(tenant)s AND recovery_case.unit_id = below.unit_id
                WHERE below.tenant_id = %(tenant)s AND below.ancestor_id = w.unit_id
                AND {base_condition(DUE)} AND NOT {DUE.conditions["recovered"]}
                AND recovery_case.clock_start >= w.starts AND recovery_case.clock_start < w.ends
                GROUP BY recovery_case.cause_id
            ) missed
            LEFT JOIN recovery_cause cause ON cause.tenant_id = %(tenant)s AND cause.id = missed.cause_id
            """,
            {
                "tenant": current_tenant_id(),
                "units": [window.unit for window in windows],
                "starts": [window.start - RECOVERY_TIME for window in windows],
                "ends": [min(window.end, now) - RECOVERY_TIME for window in windows],
            },
        )
        found: dict[int, list[Reason]] = defaultdict(list)
        for ordinal, cause_id, cause, cases in cursor.fetchall():
            found[ordinal].append(Reason(cause_id, cause, cases))
    return [
        sorted(found[ordinal], key=lambda reason: (-reason.missed, reason.cause or ""))[:most]
        for ordinal in range(1, len(windows) + 1)
    ]


def _sum_cells(
    family: Family, groups: Mapping[K, Sequence[UUID]], periods: Sequence[Period]
) -> dict[tuple[K, Period], tuple[list[int], int, datetime]]:
    """Counts, revisions and last change of the cells of each group and period, in one query."""
    owners = _groups_of_units(groups)
    holders: dict[tuple[str, date], list[Period]] = defaultdict(list)
    for period in periods:
        for cell in period.cells():
            holders[period.cell_grain, cell].append(period)
    grains, cells = [grain for grain, _ in holders], [cell for _, cell in holders]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT cell.unit_id, cell.grain, cell.period, cell.total, cell.revision, cell.as_of
            FROM unnest(%s::text[], %s::date[]) AS wanted(grain, period)
            JOIN metrics_cell cell ON cell.tenant_id = %s AND cell.family = %s AND cell.grain = wanted.grain
                AND cell.period = wanted.period AND cell.unit_id = ANY(%s)
            """,
            [grains, cells, current_tenant_id(), family.key, list(owners)],
        )
        sums: dict[tuple[K, Period], tuple[list[int], int, datetime]] = {}
        for unit, grain, cell, total, revision, as_of in cursor.fetchall():
            for key in product(owners[unit], holders[grain, cell]):
                known, known_revision, known_as_of = sums.get(key, ([0] * len(total), 0, as_of))
                summed = [a + b for a, b in zip(known, total, strict=True)]
                sums[key] = (summed, known_revision + revision, max(known_as_of, as_of))
    return sums


def _fixed_histogram(units: Sequence[UUID], period: Period) -> Histogram:
    family = METRICS["time_to_recover"].family
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT bucket, sum(bucket_count)
            FROM metrics_cell cell, unnest(total_buckets, total_bucket_counts) AS h(bucket, bucket_count)
            WHERE cell.tenant_id = %s AND family = %s AND grain = %s AND period = ANY(%s) AND unit_id = ANY(%s)
            GROUP BY bucket
            """,
            [current_tenant_id(), family.key, period.cell_grain, period.cells(), list(units)],
        )
        return _as_histogram(cursor.fetchall())


def _open_histogram(units: Sequence[UUID], period: Period, now: datetime) -> Histogram:
    """How long the open cases of a period have waited by now, in the same buckets."""
    start, end = period.bounds(current_tenant().zone)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT width_bucket(ceil(EXTRACT(EPOCH FROM %s - clock_start))::bigint, %s::bigint[]), count(*)
            {_FACTS_BELOW} AND seconds_to_recover IS NULL GROUP BY 1
            """,
            [
                now,
                width_bucket_thresholds(),
                current_tenant_id(),
                list(units),
                current_tenant_id(),
                start,
                min(end, now),
            ],
        )
        return _as_histogram(cursor.fetchall())


def _seconds(units: Sequence[UUID], period: Period, now: datetime) -> tuple[list[int], list[float]]:
    """Seconds to the fix that held, and seconds that open cases have waited, one by one."""
    start, end = period.bounds(current_tenant().zone)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT seconds_to_recover, EXTRACT(EPOCH FROM %s - clock_start)::float8 {_FACTS_BELOW}",
            [now, current_tenant_id(), list(units), current_tenant_id(), start, min(end, now)],
        )
        rows = cursor.fetchall()
    return [fixed for fixed, _ in rows if fixed is not None], [waited for fixed, waited in rows if fixed is None]


_FACTS_BELOW = """
FROM recovery_case WHERE tenant_id = %s AND is_valid AND unit_id IN (
    SELECT unit_id FROM people_unitancestor WHERE ancestor_id = ANY(%s) AND tenant_id = %s)
AND clock_start >= %s AND clock_start < %s
"""


def _as_histogram(rows: Sequence[tuple[int, int]]) -> Histogram:
    return Histogram.of([int(bucket) for bucket, _ in rows], [int(count) for _, count in rows])


def _may_hold_undue(family: Family, period: Period, now: datetime) -> bool:
    return bool(family.delay) and period.bounds(current_tenant().zone)[1] > now


def _running(
    family: Family, groups: Mapping[K, Sequence[UUID]], periods: Sequence[Period], now: datetime
) -> dict[tuple[K, Period], list[int]]:
    """What is not yet due at `now`, by group and period: always among the cases reported in the last `delay`."""
    if not periods or not groups:
        return {}
    zone = current_tenant().zone
    owners = _groups_of_units(groups)
    table, counters = (
        family.source.table,
        ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in family.conditions.values()),
    )
    found: dict[tuple[K, Period], list[int]] = {}
    for period in periods:
        start, end = period.bounds(zone)
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT above.ancestor_id, {counters}
                FROM {table} JOIN people_unitancestor above
                    ON above.tenant_id = {table}.tenant_id AND above.unit_id = {table}.unit_id
                WHERE {table}.tenant_id = %s AND above.ancestor_id = ANY(%s) AND {base_condition(family)}
                AND {table}.reported_at >= %s
                AND {table}.{family.column} >= %s AND {table}.{family.column} < %s
                GROUP BY above.ancestor_id
                """,
                [
                    current_tenant_id(),
                    list(owners),
                    now - family.delay,
                    max(now, start) - family.delay,
                    end - family.delay,
                ],
            )
            for unit, *counts in cursor.fetchall():
                for group in owners[unit]:
                    known = found.get((group, period), [0] * len(counts))
                    found[group, period] = [a + b for a, b in zip(known, counts, strict=True)]
    return found


def _groups_of_units(groups: Mapping[K, Sequence[UUID]]) -> dict[UUID, list[K]]:
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
