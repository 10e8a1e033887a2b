"""One customer, however they reach us."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from cso.customers.actions import save_customer
from cso.customers.matching import customers_alike, find_or_add_customer, match_customer
from cso.customers.models import Customer
from cso.errors import InvalidFieldsError
from tenants.scope import tenant_scope
from tests.personas import NOW, Company


def known(**values: str) -> Customer:
    return save_customer(Customer(), by=None, **values)


def test_the_first_of_key_address_and_phone_decides_and_both_stay(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        by_key = known(external_id="crm-1")
        by_email = known(email="Priya@Example.com")
        by_phone = known(phone="+1 416 555 0100")
        three: dict[str, Any] = {"external_id": "crm-1", "email": "priya@example.com", "phone": "(416) 555-0100"}
        assert match_customer(**three) == by_key
        # That customer has the address too now, and was known first.
        assert match_customer(email="PRIYA@example.COM") == by_key
        assert match_customer(email="priya@example.com", external_id="crm-2") == by_email
        assert match_customer(phone="00 1 416 555 0100") == by_key
        # What was not known is filled in, so that the three are alike from now on; nothing is overwritten.
        by_key.refresh_from_db()
        by_email.refresh_from_db()
        assert (by_key.email, by_key.phone) == ("priya@example.com", "(416) 555-0100")
        assert (by_email.email, by_email.external_id) == ("Priya@Example.com", "crm-2")
        assert by_phone.phone == "+1 416 555 0100"
        assert set(customers_alike(by_key)) == {by_key, by_email, by_phone}
        assert match_customer(external_id="crm-1", email="new@example.com", name="Priya") == by_key
        by_key.refresh_from_db()
        assert (by_key.email, by_key.name) == ("priya@example.com", "Priya")
        assert Customer.objects.count() == 3


@pytest.mark.parametrize(
    ("kept", "given", "is_same"),
    [
        ("+1 416 555 0100", "416-555-0100", True),
        ("416 555 0100", "+14165550100", True),
        ("416 555 0100", "(416) 555 0100", True),
        ("020 7946 0018", "+44 20 7946 0018", True),
        ("+44 (0)20 7946 0018", "0044 20 7946 0018", False),  # two country codes: as they stand
        ("+1 416 555 0100", "+44 416 555 0100", False),
        ("1 416 555 0100", "416 555 0100", False),  # neither says that its 1 is a country
        ("555 0100", "+1 416 555 0100", False),
        ("555 0100", "5550100", True),
        ("extension", "also none", False),
    ],
)
def test_a_number_is_the_same_with_and_without_its_country(acme: Company, kept: str, given: str, is_same: bool) -> None:
    with tenant_scope(acme.tenant):
        customer = known(phone=kept)
        assert (match_customer(phone=given) == customer) is is_same


def test_whoever_shares_an_address_but_has_another_key_is_somebody_else(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        mother = known(external_id="crm-1", email="family@example.com", phone="+1 416 555 0100")
        child = match_customer(external_id="crm-2", email="family@example.com", phone="416 555 0100")
        assert child != mother
        assert set(customers_alike(child)) == {mother, child}
        assert match_customer(email="family@example.com") == mother


def test_a_stranger_cannot_have_anothers_mail_sent_to_themselves(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        victim = known(phone="+1 416 555 0100")
        stranger = match_customer(phone="416 555 0100", email="me@evil.example", is_self_told=True)
        assert stranger != victim
        assert match_customer(phone="416 555 0100", name="Pat", is_self_told=True) == victim
        assert match_customer(email="ME@evil.example", phone="1234567890", is_self_told=True) == stranger
        victim.refresh_from_db()
        stranger.refresh_from_db()
        assert (victim.email, victim.name, stranger.phone) == ("", "Pat", "416 555 0100")


def test_who_was_erased_is_not_found_and_a_name_finds_nobody(acme: Company, other: Company) -> None:
    with tenant_scope(other.tenant):
        known(email="priya@example.com")
    with tenant_scope(acme.tenant):
        gone = known(external_id="crm-1", email="priya@example.com", phone="+1 416 555 0100")
        Customer.objects.filter(pk=gone.pk).update(erased_at=NOW, external_id=None, email="", phone="")
        assert match_customer(email="priya@example.com") != gone
        assert match_customer(phone="416 555 0100") != gone
        assert find_or_add_customer("priya@example.com", by=None) != gone
        assert match_customer(name="Priya Patel") != match_customer(name="Priya Patel")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "email"),
        ({"language": "en"}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "a\x00@example.com"}, "email"),
        ({"phone": "1" * 41}, "phone"),
        ({"name": "\ud800"}, "name"),
        ({"name": "Priya", "language": "de"}, "language"),
    ],
)
def test_what_no_customer_could_be_known_by_is_refused(acme: Company, given: dict[str, str], field: str) -> None:
    with tenant_scope(acme.tenant), pytest.raises(InvalidFieldsError) as refusal:
        match_customer(**given)  # type: ignore[arg-type]
    assert [error.field for error in refusal.value.errors] == [field]


def test_whoever_logs_a_case_may_type_a_number_as_they_heard_it(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        priya = find_or_add_customer("+1 416 555 0100", by=None)
        assert find_or_add_customer("(416) 555-0100", by=None) == priya
        assert find_or_add_customer("20418", by=None).external_id == "20418"


@pytest.mark.django_db(transaction=True)
def test_two_intakes_at_once_make_one_customer(acme: Company) -> None:
    """Each knows the customer by something else of the same three, in another order."""
    contacts = [
        {"email": "priya@example.com", "phone": "+1 416 555 0100"},
        {"phone": "416 555 0100", "email": "PRIYA@example.com"},
        {"email": "Priya@example.com", "name": "Priya"},
        {"phone": "416-555-0100", "email": "priya@example.com", "name": "Priya"},
    ] * 2
    barrier = Barrier(len(contacts))

    def match(contact: dict[str, str]) -> Callable[[], None] | None:
        try:
            barrier.wait(10)
            with tenant_scope(acme.tenant):
                match_customer(**contact)  # type: ignore[arg-type]
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(len(contacts)) as pool:
        list(pool.map(match, contacts))
    with tenant_scope(acme.tenant):
        customer = Customer.objects.get()
        assert (customer.email_ci, customer.phone_digits, customer.name) == (
            "priya@example.com",
            "4165550100",
            "Priya",
        )
