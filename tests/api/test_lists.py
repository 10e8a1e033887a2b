"""Lists: pages by cursor, filters, and the same number of queries whatever their length."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from cso.customers.actions import save_customer
from cso.customers.models import Customer
from cso.metrics.actions import set_target
from cso.people import actions as people
from cso.recovery import actions as recovery
from cso.scorecards.models import Category
from cso.scorecards.plans.categories import add_category
from cso.scorecards.plans.items import Item
from cso.scorecards.plans.measures import define_measure
from cso.scorecards.plans.versions import make_plan
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors, problem
from tests.personas import NOW, Company, log_case

HOUR = timedelta(hours=1)

# The tenant, its scope (two statements to open, two to close), the view's savepoint and its end, the key.
EVERY_REQUEST = 8


def ids(response: object) -> list[str]:
    assert response.status_code == 200, response.content  # type: ignore[attr-defined]
    return [row["id"] for row in response.json()["data"]]  # type: ignore[attr-defined]


def add_rows(company: Company, number: int) -> None:
    """Something new for every list."""
    unit = people.add_unit(f"new-{number}", "New", by=None)
    person = people.add_person(f"Person {number}", by=None, position=f"Post {number}", unit=unit)
    people.name_leader(unit, person, date(2026, 1, 1), by=None)
    customer = save_customer(Customer(), by=None, external_id=f"crm-{number}")
    log_case(company.units["top"], NOW - number * HOUR, cause="Rule", customer=customer)
    set_target("surprised", Decimal(50 + number), date(2026, 1, number), by=None)
    add_category(f"new-{number}", "New", by=None)
    define_measure(f"new-{number}", "New", rollup="sum", source="Test", by=None)
    serving = Item(Category.objects.get(is_serving=True), Decimal(1), Decimal(0), Decimal(90), "recovered_24h")
    make_plan(person, unit, 2026, items=[serving], by=None, now=NOW)


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("cases", 3),
        ("cases?unit=top&state=open&cause=Rule&customer=crm-1", 6),
        ("customers", 1),
        ("units", 1),
        ("people", 1),
        ("people?unit=top", 3),
        ("positions", 1),
        ("leaders?on=2026-03-01", 1),
        ("targets", 1),
        ("categories", 1),
        ("measures", 1),
        ("plans", 6),
        ("metrics/recovered_24h/cases?period=2026-03", 3),
        ("metrics/recovered_24h/cases?period=2026-03&unit=top", 5),
    ],
)
def test_a_list_costs_the_same_with_one_row_and_with_three(
    api: Integration, acme: Company, django_assert_num_queries: DjangoAssertNumQueries, path: str, queries: int
) -> None:
    api.get("me")  # the key's first use is noted
    with tenant_scope(acme.tenant):
        add_rows(acme, 1)
    with django_assert_num_queries(EVERY_REQUEST + queries):
        one = len(ids(api.get(path)))
    with tenant_scope(acme.tenant):
        add_rows(acme, 2)
        add_rows(acme, 3)
    with django_assert_num_queries(EVERY_REQUEST + queries):
        assert len(ids(api.get(path))) in {one, one + 2}


def test_pages_lead_through_all_rows_once_newest_first(api: Integration, acme: Company) -> None:
    with tenant_scope(acme.tenant):
        cases = [log_case(acme.units["top"], NOW - number // 2 * HOUR) for number in range(7)]
    expected = [str(case.pk) for case in sorted(cases, key=lambda c: (c.reported_at, c.pk), reverse=True)]
    found, path = [], "cases?limit=3&state=open"
    while path:
        response = api.get(path)
        found.append(ids(response))
        following = response.json()["next"]
        assert response.get("Link") == (f'<{following}>; rel="next"' if following else None)
        path = following.removeprefix("http://testserver/api/v1/") if following else ""
    assert found == [expected[:3], expected[3:6], expected[6:]]


def test_a_list_by_one_column_pages_too(api: Integration) -> None:
    first = api.get("units?limit=2").json()
    second = api.get(first["next"].partition("/api/v1/")[2]).json()
    assert [row["code"] for row in [*first["data"], *second["data"]]] == ["north", "north-1", "north-2", "south"]


def test_a_cursor_is_bound_to_workspace_list_and_filters(api: Integration, acme: Company, other: Company) -> None:
    for company in (acme, other):
        with tenant_scope(company.tenant):
            for number in range(3):
                log_case(company.units["top"], NOW - number * HOUR)
    cursor = api.get("cases?limit=1").json()["next"].rpartition("cursor=")[2].partition("&")[0]
    assert len(ids(api.get(f"cases?cursor={cursor}&limit=2"))) == 2
    bad = (400, "bad-cursor", "bad-cursor")
    assert problem(Integration(other).get(f"cases?cursor={cursor}")) == bad
    assert problem(api.get(f"cases?cursor={cursor}&state=open")) == bad
    assert problem(api.get(f"customers?cursor={cursor}")) == bad
    assert problem(api.get(f"cases?cursor={cursor[:-2]}xx")) == bad
    assert problem(api.get("cases?cursor=%00")) == bad


def test_cases_are_filtered(api: Integration, acme: Company) -> None:
    with tenant_scope(acme.tenant):
        priya = save_customer(Customer(), by=None, external_id="crm-1")
        late = log_case(acme.units["north-1"], NOW - 30 * HOUR, channel="phone", cause="Rule")
        fixed = log_case(acme.units["south"], NOW, fixed_after=HOUR, customer=priya)
        fresh = recovery.open_case(
            by=None, unit=acme.units["north"], reported_at=NOW, now=NOW, external_id="T-1", channel="web"
        )

    def found(query: str) -> set[str]:
        return set(ids(api.get(f"cases?{query}")))

    late_id, fixed_id, fresh_id = str(late.pk), str(fixed.pk), str(fresh.pk)
    assert found("unit=north") == {late_id, fresh_id}
    assert found(f"unit={acme.units['north-1'].pk}") == {late_id}
    assert found("unit=south&state=open") == set()
    assert found("state=fixed") == {fixed_id}
    assert found("state=open&channel=web") == {fresh_id}
    assert found("cause=Rule") == {late_id}
    assert found("external_id=T-1") == {fresh_id}
    assert found("customer=crm-1") == found(f"customer={priya.pk}") == {fixed_id}
    assert found("reported_from=2026-03-18T15:00:00Z") == {fixed_id, fresh_id}
    assert found("reported_to=2026-03-18T11:00:00-04:00") == {late_id}
    # The clock of these tests is that of the server: all open cases of March 2026 are overdue.
    assert found("state=overdue") == {late_id, fresh_id}


def test_units_leaders_and_customers_are_filtered(api: Integration, acme: Company) -> None:
    with tenant_scope(acme.tenant):
        customer = save_customer(Customer(), by=None, email="Priya@Example.com")
    assert [row["code"] for row in api.get("units?parent=north").json()["data"]] == ["north-1", "north-2"]
    assert [row["name"] for row in api.get("units?code=south").json()["data"]] == ["South"]
    assert ids(api.get("customers?email=priya@example.COM")) == [str(customer.pk)]
    leads = api.get("leaders?unit=north&on=2024-01-01").json()["data"]
    assert [lead["person"]["name"] for lead in leads] == ["Lea North"]
    assert api.get("leaders?unit=north&on=2023-12-31").json()["data"] == []
    assert [row["name"] for row in api.get("people?unit=north").json()["data"]] == ["Fran Line"]
    assert errors(api.get("leaders?on=2026-02-30")) == [("on", "invalid")]
