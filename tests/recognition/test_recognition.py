"""Heroes are named, once for each act, and only as long as they want to be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from cso.customers.models import Customer
from cso.errors import ConflictError, InvalidFieldsError, NotAllowedError
from cso.people import actions as people
from cso.people.models import Person
from cso.recognition.actions import recognise, take_back, withdraw_recognition
from cso.recognition.models import Recognition
from cso.recognition.queries import counts_by_kind, recognised_for, recognitions, recognitions_behind
from cso.recovery.erasure import erase_customer
from tenants.models import Membership
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case

MINUTE = timedelta(minutes=1)


@pytest.fixture
def fran(acme: Company) -> Iterator[Person]:
    with tenant_scope(acme.tenant):
        yield Person.objects.get(name="Fran Line")


def praise(person: Person, by: Membership | None = None, **values: object) -> Recognition:
    given = {"kind": "recovery", "what": "Drove the suitcase home", "now": NOW} | values
    return recognise(person, by=by, **given)  # type: ignore[arg-type]


def test_heroes_are_named(acme: Company, fran: Person) -> None:
    leader = acme.member(Role.LEADER)
    made = praise(fran, leader, customer_words=" You  saved our wedding ")
    assert (made.unit.code, made.recognised_by, made.customer_words) == ("north-1", leader, "You saved our wedding")
    late = praise(acme.leader, kind="prevention", now=NOW + MINUTE)
    assert late.unit.code == "north"
    stranger = people.add_person("Nora Nowhere", by=None)
    assert praise(stranger, kind="colleague").unit.code == "top"
    listed = recognitions(acme.member(Role.AUDITOR))
    assert [each.person.name for each in listed] == ["Lea North", "Nora Nowhere", "Fran Line"]
    assert [each.person.name for each in recognitions_behind(listed, late)] == ["Nora Nowhere", "Fran Line"]
    assert counts_by_kind(listed) == {"recovery": 1, "delight": 0, "prevention": 1, "idea": 0, "colleague": 1}


def test_what_a_recognition_says(acme: Company, fran: Person) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        praise(fran, kind="splash", what=" ", customer_words="x" * 501)
    assert set(refused.value.by_field()) == {"kind", "what", "customer_words"}
    with pytest.raises(NotAllowedError, match="themselves"):
        praise(fran, acme.member(Role.FRONTLINE))
    with pytest.raises(PermissionDenied):
        praise(fran, acme.member(Role.AUDITOR))


def test_once_for_each_case_and_person(acme: Company, fran: Person) -> None:
    case = log_case(acme.units["north"], NOW)
    cso = acme.member(Role.CSO)
    made = praise(fran, cso, source="case", source_id=case.pk)
    praise(acme.leader, cso, source="case", source_id=case.pk)
    with pytest.raises(ConflictError) as refused:
        praise(fran, source="case", source_id=case.pk)
    assert refused.value.code == "recognised_already"
    assert {each.person.name for each in recognised_for(cso, "case", [case.pk])} == {"Fran Line", "Lea North"}
    # A slip can be made good at once, and only by who made it.
    with pytest.raises(NotAllowedError):
        take_back(made, by=acme.member(Role.EXECUTIVE), now=NOW)
    take_back(made, by=cso, now=NOW + 10 * MINUTE)
    again = praise(fran, cso, source="case", source_id=case.pk)
    with pytest.raises(ConflictError) as refused:
        take_back(again, by=cso, now=NOW + 11 * MINUTE)
    assert refused.value.code == "too_late"


def test_heroes_may_not_want_to_be_shown(acme: Company, fran: Person) -> None:
    made = praise(fran, acme.member(Role.LEADER))
    for role in (Role.EXECUTIVE, Role.AUDITOR, Role.COMMITTEE_MEMBER):
        with pytest.raises(NotAllowedError):
            withdraw_recognition(made, by=acme.member(role), now=NOW)
    withdraw_recognition(made, by=acme.member(Role.FRONTLINE), now=NOW + MINUTE)
    assert withdraw_recognition(made, by=None, now=NOW + 2 * MINUTE).withdrawn_at == NOW + MINUTE
    assert not recognitions(acme.member(Role.CSO))
    assert Recognition.objects.count() == 1


def test_an_erased_customer_is_quoted_no_more(acme: Company, fran: Person) -> None:
    customer = Customer.objects.create(name="Cleo", email="cleo@example.com")
    case = log_case(acme.units["north"], NOW, customer=customer)
    quoted = praise(fran, source="case", source_id=case.pk, customer_words="Fran saved our wedding. Cleo")
    silent = praise(acme.leader, source="case", source_id=case.pk)
    erase_customer(customer, by=None, now=NOW)
    quoted.refresh_from_db()
    silent.refresh_from_db()
    gone = "Erased at the customer's request"
    assert (quoted.customer_words, silent.customer_words) == (gone, "")
    # What is told of a case may be what the customer told.
    assert (quoted.what, quoted.person, silent.what) == (gone, fran, gone)


def test_a_story_names_no_customer(acme: Company, fran: Person) -> None:
    ana = Customer.objects.create(name="Ana Roy-Tremblay")
    Customer.objects.create(name="Hope")
    case = log_case(acme.units["north-1"], NOW, customer=ana)
    of_case: dict[str, Any] = {"source": "case", "source_id": case.pk}
    nothing: dict[str, Any] = {}
    for what, more in (
        ("Drove Ana Roy-Tremblay’s suitcase home", nothing),
        ("Drove the suitcase of ana roy-tremblay home.", nothing),
        ("Drove Mrs. Tremblay home", of_case),
    ):
        with pytest.raises(InvalidFieldsError, match="It names a customer, Ana Roy-Tremblay") as refused:
            praise(fran, what=what, **more)
        assert [error.code for error in refused.value.errors] == ["names_customer"]
    # Part of a name is anybody's word, unless it is of the case; the customer's own words stay inside.
    assert praise(fran, what="Gave hope to a Tremblay", customer_words="Yours, Ana Roy-Tremblay").pk
    assert praise(fran, what="Drove the suitcase home", **of_case).pk
