"""Every figure once more, by hand: plain Python over the instants of the facts, sharing no rule with the engine.

Only the table of histogram buckets is taken from the product. The definitions are written out from docs/metrics.md.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from tenants.scope import current_tenant
from tests.metrics.told import (
    DAY,
    Fact,
    Told,
    ToldApproval,
    ToldCallBack,
    ToldExposure,
    ToldPromise,
    exposures_of,
    tell_repeats,
)
from tests.metrics.told_committees import ToldCommittee, ToldMotion, ToldNomination, ToldOrder

MICROSECOND = timedelta(microseconds=1)

# family, grain, first day of the period, unit
Key = tuple[str, str, date, UUID]
# counts in the family's order, and a histogram as bucket -> number
Counts = tuple[tuple[int, ...], dict[int, int]]

# metric -> family, and the places of its numerator and denominator among the family's counters
PLACES = {
    "recovered_24h": ("due", 1, 0),
    "recovered_24h_reported": ("reported", 1, 0),
    "time_to_recover": ("started", 1, 0),
    "reopened": ("first_fixed", 1, 0),
    "not_our_failure": ("all_due", 1, 0),
    "surprised": ("answered", 2, 1),
    "dazzled": ("answered", 5, 0),
    "apology_given": ("answered", 4, 3),
    "surprise_planned": ("answered", 6, 0),
    "double_deviation": ("held_up", 1, 0),
    "promise_kept": ("promises", 1, 0),
    "own_authority": ("closed", 1, 0),
    "policy_quoted": ("closed", 2, 0),
    "approval_wait": ("approvals", 1, 0),
    "callback_time": ("call_backs", 1, 0),
    "value_saved": ("risked", 1, 0),
    "rules_killed": ("killed", 0, 0),
    "time_to_kill": ("nominated", 1, 0),
    "rule_effect": ("effects", 2, 3),
    "decided_in_time": ("decisions", 1, 0),
    "executed_in_time": ("executions", 1, 0),
}
# The place of what says how many facts there are, where that is not the denominator.
FACTS = {"rule_effect": 0}
# How long after the instant of its period a fact begins to count; what is not named counts at once.
COUNTS_AFTER = {
    "due": timedelta(0),
    "reported": timedelta(0),
    "all_due": timedelta(0),
    "answered": timedelta(0),
    "held_up": 30 * DAY,
    "promises": timedelta(0),
    "risked": timedelta(0),
    "effects": 56 * DAY,
    "decisions": timedelta(0),
    "executions": timedelta(0),
}


def _rows(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def cases_in_database() -> list[Told]:
    """The current tenant's cases, from what was told of them alone."""
    rows = _rows(
        """
        SELECT unit_id, reported_at, occurred_at, first_fixed_at, fixed_at, first_undone_at,
               CASE WHEN exclusion_confirmed_by_id IS NOT NULL THEN excluded_as ELSE '' END,
               id, customer_id, cause_id, merged_into_id IS NOT NULL, said_apology, said_surprised,
               planned_surprise <> '', first_promise_broken_at, closed_at, solution, approvals_asked,
               next_contact_due_at
        FROM recovery_case
        """
    )
    cases = [Told(*row) for row in rows]
    tell_repeats(cases)
    return cases


def told_by_database() -> list[Fact]:
    """Every fact of the current tenant."""
    cases = cases_in_database()
    by_key = {case.key: case for case in cases}
    promises = [
        ToldPromise(unit, by_key[case], *rest)
        for unit, case, *rest in _rows(
            """
            SELECT unit_id, case_id, first_due_at, due_at, times_moved, move_agreed, done_at, disputed_at, cancelled_at
            FROM recovery_promise
            """
        )
    ]
    approvals = [
        ToldApproval(unit, asked_at, decided_at, status != "withdrawn")
        for unit, asked_at, decided_at, status in _rows(
            "SELECT unit_id, asked_at, decided_at, status FROM recovery_remedy WHERE asked_at IS NOT NULL"
        )
    ]
    call_backs = [
        ToldCallBack(unit, asked_at, called_at, by_key[case].is_valid)
        for unit, asked_at, called_at, case in _rows(
            "SELECT unit_id, asked_at, called_at, case_id FROM recovery_callback"
        )
    ]
    of_committees = [*orders_in_database(by_key), *nominations_in_database(), *motions_in_database()]
    return [*cases, *promises, *approvals, *call_backs, *exposures_in_database(cases), *of_committees]


def orders_in_database(cases: Mapping[UUID | None, Told]) -> list[ToldOrder]:
    citing: dict[UUID, list[Told]] = defaultdict(list)
    for case, rule in _rows("SELECT id, quoted_rule_id FROM recovery_case WHERE quoted_rule_id IS NOT NULL"):
        citing[rule].append(cases[case])
    orders: list[ToldOrder] = []
    rows = _rows(
        """
        SELECT unit_id, rule_id, ordered_at, first_due_at, due_at, executed_at, verified_at, reinstated_at
        FROM committees_killorder
        """
    )
    for unit, rule, ordered, first_due, due, executed, verified, reinstated in rows:
        order = ToldOrder(unit, rule, ordered, first_due, due, executed, verified, reinstated, citing[rule], orders)
        orders.append(order)
    return orders


def nominations_in_database() -> list[ToldNomination]:
    columns = "unit_id, submitted_at, killed_at, ended_at, status"
    return [ToldNomination(*row) for row in _rows(f"SELECT {columns} FROM committees_nomination")]


def motions_in_database() -> list[ToldMotion]:
    return [
        ToldMotion(*row)
        for row in _rows(
            """
            SELECT c.unit_id, m.moved_at, c.cadence_days, m.status, m.decided_at
            FROM committees_motion m JOIN committees_committee c ON c.id = m.committee_id
            """
        )
    ]


def committees_in_database() -> list[ToldCommittee]:
    tenures: dict[UUID, list[tuple[datetime, datetime | None]]] = defaultdict(list)
    for committee, start, *ends in _rows(
        """
        SELECT s.committee_id, t.starts_at, t.ends_at, s.retired_at, m.ended_at
        FROM committees_seattenure t JOIN committees_seat s ON s.id = t.seat_id
        LEFT JOIN tenants_membership m ON m.id = t.member_id
        """
    ):
        tenures[committee].append((start, min((end for end in ends if end is not None), default=None)))
    opened: dict[UUID, list[datetime]] = defaultdict(list)
    for committee, at in _rows(
        """
        SELECT m.committee_id, b.opened_at FROM committees_ballot b JOIN committees_motion m ON m.id = b.motion_id
        WHERE b.opened_at IS NOT NULL
        """
    ):
        opened[committee].append(at)
    return [
        ToldCommittee(unit, founded_at, dissolved_at, cadence_days, tenures[pk], opened[pk])
        for pk, unit, founded_at, dissolved_at, cadence_days in _rows(
            "SELECT id, unit_id, founded_at, dissolved_at, cadence_days FROM committees_committee"
        )
    ]


def covered(parents: Mapping[UUID, UUID | None], unit: UUID, now: datetime) -> tuple[int, int]:
    """How many units have a live committee, and how many there are: this one and all below."""
    live = {each.unit for each in committees_in_database() if each.is_live(now)}
    below = [each for each in parents if unit in set(upwards(each, parents))]
    return len(live & set(below)), len(below)


def exposures_in_database(cases: list[Told]) -> list[ToldExposure]:
    """Derived anew from cases, worth and purchases; the table of exposures is not read."""
    currency = (_rows("SELECT currency FROM recovery_recoverysettings") or [("USD",)])[0][0]
    worth: dict[UUID, tuple[int, int] | None] = {}
    for customer, own_currency, spend, visits, years, high_spend, high_visits, high_years in _rows(
        """
        SELECT id, currency, spend_per_visit_minor, visits_per_year, years,
               spend_per_visit_high_minor, visits_per_year_high, years_high
        FROM customers_customer
        """
    ):
        known = None not in (spend, visits, years) and own_currency == currency
        pairs = ((spend, high_spend), (visits, high_visits), (years, high_years))
        low = high = 1
        for least, most in pairs if known else ():
            low, high = low * least, high * (least if most is None else most)
        worth[customer] = (low, high) if known else None
    purchases = [(customer, at) for customer, at in _rows("SELECT customer_id, bought_at FROM customers_purchase")]
    return exposures_of(cases, worth, purchases)


def parents_in_database() -> dict[UUID, UUID | None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, parent_id FROM people_unit")
        return dict(cursor.fetchall())


def expected_cells(
    facts: Iterable[Fact], parents: Mapping[UUID, UUID | None], zone: ZoneInfo
) -> dict[Key, tuple[Counts, Counts]]:
    """Own part and total of each cell that should stand in the database; there should be no other."""
    own: dict[Key, Counter[int]] = defaultdict(Counter)
    total: dict[Key, Counter[int]] = defaultdict(Counter)
    widths: dict[str, int] = {}
    for fact in facts:
        for family in fact.families:
            instant = fact.instant(family)
            if instant is None or not fact.counts_in(family):
                continue
            counts = fact.counts(family)
            widths[family] = len(counts)
            # Counters stand at -width .. -1, buckets at 0 and up.
            adds = Counter({n - len(counts): count for n, count in enumerate(counts)})
            if (bucket := fact.bucket(family)) is not None:
                adds[bucket] += 1
            for grain, first in periods_of(instant, zone):
                own[family, grain, first, fact.unit].update(adds)
                for unit in upwards(fact.unit, parents):
                    total[family, grain, first, unit].update(adds)
    return {key: (_counts(own[key], widths[key[0]]), _counts(total[key], widths[key[0]])) for key in list(total)}


def _counts(counter: Counter[int], width: int) -> Counts:
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


def figures(
    metric: str, facts: Iterable[Fact], parents: Mapping[UUID, UUID | None], zone: ZoneInfo, now: datetime
) -> dict[tuple[UUID, str, date], tuple[int, int, int]]:
    """Numerator, denominator and what does not count yet, of each unit with all below it in each month and week.

    What is not in it is (0, 0, 0).
    """
    family, numerator, denominator = PLACES[metric]
    found: dict[tuple[UUID, str, date], tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
    for fact in facts:
        instant = fact.instant(family) if family in fact.families and fact.counts_in(family) else None
        if instant is None:
            continue
        counts = fact.counts(family)
        adds = counts[numerator], counts[denominator], 0
        if family in COUNTS_AFTER and instant + COUNTS_AFTER[family] >= now:
            adds = 0, 0, counts[FACTS.get(metric, denominator)]
        for (grain, first), unit in (
            (period, unit) for period in periods_of(instant, zone) for unit in upwards(fact.unit, parents)
        ):
            known = found[unit, grain, first]
            found[unit, grain, first] = known[0] + adds[0], known[1] + adds[1], known[2] + adds[2]
    return found


def overdue(facts: Iterable[Fact], parents: Mapping[UUID, UUID | None], unit: UUID, now: datetime) -> int:
    return sum(
        isinstance(case, Told)
        and case.is_valid
        and case.fixed_at is None
        and case.start + DAY < now
        and unit in set(upwards(case.unit, parents))
        for case in facts
    )


def silent(facts: Iterable[Fact], parents: Mapping[UUID, UUID | None], unit: UUID, now: datetime) -> int:
    return sum(
        isinstance(case, Told)
        and case.is_valid
        and case.contact_due_at is not None
        and case.contact_due_at < now
        and unit in set(upwards(case.unit, parents))
        for case in facts
    )


def at_risk(
    facts: Iterable[Fact], parents: Mapping[UUID, UUID | None], unit: UUID, now: datetime
) -> tuple[int, int, int, int]:
    """Customers at risk, the low and the high of what they are worth, and how many are of unknown worth."""
    standing = [
        fact
        for fact in facts
        if isinstance(fact, ToldExposure)
        and fact.ended_at is None
        and fact.since < now
        and unit in set(upwards(fact.unit, parents))
    ]
    known = [fact.worth for fact in standing if fact.worth]
    return len(standing), sum(low for low, _ in known), sum(high for _, high in known), len(standing) - len(known)
