"""Plans as they are made in the portal: from nothing, from another, version by version, and for many at once."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from cso.people import actions as people
from cso.scorecards.models import Category, Plan
from cso.scorecards.plans.categories import first_categories
from cso.scorecards.plans.items import items_of
from cso.scorecards.plans.versions import versions_of
from tenants.models import AuditEntry
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit
from tests.personas import Company
from tests.scorecards.scenes import margin, plan_for, prepare, serving

NEW = "/acme/scorecard/plans/new/"


@pytest.fixture
def office(acme: Company) -> Company:
    with tenant_scope(acme.tenant):
        prepare(acme)
    return acme


@pytest.fixture
def cso(office: Company, visit: Visit) -> Client:
    return visit(office, Role.CSO)


def next_year(company: Company) -> int:
    return timezone.now().astimezone(company.tenant.zone).year + 1


def filled(form: Any, **changed: str) -> dict[str, str]:
    """What a browser sends of a form as it stands, with some of it changed."""
    sent = {bound.html_name: bound.value() for bound in form}
    return {name: "" if value is None else str(value) for name, value in sent.items() if value is not False} | changed


def line(number: int, what: str, category: str, *numbers: str) -> dict[str, str]:
    names = ("what", "category", "weight", "floor", "target")
    values = (what, category, *numbers)
    return {f"{name}_{number}": value for name, value in zip(names, values, strict=False)}


def test_a_plan_is_made_from_a_line_for_each_category(office: Company, cso: Client) -> None:
    year, north = next_year(office), office.units["north"].pk
    assert cso.get(NEW).context["form"].initial["year"] == year - 1
    address = f"{NEW}?unit={north}&year={year}"
    page = cso.get(address)
    form = page.context["form"]
    assert [row["category"].value() for row in form.lines[:4]] == ["serving", "financial", "people", "process"]
    assert "Serving 25" not in page.content.decode()
    sent = filled(form) | line(0, "metric:recovered_24h", "serving", "25", "50", "90")
    unlike = sent | line(1, "measure:margin", "financial", "30", "0", "10")
    refused = cso.post(address, unlike)
    said = "Serving weighs as much as each other category: it has 25; Financial 30."
    assert refused.context["form"].non_field_errors() == [said]
    assert "Not in balance." in refused.content.decode()
    made = cso.post(address, sent | line(1, "measure:margin", "financial", "25", "0", "10"))
    with tenant_scope(office.tenant):
        plan = Plan.objects.get()
        assert (plan.person, plan.unit, plan.year) == (office.leader, office.units["north"], year)
        [version] = versions_of(plan)
        kept = [(item.what, *map(int, (item.weight, item.floor, item.target or 0))) for item in items_of(version)]
        assert kept == [("recovered_24h", 25, 50, 90), ("margin", 25, 0, 10)]
        assert version.starts_on == date(year, 1, 1)
        assert AuditEntry.objects.get(act="make_plan").member == office.member(Role.CSO)
        assert made.headers["Location"] == f"/acme/scorecard/plans/{plan.pk}/"


def test_a_workspace_without_categories_begins_with_four(acme: Company, visit: Visit) -> None:
    year, north = next_year(acme), acme.units["north"].pk
    address, client = f"{NEW}?unit={north}&year={year}", visit(acme, Role.CSO)
    form = client.get(address).context["form"]
    with tenant_scope(acme.tenant):
        assert not Category.objects.exists()
    client.post(address, filled(form) | line(0, "metric:recovered_24h", "serving", "1", "50", "90"))
    with tenant_scope(acme.tenant):
        assert Plan.objects.count() == 1
        assert Category.objects.count() == 4


def test_what_is_wrong_stands_beside_its_field(office: Company, cso: Client) -> None:
    address = f"{NEW}?unit={office.units['north'].pk}&year={next_year(office)}"
    sent = filled(cso.get(address).context["form"])
    wrong = sent | line(0, "", "serving", "1", "50", "") | line(2, "metric:nps", "serving", "1", "10", "10")
    errors = cso.post(address, wrong).context["form"].errors
    assert list(errors) == ["what_0"]
    # The first line is left empty, and the third is told by its own number.
    wrong |= line(0, "", "serving", "1", "", "") | line(2, "metric:nps", "serving", "1", "10", "10")
    errors = cso.post(address, wrong).context["form"].errors
    assert errors == {"target_2": ["The target must differ from the floor: no way leads to it."]}
    twice = line(2, "metric:nps", "serving", "1", "10", "20") | line(3, "metric:nps", "serving", "1", "10", "20")
    assert list(cso.post(address, wrong | twice).context["form"].errors) == ["what_3"]
    nobody = cso.get(f"{NEW}?unit={office.units['south'].pk}&year={next_year(office)}")
    assert nobody.context["form"].errors["unit"][0].startswith("Nobody leads South in")


def test_more_lines_keep_what_was_written(office: Company, cso: Client) -> None:
    address = f"{NEW}?unit={office.units['north'].pk}&year={next_year(office)}"
    form = cso.get(address).context["form"]
    sent = filled(form) | line(0, "metric:nps", "people", "7", "1", "") | {"reason": "A new year", "more": "1"}
    more = cso.post(address, sent).context["form"]
    assert len(more.lines) == len(form.lines) + 3
    assert [more.lines[0][name].value() for name in ("what", "category", "weight")] == ["metric:nps", "people", "7"]
    assert not more.errors
    with tenant_scope(office.tenant):
        assert not Plan.objects.exists()


def test_the_next_version_says_what_it_changes_and_what_asks_less(office: Company, cso: Client, visit: Visit) -> None:
    year = next_year(office)
    with tenant_scope(office.tenant):
        plan = plan_for(office, serving(), margin(), year=year).plan
    address = f"/acme/scorecard/plans/{plan.pk}/change/"
    form = cso.get(address).context["form"]
    easier = filled(form, starts_on=f"{year}-04-01", floor_0="40")
    looked = cso.post(f"/acme/scorecard/plans/{plan.pk}/check/", easier).content.decode()
    assert "Recovered within 24 hours has the floor 40 after 50." in looked
    assert "Serving 1 = Financial 1" in looked
    assert list(cso.post(address, easier).context["form"].errors) == ["reason"]
    cso.post(address, easier | {"reason": "A floor for a new hub", "floor_1": "1"})
    page = cso.get(f"/acme/scorecard/plans/{plan.pk}/")
    [second, _first] = page.context["versions"]
    assert [(each["words"], each["is_easier"]) for each in second["changes"]] == [
        ("Recovered within 24 hours: floor 50% → 40%", True),
        ("Margin: floor 0 → 1", False),
    ]
    assert second["made_by"] == office.member(Role.CSO).label
    assert "A floor for a new hub" in page.content.decode()
    assert page.context["may_change"]
    assert not visit(office, Role.EXECUTIVE).get(f"/acme/scorecard/plans/{plan.pk}/").context["may_change"]
    for role in (Role.EXECUTIVE, Role.LEADER, Role.ADMINISTRATOR):
        assert {visit(office, role).get(each).status_code for each in (NEW, address)} == {403}


def test_a_year_that_is_over_keeps_its_plan(office: Company, cso: Client) -> None:
    with tenant_scope(office.tenant):
        plan = plan_for(office, serving(), margin(), year=next_year(office) - 2, reason="Late").plan
    page = cso.get(f"/acme/scorecard/plans/{plan.pk}/change/").content.decode()
    assert "A month that has begun keeps its weights and targets." in page


def test_it_is_copied_to_everybody_below_and_to_whom_one_names(office: Company, cso: Client) -> None:
    year = next_year(office)
    with tenant_scope(office.tenant):
        plan = plan_for(office, serving(), margin(), year=year).plan
        named: dict[str, UUID] = {}
        for unit in ("north-1", "north-2", "south"):
            person = people.add_person(f"Lee {unit}", by=None)
            people.name_leader(office.units[unit], person, date(2024, 1, 1), by=None)
            named[unit] = person.pk
    address = f"/acme/scorecard/plans/{plan.pk}/copy/"
    assert cso.post(address, {"year": year, "month": "1"}).context["form"].errors == {
        "below": ["Choose somebody, or a unit."]
    }
    sent = {"year": year, "month": "2", "below": str(office.units["north"].pk), "people": [str(named["south"])]}
    answer = cso.post(address, sent)
    assert answer.context["done"] == "3 plans were made."
    again = cso.post(address, sent).context["rows"]
    assert {row["said"] for row in again} == {"has a plan already, which stays"}
    with tenant_scope(office.tenant):
        assert Plan.objects.count() == 4
        copied = Plan.objects.get(unit=office.units["south"])
        assert versions_of(copied)[0].starts_on == date(year, 2, 1)


def test_a_plan_starts_from_another(office: Company, cso: Client) -> None:
    year = next_year(office)
    with tenant_scope(office.tenant):
        plan = plan_for(office, serving(floor=61), margin(), year=year - 1, reason="Late").plan
        first_categories(by=None)
    address = f"{NEW}?unit={office.units['north'].pk}&year={year}&start={plan.pk}"
    form = cso.get(address).context["form"]
    assert [form.lines[0][name].value() for name in ("what", "floor")] == ["metric:recovered_24h", "61"]
    assert len(form.lines) == 5
    cso.post(address, filled(form))
    with tenant_scope(office.tenant):
        assert Plan.objects.filter(year=year).count() == 1
