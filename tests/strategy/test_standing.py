"""How outcomes stand: figures as other reads say them, against the target in force, by few statements."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cso.metrics.actions import set_target
from cso.metrics.engine.refresh import refresh
from cso.metrics.formulas.statistics import Summary
from cso.metrics.periods import Period, last_weeks
from cso.metrics.queries.figures import Figure, figure_of, target_for, whole_tenant
from cso.metrics.queries.live import Live, live_figures
from cso.metrics.queries.states import state_counts
from cso.metrics.queries.times import time_summary
from cso.metrics.registry import METRICS
from cso.strategy.blockers import raise_blocker
from cso.strategy.goals import goal_of
from cso.strategy.initiatives import finish_initiative, start_initiative
from cso.strategy.outcomes import end_outcome, give_metric, review_outcome
from cso.strategy.queries import changes_since, outcome_standing, strategy_board
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import reads
from tests.personas import Company, log_case
from tests.strategy.scenes import DAY, HOUR, NOW, TODAY, an_outcome

MARCH = Period("month", date(2026, 3, 1))


@pytest.fixture
def told(acme: Company) -> Company:
    """Three of four cases recovered in March, one of two in January; one is open, and not yet due."""
    with tenant_scope(acme.tenant):
        set_target("recovered_24h", Decimal(80), date(2026, 1, 1), by=None)
        for day, after in ((3, HOUR), (4, HOUR), (5, 2 * HOUR), (6, 40 * HOUR)):
            log_case(acme.units["north-1"], NOW.replace(day=day), fixed_after=after)
        for after in (HOUR, 40 * HOUR):
            log_case(acme.units["south"], NOW.replace(month=1, day=10), fixed_after=after)
        log_case(acme.units["south"], NOW - HOUR)
        refresh()
    return acme


def test_every_metric_is_told_at_once_as_it_is_told_by_itself(told: Company) -> None:
    with tenant_scope(told.tenant):
        metrics, tops = list(METRICS.values()), whole_tenant()
        for is_behind in (False, True):
            if is_behind:
                log_case(told.units["north-1"], NOW - 40 * HOUR)
            for period in (MARCH, Period("month", date(2026, 1, 1)), last_weeks(4, NOW, told.tenant.zone)):
                live = live_figures(metrics, period, now=NOW)
                assert len(live) == len(metrics)
                for metric in metrics:
                    found = live[metric.key]
                    if metric.is_state:
                        assert found.counts == state_counts(metric, {None: tops}, now=NOW)[None]
                        continue
                    assert found.figure == figure_of(metric, tops, period, now=NOW)
                    if metric.kind == "time":
                        assert found.times == time_summary(metric, tops, period, now=NOW)
                    assert found.target == (target_for(metric, period, now=NOW) if metric.kind == "share" else None)
        assert live_figures([], MARCH, now=NOW) == {}


def test_a_board_costs_the_same_for_one_outcome_and_for_ten(told: Company) -> None:
    with tenant_scope(told.tenant):
        viewer, keys = told.member(Role.EXECUTIVE), iter(METRICS)
        counted = []
        for many in (1, 9):
            for number in range(many):
                outcome = an_outcome(told, f"Outcome {many}.{number}")
                for _ in range(3):
                    give_metric(next(keys), outcome, by=None)
                for name in ("One", "Two"):
                    start_initiative(outcome, name, owner=told.leader, starts_on=TODAY, due_on=TODAY, by=None)
                raise_blocker("No budget", owner=told.leader, by=None, now=NOW, outcome=outcome)
            with CaptureQueriesContext(connection) as captured:
                board = strategy_board(viewer, last_weeks(4, NOW, told.tenant.zone), now=NOW)
            counted.append(len(reads(captured.captured_queries)))
        assert len(board) == 10
        assert {(len(row.metrics), len(row.initiatives), row.blockers) for row in board} == {(3, 2, 1)}
        # With states and times, which the first three metrics have none of but one.
        assert counted[0] <= counted[1] <= 8, counted


def test_an_outcome_stands_with_its_figures_reviews_and_initiatives(told: Company) -> None:
    with tenant_scope(told.tenant):
        first, second = an_outcome(told), an_outcome(told, "Heard")
        give_metric("recovered_24h", first, by=None)
        give_metric("nps", first, by=None)
        give_metric("open_overdue", second, by=None)
        for decided in ("Wait", "Go on"):
            review_outcome(first, decided=decided, next_on=TODAY + 20 * DAY, by=None, now=NOW)
        shown, plain = strategy_board(told.member(Role.CSO), MARCH, now=NOW)
        assert (shown.decided, shown.reviewed_at, plain.decided, plain.reviewed_at) == ("Go on", NOW, "", None)
        share, nps = shown.metrics
        assert share.live.figure is not None
        assert (share.live.figure.numerator, share.live.figure.denominator) == (3, 4)
        assert (share.target, share.gap, share.verdict) == (Decimal(80), 5.0, "uncertain")
        assert (nps.target, nps.gap, nps.verdict) == (None, None, "no_data")
        assert plain.metrics[0].live.counts == {"open": 0}
        end_outcome(second, because="Reached", by=None, now=NOW)
        assert [row.outcome.name for row in strategy_board(told.member(Role.CSO), MARCH, now=NOW)] == ["Right at once"]
        ended = outcome_standing(told.member(Role.CSO), second.pk, MARCH, now=NOW)
        assert ended is not None
        assert ended.metrics == []
        assert outcome_standing(told.member(Role.FRONTLINE), first.pk, MARCH, now=NOW) is None


def test_what_became_of_the_metrics_since_an_initiative_began(told: Company) -> None:
    with tenant_scope(told.tenant):
        outcome, lead = an_outcome(told), told.leader
        options: dict[str, Any] = {"owner": lead, "due_on": date(2026, 12, 1), "by": None}
        old = start_initiative(outcome, "Old", starts_on=date(2026, 2, 12), **options)
        over = start_initiative(outcome, "Over", starts_on=date(2026, 2, 1), **options)
        new = start_initiative(outcome, "New", starts_on=date(2026, 3, 2), **options)
        metrics = [METRICS[key] for key in ("recovered_24h", "nps", "rules_killed", "open_overdue", "time_to_recover")]
        april = NOW.replace(month=4)
        over = finish_initiative(over, what_came_of_it="Done", by=None, now=NOW.replace(month=2, day=20))
        found = changes_since([old, over, new], metrics, now=april)
        share, killed = found[old.pk]
        assert (share.metric.key, share.before[0].key, share.after[0].key) == ("recovered_24h", "2026-01", "2026-03")
        # The case that was open in March is a miss by now: three of five, after one of two.
        assert share.by == Fraction(1, 10)
        assert (killed.metric.key, killed.by) == ("rules_killed", Fraction(0))
        # February, in which it ended, has no case; and since March a whole month has passed, with none in February.
        assert [change.metric.key for change in found[over.pk]] == ["rules_killed"]
        assert [change.metric.key for change in found[new.pk]] == ["rules_killed"]
        assert changes_since([new], metrics, now=NOW) == {}


@pytest.mark.parametrize(
    ("metric", "told", "own", "expected"),
    [
        # Hours, by the median: 6 hours against 8 and 4.
        ("time_to_recover", Summary(30, 30, 21_600.0, None), "8", ("met", -2.0)),
        ("time_to_recover", Summary(30, 30, 21_600.0, None), "4", ("missed", 2.0)),
        ("time_to_recover", Summary(30, 9, None, None), "4", ("uncertain", None)),
        ("time_to_recover", Summary(0, 0, None, None), "4", ("no_data", None)),
        ("time_to_recover", Summary(30, 30, 21_600.0, None), None, ("no_data", None)),
        # Points: 30 for and 10 against, of 50; then of few, where chance leaves it open.
        ("nps", (30, 10, 50), "40", ("met", 0.0)),
        ("nps", (30, 10, 50), "41.5", ("missed", 1.5)),
        ("nps", (6, 2, 10), "41.5", ("uncertain", 1.5)),
        ("nps", (1, 9, 10), "40", ("missed", 120.0)),
        ("nps", (0, 0, 0), "40", ("no_data", None)),
        # States, exactly.
        ("open_overdue", {"open": 3}, "3", ("met", 0.0)),
        ("open_overdue", {"open": 3}, "0", ("missed", 3.0)),
        ("committee_coverage", {"numerator": 1, "denominator": 4}, "50", ("missed", 25.0)),
        ("committee_coverage", {"numerator": 0, "denominator": 0}, "50", ("missed", 50.0)),
    ],
)
def test_targets_of_what_has_no_path(
    metric: str, told: Any, own: str | None, expected: tuple[str, float | None]
) -> None:
    found = METRICS[metric]
    if isinstance(told, dict):
        live = Live(found, counts={str(getattr(found, name, name)): value for name, value in told.items()})
    else:
        counts = dict.fromkeys(found.family.counters, 0)
        if isinstance(told, tuple):
            counts |= dict(zip((found.numerator, str(found.against), found.denominator), told, strict=True))
        figure = Figure(found, counts[found.numerator], counts[found.denominator], 0, "final", counts)
        live = Live(found, figure, told if isinstance(told, Summary) else None)
    goal = goal_of(live, None if own is None else Decimal(own))
    assert (goal.verdict, goal.gap) == expected
