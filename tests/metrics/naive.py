"""Every figure once more, by hand: plain Python over the instants of the cases, sharing no rule with the engine.

Only the table of histogram buckets is taken from the product. The definitions are written out from docs/metrics.md.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from cso.metrics.formulas.histograms import BUCKET_BOUNDS
from tenants.scope import current_tenant

DAY = timedelta(hours=24)
MICROSECOND = timedelta(microseconds=1)

# family, grain, first day of the period, unit
Key = tuple[str, str, date, UUID]
# counts in the family's order, and a histogram as bucket -> number
Counts = tuple[tuple[int, ...], dict[int, int]]

WIDTHS = {"due": 4, "reported": 2, "started": 2, "first_fixed": 2, "all_due": 2}
FAMILY_OF = {
    "recovered_24h": "due",
    "recovered_24h_reported": "reported",
    "time_to_recover": "started",
    "reopened": "first_fixed",
    "not_our_failure": "all_due",
}


@dataclass
class Told:
    """A case as its own history tells it."""

    unit: UUID
    reported_at: datetime
    occurred_at: datetime | None = None
    first_fixed_at: datetime | None = None
    fixed_at: datetime | None = None
    first_undone_at: datetime | None = None
    excluded_as: str = ""

    @property
    def start(self) -> datetime:
        return self.reported_at if self.occurred_at is None else self.occurred_at

    @property
    def held(self) -> bool:
        """The first fix was neither disputed nor reopened within 14 days."""
        assert self.first_fixed_at
        return self.first_undone_at is None or self.first_undone_at - self.first_fixed_at > 14 * DAY

    def recovered_since(self, start: datetime) -> bool:
        return self.first_fixed_at is not None and self.first_fixed_at - start <= DAY and self.held

    def instant(self, family: str) -> datetime | None:
        """What decides the period in which the case counts."""
        return {
            "due": self.start + DAY,
            "reported": self.reported_at + DAY,
            "started": self.start,
            "first_fixed": self.first_fixed_at,
            "all_due": self.start + DAY,
        }[family]

    def counts_in(self, family: str) -> bool:
        """A confirmed exclusion takes the case out, but for what counts the exclusions themselves."""
        return not self.excluded_as or (family == "all_due" and self.excluded_as == "not_our_failure")

    def counts(self, family: str) -> tuple[int, ...]:
        """What the case adds to a cell, in the order of the family's counters; `instant` is not None."""
        if family == "due":
            known = self.occurred_at is not None
            return 1, int(self.recovered_since(self.start)), int(self.fixed_at is None), int(known)
        if family == "reported":
            return 1, int(self.recovered_since(self.reported_at))
        if family == "started":
            return 1, int(self.fixed_at is not None)
        if family == "all_due":
            return 1, int(bool(self.excluded_as))
        return 1, int(not self.held)

    def bucket(self) -> int | None:
        """Of the whole seconds, rounded up, from the clock's start to the fix that holds."""
        if self.fixed_at is None:
            return None
        whole = -((self.start - self.fixed_at) // timedelta(seconds=1))
        return bisect_right(BUCKET_BOUNDS, whole) - 1


def told_by_database() -> list[Told]:
    """The current tenant's cases, from their instants alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT unit_id, reported_at, occurred_at, first_fixed_at, fixed_at, first_undone_at,
                   CASE WHEN exclusion_confirmed_by_id IS NOT NULL THEN excluded_as ELSE '' END
            FROM recovery_case
            """
        )
        return [Told(*row) for row in cursor.fetchall()]


def parents_in_database() -> dict[UUID, UUID | None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, parent_id FROM people_unit")
        return dict(cursor.fetchall())


def expected_cells(
    cases: Iterable[Told], parents: Mapping[UUID, UUID | None], zone: ZoneInfo
) -> dict[Key, tuple[Counts, Counts]]:
    """Own part and total of each cell that should stand in the database; there should be no other."""
    own: dict[Key, Counter[int]] = defaultdict(Counter)
    total: dict[Key, Counter[int]] = defaultdict(Counter)
    for case in cases:
        for family, width in WIDTHS.items():
            instant = case.instant(family)
            if instant is None or not case.counts_in(family):
                continue
            # Counters stand at -width .. -1, buckets at 0 and up.
            adds = Counter({n - width: count for n, count in enumerate(case.counts(family))})
            if family == "started" and (bucket := case.bucket()) is not None:
                adds[bucket] += 1
            for grain, first in periods_of(instant, zone):
                own[family, grain, first, case.unit].update(adds)
                for unit in upwards(case.unit, parents):
                    total[family, grain, first, unit].update(adds)
    return {key: (_counts(own[key], key[0]), _counts(total[key], key[0])) for key in list(total)}


def _counts(counter: Counter[int], family: str) -> Counts:
    width = WIDTHS[family]
    buckets = {bucket: n for bucket, n in sorted(counter.items()) if bucket >= 0}
    return tuple(counter[n - width] for n in range(width)), buckets


def stored_cells() -> dict[Key, tuple[Counts, Counts]]:
    """The current tenant's cells as they stand in the database, but for those in which nothing is left."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT family, grain, period, unit_id, own, own_buckets, own_bucket_counts,
                   total, total_buckets, total_bucket_counts
            FROM metrics_cell
            WHERE 0 <> ANY (own || total) OR cardinality(own_buckets || total_buckets) > 0
            """
        )
        return {
            (family, grain, period, unit): (
                (tuple(own), dict(zip(own_buckets, own_counts, strict=True))),
                (tuple(total), dict(zip(total_buckets, total_counts, strict=True))),
            )
            for (
                family,
                grain,
                period,
                unit,
                own,
                own_buckets,
                own_counts,
                total,
                total_buckets,
                total_counts,
            ) in cursor.fetchall()
        }


def assert_cells_equal_the_cases() -> None:
    """The current tenant's cells, every one, against a recount of its cases."""
    expected = expected_cells(told_by_database(), parents_in_database(), current_tenant().zone)
    assert stored_cells() == expected


def periods_of(instant: datetime, zone: ZoneInfo) -> list[tuple[str, date]]:
    day = instant.astimezone(zone).date()
    return [("month", day.replace(day=1)), ("week", day - timedelta(days=day.weekday()))]


def upwards(unit: UUID, parents: Mapping[UUID, UUID | None]) -> Iterator[UUID]:
    above: UUID | None = unit
    while above is not None:
        yield above
        above = parents[above]


def figure(
    metric: str,
    cases: Iterable[Told],
    parents: Mapping[UUID, UUID | None],
    unit: UUID,
    grain: str,
    first: date,
    zone: ZoneInfo,
    now: datetime,
) -> tuple[int, int, int]:
    """Numerator, denominator and what is not yet due, of one unit with all below it in one month or week."""
    family = FAMILY_OF[metric]
    numerator = denominator = running = 0
    for case in cases:
        instant = case.instant(family)
        if not case.counts_in(family) or instant is None or unit not in set(upwards(case.unit, parents)):
            continue
        if (grain, first) not in periods_of(instant, zone):
            continue
        if family in {"due", "reported", "all_due"} and instant >= now:
            running += 1
            continue
        denominator += 1
        numerator += case.counts(family)[1]
    return numerator, denominator, running


def overdue(cases: Iterable[Told], parents: Mapping[UUID, UUID | None], unit: UUID, now: datetime) -> int:
    return sum(
        not case.excluded_as
        and case.fixed_at is None
        and case.start + DAY < now
        and unit in set(upwards(case.unit, parents))
        for case in cases
    )
