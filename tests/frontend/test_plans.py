"""The pages of plans and scores: what they say, what they lead to, who may say that they have read, what they cost."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cso.people import actions as people
from cso.scorecards.models import Acknowledgement, Plan
from cso.scorecards.plans.versions import change_plan
from cso.scorecards.scores.snapshots import take_snapshots
from tenants.models import AuditEntry
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit, reads
from tests.personas import Company
from tests.scorecards.scenes import at, log, margin, month, plan_for, prepare, serving, tell_margin

# Four of them before any page of a workspace: tenant, session, user, member.
# One of the plan's is for what was seen at an instant.
PLANS_READS, PLAN_READS = 10, 13


@pytest.fixture
def scored(acme: Company) -> Company:
    """North in March 2026: three of four cases recovered (of 50 to 90: 62.5 points), a margin of 5 (of 0 to 10)."""
    with tenant_scope(acme.tenant):
        prepare(acme)
        plan_for(acme, serving(), margin())
        log(acme, at(3, 3), hits=3, misses=1)
        tell_margin(3, 5, now=at(4, 2))
    return acme


def page_of(company: Company, period: str = "", unit: str = "north") -> str:
    with tenant_scope(company.tenant):
        plan = Plan.objects.get(unit=company.units[unit])
    return f"/acme/scorecard/plans/{plan.pk}/{period and f'?period={period}'}"


def test_it_says_the_score_its_state_and_what_it_rests_on(scored: Company, visit: Visit) -> None:
    client = visit(scored, Role.LEADER)
    response = client.get(page_of(scored, "2026-03"))
    page = response.content.decode()
    assert response.context["title"] == "Lea North, March 2026: 56.2 of 100"
    assert (response.context["state"]["lead"], response.context["state"]["tone"]) == ("Final.", "chance")
    serving_part, financial = response.context["score"]["categories"]
    assert (serving_part["name"], serving_part["score"], financial["score"]) == ("Serving", "62.5", "50")
    [row] = serving_part["rows"]
    assert (row["name"], row["value"], row["of"]) == ("Recovered within 24 hours", "75%", "3 of 4")
    assert (row["floor"], row["target"], row["weight"], row["points"]) == ("50%", "90%", "1", "62.5")
    assert row["chance"] == "few cases: likely 30% to 95%"
    [cost] = financial["rows"]
    assert (cost["value"], cost["source"]) == ("5", "Ledger, as of 2 Apr 2026, 08:00")
    assert "4 cases fell due" in client.get(row["url"]).content.decode()
    assert 'width="62%"' in page
    [why] = response.context["whys"]
    assert (why["name"], why["act"]) == (
        "Recovered within 24 hours",
        "Open the one miss: with so few cases there is no pattern yet.",
    )
    assert [(reason["name"], reason["missed"], reason["note"]) for reason in why["reasons"]] == [
        ("No cause given", "1", "enough to close the gap")
    ]
    for url in (why["act_url"], why["reasons"][0]["url"]):
        assert len(client.get(url).context["rows"]) == 1


def test_what_lacks_makes_it_incomplete_and_is_named(scored: Company, visit: Visit) -> None:
    client = visit(scored, Role.CSO)
    response = client.get(page_of(scored, "2026-02"))
    assert response.context["title"] == "Lea North, February 2026: incomplete"
    state = response.context["state"]
    assert (state["lead"], state["tone"]) == ("Incomplete.", "worse")
    assert "Without data or a target: Recovered within 24 hours, Margin." in state["text"]
    for period in ("2025-03", "2026-W10", "2026-01..2026-02", "soon"):
        assert client.get(page_of(scored, period)).status_code == 404
    assert client.get(page_of(scored)).context["period"].key == "2026"


def test_what_was_seen_then_and_what_changed_after_it_was_final(scored: Company, visit: Visit) -> None:
    with tenant_scope(scored.tenant):
        take_snapshots(now=at(4, 3))
        take_snapshots(now=at(6, 1))
        log(scored, at(3, 4), hits=0, misses=1)
        tell_margin(3, 7, now=at(6, 2))
        take_snapshots(now=at(6, 3))
    client = visit(scored, Role.EXECUTIVE)
    response = client.get(page_of(scored, "2026-03") + "&at=2026-04-10T09:00")
    seen = response.context["seen"]
    assert (seen["value"], seen["state"], seen["categories"][0]["rows"][0]["of"]) == ("56.2", "Provisional", "3 of 4")
    assert "On 10 Apr 2026, 09:00 it said <strong>56.2</strong>" in response.content.decode()
    [restated] = response.context["restated"]
    assert (restated["before"], restated["after"]) == ("56.2", "47.5")
    assert restated["why"] == "What happened changed the figures"
    assert [(c["name"], c["before"], c["after"]) for c in restated["changes"]] == [
        ("Recovered within 24 hours", "75%, 62.5 points", "60%, 25 points"),
        ("Margin", "5, 50 points", "7, 70 points"),
    ]
    assert response.context["state"]["text"].startswith("It was restated on 3 Jun 2026")
    early = client.get(page_of(scored, "2026-03") + "&at=2026-01-10T09:00")
    assert "No score of this period had been kept by" in early.content.decode()
    assert client.get(page_of(scored, "2026-03") + "&at=yesterday").context["form"].errors["at"]


def test_the_leader_says_once_that_they_have_read_it_and_nobody_for_them(scored: Company, visit: Visit) -> None:
    leader, cso = visit(scored, Role.LEADER), visit(scored, Role.CSO)
    [shown] = leader.get(page_of(scored)).context["versions"]
    assert shown["may_read"]
    assert not cso.get(page_of(scored)).context["versions"][0]["may_read"]
    address = f"/acme/scorecard/versions/{shown['version'].pk}/acknowledge/"
    assert "Only Lea North can say" in cso.post(address, follow=True).content.decode()
    assert visit(scored, Role.FRONTLINE).post(address).status_code == 404
    assert leader.get(address).status_code == 405
    for _ in range(2):
        assert leader.post(address, follow=True).status_code == 200
    with tenant_scope(scored.tenant):
        assert Acknowledgement.objects.count() == 1
        assert AuditEntry.objects.filter(act="acknowledge_plan").count() == 1
        plan = Plan.objects.get()
        change_plan(
            plan,
            items=[serving(floor=60), margin()],
            starts_on=month(5),
            reason="The floor was too low.",
            by=scored.member(Role.CSO),
            now=at(4),
        )
    second, first = leader.get(page_of(scored)).context["versions"]
    assert (second["may_read"], second["read_at"], first["read_at"] is None) == (True, None, False)
    assert second["items"][0]["floor"] == "60%"
    [row] = cso.get("/acme/scorecard/plans/?period=2026-03").context["rows"]
    assert (row["version"], row["read_at"]) == (2, None)


def test_plans_stand_in_the_order_of_their_units(scored: Company, visit: Visit) -> None:
    with tenant_scope(scored.tenant):
        for name, unit in (("Zoe", "south"), ("Abe", "north-2")):
            person = people.add_person(name, by=None)
            people.name_leader(scored.units[unit], person, date(2024, 1, 1), by=None)
            if unit == "south":
                plan_for(scored, serving(), margin(), person=person, unit=scored.units[unit])
    client = visit(scored, Role.EXECUTIVE)
    response = client.get("/acme/scorecard/plans/?period=2026-03")
    assert response.context["title"] == "2 plans are scored for March 2026, 1 incomplete"
    assert response.context["sub"] == (
        "On average between 28.1 and 78.1, as the incomplete ones turn out."
        " 2 leaders have not said that they have read their plan."
    )
    rows = [(row["name"], row["unit"], row["score"], row["lacking"]) for row in response.context["rows"]]
    assert rows == [
        ("Lea North", "North", "56.2", ""),
        ("Zoe", "South", "incomplete", "Recovered within 24 hours, Margin"),
    ]
    assert [each.leader.name for each in response.context["unplanned"]] == ["Abe"]
    assert client.get(response.context["rows"][0]["url"]).status_code == 200
    assert "/acme/scorecard/plans/" in client.get("/acme/scorecard/").content.decode()
    mine = visit(scored, Role.LEADER).get("/acme/scorecard/plans/?period=2026-03")
    assert [row["name"] for row in mine.context["rows"]] == ["Lea North"]
    assert visit(scored, Role.FRONTLINE).get("/acme/scorecard/plans/").context["rows"] == []


@pytest.mark.parametrize("leaders", [1, 3])
def test_the_pages_cost_the_same_for_1_and_3_leaders(scored: Company, visit: Visit, leaders: int) -> None:
    with tenant_scope(scored.tenant):
        for number in range(leaders - 1):
            unit = people.add_unit(f"more-{number}", f"More {number}", scored.units["top"], by=None)
            person = people.add_person(f"Lee {number}", by=None)
            people.name_leader(unit, person, date(2024, 1, 1), by=None)
            plan_for(scored, serving(weight=2), margin(weight=2), person=person, unit=unit)
        take_snapshots(now=at(3, 20) + timedelta(hours=1))
    client = visit(scored, Role.EXECUTIVE)
    for address, most in (
        ("/acme/scorecard/plans/?period=2026-03", PLANS_READS),
        (page_of(scored, "2026-03") + "&at=2026-04-01T09:00", PLAN_READS),
    ):
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        assert len(reads(captured.captured_queries)) == most
