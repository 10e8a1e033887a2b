"""The strategy by the API: outcomes with their figures, initiatives, reviews, and blockers from raised to cleared."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from cso.metrics.actions import set_target
from cso.metrics.engine.refresh import refresh
from cso.people import actions as people
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors, problem
from tests.personas import Company, log_case

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def soon() -> date:
    return (timezone.now() + 20 * DAY).date()


@pytest.fixture
def office(acme: Company) -> Company:
    """Somebody whom integrations know by their own key, and two cases of last week: one recovered, one not."""
    with tenant_scope(acme.tenant):
        people.add_person("Ola Second", by=None, external_id="hr-1")
        set_target("recovered_24h", Decimal(80), date(2025, 1, 1), by=None)
        for after in (HOUR, 30 * HOUR):
            log_case(acme.units["north"], timezone.now() - 7 * DAY, fixed_after=after)
        refresh()
    return acme


def made(api: Integration, soon: date, name: str = "Right at once") -> str:
    answer = api.post("strategy/outcomes", {"name": name, "owner": "hr-1", "review_on": f"{soon}"})
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def test_outcomes_are_made_changed_ordered_reviewed_and_ended(api: Integration, office: Company, soon: date) -> None:
    first, second = made(api, soon), made(api, soon, "Heard")
    one = f"strategy/outcomes/{first}"
    shown = api.get(one)
    assert (shown.json()["owner"]["name"], shown.json()["review_on"]) == ("Ola Second", f"{soon}")
    changed = api.patch(one, {"owner": str(office.leader.pk)}, if_match=shown["ETag"])
    assert changed.json()["owner"]["name"] == "Lea North"
    assert problem(api.patch(one, {"name": "Heard"}, if_match=changed["ETag"])) == (409, "conflict", "name_in_use")
    ordered = api.post("strategy/outcomes/order", {"outcomes": [second, first]})
    assert [row["outcome"]["name"] for row in ordered.json()["data"]] == ["Heard", "Right at once"]
    assert errors(api.post("strategy/outcomes/order", {"outcomes": [second]})) == [("outcomes", "not_all")]
    later = soon + 30 * DAY
    review = {"decided": "Go on", "next_on": f"{later}"}
    for _ in range(2):
        answer = api.post(f"{one}/reviews", review, idempotency_key="monday")
        assert (answer.status_code, answer.json()["was_due_on"], answer.json()["by"]) == (201, f"{soon}", None)
    assert [row["decided"] for row in api.get(f"{one}/reviews").json()["data"]] == ["Go on"]
    assert api.get(one).json()["review_on"] == f"{later}"
    assert errors(api.post(f"{one}/reviews", {"decided": "x", "next_on": "2020-01-01", "why": ""})) == [
        ("why", "unknown_field")
    ]
    ended = api.post(f"strategy/outcomes/{second}/end", {"because": "Reached"}).json()
    assert (ended["ended_because"], ended["ended_at"] is None) == ("Reached", False)
    for state, expected in (("live", ["Right at once"]), ("ended", ["Heard"]), ("overdue", [])):
        assert [row["name"] for row in api.get(f"strategy/outcomes?state={state}").json()["data"]] == expected
    assert [row["id"] for row in api.get("strategy/outcomes?owner=hr-1").json()["data"]] == [second]


def test_metrics_serve_one_outcome_and_stand_with_it(api: Integration, office: Company, soon: date) -> None:
    first, second = made(api, soon), made(api, soon, "Heard")
    for key, outcome, target in (
        ("recovered_24h", first, None),
        ("nps", second, "40"),
        ("open_overdue", second, "0"),
        ("time_to_recover", second, "12"),
    ):
        assert api.post(f"strategy/metrics/{key}/give", {"outcome": outcome, "target": target}).json()["left"] is None
    moved = api.post("strategy/metrics/open_overdue/give", {"outcome": first}).json()
    assert (moved["left"]["name"], moved["outcome"]["id"], moved["target"]) == ("Heard", first, None)
    refused = api.post("strategy/metrics/recovered_24h/give", {"outcome": first, "target": "90"})
    assert errors(refused) == [("target", "has_a_path")]
    assert problem(api.post("strategy/metrics/happiness/give", {"outcome": first}))[0] == 404
    served = {row["metric"]: row for row in api.get("strategy/metrics").json()["data"]}
    assert (served["nps"]["owner"]["name"], served["nps"]["target"], served["nps"]["unit"]) == (
        "Ola Second",
        40.0,
        "points",
    )
    assert (served["csat"]["outcome"], served["csat"]["owner"], served["csat"]["unit"]) == (None, None, None)
    standing = api.get("strategy").json()
    right, heard = standing["data"]
    assert (right["is_overdue"], right["reviewed_at"], right["blockers"]) == (False, None, 0)
    share, overdue = right["metrics"]
    assert (share["metric"], share["numerator"], share["denominator"], share["share"]) == ("recovered_24h", 1, 2, 0.5)
    assert (share["target"], share["unit"], share["gap"], share["verdict"]) == (80.0, "percent", 30.0, "uncertain")
    assert (overdue["numerator"], overdue["period"], overdue["target"]) == (0, None, None)
    time, nps = heard["metrics"]
    assert (time["target"], time["unit"], time["median_seconds"] > 0) == (12.0, "hours", True)
    assert (nps["verdict"], nps["gap"]) == ("no_data", None)
    assert api.get("strategy?period=2025-01").json()["data"][0]["metrics"][0]["denominator"] == 0
    assert errors(api.get("strategy?period=soon")) == [("period", "not_a_period")]
    freed = api.post("strategy/metrics/nps/free").json()
    assert (freed["left"]["name"], freed["outcome"]) == ("Heard", None)


def test_initiatives_run_until_somebody_says_what_came_of_them(api: Integration, office: Company, soon: date) -> None:
    outcome = made(api, soon)
    body = {"outcome": outcome, "name": "One desk", "owner": "hr-1", "starts_on": "2026-01-05", "due_on": "2026-03-31"}
    assert errors(api.post("strategy/initiatives", body | {"due_on": "2025-12-31"})) == [("due_on", "before_start")]
    one = f"strategy/initiatives/{api.post('strategy/initiatives', body).json()['id']}"
    changed = api.patch(one, {"is_remarkable": True, "due_on": f"{soon}"}, if_match=api.get(one)["ETag"]).json()
    assert (changed["is_remarkable"], changed["due_on"], changed["outcome"]["name"]) == (
        True,
        f"{soon}",
        "Right at once",
    )
    [listed] = api.get("strategy").json()["data"][0]["initiatives"]
    assert (listed["name"], listed["state"], listed["owner"]["name"]) == ("One desk", "running", "Ola Second")
    assert problem(api.post(f"strategy/outcomes/{outcome}/end", {"because": "x"}))[2] == "initiatives_run"
    done = api.post(f"{one}/finish", {"what_came_of_it": "Twelve desks"}).json()
    assert (done["done_at"] is None, done["what_came_of_it"]) == (False, "Twelve desks")
    assert problem(api.post(f"{one}/stop", {"what_came_of_it": "x"}))[2] == "over"
    assert api.post(f"{one}/resume").json()["what_came_of_it"] is None
    assert api.post(f"{one}/stop", {"what_came_of_it": "Nobody came"}).json()["stopped_at"] is not None
    for state, expected in (("running", 0), ("late", 0), ("done", 0), ("stopped", 1)):
        listed = api.get(f"strategy/initiatives?state={state}&outcome={outcome}&owner=hr-1").json()["data"]
        assert len(listed) == expected, state


def test_blockers_are_raised_handed_on_cleared_and_listed_oldest_first(
    api: Integration, office: Company, soon: date, key_with: Callable[..., Integration]
) -> None:
    outcome = made(api, soon)
    body = {"what": "No view of bookings", "owner": "hr-1", "severity": "stops", "outcome": outcome, "unit": "north-1"}
    raised = api.post("strategy/blockers", body)
    api.post("strategy/blockers", {"what": "No budget", "owner": "hr-1"})
    assert (raised.status_code, raised.json()["raised_by"], raised.json()["unit"]["code"]) == (201, None, "north-1")
    assert api.get("strategy").json()["data"][0]["blockers"] == 1
    one = f"strategy/blockers/{raised.json()['id']}"
    assert errors(api.post(f"{one}/handovers", {"owner": "hr-1", "why": "x"})) == [("owner", "unchanged")]
    handed = api.post(f"{one}/handovers", {"owner": str(office.leader.pk), "why": "Holds the budget"})
    assert handed.json()["owner"]["name"] == "Lea North"
    [handover] = api.get(f"{one}/handovers").json()["data"]
    assert (handover["from_owner"]["name"], handover["to_owner"]["name"]) == ("Ola Second", "Lea North")
    cleared = api.post(f"{one}/clear", {"how": "All have an account"}).json()
    assert (cleared["how"], cleared["cleared_at"] is None) == ("All have an account", False)
    assert problem(api.post(f"{one}/clear", {"how": "x"}))[2] == "cleared"
    for query, expected in (
        ("", ["No view of bookings", "No budget"]),
        ("?state=open", ["No budget"]),
        ("?unit=north&severity=stops", ["No view of bookings"]),
        (f"?outcome={outcome}&state=open", []),
    ):
        assert [row["what"] for row in api.get(f"strategy/blockers{query}").json()["data"]] == expected
    assert api.post(f"{one}/reopen").json()["how"] is None
    reader = key_with("metrics:read")
    assert reader.get("strategy/blockers").status_code == 200
    assert problem(reader.post(f"{one}/clear", {"how": "x"}))[1] == "missing-scope"
    assert problem(key_with("people:read").get("strategy"))[1] == "missing-scope"
