"""What a customer is worth, and what they bought."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from cso.customers.actions import save_customer
from cso.customers.models import Customer, Purchase
from cso.customers.purchases import record_purchase, record_purchases
from cso.customers.worth import Worth, worth_of
from cso.errors import ConflictError, InvalidFieldsError
from cso.recovery.erasure import erase_customer
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, make_company

ORDER: dict[str, Any] = {"external_id": "order-1", "bought_at": NOW, "amount_minor": 42_000, "currency": "CAD"}


def refused(act: Callable[[], object]) -> list[tuple[str, str]]:
    with pytest.raises(InvalidFieldsError) as refusal:
        act()
    return [(error.field, error.code) for error in refusal.value.errors]


def worth(**measures: Any) -> Worth | None:
    customer = save_customer(Customer(), by=None, name="Priya", **measures)
    customer.refresh_from_db()
    return worth_of(customer)


def test_worth_is_visits_times_spend_times_years(acme: Company) -> None:
    known = {"spend_per_visit_minor": 42_000, "currency": "CAD", "visits_per_year": 6}
    with tenant_scope(acme.tenant):
        assert worth_of(None) is None
        assert worth(**known) is None
        assert worth(**known, years=5) == Worth(1_260_000, 1_260_000, "CAD")
        assert worth(**known, years=5, years_high=10, visits_per_year_high=8) == Worth(1_260_000, 3_360_000, "CAD")
        assert worth(**known | {"visits_per_year": 0}, years=5) == Worth(0, 0, "CAD")
        most = {"spend_per_visit_minor": 10**12, "currency": "CAD", "visits_per_year": 10_000, "years": 100}
        assert worth(**most) == Worth(10**18, 10**18, "CAD")


@pytest.mark.parametrize(
    ("measures", "expected"),
    [
        ({"years": 101}, [("years", "out_of_range")]),
        ({"visits_per_year": 10_001}, [("visits_per_year", "out_of_range")]),
        ({"spend_per_visit_minor": 10**12 + 1, "currency": "CAD"}, [("spend_per_visit_minor", "out_of_range")]),
        ({"years": 5, "years_high": 4}, [("years_high", "below_low")]),
        ({"visits_per_year_high": 4}, [("visits_per_year", "required")]),
        ({"language": "de"}, [("language", "invalid_choice")]),
        ({"spend_per_visit_minor": 5}, [("currency", "invalid")]),
    ],
)
def test_a_measure_is_refused_by_its_name(acme: Company, measures: Any, expected: list[tuple[str, str]]) -> None:
    with tenant_scope(acme.tenant):
        assert refused(lambda: worth(**measures)) == expected


def test_a_change_leaves_alone_what_others_write_meanwhile(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        stale = save_customer(Customer(), by=None, name="Priya")
        Customer.objects.update(declined_questions_at=NOW, segment="gold")
        save_customer(stale, by=None, years=5)
        found = Customer.objects.get()
        assert (found.declined_questions_at, found.segment, found.years) == (NOW, "gold", 5)
        erase_customer(stale, by=None, now=NOW)
        with pytest.raises(ConflictError):
            save_customer(stale, by=None, name="Priya")


def test_a_purchase_is_recorded_once(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        priya = save_customer(Customer(), by=None, name="Priya")
        made = record_purchase(priya, **ORDER, by=None, now=NOW)
        assert record_purchase(priya, **ORDER, by=None, now=NOW) == made
        with pytest.raises(ConflictError):
            record_purchase(priya, **ORDER | {"amount_minor": 1}, by=None, now=NOW)
        wrong: dict[str, Any] = {
            "external_id": " ",
            "bought_at": NOW + timedelta(hours=1),
            "amount_minor": -1,
            "currency": "cad",
        }
        assert refused(lambda: record_purchase(priya, **wrong, by=None, now=NOW)) == [
            ("external_id", "required"),
            ("bought_at", "in_the_future"),
            ("amount_minor", "out_of_range"),
            ("currency", "invalid"),
        ]
        early = {"bought_at": datetime(1899, 1, 1, tzinfo=UTC), "external_id": "\x00"}
        assert refused(lambda: record_purchase(priya, **ORDER | early, by=None, now=NOW)) == [
            ("external_id", "nul"),
            ("bought_at", "too_early"),
        ]
        with pytest.raises(PermissionDenied):
            record_purchase(priya, **ORDER, by=acme.member(Role.FRONTLINE), now=NOW)
        assert Purchase.objects.count() == 1


def test_rows_stand_each_for_themselves(acme: Company, other: Company) -> None:
    with tenant_scope(other.tenant):
        save_customer(Customer(), by=None, external_id="theirs")
    with tenant_scope(acme.tenant):
        for key in ("crm-1", "crm-2"):
            save_customer(Customer(), by=None, external_id=key)
        rows = [
            ORDER | {"customer": "crm-1"},
            ORDER | {"customer": "crm-1"},
            ORDER | {"customer": "crm-2"},
            ORDER | {"customer": "theirs", "external_id": "order-2", "currency": "dollars"},
            ORDER | {"customer": "\x00", "external_id": "order-3"},
            ORDER | {"customer": "crm-2", "external_id": "order-4"},
        ]

        def sent() -> list[tuple[int, str, list[tuple[str, str]]]]:
            outcomes = record_purchases(rows, by=None, now=NOW)
            return [(o.line, o.status, [(error.field, error.code) for error in o.errors]) for o in outcomes]

        unknown, taken = ("customer", "unknown"), [("external_id", "external_id_in_use")]
        assert sent() == [
            (1, "created", []),
            (2, "unchanged", []),
            (3, "refused", taken),
            (4, "refused", [unknown, ("currency", "invalid")]),
            (5, "refused", [unknown]),
            (6, "created", []),
        ]
        assert [status for _line, status, _errors in sent()] == [
            "unchanged",
            "unchanged",
            "refused",
            "refused",
            "refused",
            "unchanged",
        ]
        assert Purchase.objects.count() == 2
        assert record_purchases([], by=None, now=NOW) == []
        assert refused(lambda: record_purchases([rows[0]] * 1_001, by=None, now=NOW)) == [("purchases", "too_many")]


@pytest.mark.django_db(transaction=True)
def test_a_purchase_told_by_many_at_once_is_one() -> None:
    acme = make_company("acme")
    with tenant_scope(acme.tenant):
        priya = save_customer(Customer(), by=None, external_id="crm-1")
    gate = threading.Barrier(4)
    found: list[UUID | None] = []

    def tell(number: int) -> None:
        try:
            gate.wait()
            with tenant_scope(acme.tenant):
                if number % 2:
                    found.append(record_purchase(priya, **ORDER, by=None, now=NOW).pk)
                else:
                    found.append(record_purchases([ORDER | {"customer": "crm-1"}], by=None, now=NOW)[0].id)
        finally:
            connection.close()

    threads = [threading.Thread(target=tell, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with tenant_scope(acme.tenant):
        assert found == [Purchase.objects.get().pk] * 4
