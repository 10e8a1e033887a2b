"""A list of cases reads about what it shows, however many cases the tenant has."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db.models import QuerySet

from cso.people import tree
from cso.people.models import Unit
from cso.people.queries import in_or_below
from cso.recovery.models import Case
from cso.recovery.queries import open_cases, visible_cases
from tenants.models import Membership
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, make_company
from tests.servers import with_database
from tests.tenants.conftest import database

CASES = 60_000
TEAMS = 300
MOST_READ = 2_500

# One case in twenty is open; the frontline member logged one in six hundred, in whatever unit.
FILL = """
INSERT INTO recovery_case (tenant_id, unit_id, channel, summary, reported_at, first_fixed_at, fixed_at, opened_by_id)
SELECT %(tenant)s, (%(units)s::uuid[])[1 + (hashint4(n) & 1073741823) %% cardinality(%(units)s::uuid[])], '',
    repeat('x', 150), at, fixed, fixed, CASE WHEN n %% 600 = 0 THEN %(member)s::uuid END
FROM generate_series(1, %(cases)s) n,
    LATERAL (SELECT %(now)s::timestamptz - n * INTERVAL '10 minutes') reported(at),
    LATERAL (SELECT CASE WHEN n %% 20 > 0 THEN at + INTERVAL '20 hours' END) first(fixed)
"""


@pytest.fixture(scope="module")
def large(committed: None) -> Company:
    """Three hundred teams; the leader leads one in ten, the frontline member works in one."""
    company = make_company("large")
    with tenant_scope(company.tenant):
        tree.lock_tree()
        parents = [company.units["north" if number % 10 == 0 else "south"] for number in range(TEAMS)]
        teams = Unit.objects.bulk_create(
            [Unit(code=f"team-{number}", name="Team", parent=parent) for number, parent in enumerate(parents)]
        )
        tree.hang_new(teams)
    words: dict[str, Any] = {
        "tenant": company.tenant.pk,
        "units": [company.units["north-1"].pk, *(team.pk for team in teams)],
        "member": company.member(Role.FRONTLINE).pk,
        "cases": CASES,
        "now": NOW,
    }
    with psycopg.connect(with_database(os.environ["ADMIN_DATABASE_URL"], database()), autocommit=True) as admin:
        # Without references to check and cells to mark, which no list reads and which take three quarters of the time.
        admin.execute("SET session_replication_role = replica")
        admin.execute(FILL, words)
        admin.execute("VACUUM ANALYZE recovery_case")
    return company


def rows_read(plan: dict[str, Any]) -> Iterator[float]:
    """How many cases each scan takes from the table or an index, those that it throws away included."""
    if plan.get("Relation Name") == "recovery_case" or plan["Node Type"] == "Bitmap Index Scan":
        thrown_away = sum(number for name, number in plan.items() if name.startswith("Rows Removed"))
        yield (plan["Actual Rows"] + thrown_away) * plan["Actual Loops"]
    for below in plan.get("Plans", []):
        yield from rows_read(below)


def newest(cases: QuerySet[Case]) -> QuerySet[Case]:
    return cases.order_by("-reported_at", "-id")[:51]


LISTS: dict[str, Callable[[Membership], QuerySet[Case]]] = {
    "newest": lambda viewer: newest(visible_cases(viewer)),
    "open": lambda viewer: open_cases(viewer)[:51],
    "newest of a team": lambda viewer: newest(visible_cases(viewer).filter(unit_of("north-1"))),
    "newest of a branch": lambda viewer: newest(visible_cases(viewer).filter(unit_of("north"))),
    "open of a team": lambda viewer: open_cases(viewer).filter(unit_of("north-1"))[:51],
}


def unit_of(code: str) -> Any:
    return in_or_below([Unit.objects.get(code=code).pk])


@pytest.mark.parametrize("role", [Role.CSO, Role.LEADER, Role.FRONTLINE])
@pytest.mark.parametrize("read", LISTS.values(), ids=LISTS)
def test_a_list_reads_about_what_it_shows(
    large: Company, read: Callable[[Membership], QuerySet[Case]], role: Role
) -> None:
    with tenant_scope(large.tenant):
        cases = read(large.member(role))
        assert len(cases) > 0
        (explained,) = json.loads(cases.all().explain(format="json", analyze=True))
    assert sum(rows_read(explained["Plan"])) < MOST_READ


def test_a_member_sees_the_own_unit_and_what_they_logged_elsewhere(large: Company) -> None:
    viewer = large.member(Role.FRONTLINE)
    with tenant_scope(large.tenant):
        own = Case.objects.filter(unit=large.units["north-1"]).count()
        logged_elsewhere = Case.objects.filter(opened_by=viewer).exclude(unit=large.units["north-1"]).count()
        assert visible_cases(viewer).count() == own + logged_elsewhere
