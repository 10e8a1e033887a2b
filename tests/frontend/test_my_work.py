"""What waits for a member: customers to call, decisions, promises, tasks, and their open cases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from cso.customers.actions import save_customer
from cso.customers.models import Customer
from cso.people.models import Person
from cso.recovery.authority import give_remedy
from cso.recovery.call_backs import ask_call_back
from cso.recovery.promises import make_promise
from cso.recovery.teamwork import add_task, take_case
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit
from tests.personas import Company, log_case

HOUR = timedelta(hours=1)


def waiting(client: Client) -> dict[str, list[str]]:
    """The sections of the landing page with what waits in each."""
    found = client.get("/acme/").context["waiting"]
    return {section["title"]: [row["what"] for row in section["rows"]] for section in found}


@pytest.fixture
def work(acme: Company) -> Company:
    now = timezone.now()
    frontline = acme.member(Role.FRONTLINE)
    with tenant_scope(acme.tenant):
        priya = save_customer(Customer(), by=None, name="Priya Patel", phone="+1 416 555 0100")
        own = log_case(acme.units["north-1"], now - 3 * HOUR, summary="own", customer=priya)
        take_case(own, by=frontline, now=now)
        log_case(acme.units["north-1"], now - 2 * HOUR, summary="of the unit")
        south = log_case(acme.units["south"], now - 4 * HOUR, summary="south")
        make_promise(own, what="A call before noon", due_at=now + 2 * HOUR, by=frontline, at=now, now=now)
        make_promise(own, what="A letter next week", due_at=now + 90 * HOUR, by=frontline, at=now, now=now)
        add_task(south, unit=acme.units["north-1"], what="Find the stroller", due_at=now + HOUR, by=None, now=now)
        ask_call_back(own, phone="", note="After five", now=now)
        fran = Person.objects.get(member=frontline)
        give_remedy(own, person=fran, by=frontline, now=now, amount_minor=12_050, currency="CAD")
    return acme


def test_the_frontline_sees_what_waits_for_them(work: Company, visit: Visit) -> None:
    client = visit(work, Role.FRONTLINE)
    assert waiting(client) == {
        "Customers who want a call": ["Priya Patel · +1 416 555 0100"],
        "Promised": ["A call before noon"],
        "Asked of your unit": ["Find the stroller"],
    }
    context = client.get("/acme/").context
    assert [row["summary"] for row in context["mine"]] == ["own"]
    # South's case, for which the unit has a task, is there to be worked on too.
    assert {row["summary"] for row in context["others"]} == {"of the unit", "south"}
    page = client.get("/acme/").content.decode()
    assert "Your open cases" in page
    for section in context["waiting"]:
        assert {client.get(row["url"]).status_code for row in section["rows"]} == {200}


def test_the_leader_sees_what_is_theirs_to_decide(work: Company, visit: Visit) -> None:
    client = visit(work, Role.LEADER)
    found = waiting(client)
    assert found["Waits for your decision"] == ["Fran Line asks for 120.50\u00a0CAD"]
    assert "Customers who want a call" in found
    assert "Promised" in found
    assert "Waits for your decision" in client.get("/acme/").content.decode()


def test_nothing_waits_for_who_works_elsewhere(work: Company, visit: Visit) -> None:
    assert waiting(visit(work, Role.COMMITTEE_MEMBER)) == {}


@pytest.mark.parametrize("cases", [1, 3])
def test_the_page_costs_the_same_for_1_and_3_cases(
    acme: Company, visit: Visit, django_assert_num_queries: DjangoAssertNumQueries, cases: int
) -> None:
    now = timezone.now()
    with tenant_scope(acme.tenant):
        for _ in range(cases):
            case = log_case(acme.units["north-1"], now - HOUR)
            take_case(case, by=acme.member(Role.FRONTLINE), now=now)
            log_case(acme.units["north-1"], now - HOUR)
            make_promise(case, what="Soon", due_at=now + HOUR, by=None, at=now, now=now)
            add_task(case, unit=acme.units["north-1"], what="Do", due_at=now + HOUR, by=None, now=now)
    client = visit(acme, Role.FRONTLINE)
    client.get("/acme/")
    with django_assert_num_queries(36):
        client.get("/acme/")
