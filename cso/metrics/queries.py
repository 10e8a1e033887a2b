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
from typing import TypeVar
from uuid import UUID

from django.db import connection

from cso.metrics.counting import Window, base_condition, count_windows
from cso.metrics.formulas import Interval, wilson_interval
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
    """A figure for each group in each period, in two queries whatever their number (one when all periods are over).

    All periods must have the same `cell_grain`.
    """
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
            counts = {name: total - left for name, total, left in zip(names, sums, undue, strict=True)}
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


def figure_between(metric: Metric, units: Sequence[UUID], start: datetime, end: datetime, *, now: datetime) -> Figure:
    """The same figure for any window of instants, counted from the facts: a leader's part of a month, a check."""
    last = min(end, now) if metric.family.delay else end
    names = list(metric.family.counters)
    windows = [Window(unit, start, max(start, last)) for unit in units]
    sums = [0] * len(names)
    for tally in count_windows(metric.family, windows, with_units_below=True):
        sums = [a + b for a, b in zip(sums, tally.counts, strict=True)]
    counts = dict(zip(names, sums, strict=True))
    running = 0
    if end > last:
        rest = count_windows(metric.family, [Window(unit, last, end) for unit in units], with_units_below=True)
        running = sum(tally.counts[names.index(metric.denominator)] for tally in rest)
    state: Status = "running" if now < end else "provisional"
    return Figure(metric, counts[metric.numerator], counts[metric.denominator], running, state, counts)


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


def reasons(
    groups: Mapping[K, Sequence[UUID]], period: Period, *, now: datetime, most: int = 3
) -> dict[K, list[Reason]]:
    """The causes with most missed 24-hour recoveries of a period, per group, most first (ties by name)."""
    start, end = period.bounds(current_tenant().zone)
    owner = {unit: group for group, units in groups.items() for unit in units}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT above.ancestor_id, cause.id, cause.name, count(*)
            FROM recovery_case
            JOIN people_unitancestor above
                ON above.tenant_id = recovery_case.tenant_id AND above.unit_id = recovery_case.unit_id
            LEFT JOIN recovery_cause cause
                ON cause.tenant_id = recovery_case.tenant_id AND cause.id = recovery_case.cause_id
            WHERE recovery_case.tenant_id = %s AND {base_condition(DUE)}
            AND NOT {DUE.conditions["recovered"]} AND clock_start >= %s AND clock_start < %s
            AND above.ancestor_id = ANY(%s)
            GROUP BY above.ancestor_id, cause.id, cause.name
            """,
            [current_tenant_id(), start - RECOVERY_TIME, min(end, now) - RECOVERY_TIME, list(owner)],
        )
        missed: dict[K, dict[tuple[UUID | None, str | None], int]] = defaultdict(lambda: defaultdict(int))
        for unit, cause_id, cause, count in cursor.fetchall():
            missed[owner[unit]][cause_id, cause] += count
    return {
        group: [
            Reason(cause_id, cause, count)
            for (cause_id, cause), count in sorted(causes.items(), key=lambda item: (-item[1], item[0][1] or ""))[:most]
        ]
        for group, causes in missed.items()
    }


def _sum_cells(
    family: Family, groups: Mapping[K, Sequence[UUID]], periods: Sequence[Period]
) -> dict[tuple[K, Period], tuple[list[int], int, datetime]]:
    grains = {period.cell_grain for period in periods}
    if len(grains) != 1:
        raise ValueError("Periods of one reading must be all of weeks or all of months.")
    owner = {unit: group for group, units in groups.items() for unit in units}
    holders: dict[date, list[Period]] = defaultdict(list)
    for period in periods:
        for cell in period.cells():
            holders[cell].append(period)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT unit_id, period, total, revision, as_of FROM metrics_cell
            WHERE tenant_id = %s AND family = %s AND grain = %s AND period = ANY(%s) AND unit_id = ANY(%s)
            """,
            [current_tenant_id(), family.key, grains.pop(), list(holders), list(owner)],
        )
        sums: dict[tuple[K, Period], tuple[list[int], int, datetime]] = {}
        for unit, cell, total, revision, as_of in cursor.fetchall():
            for period in holders[cell]:
                key = (owner[unit], period)
                if key in sums:
                    known, known_revision, known_as_of = sums[key]
                    total_so_far = [a + b for a, b in zip(known, total, strict=True)]
                    sums[key] = (total_so_far, known_revision + revision, max(known_as_of, as_of))
                else:
                    sums[key] = (list(total), revision, as_of)
    return sums


def _may_hold_undue(family: Family, period: Period, now: datetime) -> bool:
    return bool(family.delay) and period.bounds(current_tenant().zone)[1] > now


def _running(
    family: Family, groups: Mapping[K, Sequence[UUID]], periods: Sequence[Period], now: datetime
) -> dict[tuple[K, Period], list[int]]:
    """What is not yet due at `now`, by group and period: always among the cases reported in the last `delay`."""
    if not periods or not groups:
        return {}
    zone = current_tenant().zone
    owner = {unit: group for group, units in groups.items() for unit in units}
    table, counters = family.source.table, ", ".join(
        f"count(*) FILTER (WHERE {condition})" for condition in family.conditions.values()
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
                    list(owner),
                    now - family.delay,
                    max(now, start) - family.delay,
                    end - family.delay,
                ],
            )
            for unit, *counts in cursor.fetchall():
                known = found.get((owner[unit], period), [0] * len(counts))
                found[owner[unit], period] = [a + b for a, b in zip(known, counts, strict=True)]
    return found


def last_full_weeks(count: int, *, now: datetime) -> list[Period]:
    """The `count` weeks that are over, oldest first: what a chart of behaviour is drawn from."""
    week = period_of(now, "week", current_tenant().zone)
    weeks = []
    for _ in range(count):
        week = week.previous()
        weeks.append(week)
    return weeks[::-1]


def day_of(instant: datetime) -> date:
    """The tenant's day of an instant."""
    return instant.astimezone(current_tenant().zone).date()

