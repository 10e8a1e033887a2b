"""Scorecards by the API: categories, figures of others, plans, scores now and as they were seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cso.metrics.engine.refresh import refresh
from cso.recovery.models import CaseEvent
from cso.scorecards.models import Category, Measure, PlanVersion
from cso.scorecards.plans.versions import acknowledge_plan
from cso.scorecards.scores.snapshots import take_snapshots
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors, problem
from tests.personas import Company, log_case
from tests.scorecards.scenes import HOUR, at, prepare

FIGURE = {"measure": "margin", "unit": "north", "month": "2026-03", "numerator": 4, "as_of": "2026-04-02T06:00:00Z"}
SERVING = {"category": "serving", "metric": "recovered_24h", "weight": 2, "floor": 50}
MARGIN = {"category": "financial", "measure": "margin", "weight": 2, "floor": 0, "target": 10}


@pytest.fixture
def office(acme: Company) -> Company:
    with tenant_scope(acme.tenant):
        prepare(acme)
    return acme


def plan_body(company: Company, **fields: Any) -> dict[str, Any]:
    person = str(company.leader.pk)
    return {"person": person, "unit": "north", "year": 2026, "items": [SERVING, MARGIN]} | fields


def test_categories_and_measures(api: Integration, acme: Company) -> None:
    made = api.post("categories", {"code": "safety", "name": "Safety"})
    assert made.status_code == 201
    listed = api.get("categories").json()["data"]
    assert [(row["code"], row["is_serving"]) for row in listed] == [
        ("serving", True),
        ("financial", False),
        ("people", False),
        ("process", False),
        ("safety", False),
    ]
    one = f"categories/{made.json()['id']}"
    renamed = api.patch(one, {"name": "Safety first"}, if_match=api.get(one)["ETag"])
    assert renamed.json()["name"] == "Safety first"
    assert api.post(f"{one}/retire").json()["retired_at"] is not None
    assert problem(api.post(f"categories/{listed[0]['id']}/retire")) == (409, "conflict", "serving_stays")
    body = {"code": "margin", "name": "Margin", "rollup": "ratio", "source": "Ledger"}
    measure = api.post("measures", body)
    assert (measure.status_code, measure.json()["better"], measure.json()["unit_word"]) == (201, "higher", None)
    assert problem(api.post("measures", body))[2] == "code_in_use"
    assert [row["code"] for row in api.get("measures?code=margin").json()["data"]] == ["margin"]
    assert api.get(f"measures/{measure.json()['id']}").json() == measure.json()


def test_figures_come_as_json_and_as_csv_and_all_of_them_stay(
    api: Integration, office: Company, key_with: Callable[..., Integration]
) -> None:
    ledger = key_with("figures:write")
    told = ledger.post("measures/figures", {"rows": [FIGURE, FIGURE | {"unit": "west"}, FIGURE]})
    assert [row["status"] for row in told.json()["results"]] == ["recorded", "refused", "unchanged"]
    assert told.json()["results"][1]["errors"][0]["field"] == "unit"
    text = (
        "\ufeffmeasure,unit,month,numerator,as_of\nmargin,north,2026-03,5,2026-04-03T06:00:00Z\nmargin,north,2026-03\n"
    )
    told = ledger.post("measures/figures", text.encode(), content_type="text/csv")
    assert [(row["line"], row["status"]) for row in told.json()["results"]] == [(2, "recorded"), (3, "refused")]
    wrong = ledger.post("measures/figures", b"measure,unit,who\n", content_type="text/csv")
    assert errors(wrong) == [("file", "unknown_column")]
    [measure] = api.get("measures").json()["data"]
    figures = api.get(f"measures/{measure['id']}/figures?unit=north").json()["data"]
    assert [(row["month"], row["numerator"]) for row in figures] == [("2026-03", 5.0), ("2026-03", 4.0)]
    assert problem(ledger.post("plans", {}))[1] == "missing-scope"
    assert problem(key_with("plans:write").post("measures/figures", {"rows": []}))[1] == "missing-scope"


def test_a_plan_is_made_changed_copied_and_shows_who_read_it(api: Integration, office: Company) -> None:
    made = api.post("plans", plan_body(office))
    assert made.status_code == 201, made.content
    plan = made.json()
    assert plan["versions"][0]["items"][0] == {
        "category": "serving",
        "metric": "recovered_24h",
        "measure": None,
        "weight": 2.0,
        "floor": 50.0,
        "target": None,
    }
    assert errors(api.post("plans", plan_body(office, year=2027, items=[SERVING, MARGIN | {"weight": 3}]))) == [
        ("items", "unequal_weights")
    ]
    low = [SERVING | {"target": 60}, MARGIN]
    assert problem(api.post("plans", plan_body(office, year=2027, items=low)))[2] == "a_person_lowers"
    starts_on = f"{datetime.now(UTC).year + 1}-06-01"
    later = plan_body(office, year=int(starts_on[:4]))
    one = api.post("plans", later).json()
    change = {"starts_on": starts_on, "reason": "Heavier", "items": [SERVING | {"weight": 3}, MARGIN | {"weight": 3}]}
    changed = api.post(f"plans/{one['id']}/versions", change)
    assert [(version["number"], version["reason"]) for version in changed.json()["versions"]] == [
        (1, None),
        (2, "Heavier"),
    ]
    with tenant_scope(office.tenant):
        acknowledge_plan(PlanVersion.objects.get(plan=one["id"], number=2), by=office.member(Role.LEADER))
    read = api.get(f"plans/{one['id']}").json()["versions"]
    assert [version["acknowledged_at"] is not None for version in read] == [False, True]
    copies = api.post(f"plans/{one['id']}/copy", {"to": [str(office.leader.pk)], "year": 2026}).json()["data"]
    assert [row["status"] for row in copies] == ["has_a_plan"]
    assert [row["year"] for row in api.get("plans?year=2026&unit=top").json()["data"]] == [2026]


def test_scores_are_those_of_now_and_those_that_were_seen(api: Integration, office: Company) -> None:
    plan = api.post("plans", plan_body(office)).json()["id"]
    with tenant_scope(office.tenant):
        for fixed_after in (HOUR, HOUR, HOUR, 30 * HOUR):
            log_case(office.units["north-1"], at(3), fixed_after=fixed_after)
        refresh()
        take_snapshots(now=at(3, 20))
    api.post("measures/figures", {"rows": [FIGURE]})
    table = api.get("scores?period=2026-03&unit=north").json()
    [score] = table["data"]
    assert (table["score"], score["score"], score["status"]) == (51.25, 51.25, "final")
    assert [(item["what"], item["points"], item["target"]) for item in score["items"]] == [
        ("recovered_24h", 62.5, 90.0),
        ("margin", 40.0, 10.0),
    ]
    assert score["categories"] == [{"category": "serving", "score": 62.5}, {"category": "financial", "score": 40.0}]
    assert (score["excluded"]["numerator"], score["excluded"]["denominator"]) == (0, 4)
    [seen] = api.get("scores/seen?period=2026-03&at=2026-03-20T12:00:00Z").json()["data"]
    assert (seen["score"], seen["status"], seen["items"][0]["points"]) == (None, "running", "125/2")
    assert api.get("scores/seen?period=2026-03&at=2026-03-19T12:00:00Z").json()["data"] == []
    with tenant_scope(office.tenant):
        # A test is one transaction, so whatever it records is of this instant.
        recorded_at = CaseEvent.objects.values_list("recorded_at", flat=True)[0]
        take_snapshots(now=recorded_at - timedelta(seconds=1))
        late = log_case(office.units["north-1"], at(3), fixed_after=30 * HOUR)
        log_case(office.units["north-1"], at(4), fixed_after=HOUR)
        log_case(office.units["south"], at(3), fixed_after=HOUR)
        refresh()
        take_snapshots(now=recorded_at + timedelta(seconds=1))
    snapshots = api.get(f"plans/{plan}/snapshots?period=2026-03&limit=2").json()
    assert [row["score"] for row in snapshots["data"]] == [32.5, 51.25]
    assert snapshots["next"]
    [restated] = api.get(f"plans/{plan}/restatements?period=2026-03").json()["data"]
    assert (restated["before"], restated["after"], restated["because"]) == (51.25, 32.5, "facts")
    assert restated["changes"][0]["before"]["denominator"] == "4"
    touched = {row["case"]: row["kinds"] for row in restated["cases"]}
    assert (touched[str(late.pk)], len(touched)) == (["fixed"], 5)  # those of the north in March
    by_hand = api.get(f"plans/{plan}/interventions?period=2026-03").json()
    assert [by_hand[name] for name in ("cases", "known_late", "nameless", "reorganized")] == [5, 0, 5, []]
    [late_told] = by_hand["data"]
    assert (late_told["kind"], late_told["cases"], len(late_told["last"])) == ("told_late", 3, 3)
    assert api.get(f"plans/{plan}/interventions?period=2025-03").json()["data"] == []
    for wrong in ("2026-W10", "2026-01..2026-02"):
        assert errors(api.get(f"scores?period={wrong}")) == [("period", "not_scored")]
    assert api.get("scores?period=2026-03&unit=south").json()["data"] == []
    assert [row["unit"]["code"] for row in api.get("scores?period=2025").json()["unplanned"]] == ["north"]


def test_a_path_and_the_gap_that_is_closed(api: Integration, office: Company) -> None:
    path = {
        "metric": "recovered_24h",
        "starts_on": "2026-04-01",
        "percent": 92,
        "step": 4,
        "every_months": 3,
        "full_by": "2026-10-01",
    }
    made = api.post("targets/path", path)
    assert [(row["starts_on"], row["percent"]) for row in made.json()["data"]] == [
        ("2026-04-01", 92.0),
        ("2026-07-01", 96.0),
        ("2026-10-01", 100.0),
    ]
    assert errors(api.post("targets/path", path | {"full_by": "2026-03-01"})) == [("full_by", "before_start")]
    assert api.get("metrics/recovered_24h/gap").json()["closed"] is None
    assert problem(api.get("metrics/time_to_recover/gap"))[0] == 404


def test_a_plan_refers_to_ones_own_alone(api: Integration, office: Company, other: Company) -> None:
    with tenant_scope(other.tenant):
        prepare(other)
        [category], [measure] = Category.objects.filter(is_serving=True), Measure.objects.all()
    body = plan_body(office)
    for field, wrong in (
        ("person", body | {"person": str(other.leader.pk)}),
        ("unit", body | {"unit": str(other.units["north"].pk)}),
        ("items.0.category", body | {"items": [SERVING | {"category": str(category.pk)}]}),
        ("items.0.measure", body | {"items": [MARGIN | {"measure": str(measure.pk)}]}),
    ):
        assert errors(api.post("plans", wrong)) == [(field, "unknown")]
    plan = api.post("plans", body).json()["id"]
    copy = {"to": [str(other.leader.pk)], "year": 2027}
    assert errors(api.post(f"plans/{plan}/copy", copy))[0][1] == "unknown"


def test_changes_of_how_a_unit_works(api: Integration, acme: Company, key_with: Callable[..., Integration]) -> None:
    body = {"unit": "north", "on": "2026-03-02", "what": "One queue"}
    made = api.post("process-changes", body)
    assert made.status_code == 201
    one = made["Location"].removeprefix("/api/v1/")
    shown = api.get(one).json()
    assert (shown["unit"]["code"], shown["what"], shown["made_by"], shown["rebased_at"]) == (
        "north",
        "One queue",
        None,
        None,
    )
    assert errors(api.post("process-changes", body | {"on": "2126-03-02"})) == [("on", "in_the_future")]
    assert problem(key_with("metrics:read").post("process-changes", body))[0] == 403
    back = api.post(f"{one}/withdraw", {"because": "Rolled back"}).json()
    assert (back["withdrawn_because"], back["withdrawn_at"] is not None) == ("Rolled back", True)
    assert problem(api.post(f"{one}/withdraw", {"because": "Rolled back"}))[2] == "withdrawn"
    assert api.get("process-changes?unit=north&state=standing").json()["data"] == []
    assert [row["id"] for row in api.get("process-changes?state=withdrawn").json()["data"]] == [shown["id"]]
