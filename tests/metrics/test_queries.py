"""Figures while the engine has not yet seen the latest cases, and the target of a past period."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cso.metrics.engine.refresh import refresh
from cso.metrics.models import Mark, QuarantinedMark, Target
from cso.metrics.periods import Period, parse_period
from cso.metrics.queries import times
from cso.metrics.queries.figures import HEADLINE, Figure, figure_of, figures, target_for, whole_tenant
from cso.metrics.queries.states import overdue_now
from cso.metrics.queries.times import time_summary
from cso.metrics.registry import METRICS
from cso.recovery import actions as recovery
from cso.recovery.models import Case
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case

HOUR = timedelta(hours=1)
MARCH, WEEKS, YEAR = parse_period("2026-03"), parse_period("2026-W08..2026-W12"), parse_period("2026")
TIME = METRICS["time_to_recover"]


def numbers(figure: Figure) -> tuple[int, int, int]:
    return figure.numerator, figure.denominator, figure.running


@pytest.fixture
def behind(acme: Company) -> Company:
    """Ten recoveries that the engine has seen, two of them in February; eight open cases that it has not."""
    south = acme.units["south"]
    with tenant_scope(acme.tenant):
        for at in [NOW - 90 * HOUR] * 8 + [NOW - timedelta(days=25)] * 2:
            log_case(south, at, fixed_after=HOUR)
        refresh()
        for _ in range(8):
            log_case(south, NOW - 2 * HOUR)
        assert Mark.objects.exists()
    return acme


@pytest.mark.parametrize(("period", "seen"), [(MARCH, 8), (WEEKS, 10), (YEAR, 10)])
@pytest.mark.parametrize("key", ["recovered_24h", "recovered_24h_reported"])
def test_cases_that_no_cell_holds_yet_take_nothing_from_a_figure(
    behind: Company, key: str, period: Period, seen: int
) -> None:
    with tenant_scope(behind.tenant):
        waiting = figures(METRICS[key], {None: whole_tenant()}, [period], now=NOW)[None, period]
        assert numbers(waiting) == (seen, seen, 8)
        refresh()
        settled = figures(METRICS[key], {None: whole_tenant()}, [period], now=NOW)[None, period]
        assert (numbers(settled), settled.counts) == (numbers(waiting), waiting.counts)


def test_a_case_that_was_undone_meanwhile_counts_against_the_same_cases(behind: Company) -> None:
    with tenant_scope(behind.tenant):
        refresh()
        for _ in range(5):
            log_case(behind.units["south"], NOW - 30 * HOUR)
        groups = {code: [unit.pk] for code, unit in behind.units.items()}
        waiting = figures(HEADLINE, groups, [MARCH], now=NOW)
        assert numbers(waiting["south", MARCH]) == numbers(waiting["top", MARCH]) == (8, 13, 8)
        assert numbers(waiting["north", MARCH]) == (0, 0, 0)


def test_one_more_query_tells_while_marks_wait(behind: Company) -> None:
    with tenant_scope(behind.tenant):
        with CaptureQueriesContext(connection) as waiting:
            figures(HEADLINE, {None: whole_tenant()}, [MARCH], now=NOW)
        refresh()
        with CaptureQueriesContext(connection) as settled:
            figures(HEADLINE, {None: whole_tenant()}, [MARCH], now=NOW)
        assert (len(waiting), len(settled)) == (4, 3)


def test_a_mark_set_aside_waits_too(behind: Company) -> None:
    with tenant_scope(behind.tenant):
        mark = Mark.objects.first()
        assert mark is not None
        QuarantinedMark.objects.create(source=mark.source, unit=mark.unit, day=mark.day, error="broken")
        connection.cursor().execute("DELETE FROM metrics_mark")
        assert numbers(figure_of(HEADLINE, whole_tenant(), MARCH, now=NOW)) == (8, 8, 8)


def test_times_come_from_one_source_while_marks_wait(behind: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    with tenant_scope(behind.tenant):
        units = whole_tenant()
        refresh()
        for case in list(Case.objects.filter(fixed_at=None)[:4]):
            recovery.fix_case(case, by=None, at=NOW - HOUR, now=NOW - HOUR)
        exact = time_summary(TIME, units, MARCH, now=NOW)
        assert (exact.n, exact.events) == (16, 12)
        monkeypatch.setattr(times, "EXACT_UP_TO", 5)
        waiting = time_summary(TIME, units, MARCH, now=NOW)
        assert (waiting.n, waiting.events) == (16, 12)
        assert waiting.median == pytest.approx(exact.median, rel=0.01)
        refresh()
        assert time_summary(TIME, units, MARCH, now=NOW) == waiting


def test_many_times_are_never_loaded_one_by_one(behind: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times, "EXACT_UP_TO", 5)
    with tenant_scope(behind.tenant):
        units = whole_tenant()
        with CaptureQueriesContext(connection) as asked:
            summary = time_summary(TIME, units, MARCH, now=NOW)
    assert (summary.n, summary.events) == (16, 8)
    assert ["LIMIT 6" in query["sql"] or "GROUP BY" in query["sql"] for query in asked.captured_queries] == [True] * 3


def test_what_is_overdue_is_read_from_cells_and_counted_while_marks_wait(behind: Company) -> None:
    with tenant_scope(behind.tenant):
        groups = {code: [unit.pk] for code, unit in behind.units.items()}
        later = NOW + 23 * HOUR
        waiting = overdue_now(groups, now=later)
        assert (waiting["south"], waiting["top"], waiting["north"]) == (8, 8, 0)
        refresh()
        for now, expected in ((NOW, 0), (later - HOUR, 0), (later, 8)):
            with CaptureQueriesContext(connection) as asked:
                found = overdue_now(groups, now=now)
            assert (found["south"], found["top"], found["north"]) == (expected, expected, 0)
            (query,) = asked.captured_queries
            assert "metrics_cell" in query["sql"]


@pytest.mark.parametrize(
    ("period", "percent"),
    [
        ("2025-11", None),  # nothing was set by its end
        ("2026-01", 80),  # set within it: there was none before
        ("2026-02", 80),  # another took force on its 10th day, after its start
        ("2026-03", 85),  # the next one took force on the day after its end
        ("2026-04", 95),
        ("2025", None),
    ],
)
def test_a_period_is_held_against_the_target_of_its_start(acme: Company, period: str, percent: int | None) -> None:
    with tenant_scope(acme.tenant):
        Target.objects.filter(metric=HEADLINE.key).delete()
        for day, goal in ((date(2026, 1, 15), 80), (date(2026, 2, 10), 85), (date(2026, 4, 1), 95)):
            Target.objects.create(metric=HEADLINE.key, starts_on=day, percent=Decimal(goal))
        now = NOW + timedelta(days=60)
        assert target_for(HEADLINE, parse_period(period), now=now) == percent
        before = NOW - timedelta(days=70)  # 7 January: the first is not in force yet
        assert target_for(HEADLINE, parse_period("2026-01"), now=before) is None
