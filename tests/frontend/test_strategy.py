"""The pages of the strategy and of blockers: what they say, who may act on them, what they cost."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cso.metrics.actions import set_target
from cso.metrics.engine.refresh import refresh
from cso.strategy.blockers import raise_blocker
from cso.strategy.initiatives import start_initiative
from cso.strategy.models import Blocker, Initiative, Outcome, OutcomeMetric, OutcomeReview
from cso.strategy.outcomes import end_outcome, give_metric, make_outcome
from tenants.roles import Role
from tenants.scope import day_of, tenant_scope
from tests.frontend.conftest import Visit, reads
from tests.personas import Company, log_case

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
# Four of them before any page of a workspace: tenant, session, user, member.
STRATEGY_READS, BLOCKERS_READS = 12, 6


def outcome_of(company: Company, name: str = "Right at once", *, days: int = 10, made: int = 30) -> Outcome:
    """Owned by who leads the north; to be looked at again so many days from now, before now where it is below 0."""
    then = timezone.now() - made * DAY
    return make_outcome(name, owner=company.leader, review_on=day_of(timezone.now()) + days * DAY, by=None, now=then)


@pytest.fixture
def wanted(acme: Company) -> Company:
    """One outcome of two metrics: 24 of 30 recovered against a target of 90 %, and nothing overdue."""
    with tenant_scope(acme.tenant):
        set_target("recovered_24h", Decimal(90), date(2025, 1, 1), by=None)
        outcome = outcome_of(acme)
        give_metric("recovered_24h", outcome, by=None)
        give_metric("open_overdue", outcome, by=None, target=Decimal(0))
        for number in range(30):
            after = HOUR if number < 24 else 30 * HOUR
            log_case(acme.units["north-1"], timezone.now() - 8 * DAY, fixed_after=after)
        refresh()
    return acme


def soon(days: int = 20) -> str:
    return f"{(timezone.now() + days * DAY).date()}"


def messages_of(client: Client, address: str, data: Mapping[str, object]) -> list[str]:
    response = client.post(address, dict(data), follow=True)
    return [str(message) for message in response.context["messages"]]


def test_the_board_says_what_misses_and_opens_what_is_behind(wanted: Company, visit: Visit) -> None:
    with tenant_scope(wanted.tenant):
        late = outcome_of(wanted, "Heard", days=-3)
        start_initiative(
            late, "One desk", owner=wanted.leader, starts_on=date(2026, 1, 1), due_on=date(2026, 2, 1), by=None
        )
        raise_blocker("No budget", owner=wanted.leader, by=None, now=timezone.now(), outcome=late)
    client = visit(wanted, Role.EXECUTIVE)
    response = client.get("/acme/strategy/")
    page = response.content.decode()
    assert response.context["title"] == "1 of 2 outcomes misses a target"
    assert response.context["sub"].endswith("1 review is overdue.")
    first, second = response.context["rows"]
    share, overdue = first["goals"]
    assert (share["value"], share["of"], share["target"], share["gap"], share["tone"]) == (
        "80%",
        "24 of 30",
        "90%",
        "10 points short",
        "worse",
    )
    assert (overdue["value"], overdue["target"], overdue["gap"], overdue["of"]) == ("0", "0", "met", "now")
    assert "30 cases fell due" in client.get(share["url"]).content.decode()
    assert (second["review"], second["blockers"]) == (("late", "Review 3 days overdue"), 1)
    assert second["initiatives"][0]["kind"] == "late"
    assert "No metric serves it yet" in page
    assert "31 of 33 metrics serve no outcome" in page
    assert "Move up" not in page, "an executive reads; the Chief Serving Officer puts them in order"
    assert "/acme/strategy/" in client.get("/acme/scorecard/").content.decode()
    assert client.get(f"/acme/blockers/?outcome={late.pk}").context["title"] == (
        "1 thing stands in the way, the oldest for 0 days"
    )
    empty = client.get("/acme/strategy/?period=2025-01").context["rows"][0]["goals"][0]
    assert (empty["value"], empty["gap"], empty["is_told"]) == ("no data", "no data", False)
    assert client.get("/acme/strategy/?period=soon").status_code == 404


def test_who_sees_what(wanted: Company, visit: Visit) -> None:
    with tenant_scope(wanted.tenant):
        outcome = Outcome.objects.get()
        ended = end_outcome(outcome_of(wanted, "Gone"), because="Reached", by=None, now=timezone.now())
    page = f"/acme/strategy/outcomes/{outcome.pk}/"
    for role, board, one in (
        (Role.CSO, 200, 200),
        (Role.EXECUTIVE, 200, 200),
        (Role.AUDITOR, 200, 200),
        (Role.LEADER, 200, 200),
        (Role.FRONTLINE, 403, 404),
        (Role.ADMINISTRATOR, 403, 404),
    ):
        client = visit(wanted, role)
        assert client.get("/acme/strategy/").status_code == client.get("/acme/blockers/").status_code == board, role
        assert client.get(page).status_code == one, role
        review = client.get(f"{page}review/").status_code
        assert (review == 200) == (role in (Role.CSO, Role.LEADER)), role
        assert (client.get(f"{page}end/").status_code == 200) == (role == Role.CSO), role
    leader = visit(wanted, Role.LEADER)
    assert leader.get("/acme/strategy/").context["rows"][0]["goals"][0]["url"] == ""
    assert "/acme/blockers/" in leader.get("/acme/scorecard/plans/").content.decode()
    cso = visit(wanted, Role.CSO)
    over = f"/acme/strategy/outcomes/{ended.pk}/"
    assert "Reached" in cso.get(over).content.decode()
    assert cso.get(f"{over}review/").status_code == 404
    assert cso.get("/acme/strategy/").context["rows"][0]["outcome"] == outcome


def test_an_outcome_is_made_moved_served_reviewed_and_ended_by_forms(wanted: Company, visit: Visit) -> None:
    cso = visit(wanted, Role.CSO)
    body = {"name": "Heard", "description": "", "owner": str(wanted.leader.pk), "review_on": "2020-01-01"}
    refused = cso.post("/acme/strategy/outcomes/new/", body)
    assert refused.context["form"].errors["review_on"] == ["Name a day that is still to come."]
    cso.post("/acme/strategy/outcomes/new/", body | {"review_on": soon()})
    with tenant_scope(wanted.tenant):
        first, second = Outcome.objects.order_by("position")
    one = f"/acme/strategy/outcomes/{second.pk}/"
    for expected in (["Heard", "Right at once"], ["Heard", "Right at once"]):
        assert cso.post(f"{one}up/").status_code == 302
        assert [row["outcome"].name for row in cso.get("/acme/strategy/").context["rows"]] == expected
    served = "/acme/strategy/metrics/recovered_24h/"
    assert messages_of(cso, served, {"outcome": str(second.pk)}) == [
        "“Recovered within 24 hours” serves “Heard” now, and left “Right at once”."
    ]
    assert "target" not in cso.get(served).context["form"].fields
    nps = "/acme/strategy/metrics/nps/"
    assert cso.post(nps, {"outcome": str(second.pk), "target": "200"}).context["form"].errors["target"]
    assert messages_of(cso, nps, {"outcome": str(second.pk), "target": "40"})[0].startswith(
        "“Net Promoter Score” serves"
    )
    assert messages_of(cso, nps, {"outcome": "", "target": ""}) == ["“Net Promoter Score” serves no outcome now."]
    assert cso.get("/acme/strategy/metrics/happiness/").status_code == 404
    leader = visit(wanted, Role.LEADER)
    assert leader.post(f"{one}review/", {"decided": "", "next_on": soon()}).context["form"].errors["decided"]
    assert messages_of(leader, f"{one}review/", {"decided": "Go on", "next_on": soon(40)}) == ["Recorded."]
    shown = leader.get(one)
    assert [each["review"].decided for each in shown.context["reviews"]] == ["Go on"]
    assert [label for label, _url in shown.context["acts"]] == [
        "Record a review",
        "Start an initiative",
        "Raise a blocker",
    ]
    changed = {"name": "Heard at once", "description": "x", "owner": str(wanted.leader.pk)}
    assert messages_of(cso, f"{one}change/", changed) == ["Changed."]
    assert messages_of(cso, f"{one}end/", {"because": "Reached"}) == ["Ended."]
    with tenant_scope(wanted.tenant):
        assert Outcome.objects.exclude(ended_at=None).get().name == "Heard at once"
        assert OutcomeReview.objects.get().by == wanted.member(Role.LEADER)
        assert [each.metric for each in OutcomeMetric.objects.all()] == ["open_overdue"]
        assert first.name == "Right at once"


def test_initiatives_by_forms_with_what_became_of_the_figures(wanted: Company, visit: Visit) -> None:
    leader = visit(wanted, Role.LEADER)
    with tenant_scope(wanted.tenant):
        today = day_of(timezone.now())
        outcome = Outcome.objects.get()
        give_metric("rules_killed", outcome, by=None)
    one = f"/acme/strategy/outcomes/{outcome.pk}/"
    started = {"owner": str(wanted.leader.pk), "starts_on": f"{today - 100 * DAY}", "due_on": f"{today - 2 * DAY}"}
    assert messages_of(leader, f"{one}start/", started | {"name": "One desk"}) == ["Started."]
    with tenant_scope(wanted.tenant):
        initiative = Initiative.objects.get()
    [row] = leader.get(one).context["initiatives"]
    assert (row["kind"], [label for label, _url in row["acts"]]) == ("late", ["It is done", "Stop it", "Change it"])
    # Of the share there are no cases before; what adds up is 0 in a month without any.
    [change] = row["changes"]
    assert (change["name"], change["before"], change["after"], change["tone"]) == ("Rules killed", "0", "0", "chance")
    act = f"/acme/strategy/initiatives/{initiative.pk}"
    assert messages_of(leader, f"{act}/change/", started | {"name": "Two desks", "is_remarkable": "on"}) == ["Changed."]
    assert leader.post(f"{act}/finish/", {"what_came_of_it": ""}).context["form"].errors["what_came_of_it"]
    done = leader.post(f"{act}/finish/", {"what_came_of_it": "Twelve desks"}, follow=True)
    assert f"{act}/resume/" in done.content.decode()
    assert "Twelve desks" in done.content.decode()
    assert leader.get(f"{act}/stop/").status_code == 404
    assert messages_of(leader, f"{act}/resume/", {}) == ["Taken back: it goes on."]
    assert messages_of(leader, f"{act}/resume/", {}) == ["This is not over."]
    assert messages_of(leader, f"{act}/stop/", {"what_came_of_it": "Nobody came"}) == ["Noted: it goes no further."]
    assert visit(wanted, Role.EXECUTIVE).post(f"{act}/resume/").status_code == 404


def test_blockers_stand_oldest_first_until_somebody_clears_them(wanted: Company, visit: Visit) -> None:
    boss, leader, now = visit(wanted, Role.EXECUTIVE), visit(wanted, Role.LEADER), timezone.now()
    assert "Nothing stands in the way" in boss.get("/acme/blockers/").content.decode()
    with tenant_scope(wanted.tenant):
        old = raise_blocker("No view of bookings", owner=wanted.leader, by=None, now=now - 40 * DAY, severity="stops")
        fran = wanted.member(Role.FRONTLINE).people.get()
    form = {"what": "No budget", "severity": "slows", "owner": str(fran.pk), "outcome": "", "unit": ""}
    assert boss.post("/acme/blockers/new/", form | {"what": ""}).context["form"].errors["what"]
    assert messages_of(boss, "/acme/blockers/new/", form) == ["Raised to the executive meeting."]
    response = boss.get("/acme/blockers/")
    assert response.context["title"] == "2 things stand in the way, the oldest for 40 days"
    assert [(row["days"], row["kind"], row["acts"]) for row in response.context["rows"]] == [
        (40, "late", []),
        (0, "open", []),
    ]
    assert [row["blocker"].what for row in leader.get("/acme/blockers/").context["rows"]] == ["No view of bookings"]
    act = f"/acme/blockers/{old.pk}"
    assert boss.get(f"{act}/clear/").status_code == 404
    assert (
        leader.post(f"{act}/hand-over/", {"owner": str(wanted.leader.pk), "why": "x"}).context["form"].errors["owner"]
    )
    cso = visit(wanted, Role.CSO)
    assert messages_of(cso, f"{act}/hand-over/", {"owner": str(fran.pk), "why": "Knows it"}) == [
        "Handed over; it keeps its age."
    ]
    page = cso.get("/acme/blockers/").content.decode()
    assert "from Lea North on" in page
    assert "Knows it" in page
    cleared = cso.post(f"{act}/clear/", {"how": "All have an account"}, follow=True).content.decode()
    assert f"{act}/reopen/" in cleared, "it can be undone"
    done = cso.get("/acme/blockers/?state=cleared")
    assert [row["days"] for row in done.context["rows"]] == [40]
    assert "All have an account" in done.content.decode()
    assert cso.get(f"{act}/clear/").status_code == 404
    assert messages_of(cso, f"{act}/reopen/", {})[0].startswith("Taken back")
    assert messages_of(cso, f"{act}/reopen/", {}) == ["This is not cleared."]
    with tenant_scope(wanted.tenant):
        assert Blocker.objects.filter(cleared_at=None).count() == 2


def test_both_pages_as_files(wanted: Company, visit: Visit) -> None:
    with tenant_scope(wanted.tenant):
        outcome_of(wanted, "=Heard", days=-3)
        give_metric("time_to_recover", Outcome.objects.get(name="Right at once"), by=None, target=Decimal(2))
        raise_blocker("=No budget", owner=wanted.leader, by=None, now=timezone.now() - 3 * DAY)
    client = visit(wanted, Role.EXECUTIVE)
    for name, page in (("strategy", "/acme/strategy/"), ("blockers", "/acme/blockers/")):
        for (_label, url), start in zip(client.get(page).context["exports"], (b"\xef\xbb\xbf", b"PK"), strict=True):
            assert client.get(url).getvalue().startswith(start), name
    [url, _] = client.get("/acme/strategy/?period=2025-01").context["exports"]
    assert url == ("CSV", "/acme/strategy/export.csv?period=2025-01")
    lines = list(csv.DictReader(client.get("/acme/strategy/export.csv").getvalue().decode("utf-8-sig").splitlines()))
    assert [(line["metric"], line["value"], line["target"], line["verdict"]) for line in lines] == [
        ("recovered_24h", "80.0", "90.0", "missed"),
        ("time_to_recover", "1.0", "2.0", "met"),
        ("open_overdue", "0.0", "0.0", "met"),
        ("", "", "", ""),
    ]
    assert (lines[3]["outcome"], lines[3]["late"]) == ("'=Heard", "True")
    [line] = csv.DictReader(client.get("/acme/blockers/export.csv").getvalue().decode("utf-8-sig").splitlines())
    assert (line["days"], line["what"], line["owner"]) == ("3", "'=No budget", "Lea North")
    for name in ("strategy", "blockers"):
        assert visit(wanted, Role.FRONTLINE).get(f"/acme/{name}/export.csv").status_code == 403


def test_pages_cost_the_same_for_one_and_for_many(wanted: Company, visit: Visit) -> None:
    client = visit(wanted, Role.EXECUTIVE)
    with tenant_scope(wanted.tenant):
        keys = iter(["time_to_recover", "silent", "nps", "surprised", "rules_killed", "committee_coverage", "csat"])
        give_metric(next(keys), Outcome.objects.get(), by=None)
    for many in (1, 5):
        with tenant_scope(wanted.tenant):
            for number in range(many):
                outcome = outcome_of(wanted, f"Outcome {many}.{number}")
                give_metric(next(keys), outcome, by=None)
                day = date(2026, 1, 1)
                start_initiative(outcome, "One desk", owner=wanted.leader, starts_on=day, due_on=day, by=None)
                raise_blocker("No budget", owner=wanted.leader, by=None, now=timezone.now(), outcome=outcome)
        for path, most in (("strategy", STRATEGY_READS), ("blockers", BLOCKERS_READS)):
            with CaptureQueriesContext(connection) as captured:
                assert client.get(f"/acme/{path}/").status_code == 200
            found = reads(captured.captured_queries)
            assert len(found) <= most, (path, many, "\n".join(found))
