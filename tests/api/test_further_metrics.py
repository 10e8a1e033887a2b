"""A further metric of each kind works by its entry in the registry alone: figures, cases behind them, and the API."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import Q

from cso.metrics.engine.rebuild import rebuild
from cso.metrics.registry import CASES, FAMILIES, METRICS, VALID, Family, Metric
from tenants.scope import tenant_scope
from tests.api.conftest import Integration
from tests.personas import NOW, Company, log_case

HOUR = timedelta(hours=1)
PARTS = ("numerator", "denominator", "rest", "running")
FAMILY = Family(
    key="toy",
    source=CASES,
    column="reported_at",
    delay=timedelta(hours=2),
    counters={"cases": VALID, "told": VALID & Q(occurrence_known=True), "open": VALID & Q(fixed_at__isnull=True)},
    base=VALID,
    seconds="seconds_to_recover",
)


def toy(kind: str, numerator: str, *, is_state: bool = False) -> Metric:
    return Metric(
        key=f"toy_{kind}{'_now' * is_state}",
        name="Toy",
        meaning="For a test.",
        kind=kind,  # type: ignore[arg-type]
        family=FAMILY,
        numerator=numerator,
        denominator="cases",
        period_rule="the report + 2 hours",
        is_state=is_state,
    )


@pytest.fixture
def toys(acme: Company, monkeypatch: pytest.MonkeyPatch) -> Company:
    """Four cases of March 2026: of two the mistake's instant is known, and one is open."""
    monkeypatch.setitem(FAMILIES, FAMILY.key, FAMILY)
    for metric in (
        toy("share", "told"),
        toy("time", "told"),
        toy("count", "told"),
        toy("count", "open", is_state=True),
    ):
        monkeypatch.setitem(METRICS, metric.key, metric)
    with tenant_scope(acme.tenant):
        south = acme.units["south"]
        for hours in (1, 2):
            log_case(south, NOW - 60 * HOUR, fixed_after=hours * HOUR, occurred_at=NOW - 61 * HOUR)
        log_case(south, NOW - 60 * HOUR, fixed_after=5 * HOUR)
        log_case(south, NOW - 60 * HOUR)
        rebuild()
    return acme


def behind(api: Integration, metric: str, query: str = "") -> list[int]:
    return [len(api.get(f"metrics/{metric}/cases?part={part}{query}").json()["data"]) for part in PARTS]


@pytest.mark.parametrize("unit", ["", "&unit=south"])
def test_a_share_a_time_and_a_count(api: Integration, toys: Company, unit: str) -> None:
    period = f"&period=2026-03{unit}"
    share, time, count = (
        api.get(f"metrics/toy_{kind}/values?{period[1:]}").json() for kind in ("share", "time", "count")
    )
    assert (share["numerator"], share["denominator"], share["share"]) == (2, 4, 0.5)
    assert (time["share"], time["median_seconds"], time["p90_seconds"]) == (None, 3 * 3600.0, None)
    assert (count["numerator"], count["denominator"], count["share"], count["interval"]) == (2, None, None, None)
    for kind in ("share", "time", "count"):
        assert behind(api, f"toy_{kind}", period) == [2, 4, 2, 0]
        series = api.get(f"metrics/toy_{kind}/series?from=2026-02-01&to=2026-04-01{unit}").json()["data"]
        assert [each["numerator"] for each in series] == [0, 2]


@pytest.mark.parametrize("unit", ["", "unit=south"])
def test_a_state(api: Integration, toys: Company, unit: str) -> None:
    shown = api.get(f"metrics/toy_count_now/values?{unit}").json()
    assert (shown["numerator"], shown["denominator"], shown["period"]) == (1, None, None)
    assert behind(api, "toy_count_now", f"&{unit}" if unit else "") == [1, 1, 0, 0]


@pytest.mark.parametrize("part", ["rest", "running"])
def test_nothing_is_the_rest_of_a_state(api: Integration, toys: Company, part: str) -> None:
    assert api.get(f"metrics/open_overdue/cases?part={part}").json()["data"] == []
    assert len(api.get("metrics/open_overdue/cases").json()["data"]) == 1
