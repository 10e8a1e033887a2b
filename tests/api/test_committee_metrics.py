"""What committees kill and decide, as the API tells it; and the rules, motions and orders behind each figure."""

from __future__ import annotations

import pytest

from cso.metrics.registry import METRICS
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors
from tests.metrics.kills import a_month_of_kills
from tests.personas import Company

MARCH, JANUARY = "period=2026-03", "period=2026-01"
OURS = [key for key, metric in METRICS.items() if metric.family.source.is_of_committees]


@pytest.fixture
def kills(acme: Company) -> Company:
    with tenant_scope(acme.tenant):
        a_month_of_kills(acme)
    return acme


def test_the_figures_of_committees(api: Integration, kills: Company) -> None:
    def numbers(key: str, asked: str = MARCH) -> tuple[int | None, int | None]:
        shown = api.get(f"metrics/{key}/values?{asked}").json()
        return shown["numerator"], shown["denominator"]

    assert numbers("rules_killed") == (2, None)
    assert numbers("rules_killed", f"{MARCH}&unit=north") == (1, None)
    assert numbers("rules_killed", f"{MARCH}&until=2026-03-16") == (1, None)
    assert numbers("decided_in_time") == (1, 3)
    assert numbers("executed_in_time") == (0, 2)
    effect = api.get(f"metrics/rule_effect/values?{JANUARY}").json()
    assert (effect["numerator"], effect["denominator"], effect["share"], effect["interval"]) == (2, 6, None, None)
    assert effect["ratio"] == {
        "value": pytest.approx(1 / 3),
        # The exact interval of 2 of 8 is 3.19 to 65.09 %.
        "low": pytest.approx(0.0319 / 0.9681, rel=1e-2),
        "high": pytest.approx(0.6509 / 0.3491, rel=1e-2),
    }
    months = api.get("metrics/rules_killed/series?from=2026-01-01&to=2026-04-01").json()["data"]
    assert [month["numerator"] for month in months] == [1, 0, 2]


def test_as_many_facts_stand_behind_each_as_it_says(api: Integration, kills: Company, other: Company) -> None:
    with tenant_scope(other.tenant):
        a_month_of_kills(other)
    for key in OURS:
        metric = METRICS[key]
        for asked in ("",) if metric.is_state else (f"{MARCH}&", f"{JANUARY}&", f"{MARCH}&unit=north&"):
            figure = api.get(f"metrics/{key}/values?{asked[:-1]}").json()
            listed = {
                part: api.get(f"metrics/{key}/facts?{asked}part={part}").json()["data"]
                for part in ("numerator", "denominator", "rest", "running")
            }
            counts = {part: len(rows) for part, rows in listed.items()}
            facts = figure["counts"][metric.counted]
            expected = facts if metric.kind == "ratio" else figure["numerator"]
            assert counts["numerator"] == expected, key
            assert counts["denominator"] == facts == counts["numerator"] + counts["rest"]
            assert counts["running"] == figure["running"]
            assert all(row["case"] is None for row in listed["denominator"])
    behind = api.get(f"metrics/rules_killed/facts?{MARCH}").json()["data"]
    assert [row["rule"]["title"].split()[0] for row in behind] == ["Rule", "Rule"]
    assert errors(api.get(f"metrics/rules_killed/cases?{MARCH}")) == [("metric", "not_of_cases")]


def test_the_coverage_is_a_share_as_it_stands_now(api: Integration, kills: Company) -> None:
    shown = api.get("metrics/committee_coverage/values?unit=south").json()
    # Founded in March 2026 and silent since.
    assert (shown["numerator"], shown["denominator"], shown["share"], shown["period"]) == (0, 1, 0, None)
    assert api.get("metrics/committee_coverage/values").json()["denominator"] == len(kills.units)
    assert errors(api.get("metrics/committee_coverage/series?from=2026-01-01&to=2026-04-01")) == [
        ("metric", "is_a_state")
    ]


def test_a_figure_of_committees_has_parts_by_origin_and_month(api: Integration, kills: Company) -> None:
    parts = api.get(f"metrics/executed_in_time/breakdown?{MARCH}&by=origin").json()["data"]
    assert [(part["key"], part["label"], part["denominator"]) for part in parts] == [("habit", "Habit", 2)]
    by_month = api.get("metrics/rules_killed/breakdown?period=2026-Q1&by=month").json()["data"]
    assert [(part["key"], part["numerator"]) for part in by_month] == [("2026-01-01", 1), ("2026-03-01", 2)]
    refused = api.get(f"metrics/executed_in_time/breakdown?{MARCH}&by=channel")
    assert errors(refused) == [("by", "has_no_such_parts")]
    assert errors(api.get(f"metrics/recovered_24h/breakdown?{MARCH}&by=origin")) == [("by", "has_no_such_parts")]
