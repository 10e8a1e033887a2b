"""Figures through the API, and the cases behind them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from cso.intervals import wilson_interval
from cso.metrics.actions import set_target
from cso.metrics.engine.refresh import refresh
from cso.metrics.periods import FINAL_AFTER
from cso.metrics.registry import METRICS
from cso.people import actions as people
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors, problem
from tests.personas import NOW, Company, log_case
from tests.scorecards.scenes import margin, plan_for, prepare, serving

HOUR = timedelta(hours=1)


@pytest.fixture
def counted(acme: Company) -> Company:
    """March 2026: north-1 has 2 hits and a late fix, south an open case whose cause is known."""
    with tenant_scope(acme.tenant):
        leaf, south = acme.units["north-1"], acme.units["south"]
        log_case(leaf, NOW - 60 * HOUR, fixed_after=2 * HOUR, occurred_at=NOW - 61 * HOUR)
        log_case(leaf, NOW - 59 * HOUR, fixed_after=24 * HOUR)
        log_case(leaf, NOW - 58 * HOUR, fixed_after=30 * HOUR)
        log_case(south, NOW - 57 * HOUR, cause="Rule")
        set_target("recovered_24h", Decimal(90), date(2026, 1, 1), by=None)
        refresh()
    return acme


def test_definitions_come_from_the_registry(api: Integration) -> None:
    listed = api.get("metrics").json()["data"]
    assert [metric["key"] for metric in listed] == list(METRICS)
    assert api.get("metrics/recovered_24h").json() == listed[0]
    assert listed[0]["name"] == "Recovered within 24 hours"
    assert problem(api.get("metrics/nonsense"))[0] == 404


def test_a_share_is_shown_with_all_that_it_needs(api: Integration, counted: Company) -> None:
    shown = api.get("metrics/recovered_24h/values?unit=north&period=2026-03").json()
    interval = wilson_interval(2, 3)
    assert interval is not None
    as_of, revision = shown.pop("as_of"), shown.pop("revision")
    assert datetime.fromisoformat(as_of).tzinfo is not None
    assert revision >= 1
    assert shown == {
        "metric": "recovered_24h",
        "unit": {"id": str(counted.units["north"].pk), "code": "north", "name": "North"},
        "period": "2026-03",
        "starts_at": "2026-03-01T05:00:00Z",
        "ends_at": "2026-04-01T04:00:00Z",
        "status": "final" if datetime.now(UTC) > datetime(2026, 4, 1, 4, tzinfo=UTC) + FINAL_AFTER else "provisional",
        "numerator": 2,
        "denominator": 3,
        "share": pytest.approx(2 / 3),
        "interval": {"low": pytest.approx(interval.low), "high": pytest.approx(interval.high)},
        "running": 0,
        "occurrence_known": 1,
        "counts": {"cases": 3, "recovered": 2, "open": 0, "occurrence_known": 1},
        "response": None,
        "worth": None,
        "ratio": None,
        "net": None,
        "median_seconds": None,
        "p90_seconds": None,
        "restated_at": None,
    }


def test_without_a_unit_it_is_the_whole_organization(api: Integration, counted: Company) -> None:
    shown = api.get("metrics/recovered_24h/values?period=2026-Q1").json()
    assert (shown["unit"], shown["numerator"], shown["denominator"]) == (None, 2, 4)
    by_report = api.get("metrics/recovered_24h_reported/values?period=2026-W11..2026-W13").json()
    assert (by_report["period"], by_report["numerator"], by_report["denominator"]) == ("2026-W11..2026-W13", 2, 4)


def test_no_data_is_neither_0_nor_1(api: Integration, counted: Company) -> None:
    shown = api.get("metrics/recovered_24h/values?unit=north-2&period=2026-03").json()
    assert (shown["denominator"], shown["share"], shown["interval"], shown["as_of"]) == (0, None, None, None)


def test_a_time_and_a_state(api: Integration, counted: Company) -> None:
    time = api.get("metrics/time_to_recover/values?unit=north&period=2026-03").json()
    assert (time["median_seconds"], time["p90_seconds"], time["share"]) == (24 * 3600.0, None, None)
    assert (time["numerator"], time["denominator"]) == (3, 3)
    state = api.get("metrics/open_overdue/values?unit=south").json()
    assert (state["numerator"], state["denominator"], state["period"]) == (1, None, None)
    assert errors(api.get("metrics/open_overdue/values?period=2026-03")) == [("period", "is_a_state")]


def test_a_series_runs_from_the_first_period_to_the_last(api: Integration, counted: Company) -> None:
    path = "metrics/recovered_24h/series?grain=month&from=2026-02-28&to=2026-04-01"
    shown = api.get(path).json()
    assert [(f["period"], f["numerator"], f["denominator"]) for f in shown["data"]] == [
        ("2026-02", 0, 0),
        ("2026-03", 2, 4),
    ]
    times = api.get("metrics/time_to_recover/series?grain=quarter&from=2026-01-01&to=2026-03-31&unit=north").json()
    assert [(f["period"], f["median_seconds"]) for f in times["data"]] == [("2026-Q1", 86_400.0)]
    assert api.get("metrics/reopened/series?from=2026-03-02&to=2026-03-01").json()["data"] == []
    assert api.get("metrics/reopened/series?from=2900-01-01&to=2999-01-01").json()["data"] == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("recovered_24h/values", [("period", "required")]),
        ("recovered_24h/values?period=2026-13", [("period", "not_a_period")]),
        ("recovered_24h/values?period=2026-03&unit=nowhere", [("unit", "unknown")]),
        ("recovered_24h/values?period=2026-03&colour=red", [("colour", "unknown_field")]),
        ("recovered_24h/series?from=2026-03-01", [("to", "required")]),
        ("recovered_24h/series?from=1900-01-01&to=2026-01-01&grain=week", [("from", "too_many")]),
        ("recovered_24h/series?from=2026-01-01&to=2026-01-02&grain=day", [("grain", "invalid_choice")]),
        ("open_overdue/series?from=2026-01-01&to=2026-02-01", [("metric", "is_a_state")]),
        ("recovered_24h/cases?period=2026-03&part=half", [("part", "invalid_choice")]),
        ("leaders", [("period", "required")]),
    ],
)
def test_questions_are_refused_by_parameter(api: Integration, path: str, expected: list[tuple[str, str]]) -> None:
    assert errors(api.get(f"metrics/{path}")) == expected


LIST = {key: "cases" if metric.family.source.is_of_cases else "facts" for key, metric in METRICS.items()}


@pytest.mark.parametrize("key", [key for key, metric in METRICS.items() if not metric.is_state])
def test_as_many_cases_stand_behind_a_figure_as_it_says(api: Integration, counted: Company, key: str) -> None:
    for unit in ("", "&unit=north", "&unit=south"):
        figure = api.get(f"metrics/{key}/values?period=2026-03{unit}").json()
        parts = {
            part: len(api.get(f"metrics/{key}/{LIST[key]}?period=2026-03{unit}&part={part}").json()["data"])
            for part in ("numerator", "denominator", "rest", "running")
        }
        assert parts["numerator"] == figure["numerator"]
        assert parts["denominator"] == parts["numerator"] + parts["rest"]
        # A count is of nothing but itself.
        assert figure["denominator"] in {parts["denominator"], None}
        assert parts["running"] == figure["running"]


def test_the_cases_of_a_state(api: Integration, counted: Company) -> None:
    rows = api.get("metrics/open_overdue/cases").json()["data"]
    assert [(row["unit"]["code"], row["is_open"]) for row in rows] == [("south", True)]


def test_what_has_not_fallen_due_is_running(api: Integration, acme: Company) -> None:
    now = datetime.now(UTC)
    with tenant_scope(acme.tenant):
        log_case(acme.units["south"], now - HOUR)
        refresh()
    periods = {(now + 23 * HOUR).astimezone(acme.tenant.zone).strftime("%Y-%m")}
    for period in periods:
        shown = api.get(f"metrics/recovered_24h/values?period={period}").json()
        assert (shown["denominator"], shown["running"], shown["status"]) == (0, 1, "running")
        running = api.get(f"metrics/recovered_24h/cases?period={period}&part=running").json()["data"]
        assert len(running) == 1


def test_leaders_stand_furthest_from_the_target_first(api: Integration, counted: Company) -> None:
    standing = api.get("metrics/leaders?period=2026-03").json()
    assert (standing["period"], standing["target_percent"]) == ("2026-03", 90.0)
    assert (standing["organization"]["numerator"], standing["organization"]["denominator"]) == (2, 4)
    rows = {row["unit"]["code"]: row for row in standing["data"]}
    assert set(rows) == {"north", "south"}
    assert rows["north"]["leader"] == {"id": str(counted.leader.pk), "name": "Lea North"}
    assert (rows["south"]["leader"], rows["south"]["overdue"]) == (None, 1)
    [reason] = rows["south"]["reasons"]
    assert (reason["kind"], reason["name"], reason["missed"], reason["cases"]) == ("cause", "Rule", 1, 1)
    assert (reason["would_add"], reason["closes"]) == (1, 1)
    assert rows["south"]["act"] == "Open the one miss: with so few cases there is no pattern yet."
    assert rows["north"]["gap"] == pytest.approx(90 - 200 / 3)
    below = api.get("metrics/leaders?period=2026-03&unit=north").json()
    assert {row["unit"]["code"] for row in below["data"]} == {"north-1", "north-2"}


def test_targets_are_set_and_lowered_by_no_key(api: Integration) -> None:
    body = {"metric": "recovered_24h", "starts_on": "2026-04-01", "percent": 92.5}
    made = api.post("targets", body)
    assert (made.status_code, made.json()) == (201, {"id": made.json()["id"], **body})
    lower = body | {"starts_on": "2026-05-01", "percent": 80}
    for reason in ({}, {"reason": "Agreed for the move of the hub"}):
        assert problem(api.post("targets", lower | reason)) == (403, "not-allowed", "a_person_lowers")
    assert [row["percent"] for row in api.get("targets?metric=recovered_24h").json()["data"]] == [92.5]
    assert api.get("targets?metric=reopened").json()["data"] == []
    for wrong in (0, 100.01, "NaN", 1e9):
        assert errors(api.post("targets", body | {"percent": wrong}))[0][0] == "percent"
    assert errors(api.post("targets", body | {"metric": "open_overdue"})) == [("metric", "invalid_choice")]


@pytest.fixture
def handed_over(counted: Company) -> Company:
    """South was Ada's until 17 March 2026 and is Ben's since; the one case fell due on the 17th."""
    with tenant_scope(counted.tenant):
        for name, since, until in (("Ada", date(2026, 1, 1), date(2026, 3, 17)), ("Ben", date(2026, 3, 17), None)):
            people.name_leader(counted.units["south"], people.add_person(name, by=None), since, until, by=None)
    return counted


def test_each_leader_of_a_month_has_their_own_part(api: Integration, handed_over: Company) -> None:
    standing = api.get("metrics/leaders?period=2026-03").json()
    rows = {row["leader"]["name"]: row for row in standing["data"] if row["unit"]["code"] == "south"}
    change, (start, end) = "2026-03-17T04:00:00Z", ("2026-03-01T05:00:00Z", "2026-04-01T04:00:00Z")
    parts = {name: (row["figure"]["starts_at"], row["figure"]["ends_at"]) for name, row in rows.items()}
    assert parts == {"Ada": (start, change), "Ben": (change, end)}
    assert {name: row["overdue"] for name, row in rows.items()} == {"Ada": None, "Ben": 1}
    assert (standing["missing"], standing["judged"], standing["without_leader"]) == (1, 1, 0)
    whole = api.get("metrics/recovered_24h/values?period=2026-03&unit=south").json()
    assert {row["figure"]["status"] for row in rows.values()} == {whole["status"]}
    for row in rows.values():
        days = "".join(f"&{name}={row[name]}" for name in ("since", "until") if row[name])
        path = f"period=2026-03&unit=south{days}"
        shown = api.get(f"metrics/recovered_24h/values?{path}").json()
        assert {name: shown[name] for name in row["figure"]} == row["figure"]
        listed = api.get(f"metrics/recovered_24h/cases?{path}").json()["data"]
        assert len(listed) == row["figure"]["denominator"]


@pytest.mark.parametrize("key", [key for key, metric in METRICS.items() if not metric.is_state])
def test_the_parts_of_a_period_sum_to_it(api: Integration, counted: Company, key: str) -> None:
    with tenant_scope(counted.tenant):
        people.move_unit(counted.units["north"], None, by=None)  # two tops
        refresh()
    whole = api.get(f"metrics/{key}/values?period=2026-03").json()
    parts = [
        api.get(f"metrics/{key}/values?period=2026-03&{days}").json()
        for days in ("until=2026-03-17", "since=2026-03-17")
    ]
    for name in ("numerator", "denominator"):
        assert (whole[name] or 0) == sum(part[name] or 0 for part in parts)


def test_days_outside_the_period_are_refused(api: Integration, counted: Company) -> None:
    assert errors(api.get("metrics/recovered_24h/values?period=2026-03&since=2026-04-01")) == [
        ("since", "outside_period")
    ]
    assert errors(api.get("metrics/recovered_24h/cases?period=2026-03&until=2026-03-01")) == [
        ("until", "outside_period")
    ]
    assert errors(api.get("metrics/open_overdue/values?since=2026-03-01")) == [("since", "is_a_state")]
    assert errors(api.get("metrics/recovered_24h/values?period=1900..2999")) == [("period", "not_a_period")]


def test_why_a_share_is_missed_leads_to_exactly_these_cases(api: Integration, counted: Company) -> None:
    told = api.get("metrics/recovered_24h/why?period=2026-03").json()
    assert (told["target_percent"], told["missed"], told["part"]) == (90.0, 2, "rest")
    assert (told["figure"]["numerator"], told["figure"]["denominator"]) == (2, 4)
    assert told["gap"] == pytest.approx(0.4)
    assert (told["too_few"], told["overlap"]) == (True, False)
    assert {reason["name"]: (reason["missed"], reason["cases"]) for reason in told["reasons"]} == {
        "No cause given": (1, 3),
        "Rule": (1, 1),
    }
    for reason in told["reasons"]:
        assert (reason["would_add"], reason["closes"]) == (0.25, pytest.approx(0.625))
        cases = api.get(f"metrics/recovered_24h/cases?period=2026-03&part=rest&reason={reason['key']}").json()["data"]
        assert len(cases) == reason["missed"]
        assert {case["cause"] for case in cases} == {None if reason["key"] == "cause:none" else "Rule"}
    part = api.get("metrics/recovered_24h/why?period=2026-03&unit=north&until=2026-03-16").json()
    assert (part["missed"], part["unit"]["code"], part["act"]) == (0, "north", "")
    assert errors(api.get("metrics/recovered_24h/cases?period=2026-03&reason=attitude")) == [("reason", "unknown")]
    assert errors(api.get("metrics/nps/why?period=2026-03")) == [("metric", "no_reasons")]
    assert errors(api.get("metrics/open_overdue/why?period=2026-03")) == [("metric", "no_reasons")]


def test_why_a_plan_is_missed(api: Integration, counted: Company) -> None:
    with tenant_scope(counted.tenant):
        prepare(counted)
        plan = plan_for(counted, serving(), margin()).plan
    [told] = api.get(f"plans/{plan.pk}/why?period=2026-03").json()["data"]
    assert (told["what"], told["missed"], told["gap"]) == ("recovered_24h", 1, pytest.approx(0.9 - 2 / 3))
    assert [(reason["key"], reason["closes"]) for reason in told["reasons"]] == [("cause:none", 1)]
    assert api.get(f"plans/{plan.pk}/why?period=2026-02").json()["data"] == []
