"""Lists and figures are read by an index that begins with the tenant, however much the others hold."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cso.metrics.periods import parse_period
from cso.metrics.queries.drilldown import cases_behind
from cso.metrics.queries.figures import HEADLINE, figures
from cso.people.models import Unit
from cso.recovery.models import Case
from cso.recovery.queries import open_cases, visible_cases
from tenants.keys import create_api_key
from tenants.members import create_tenant
from tenants.models import Membership, Tenant
from tenants.roles import SCOPE_GRANTS, Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, make_company
from tests.servers import with_database
from tests.tenants.addresses import Address, addresses
from tests.tenants.conftest import database

TENANTS = 20
CASES = 600  # of each tenant
BIG = {"recovery_case", "metrics_cell"}
MARCH = parse_period("2026-03")
LISTS = [address for address in addresses() if (address.in_api or address.in_workspace) and not address.ids]

# A case every two hours, one in ten still open; a cell for each unit and each of 600 months.
FILL = (
    """
    INSERT INTO recovery_case (tenant_id, unit_id, external_id, channel, summary, reported_at, first_fixed_at, fixed_at)
    SELECT %(tenant)s, (%(units)s::uuid[])[n %% cardinality(%(units)s::uuid[]) + 1], 'case ' || n,
        '', repeat('x', 200), at, fixed, fixed
    FROM generate_series(1, %(cases)s) n,
        LATERAL (SELECT %(now)s::timestamptz - n * INTERVAL '2 hours') reported(at),
        LATERAL (SELECT CASE WHEN n %% 10 > 0 THEN at + INTERVAL '20 hours' END) first(fixed)
    """,
    """
    INSERT INTO metrics_cell (tenant_id, family, grain, period, unit_id, own, total)
    SELECT %(tenant)s, %(family)s, 'month', DATE '2026-03-01' - n * INTERVAL '1 month', unit, %(counts)s, %(counts)s
    FROM generate_series(0, %(cases)s) n, unnest(%(units)s::uuid[]) unit
    """,
)


@dataclass(frozen=True)
class Crowd:
    """A company among twenty tenants of the same size."""

    company: Company
    people: dict[Role, Client]
    integration: Client

    @property
    def tenant(self) -> Tenant:
        return self.company.tenant


@pytest.fixture(scope="module")
def crowd(committed: None) -> Crowd:
    company = make_company("crowd")
    _fill(company.tenant, list(company.units.values()))
    for number in range(1, TENANTS):
        tenant = create_tenant(f"crowd-{number}", "Crowd", "UTC")
        with tenant_scope(tenant):
            unit = Unit.objects.create(code="all", name="All")
        _fill(tenant, [unit])
    with psycopg.connect(with_database(os.environ["ADMIN_DATABASE_URL"], database()), autocommit=True) as admin:
        admin.execute("VACUUM ANALYZE")
    with tenant_scope(company.tenant):
        _, key = create_api_key(company.tenant, "test", list(SCOPE_GRANTS), by=None)
    people = {role: Client() for role in (Role.CSO, Role.LEADER, Role.FRONTLINE)}
    for role, client in people.items():
        client.force_login(company.member(role).user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return Crowd(company, people, Client(headers={"Authorization": f"Bearer {key}"}))


def _fill(tenant: Tenant, units: list[Unit]) -> None:
    words: dict[str, Any] = {
        "tenant": tenant.pk,
        "units": [unit.pk for unit in units],
        "cases": CASES,
        "now": NOW,
        "family": HEADLINE.family.key,
        "counts": [1] * len(HEADLINE.family.counters),
    }
    with tenant_scope(tenant), connection.cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement, words)


def scans(plan: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(kind of scan, table, condition of its index) of each node that reads a big table."""
    if plan.get("Relation Name") in BIG and plan["Node Type"] != "Bitmap Heap Scan":
        yield plan["Node Type"], plan["Relation Name"], plan.get("Index Cond", "")
    if plan["Node Type"] == "Bitmap Index Scan":
        yield plan["Node Type"], plan["Index Name"], plan.get("Index Cond", "")
    for below in plan.get("Plans", []):
        yield from scans(below)


def explained(statement: str) -> list[tuple[str, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement.replace('%', '%%')}", [])
        (answer,) = cursor.fetchone()
    plans = json.loads(answer) if isinstance(answer, str) else answer
    return list(scans(plans[0]["Plan"]))


def assert_by_tenant(captured: list[dict[str, str]]) -> int:
    """How many reads of a big table there are among the statements; each must be by an index, tenant first."""
    found = 0
    for query in captured:
        statement = query["sql"].strip()
        if statement.upper().startswith(("SELECT", "WITH")) and any(table in statement for table in BIG):
            for kind, where, condition in explained(statement):
                found += 1
                assert kind.startswith(("Index", "Bitmap Index")), f"{kind} of {where}:\n{statement}"
                assert "tenant_id = " in condition, f"{kind} of {where} by {condition}:\n{statement}"
    return found


READS: dict[str, Callable[[Membership], QuerySet[Case]]] = {
    "cases": lambda viewer: visible_cases(viewer).order_by("-reported_at", "-id")[:100],
    "open cases": lambda viewer: open_cases(viewer)[:100],
    "cases behind a figure": lambda viewer: cases_behind(viewer, HEADLINE, "rest", None, MARCH, now=NOW)[:100],
}


@pytest.mark.parametrize("role", [Role.CSO, Role.LEADER, Role.FRONTLINE])
@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_list_is_read_by_tenant(crowd: Crowd, read: Callable[[Membership], QuerySet[Case]], role: Role) -> None:
    with tenant_scope(crowd.tenant), CaptureQueriesContext(connection) as captured:
        list(read(crowd.company.member(role)))
    with tenant_scope(crowd.tenant):
        assert assert_by_tenant(captured.captured_queries) > 0


def test_cells_are_read_by_tenant(crowd: Crowd) -> None:
    units = {code: [unit.pk] for code, unit in crowd.company.units.items()}
    months = [MARCH, *(parse_period(f"2025-{month:02}") for month in range(1, 13))]
    with tenant_scope(crowd.tenant), CaptureQueriesContext(connection) as captured:
        figures(HEADLINE, units, months, now=NOW)
    with tenant_scope(crowd.tenant):
        assert assert_by_tenant(captured.captured_queries) > 0


@pytest.mark.parametrize("address", LISTS, ids=lambda address: f"{address.name} {address.route}")
def test_each_page_and_list_is_read_by_tenant(crowd: Crowd, pages: None, address: Address) -> None:
    cache.clear()
    for client in [crowd.integration] if address.in_api else crowd.people.values():
        with CaptureQueriesContext(connection) as captured:
            response = client.get(address.path(crowd.tenant.slug))
            response.getvalue()
        with tenant_scope(crowd.tenant):
            assert_by_tenant(captured.captured_queries)


def test_a_scan_of_all_tenants_would_be_found(crowd: Crowd) -> None:
    with tenant_scope(crowd.tenant), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_indexscan = off")
        cursor.execute("SET LOCAL enable_indexonlyscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        with pytest.raises(AssertionError, match="Seq Scan of recovery_case"):
            assert_by_tenant([{"sql": "SELECT summary FROM recovery_case"}])
