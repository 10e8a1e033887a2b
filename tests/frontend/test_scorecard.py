"""The executive's first page and a unit's page: what they say, what they lead to, what they cost."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from cso.metrics.actions import set_target
from cso.metrics.engine.refresh import refresh
from cso.metrics.models import QuarantinedMark
from cso.people import actions as people
from cso.people.models import Unit
from cso.recovery.models import Case
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit, reads
from tests.personas import Company, log_case

HOUR = timedelta(hours=1)
# Four of them before any page of a workspace: tenant, session, user, member.
SCORECARD_READS = 11
# Beside the scorecard's own: its times, what customers are worth, channels, and what was given.
UNIT_READS = 12
# What opens and ends transaction and scope.
TRANSACTION = 6


@pytest.fixture
def figures(acme: Company) -> Company:
    """North: 30 cases, 6 recovered. South: 30 cases, all recovered. The target is 80 %."""
    reported = timezone.now() - 72 * HOUR
    with tenant_scope(acme.tenant):
        south = people.add_person("Sol South", by=None)
        people.name_leader(acme.units["south"], south, date(2024, 1, 1), by=None)
        set_target("recovered_24h", Decimal(80), date(2024, 1, 1), by=None)
        for number in range(30):
            log_case(acme.units["north-1"], reported, fixed_after=(2 if number < 6 else 30) * HOUR)
            log_case(acme.units["south"], reported, fixed_after=2 * HOUR)
        refresh()
    return acme


def test_it_says_who_misses_the_target_and_puts_them_first(figures: Company, visit: Visit) -> None:
    response = visit(figures, Role.EXECUTIVE).get("/acme/")
    page = response.content.decode()
    assert re.search(r"<h1>1 of 2 leaders misses the 24-hour target</h1>", page)
    rows = response.context["rows"]
    assert [(row["name"], row["value"], row["cases"], row["gap"]) for row in rows] == [
        ("Lea North", "20%", "6 of 30", "60 points short"),
        ("Sol South", "100%", "30 of 30", "met"),
    ]


def test_each_figure_opens_to_as_many_cases(figures: Company, visit: Visit) -> None:
    client = visit(figures, Role.CSO)
    north = client.get("/acme/scorecard/").context["rows"][0]
    behind = client.get(north["cases_url"])
    assert "30 cases fell due" in behind.content.decode()
    assert behind.context["figure"].denominator == 30
    counts = {label: count for label, _url, _is_current, count in behind.context["parts"]}
    assert counts == {"All that count": 30, "Missed": 24, "Recovered": 6}
    for label, url, _is_current, count in behind.context["parts"]:
        rows = client.get(url).context["rows"]
        assert len(rows) == count, label
    assert len(client.get(north["reason_url"]).context["rows"]) == 24


def test_few_cases_are_not_judged(acme: Company, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        set_target("recovered_24h", Decimal(80), date(2024, 1, 1), by=None)
        for hours in (2, 2, 30):
            log_case(acme.units["north"], timezone.now() - 72 * HOUR, fixed_after=hours * HOUR)
        refresh()
    response = visit(acme, Role.CSO).get("/acme/scorecard/")
    (row,) = [row for row in response.context["rows"] if row["name"] == "Lea North"]
    assert (row["cases"], row["chance"]) == ("2 of 3", "few cases: likely 21% to 94%")
    assert (row["gap"], row["gap_tone"]) == ("too close to call", "chance")
    assert response.context["title"] == "Too few cases to say who meets the target"


def test_without_a_target_it_says_so(acme: Company, visit: Visit) -> None:
    assert visit(acme, Role.CSO).get("/acme/scorecard/").context["title"] == "No target has been set yet"


def test_no_leader_and_no_case_are_said_and_drawn_as_none(acme: Company, visit: Visit) -> None:
    page = visit(acme, Role.CSO).get("/acme/scorecard/?leaders=all").content.decode()
    assert "no data" in page
    assert "No case has fallen due yet" in page


@pytest.mark.parametrize("period", ["2026-11", "2026-Q3", "2026-W44..2026-W47", "2026"])
def test_any_period_can_be_asked_for(acme: Company, visit: Visit, period: str) -> None:
    assert visit(acme, Role.CSO).get(f"/acme/scorecard/?period={period}").status_code == 200


@pytest.mark.parametrize("period", ["yesterday", "2026-13", "0001-01", "2026-W99", "\x00"])
def test_what_is_no_period_is_not_found(acme: Company, visit: Visit, period: str) -> None:
    assert visit(acme, Role.CSO).get("/acme/scorecard/", {"period": period}).status_code == 404


def _more_leaders(acme: Company, count: int) -> None:
    with tenant_scope(acme.tenant):
        for number in range(count):
            unit = people.add_unit(f"more-{number}", f"More {number}", acme.units["top"], by=None)
            person = people.add_person(f"Lee {number}", by=None)
            people.name_leader(unit, person, date(2024, 1, 1), by=None)
            log_case(unit, timezone.now() - 72 * HOUR, fixed_after=30 * HOUR)
        refresh()


@pytest.mark.parametrize("leaders", [1, 50])
def test_the_scorecard_costs_the_same_for_1_and_50_leaders(
    figures: Company, visit: Visit, django_assert_num_queries: DjangoAssertNumQueries, leaders: int
) -> None:
    _more_leaders(figures, leaders)
    client = visit(figures, Role.EXECUTIVE)
    client.get("/acme/scorecard/")
    with django_assert_num_queries(SCORECARD_READS + TRANSACTION) as captured:
        client.get("/acme/scorecard/")
    assert len(reads(captured.captured_queries)) == SCORECARD_READS


def test_a_units_page_tells_its_story(figures: Company, visit: Visit) -> None:
    north = figures.units["north"]
    response = visit(figures, Role.EXECUTIVE).get(f"/acme/units/{north.pk}/")
    assert response.context["title"] == "North recovers 20% within 24 hours"
    assert response.context["headline"]["missed"] == "24"
    assert [(row["name"], row["missed"]) for row in response.context["why"]["reasons"]] == [("No cause given", "24")]
    values = {figure["label"]: figure["value"] for figure in response.context["figures"]}
    assert values["Overdue now"] == "0"
    assert values["Reopened or disputed"] == "0%"
    assert len(response.context["history"]) == 6


def test_a_leader_lands_on_their_unit_with_what_waits(figures: Company, visit: Visit) -> None:
    with tenant_scope(figures.tenant):
        late = log_case(figures.units["north-2"], timezone.now() - 30 * HOUR)
    response = visit(figures, Role.LEADER).get("/acme/")
    assert response.context["unit"] == figures.units["north"]
    assert [row["reference"] for row in response.context["rows_waiting"]] == [late.reference]
    words, url = response.context["suggestion"]
    assert words == "Recover the case that is late longest"
    assert str(late.pk) in url


def test_a_leader_sees_the_units_below_and_no_other(figures: Company, visit: Visit) -> None:
    client = visit(figures, Role.LEADER)
    status = {name: client.get(f"/acme/units/{unit.pk}/").status_code for name, unit in figures.units.items()}
    assert status == {"top": 404, "north": 200, "south": 404, "north-1": 200, "north-2": 200}
    query = "/acme/cases/behind/?metric=recovered_24h&part=rest&period=2026-11"
    assert client.get(query).status_code == 404
    assert client.get(f"{query}&unit={figures.units['south'].pk}").status_code == 404
    assert client.get(f"{query}&unit={figures.units['north'].pk}").status_code == 200


def test_a_new_workspace_shows_four_steps(acme: Company, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        assert Unit.objects.exists()
    page = visit(acme, Role.ADMINISTRATOR).get("/acme/").content.decode()
    assert "can sign in here" in page


@pytest.fixture
def handed_over(acme: Company) -> Company:
    """South: Ada missed two of five cases until 10 March 2026, Ben recovered all four since; now it is Cleo's."""
    with tenant_scope(acme.tenant):
        set_target("recovered_24h", Decimal(80), date(2024, 1, 1), by=None)
        days = [date(2024, 1, 1), date(2026, 3, 10), date(2026, 5, 1), None]
        for name, since, until in zip(("Ada", "Ben", "Cleo"), days, days[1:], strict=False):
            assert since
            people.name_leader(acme.units["south"], people.add_person(name, by=None), since, until, by=None)
        for day, late, count in ((4, True, 2), (4, False, 3), (20, False, 4)):
            for _ in range(count):
                reported = datetime(2026, 3, day, 12, tzinfo=UTC)
                log_case(acme.units["south"], reported, fixed_after=(30 if late else 2) * HOUR)
        refresh()
    return acme


def test_a_part_of_a_period_leads_to_its_own_numbers(handed_over: Company, visit: Visit) -> None:
    client = visit(handed_over, Role.CSO)
    rows = {row["name"]: row for row in client.get("/acme/scorecard/?period=2026-03").context["rows"]}
    assert (rows["Ada"]["cases"], rows["Ben"]["cases"]) == ("3 of 5", "4 of 4")
    assert (rows["Ada"]["tenure"], rows["Ben"]["tenure"]) == ("until 9 Mar", "since 10 Mar")
    assert (rows["Ada"]["overdue"], rows["Ada"]["sparkline"]) == ("", "")
    page = client.get(rows["Ada"]["url"])
    headline = page.context["headline"]
    assert (headline["cases"], headline["missed"]) == ("3 of 5", "2")
    assert "March 2026, until 9 Mar" in page.context["sub"]
    assert len(client.get(headline["misses_url"]).context["rows"]) == 2
    assert [reason["missed"] for reason in page.context["why"]["reasons"]] == ["2"]
    for figure in page.context["figures"][1:]:
        assert "until=2026-03-10" in figure["url"]
        assert client.get(figure["url"]).status_code == 200
    behind = client.get(rows["Ada"]["cases_url"])
    assert (behind.context["figure"].denominator, behind.context["is_updating"]) == (5, False)
    assert client.get(behind.context["scope_url"]).context["headline"]["cases"] == "3 of 5"


def test_a_part_of_the_whole_organization_has_all_its_tops(handed_over: Company, visit: Visit) -> None:
    with tenant_scope(handed_over.tenant):
        people.move_unit(handed_over.units["north"], None, by=None)
        log_case(handed_over.units["north"], datetime(2026, 3, 4, 12, tzinfo=UTC), fixed_after=2 * HOUR)
        refresh()
    query = "metric=recovered_24h&part=denominator&period=2026-03&until=2026-03-10"
    behind = visit(handed_over, Role.CSO).get(f"/acme/cases/behind/?{query}")
    assert (behind.context["figure"].numerator, behind.context["figure"].denominator) == (4, 6)
    assert len(behind.context["rows"]) == 6


@pytest.mark.parametrize(
    "query", ["period=1900..2999", "period=2026-03&since=2026-04-01", "period=2026-03&until=yesterday"]
)
def test_what_is_no_part_of_a_period_is_not_found(handed_over: Company, visit: Visit, query: str) -> None:
    client = visit(handed_over, Role.CSO)
    assert client.get(f"/acme/units/{handed_over.units['south'].pk}/?{query}").status_code == 404
    behind = client.get(f"/acme/cases/behind/?metric=recovered_24h&part=rest&{query}")
    assert behind.status_code == 404


def test_fifty_years_are_shown(handed_over: Company, visit: Visit) -> None:
    south = handed_over.units["south"]
    page = visit(handed_over, Role.CSO).get(f"/acme/units/{south.pk}/?period=1980-01..2029-12")
    assert page.context["headline"]["cases"] == "7 of 9"


def test_units_without_a_leader_are_said_apart(handed_over: Company, visit: Visit) -> None:
    with tenant_scope(handed_over.tenant):
        people.add_unit("east", "East", handed_over.units["top"], by=None)
    context = visit(handed_over, Role.CSO).get("/acme/scorecard/?period=2026-04").context
    assert "1 unit has no leader." in context["sub"]


def _take_out(company: Company, cases: list[Case]) -> None:
    """As not our failure, confirmed."""
    with tenant_scope(company.tenant):
        Case.objects.filter(pk__in=[case.pk for case in cases]).update(
            excluded_as="not_our_failure",
            exclusion_note="The weather.",
            excluded_by=company.member(Role.CSO),
            exclusion_confirmed_by=company.member(Role.ADMINISTRATOR),
        )
        refresh()


def test_it_warns_of_many_exclusions_and_opens_to_them(figures: Company, visit: Visit) -> None:
    with tenant_scope(figures.tenant):
        south = list(Case.objects.filter(unit=figures.units["south"]))
    _take_out(figures, south[:6])
    assert not visit(figures, Role.CSO).get("/acme/scorecard/").context["notices"]
    _take_out(figures, south[6:7])
    client = visit(figures, Role.CSO)
    (notice,) = client.get("/acme/scorecard/").context["notices"]
    assert notice.text == "12% of the cases, 7 of 60, were taken out of the figures as not our failure."
    assert "7 cases were taken out as not our failure" in client.get(notice.url).content.decode()


def test_figures_that_could_not_be_computed_are_told_to_those_who_can_act(figures: Company, visit: Visit) -> None:
    with tenant_scope(figures.tenant):
        for code in ("north", "south"):
            QuarantinedMark.objects.create(
                source="case",
                unit=figures.units[code],
                day=date(2026, 3, 1),
                error="DataError: too large",
                quarantined_at=datetime(2026, 3, 2, 15, 30, tzinfo=UTC),
            )
    words = (
        "Figures of 2 units could not be computed since 2 Mar 2026, 10:30 and are tried again hourly:"
        " DataError: too large"
    )
    for role, told in ((Role.ADMINISTRATOR, [words]), (Role.AUDITOR, [words]), (Role.EXECUTIVE, [])):
        page = visit(figures, role).get("/acme/scorecard/")
        if page.status_code == 200:
            assert [notice.text for notice in page.context["notices"]] == told


@pytest.mark.parametrize("leaders", [1, 50])
def test_a_units_page_costs_the_same_for_1_and_50_leaders_below(
    figures: Company, visit: Visit, django_assert_num_queries: DjangoAssertNumQueries, leaders: int
) -> None:
    _more_leaders(figures, leaders)
    client, address = visit(figures, Role.EXECUTIVE), f"/acme/units/{figures.units['top'].pk}/"
    client.get(address)
    with django_assert_num_queries(UNIT_READS + TRANSACTION) as captured:
        client.get(address)
    assert len(reads(captured.captured_queries)) == UNIT_READS
