"""Many metrics at once are the same figures as one by one, whatever is running, behind, restated or a part."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from django.db import connection
from django.test.utils import CaptureQueriesContext

from cso.metrics.counting import Window
from cso.metrics.engine.refresh import refresh
from cso.metrics.periods import parse_period
from cso.metrics.queries.figures import figures, figures_between
from cso.metrics.queries.many import figures_of_many, figures_of_parts
from cso.metrics.registry import METRICS
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case

HOUR = timedelta(hours=1)
PERIODS = [parse_period(key) for key in ("2025-06", "2026-02", "2026-03", "2026-Q1", "2025", "2026")]
SCORED = [metric for metric in METRICS.values() if metric.kind in {"share", "net", "count"} and not metric.is_state]


def tell(company: Company, draw: Random, number: int) -> None:
    for _ in range(number):
        reported_at = NOW - draw.choice([30, 90, 2_000, 7_000]) * HOUR * draw.random()
        unit = company.units[draw.choice(["north", "north-1", "north-2", "south"])]
        fixed_after = draw.choice([None, HOUR, 23 * HOUR, 30 * HOUR])
        is_past = fixed_after is None or reported_at + fixed_after <= NOW
        log_case(unit, reported_at, fixed_after=fixed_after if is_past else None)


def test_many_figures_are_those_of_one_metric_after_the_other(acme: Company) -> None:
    groups = {code: [unit.pk] for code, unit in acme.units.items()} | {
        "both": [acme.units["north"].pk, acme.units["south"].pk],
    }

    def compare() -> None:
        expected = {
            (metric.key, *key): figure
            for metric in SCORED
            for key, figure in figures(metric, groups, PERIODS, now=NOW).items()
        }
        assert figures_of_many(SCORED, groups, PERIODS, now=NOW) == expected

    with tenant_scope(acme.tenant):
        draw = Random(6)
        tell(acme, draw, 60)
        compare()  # nothing is counted yet
        refresh()
        compare()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE metrics_cell SET as_of = as_of - INTERVAL '2 days'")
        log_case(acme.units["south"], datetime(2025, 6, 10, tzinfo=UTC), fixed_after=HOUR)
        refresh()
        compare()  # June is restated
        tell(acme, draw, 10)
        compare()  # and some are behind
        assert figures_of_many(SCORED, {}, PERIODS, now=NOW) == {}


def test_many_parts_are_those_of_one_metric_after_the_other(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        tell(acme, Random(7), 60)
        march = parse_period("2026-03")
        windows = [
            (Window(acme.units[code].pk, NOW - start * HOUR, NOW + end * HOUR), march)
            for code, start, end in (("top", 100, -50), ("north", 400, 200), ("south", 60, 60), ("north-2", 2, 1))
        ]
        found = figures_of_parts(SCORED, windows, now=NOW)
        for metric in SCORED:
            expected = figures_between(metric, [window for window, _ in windows], now=NOW, period=march)
            assert [each[metric.key] for each in found] == expected


def test_they_take_the_same_few_statements_for_one_metric_and_for_all(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        tell(acme, Random(8), 20)
        groups = {code: [unit.pk] for code, unit in acme.units.items()}
        for metrics in (SCORED[:1], SCORED):
            with CaptureQueriesContext(
                connection,
            ) as asked:
                figures_of_many(metrics, groups, PERIODS, now=NOW)
            assert len(asked) == 3  # running, cells with what was restated, those behind
