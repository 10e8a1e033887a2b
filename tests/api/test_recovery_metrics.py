"""What customers answer, what was promised and what is at risk, as the API tells it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cso.metrics.registry import METRICS
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors
from tests.metrics.recoveries import a_month
from tests.personas import NOW, Company, log_case

PERIOD = "period=2026-03"


@pytest.fixture
def month(acme: Company) -> Company:
    with tenant_scope(acme.tenant):
        a_month(acme)
    return acme


def test_answers_come_with_who_answered_and_the_bounds(api: Integration, month: Company) -> None:
    shown = api.get(f"metrics/surprised/values?{PERIOD}").json()
    assert (shown["numerator"], shown["denominator"], shown["share"]) == (2, 3, pytest.approx(2 / 3))
    assert shown["response"] == {
        "answered": 3,
        "asked": 6,
        "rate": 0.5,
        "worst": pytest.approx(2 / 6),
        "best": pytest.approx(5 / 6),
    }
    assert api.get(f"metrics/dazzled/values?{PERIOD}").json()["response"] is None
    kept = api.get(f"metrics/promise_kept/values?{PERIOD}&unit=north").json()
    assert kept["counts"] == {"due": 3, "kept": 1, "kept_as_moved": 1}


def test_money_has_a_range_and_a_currency_and_no_share(api: Integration, month: Company) -> None:
    shown = api.get("metrics/value_at_risk/values").json()
    assert (shown["numerator"], shown["denominator"], shown["share"], shown["worth"]) == (
        2,
        None,
        None,
        {
            "currency": "USD",
            "low_minor": 500,
            "high_minor": 500,
            "whole_low_minor": 500,
            "whole_high_minor": 500,
            "unknown": 1,
        },
    )
    june = api.get("metrics/value_saved/values?period=2026-06").json()
    assert (june["running"], june["share"], june["interval"], june["worth"]["whole_high_minor"]) == (
        0,
        None,
        None,
        30_500,
    )
    assert june["counts"]["exposed"] == june["denominator"] == 3
    with_series = api.get("metrics/value_saved/series?from=2026-06-01&to=2026-07-01").json()["data"]
    assert [each["worth"] for each in with_series] == [june["worth"]]


def test_the_facts_behind_a_figure_name_their_cases(api: Integration, month: Company, other: Company) -> None:
    with tenant_scope(other.tenant):
        a_month(other)
    for key, metric in METRICS.items():
        if metric.family.source.is_of_committees:
            continue  # tests/api/test_committee_metrics.py
        asked = "" if metric.is_state else "period=2026-06&" if key == "value_saved" else f"{PERIOD}&"
        figure = api.get(f"metrics/{key}/values?{asked[:-1]}").json()
        rows = api.get(f"metrics/{key}/facts?{asked}part=numerator").json()["data"]
        assert len(rows) == figure["numerator"], key
        assert len({row["id"] for row in rows}) == len(rows)
    promises = api.get(f"metrics/promise_kept/facts?{PERIOD}&limit=2").json()
    rest = api.get(promises["next"].partition("/v1/")[2]).json()
    rows = promises["data"] + rest["data"]
    assert (len(rows), rest["next"]) == (4, None)
    assert {row["unit"]["code"] for row in rows} == {"south", "north-1"}
    for row in rows:
        assert api.get(f"cases/{row['case']['id']}").json()["external_id"] == row["case"]["external_id"]


def test_a_list_of_facts_takes_as_many_queries_for_one_as_for_three(api: Integration, month: Company) -> None:
    api.get(f"metrics/promise_kept/facts?{PERIOD}")  # notes the key's use
    counted = []
    for unit in ("south", "top"):
        with CaptureQueriesContext(connection) as queries:
            assert api.get(f"metrics/promise_kept/facts?{PERIOD}&unit={unit}").json()["data"]
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_the_parts_by_channel_cause_and_month(api: Integration, month: Company) -> None:
    shown = api.get(f"metrics/dazzled/breakdown?{PERIOD}&by=channel").json()
    assert (shown["metric"], shown["unit"], shown["period"], shown["by"]) == ("dazzled", None, "2026-03", "channel")
    assert [(part["key"], part["label"], part["numerator"], part["denominator"]) for part in shown["data"]] == [
        ("phone", "Phone", 1, 3),
        (None, None, 0, 1),
        ("email", "E-mail", 0, 1),
        ("web", "Web", 0, 1),
    ]
    north = api.get(f"metrics/surprised/breakdown?{PERIOD}&by=cause&unit=north").json()["data"]
    assert [(part["label"], part["numerator"], part["denominator"]) for part in north] == [("Late", 0, 1), (None, 0, 0)]
    assert north[0]["response"]["asked"] == 1
    saved = api.get("metrics/value_saved/breakdown?period=2026-Q2&by=month").json()["data"]
    assert [(part["key"], part["worth"]["whole_low_minor"]) for part in saved] == [("2026-06-01", 10_500)]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"promise_kept/cases?{PERIOD}", [("metric", "not_of_cases")]),
        ("silent/breakdown?period=2026-03&by=cause", [("metric", "has_no_parts")]),
        (f"approval_wait/breakdown?{PERIOD}&by=cause", [("metric", "has_no_parts")]),
        (f"dazzled/breakdown?{PERIOD}&by=weather", [("by", "invalid_choice")]),
        (f"dazzled/breakdown?{PERIOD}", [("by", "required")]),
        ("dazzled/breakdown?by=cause", [("period", "required")]),
        ("dazzled/facts", [("period", "required")]),
        (f"dazzled/facts?{PERIOD}&part=half", [("part", "invalid_choice")]),
    ],
)
def test_what_cannot_be_told_is_refused(
    api: Integration, acme: Company, path: str, expected: list[tuple[str, str]]
) -> None:
    assert errors(api.get(f"metrics/{path}")) == expected


def test_nothing_of_another_workspace_is_counted(api: Integration, acme: Company, other: Company) -> None:
    with tenant_scope(other.tenant):
        told = a_month(other)
        log_case(other.units["south"], NOW)
    assert told
    assert api.get(f"metrics/dazzled/breakdown?{PERIOD}&by=channel").json()["data"] == []
    assert api.get("metrics/value_at_risk/facts").json()["data"] == []
    assert api.get("metrics/value_at_risk/values").json()["numerator"] == 0
