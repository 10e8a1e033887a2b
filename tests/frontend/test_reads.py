"""What pages may read: lists eight statements, the form for an OOPS six, whether little is there or much.

Pages with a budget of their own count it beside their other tests.
"""

from __future__ import annotations

from datetime import date

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cso.people import actions as people
from cso.recovery.authority import set_authority
from cso.scorecards.plans.measures import define_measure
from cso.scorecards.walls.links import make_wall
from cso.strategy.blockers import raise_blocker
from tenants.keys import create_api_key
from tenants.members import add_member
from tenants.models import User
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit, reads
from tests.personas import Company, log_case

LISTS_READ, OOPS_READS = 8, 6
LISTS = {
    Role.CSO: (
        *("scorecard/measures", "scorecard/walls", "targets", "blockers", "cases", "approvals", "customers", "heroes"),
        *("rules", "rules/nominations", "rules/breaks", "rules/committees", "rules/orders", "listening"),
        *("organization", "outbox", "audit"),
    ),
    Role.ADMINISTRATOR: ("members", "keys", "organization"),
}


def counted(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200, path
    return len(reads(captured.captured_queries))


def grow(company: Company) -> None:
    now = timezone.now()
    for number in range(3):
        unit = people.add_unit(f"more-{number}", f"More {number}", company.units["north"], by=None)
        leader = people.add_person(f"Lee {number}", unit=unit, position=f"Post {number}", by=None)
        people.name_leader(unit, leader, date(2024, 1, 1), by=None)
        add_member(
            User.objects.create_user(f"more-{number}@acme.example", None, name=f"M {number}"), Role.LEADER, by=None
        )
        create_api_key(company.tenant, f"Key {number}", ["cases:read"], by=None)
        define_measure(
            f"measure-{number}", f"Measure {number}", rollup="sum", source="Phone", nature="outcome", by=None
        )
        make_wall(f"Wall {number}", unit, by=None, now=now)
        raise_blocker(f"No budget {number}", owner=leader, by=None, now=now)
        log_case(unit, now)


def test_lists_keep_their_budget_with_little_and_with_more(acme: Company, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        log_case(acme.units["north"], timezone.now())
        raise_blocker("No budget", owner=acme.leader, by=None, now=timezone.now())
    paths = [(visit(acme, role), f"/acme/{name}/") for role, names in LISTS.items() for name in names]
    few = {path: counted(client, path) for client, path in paths}
    with tenant_scope(acme.tenant):
        grow(acme)
    many = {path: counted(client, path) for client, path in paths}
    assert {path: n for path, n in many.items() if n > LISTS_READ} == {}
    # One more statement may ask for what there was nothing of before; never one for each row.
    assert {path: (few[path], n) for path, n in many.items() if n > few[path] + 1} == {}


def test_the_form_for_an_oops_keeps_its_budget(acme: Company, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        set_authority(acme.leader.position, by=None, currency="CAD", per_case_minor=5_000, per_day_minor=9_000)
        for _ in range(3):
            log_case(acme.units["north"], timezone.now())
    for role in (Role.FRONTLINE, Role.LEADER, Role.CSO):
        assert counted(visit(acme, role), "/acme/cases/new/") <= OOPS_READS, role
