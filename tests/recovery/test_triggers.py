"""What the database derives from cases, customers and purchases, whoever writes them and in whichever order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from cso.customers.models import Customer, Purchase
from cso.metrics.models import Mark
from cso.recovery import actions
from cso.recovery.loading.cases import load_cases
from cso.recovery.loading.rows import Reading
from cso.recovery.models import CallBack, Case, Exposure, Promise, RecoverySettings
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.metrics.naive import cases_in_database, exposures_in_database
from tests.personas import NOW, Company, log_case
from tests.threads import at_once_sorted

HOUR, DAY, MICROSECOND = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
START = datetime(2025, 11, 1, 12, tzinfo=UTC)


def customer(name: str = "Ada", **values: Any) -> Customer:
    return Customer.objects.create(name=name, **values)


def rich(name: str = "Ada", **values: Any) -> Customer:
    """Worth 4 x 12 x 5 visits of 10.00 to 20.00 dollars: 2,400.00 to 4,800.00."""
    worth = {
        "currency": "USD",
        "spend_per_visit_minor": 1_000,
        "spend_per_visit_high_minor": 2_000,
        "visits_per_year": 48,
        "years": 5,
    }
    return customer(name, **worth | values)


def exposures() -> list[tuple[Any, ...]]:
    rows = Exposure.objects.order_by("at_risk_since")
    return list(rows.values_list("unit__code", "at_risk_since", "ended_at", "worth_low_minor", "worth_high_minor"))


def assert_derived() -> None:
    """The table of exposures, and every repeat, against a recount in plain Python."""
    cases = cases_in_database()
    told = exposures_in_database(cases)
    expected = sorted((e.unit, e.since, e.ended_at, e.worth, e.saved_at) for e in told)
    rows = Exposure.objects.values_list(
        "unit_id", "at_risk_since", "ended_at", "worth_low_minor", "worth_high_minor", "saved_at"
    )
    kept = [
        (unit, since, end, None if low is None else (low, high), saved) for unit, since, end, low, high, saved in rows
    ]
    assert sorted(kept, key=str) == sorted(expected, key=str)
    repeats = dict(Case.objects.values_list("id", "repeated_at"))
    assert {case.key: case.is_repeated for case in cases} == {key: at is not None for key, at in repeats.items()}


@pytest.mark.parametrize(
    ("after", "is_repeat"),
    [
        (-MICROSECOND, False),
        (timedelta(0), True),
        (30 * DAY, True),
        (30 * DAY + MICROSECOND, False),
    ],
)
def test_the_same_customer_and_cause_within_30_days_of_the_first_fix_is_a_repeat(
    acme: Company, after: timedelta, is_repeat: bool
) -> None:
    """Over the change of clocks of 2 November, by elapsed time."""
    with tenant_scope(acme.tenant):
        ada, south = customer(), acme.units["south"]
        first = log_case(south, START, fixed_after=HOUR, customer=ada, cause="Late")
        again = log_case(acme.units["north"], START + HOUR + after, customer=ada, cause="Late")
        first.refresh_from_db()
        assert first.repeated_at == (again.clock_start if is_repeat else None)
        assert first.doubly_deviated is is_repeat
        assert again.repeated_at is None


def test_a_repeat_follows_whatever_becomes_of_either_case(acme: Company) -> None:
    executive, cso = acme.member(Role.EXECUTIVE), acme.member(Role.CSO)
    with tenant_scope(acme.tenant):
        ada, bob, south = customer(), customer("Bob"), acme.units["south"]
        first = log_case(south, START, fixed_after=HOUR, customer=ada, cause="Late")
        log_case(south, START + 2 * HOUR, customer=ada, cause="Lost")
        log_case(south, START + 2 * HOUR, customer=bob, cause="Late")
        log_case(south, START + 2 * HOUR, customer=ada)
        log_case(south, START + 2 * HOUR, cause="Late")

        def repeated_at() -> datetime | None:
            return Case.objects.get(pk=first.pk).repeated_at

        assert repeated_at() is None
        later = log_case(south, START + 3 * DAY, customer=ada, cause="Late")
        sooner = log_case(south, START + 2 * DAY, customer=ada, cause="Late")
        assert repeated_at() == sooner.clock_start
        excluded = actions.propose_exclusion(sooner, "test", "Not real.", by=executive, now=NOW)
        excluded = actions.confirm_exclusion(excluded, by=cso, now=NOW)
        assert repeated_at() == later.clock_start
        actions.withdraw_exclusion(excluded, by=cso, now=NOW)
        assert repeated_at() == sooner.clock_start
        actions.correct_case(sooner, by=None, now=NOW, customer=bob)
        assert repeated_at() == later.clock_start
        actions.correct_case(later, by=None, now=NOW, cause="Lost")
        assert repeated_at() is None
        actions.correct_case(later, by=None, now=NOW, cause="Late", occurred_at=START + DAY)
        assert repeated_at() == START + DAY
        Case.objects.filter(pk=first.pk).update(first_fixed_at=START + 2 * DAY, fixed_at=START + 2 * DAY)
        assert repeated_at() is None
        assert_derived()


def test_a_customer_is_at_risk_from_the_first_report_to_the_last_fix(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        ada, south, north = rich(), acme.units["south"], acme.units["north"]
        log_case(north, START + 5 * HOUR, fixed_after=5 * HOUR, customer=ada)
        assert exposures() == [("north", START + 5 * HOUR, START + 10 * HOUR, 240_000, 480_000)]
        first = log_case(south, START, fixed_after=6 * HOUR, customer=ada)
        assert exposures() == [("south", START, START + 10 * HOUR, 240_000, 480_000)]
        log_case(north, START + 10 * HOUR, fixed_after=HOUR, customer=ada)
        log_case(north, START + 12 * HOUR, fixed_after=HOUR, customer=ada)
        assert [row[1:3] for row in exposures()] == [
            (START, START + 11 * HOUR),
            (START + 12 * HOUR, START + 13 * HOUR),
        ]
        actions.reopen_case(first, by=None, at=START + 20 * HOUR, now=NOW, note="Again.")
        assert [row[:3] for row in exposures()] == [("south", START, None)]
        actions.move_case(first, acme.units["top"], by=None, now=NOW)
        assert [row[:3] for row in exposures()] == [("top", START, None)]
        Case.objects.filter(customer=ada).update(customer=None)
        assert exposures() == []


def test_a_fix_before_the_report_leaves_nobody_at_risk_and_ties_go_by_id(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        ada, south = rich(), acme.units["south"]
        told_late = log_case(south, START, occurred_at=START - 5 * HOUR, customer=ada)
        actions.fix_case(told_late, by=None, at=START - HOUR, now=NOW)
        assert exposures() == []
        log_case(acme.units["north"], START, fixed_after=HOUR, customer=ada)
        log_case(south, START, fixed_after=2 * HOUR, customer=ada)
        assert [row[:3] for row in exposures()] == [("north", START, START + 2 * HOUR)]


def test_worth_is_known_in_the_workspaces_currency_alone(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        ada, south = rich(), acme.units["south"]
        log_case(south, START, customer=ada)
        log_case(south, START + HOUR, customer=rich("Eva", currency="EUR"))
        log_case(south, START + 2 * HOUR, customer=customer("Nobody"))
        log_case(south, START + 3 * HOUR, customer=rich("Slip", spend_per_visit_high_minor=10**12, years_high=100))

        def worth() -> list[int | None]:
            return [low for *_, low, _high in exposures()]

        assert worth() == [240_000, None, None, None], "beyond all reason is not known either"
        RecoverySettings.objects.update(currency="EUR")
        assert worth() == [None, 240_000, None, None]
        RecoverySettings.objects.update(currency="USD")
        Customer.objects.filter(pk=ada.pk).update(visits_per_year=96)
        assert worth() == [480_000, None, None, None]
        Customer.objects.filter(pk=ada.pk).update(visits_per_year=None)
        assert worth() == [None] * 4
        assert_derived_but_for_slips()


def assert_derived_but_for_slips() -> None:
    Case.objects.filter(customer__name="Slip").update(customer=None)
    assert_derived()


@pytest.mark.parametrize(
    ("after", "is_saved"),
    [(timedelta(0), False), (MICROSECOND, True), (90 * DAY, True), (90 * DAY + MICROSECOND, False)],
)
def test_a_purchase_within_90_days_of_the_risk_saves(acme: Company, after: timedelta, is_saved: bool) -> None:
    with tenant_scope(acme.tenant):
        ada, bob = rich(), customer("Bob")
        log_case(acme.units["south"], START, fixed_after=HOUR, customer=ada)
        bought = Purchase.objects.create(
            customer=ada, external_id="1", bought_at=START + after, amount_minor=5, currency="USD"
        )
        assert Exposure.objects.get().saved_at == (START + after if is_saved else None)
        Purchase.objects.update(bought_at=START + DAY)
        assert Exposure.objects.get().saved_at == START + DAY
        Purchase.objects.update(customer=bob)
        assert Exposure.objects.get().saved_at is None
        Purchase.objects.update(customer=ada)
        bought.delete()
        assert Exposure.objects.get().saved_at is None


def test_what_stays_as_it_is_is_neither_written_nor_marked(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        ada, south = rich(), acme.units["south"]
        case = log_case(south, START, fixed_after=9 * HOUR, customer=ada)
        Mark.objects.all().delete()
        before = _versions()
        at, fixed_at = START + HOUR, START + 2 * HOUR
        Case.objects.create(unit=south, reported_at=at, first_fixed_at=fixed_at, fixed_at=fixed_at, customer=ada)
        Customer.objects.update(name="Ada L.")
        Purchase.objects.create(customer=ada, external_id="1", bought_at=START, amount_minor=1, currency="USD")
        actions.correct_case(case, by=None, now=NOW, summary="Told more.")
        assert _versions() == before
        assert not Mark.objects.filter(source="exposure").exists()


def _versions() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, xmin, ctid FROM recovery_exposure ORDER BY id")
        return list(cursor.fetchall())


def test_a_bulk_load_is_derived_with_its_rows(acme: Company, other: Company) -> None:
    for company in (other, acme):
        with tenant_scope(company.tenant):
            rows = [
                {
                    "external_id": f"{who}-{n}",
                    "unit": "south",
                    "reported_at": (START + n * DAY).isoformat(),
                    "fixed_at": (START + n * DAY + HOUR).isoformat(),
                    "customer": who,
                    "cause": "Late",
                }
                for who in ("ada", "bob", None)
                for n in range(3)
            ]
            for raw in (rows[:5], rows):
                outcomes = load_cases(enumerate(raw), Reading(zone=company.tenant.zone), by=None, now=NOW)
                assert {outcome.status for outcome in outcomes} <= {"created", "unchanged"}
            assert Exposure.objects.count() == 6
            assert Case.objects.filter(repeated_at__isnull=False).count() == 4
            assert_derived()


def test_promises_and_call_backs_count_while_their_case_does(acme: Company) -> None:
    executive, cso = acme.member(Role.EXECUTIVE), acme.member(Role.CSO)
    with tenant_scope(acme.tenant):
        south = acme.units["south"]
        case = log_case(south, START)
        promised = {"unit": south, "what": "A call", "made_at": START, "first_due_at": NOW, "due_at": NOW}

        def counted() -> list[bool]:
            promises = Promise.objects.order_by("id").values_list("case_counts", flat=True)
            return [*promises, *CallBack.objects.values_list("case_counts", flat=True)]

        Promise.objects.create(case=case, **promised)
        CallBack.objects.create(case=case, unit=south, asked_at=START)
        case = actions.propose_exclusion(case, "test", "Not real.", by=executive, now=NOW)
        case = actions.confirm_exclusion(case, by=cso, now=NOW)
        assert counted() == [False, False]
        Promise.objects.create(case=case, **promised)
        assert counted() == [False, False, False]
        Promise.objects.filter(pk=Promise.objects.order_by("id").first().pk).update(  # type: ignore[union-attr]
            case=log_case(south, START)
        )
        assert counted() == [True, False, False]
        actions.withdraw_exclusion(case, by=cso, now=NOW)
        assert counted() == [True, True, True]


@pytest.mark.django_db(transaction=True)
def test_sessions_that_touch_one_customer_at_once_leave_what_all_of_them_say(acme: Company) -> None:
    """Opened, fixed, moved to the customer, bought, and a new worth, all in one instant; twice, for the other order."""
    with tenant_scope(acme.tenant):
        ada, south = rich(), acme.units["south"]

    def repeat(round_: int) -> None:
        start = START + round_ * 3 * DAY
        with tenant_scope(acme.tenant):
            known = [log_case(south, start + n * HOUR, customer=ada, cause="Late") for n in range(3)]
            stranger = log_case(south, start, cause="Late")

        def fix(n: int) -> Callable[[], Any]:
            return lambda: actions.fix_case(known[n], by=None, at=start + (4 + n) * HOUR, now=NOW)

        def open_(n: int) -> Callable[[], Any]:
            return lambda: log_case(south, start + (5 + n) * HOUR, customer=ada, cause="Late")

        def buy() -> None:
            Purchase.objects.create(
                customer=ada, external_id=f"p{round_}", bought_at=start + DAY, amount_minor=1, currency="USD"
            )

        acts: list[Callable[[], Any]] = [
            fix(0),
            fix(1),
            fix(2),
            open_(0),
            open_(1),
            lambda: actions.correct_case(stranger, by=None, now=NOW, customer=ada),
            buy,
            lambda: Customer.objects.filter(pk=ada.pk).update(years=6 + round_),
        ]
        assert at_once_sorted(acme, *acts) == ["done"] * len(acts)
        with tenant_scope(acme.tenant):
            assert_derived()

    repeat(0)
    repeat(1)


@pytest.mark.django_db(transaction=True)
def test_a_case_opened_while_the_currency_changes_is_worth_what_the_new_one_says(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        ada, south = rich(), acme.units["south"]
        RecoverySettings.objects.update_or_create(defaults={"currency": "EUR"})
    acts: list[Callable[[], Any]] = [
        lambda: RecoverySettings.objects.update(currency="USD"),
        lambda: log_case(south, START, customer=ada),
        lambda: log_case(south, START + HOUR, fixed_after=HOUR, customer=rich("Eva")),
    ]
    assert at_once_sorted(acme, *acts) == ["done"] * 3
    with tenant_scope(acme.tenant):
        assert [low for *_, low, _high in exposures()] == [240_000, 240_000]
