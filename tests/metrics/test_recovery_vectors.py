"""The special cases of answers, promises, approvals, call-backs and customers at risk, each as a figure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from importlib import import_module
from typing import Any

import pytest
from django.db import connection

from cso.customers.models import Customer
from cso.metrics.engine.rebuild import rebuild, verify
from cso.metrics.engine.refresh import refresh
from cso.metrics.formulas.statistics import Summary
from cso.metrics.models import Cell
from cso.metrics.periods import Period, parse_period, period_of
from cso.metrics.queries.beside import Response, Worth, response_of, worth_of
from cso.metrics.queries.breakdown import breakdown
from cso.metrics.queries.drilldown import facts_behind
from cso.metrics.queries.figures import Figure, figures
from cso.metrics.queries.states import count_state, state_counts
from cso.metrics.queries.times import time_summary
from cso.metrics.registry import METRICS
from cso.recovery import actions
from cso.recovery.models import Case, Promise, RecoverySettings
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.metrics.naive import assert_cells_equal_the_cases
from tests.metrics.recoveries import a_month, answered, bought, closed, customer, promised
from tests.personas import NOW, Company, log_case

HOUR, DAY, MICROSECOND = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
MARCH = parse_period("2026-03")
OF_CASES = [
    key
    for key, metric in METRICS.items()
    if not metric.family.source.is_of_committees and not metric.family.source.is_of_panels
]


def figure_of(company: Company, key: str, period: Period = MARCH, *, unit: str = "top", now: datetime = NOW) -> Figure:
    return figures(METRICS[key], {unit: [company.units[unit].pk]}, [period], now=now)[unit, period]


def numbers(figure: Figure) -> tuple[int, int, int]:
    return figure.numerator, figure.denominator, figure.running


def test_a_month_of_recoveries(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        a_month(acme)
        assert {key: numbers(figure_of(acme, key)) for key in OF_CASES if not METRICS[key].is_state} == {
            "recovered_24h": (3, 6, 0),
            "recovered_24h_reported": (3, 6, 0),
            "time_to_recover": (4, 6, 0),
            "reopened": (0, 4, 0),
            "not_our_failure": (0, 6, 0),
            "surprised": (2, 3, 0),
            "dazzled": (1, 6, 0),
            "apology_given": (2, 3, 0),
            "surprise_planned": (1, 6, 0),
            "double_deviation": (0, 0, 4),
            "promise_kept": (2, 3, 1),
            "own_authority": (1, 2, 0),
            "policy_quoted": (1, 2, 0),
            "approval_wait": (2, 3, 0),
            "callback_time": (1, 2, 0),
            "value_saved": (0, 0, 0),
        }
        top = [acme.units["top"].pk]
        assert count_state(METRICS["silent"], {1: top}, now=NOW) == {1: 1}
        assert state_counts(METRICS["value_at_risk"], {1: top}, now=NOW) == {
            1: {"open": 2, "open_low": 500, "open_high": 500, "open_unknown": 1}
        }
        assert figure_of(acme, "promise_kept").counts["kept_as_moved"] == 1
        assert time_summary(METRICS["approval_wait"], top, MARCH, now=NOW) == Summary(3, 2, 3 * 3600.0, None)
        assert time_summary(METRICS["callback_time"], top, MARCH, now=NOW) == Summary(2, 1, 2 * 3600.0, None)
        rebuild()
        assert_cells_equal_the_cases()
        assert verify() == []


def test_every_figure_opens_its_facts_and_is_the_sum_of_its_parts(acme: Company) -> None:
    """For who sees all; a leader sees those of the units below, and their promises when the case has moved on."""
    cso, leader = acme.member(Role.CSO), acme.member(Role.LEADER)
    with tenant_scope(acme.tenant):
        told = a_month(acme)
        for key, metric in ((key, METRICS[key]) for key in OF_CASES):
            if metric.is_state:
                continue
            for unit in ("top", "north"):
                figure, group = figure_of(acme, key, unit=unit), [acme.units[unit].pk]
                parts = {"numerator": figure.numerator, "rest": figure.missed, "running": figure.running}
                for viewer in (cso, leader) if unit == "north" else (cso,):
                    assert parts == {
                        part: facts_behind(viewer, metric, part, group, MARCH, now=NOW).count()  # type: ignore[arg-type]
                        for part in parts
                    }
                    if metric.kind != "time":
                        slices = breakdown(viewer, metric, group, MARCH, "channel", now=NOW)
                        assert sum(each.figure.denominator for each in slices) == figure.denominator
        actions.move_case(told["silent"], acme.units["south"], by=None, now=NOW)
        refresh()
        promises = METRICS["promise_kept"]
        north = figure_of(acme, "promise_kept", unit="north")
        assert numbers(north) == (1, 2, 1)
        assert facts_behind(leader, promises, "denominator", [acme.units["north"].pk], MARCH, now=NOW).count() == 2
        assert facts_behind(leader, promises, "denominator", None, MARCH, now=NOW).count() == 2
        outsider = acme.member(Role.COMMITTEE_MEMBER)
        assert facts_behind(outsider, promises, "denominator", None, MARCH, now=NOW).count() == 0


def test_by_channel_by_cause_and_by_month(acme: Company) -> None:
    cso = acme.member(Role.CSO)
    with tenant_scope(acme.tenant):
        a_month(acme)
        log_case(acme.units["south"], datetime(2026, 2, 28, 5, 0, tzinfo=UTC) - MICROSECOND, fixed_after=HOUR)
        quarter, dazzled = parse_period("2026-Q1"), METRICS["dazzled"]

        def parts(by: str) -> list[tuple[str, int, int]]:
            slices = breakdown(cso, dazzled, None, quarter, by, now=NOW)  # type: ignore[arg-type]
            return [(each.label, each.figure.numerator, each.figure.denominator) for each in slices]

        assert parts("channel") == [("Phone", 1, 3), ("", 0, 2), ("E-mail", 0, 1), ("Web", 0, 1)]
        assert parts("cause") == [("", 0, 4), ("Late", 1, 2), ("Lost", 0, 1)]
        assert parts("month") == [("2026-02-01", 0, 1), ("2026-03-01", 1, 6)]
        with pytest.raises(ValueError, match="no parts"):
            breakdown(cso, METRICS["silent"], None, quarter, "channel", now=NOW)


def test_who_is_silent_is_neither_surprised_nor_not(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        a_month(acme)
        surprised = figure_of(acme, "surprised")
        assert response_of(surprised) == Response(3, 6, Fraction(2, 6), Fraction(5, 6))
        assert response_of(figure_of(acme, "dazzled")) is None
        assert response_of(figure_of(acme, "surprised", parse_period("2026-01"))) is None


def test_only_the_customers_own_word_and_a_recovery_in_time_dazzle(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        south = acme.units["south"]
        case = answered(log_case(south, NOW - 72 * HOUR, fixed_after=24 * HOUR), surprised=True)
        late = log_case(south, NOW - 72 * HOUR, fixed_after=24 * HOUR + MICROSECOND)
        answered(late, surprised=True)
        Case.objects.filter(pk=log_case(south, NOW - 72 * HOUR, fixed_after=HOUR).pk).update(planned_surprise="A song")
        refresh()
        assert numbers(figure_of(acme, "dazzled")) == (1, 3, 0)
        assert numbers(figure_of(acme, "recovered_24h")) == (2, 3, 0)
        answered(case, surprised=False)
        refresh()
        assert (numbers(figure_of(acme, "dazzled")), numbers(figure_of(acme, "surprised"))) == ((0, 3, 0), (1, 2, 0))


def test_a_fix_matures_for_30_days_and_three_failures_are_one_case(acme: Company) -> None:
    """Its period is that of the first fix; until it counts it is running there."""
    february = parse_period("2026-02")
    with tenant_scope(acme.tenant):
        ada, south = customer("Ada"), acme.units["south"]
        reported = datetime(2026, 2, 10, 12, tzinfo=UTC)
        case = log_case(south, reported, fixed_after=HOUR, customer=ada, cause="Late")
        log_case(south, reported + 5 * DAY, customer=ada, cause="Late")
        for _ in range(3):
            case = actions.reopen_case(case, by=None, at=case.fixed_at or NOW, now=NOW, note="Again.")
            case = actions.fix_case(case, by=None, at=reported + 6 * DAY, now=NOW)
        Case.objects.filter(pk=case.pk).update(first_promise_broken_at=NOW)
        refresh()
        matured = reported + HOUR + 30 * DAY
        assert numbers(figure_of(acme, "double_deviation", february, now=matured)) == (0, 0, 1)
        assert numbers(figure_of(acme, "double_deviation", february, now=matured + MICROSECOND)) == (1, 1, 0)
        behind = facts_behind(
            acme.member(Role.CSO), METRICS["double_deviation"], "running", None, february, now=matured
        )
        assert behind.get() == case


@pytest.mark.parametrize("reason", ["reopened", "disputed", "promise", "repeat", "none"])
def test_each_way_to_fail_a_customer_twice(acme: Company, reason: str) -> None:
    with tenant_scope(acme.tenant):
        ada, south = customer("Ada"), acme.units["south"]
        reported = datetime(2026, 1, 10, 12, tzinfo=UTC)
        case = log_case(south, reported, fixed_after=HOUR, customer=ada, cause="Late")
        if reason == "repeat":
            log_case(south, reported + 20 * DAY, customer=ada, cause="Late")
        elif reason == "promise":
            Case.objects.filter(pk=case.pk).update(first_promise_broken_at=NOW)
        elif reason != "none":
            undo = actions.reopen_case if reason == "reopened" else actions.dispute_case
            # Beyond the 14 days of "reopened" too.
            undo(case, by=None, at=reported + 40 * DAY, now=NOW, note="Again.")
        refresh()
        january = figure_of(acme, "double_deviation", parse_period("2026-01"))
        assert numbers(january) == (int(reason != "none"), 1, 0)


def test_a_promise_counts_once_it_is_due_and_by_the_first_time(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], NOW - 72 * HOUR)
        promised(case, 10 * HOUR, done_after=10 * HOUR)
        promised(case, 10 * HOUR, done_after=10 * HOUR + MICROSECOND)
        promised(case, 10 * HOUR, done_after=HOUR, disputed_at=NOW)
        moved: dict[str, Any] = {"due_at": NOW, "done_after": 20 * HOUR}
        promised(case, 10 * HOUR, **moved, times_moved=1, move_agreed=True)
        promised(case, 10 * HOUR, **moved, times_moved=1, move_agreed=False)
        promised(case, 10 * HOUR, **moved, times_moved=2, move_agreed=True)
        # Kept early, and yet only counted when it falls due.
        promised(case, 72 * HOUR, done_after=HOUR)
        refresh()
        assert numbers(figure_of(acme, "promise_kept")) == (2, 6, 1)
        assert numbers(figure_of(acme, "promise_kept", now=NOW + MICROSECOND)) == (3, 7, 0)
        assert figure_of(acme, "promise_kept").counts["kept_as_moved"] == 1
        Promise.objects.filter(times_moved=2).update(done_at=None, cancelled_at=NOW)
        assert numbers(figure_of(acme, "promise_kept")) == (2, 5, 1), "while the mark waits"
        refresh()
        assert numbers(figure_of(acme, "promise_kept")) == (2, 5, 1)


def test_what_was_closed_counts_when_it_was_closed(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], datetime(2026, 2, 1, 12, tzinfo=UTC), fixed_after=HOUR)
        closed(case, asked=2)
        Case.objects.filter(pk=case.pk).update(closed_at=NOW)
        refresh()
        assert numbers(figure_of(acme, "own_authority")) == (0, 1, 0)
        assert numbers(figure_of(acme, "own_authority", parse_period("2026-02"))) == (0, 0, 0)


@pytest.mark.parametrize(
    ("after", "expected"), [(DAY, (1, 0, 1)), (90 * DAY, (1, 0, 1)), (90 * DAY + MICROSECOND, (0, 1, 1))]
)
def test_saved_lost_and_unknown_are_all_who_were_exposed(
    acme: Company, after: timedelta, expected: tuple[int, int, int]
) -> None:
    since = datetime(2025, 10, 20, 12, tzinfo=UTC)
    month = period_of(since + 90 * DAY, "month", acme.tenant.zone)
    with tenant_scope(acme.tenant):
        south = acme.units["south"]
        ada, eve = customer("Ada", 100, 300), customer("Eve")
        for who in (ada, ada, eve):
            log_case(south, since, fixed_after=HOUR, customer=who)
        bought(ada, since + after)
        bought(eve, since + DAY)
        refresh()
        figure = figure_of(acme, "value_saved", month)
        saved, lost, unknown = expected
        assert [figure.counts[name] for name in ("saved", "lost", "unknown", "exposed")] == [saved, lost, unknown, 2]
        worth = worth_of(figure.metric, figure.counts, "USD")
        assert worth == Worth("USD", saved * 100, saved * 300, 100, 300, 1)
        rebuild()
        assert figure_of(acme, "value_saved", month).counts == figure.counts
        assert numbers(figure_of(acme, "value_saved", month, now=since + 90 * DAY)) == (0, 0, 2)
        RecoverySettings.objects.update(currency="EUR")
        refresh()
        assert figure_of(acme, "value_saved", month).counts["unknown"] == 2


def test_sums_of_money_are_exact_above_what_a_float_holds(acme: Company) -> None:
    spend, visits = 10**12 - 1, 999
    with tenant_scope(acme.tenant):
        for number in range(11):
            who = customer(f"Customer {number}", spend)
            Customer.objects.filter(pk=who.pk).update(visits_per_year=visits)
            log_case(acme.units["south"], NOW - HOUR, customer=who)
        exact = 11 * spend * visits
        assert int(float(exact)) != exact
        for count in (refresh, rebuild):
            count()
            found = state_counts(METRICS["value_at_risk"], {1: [acme.units["top"].pk]}, now=NOW)[1]
            assert found == {"open": 11, "open_low": exact, "open_high": exact, "open_unknown": 0}
        assert verify() == []


def test_a_customer_counts_once_over_all_units(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        ada = customer("Ada", 100, 200)
        for code in ("north-1", "north-2", "south"):
            log_case(acme.units[code], NOW - 5 * HOUR, customer=ada)
        refresh()
        groups = {code: [acme.units[code].pk] for code in ("top", "north-1", "north-2", "south")}
        found = state_counts(METRICS["value_at_risk"], groups, now=NOW)
        assert [counts["open"] for counts in found.values()] == [1, 1, 0, 0]
        assert (found["top"]["open_low"], found["top"]["open_high"]) == (100, 200)


def test_a_workspace_that_was_there_before_gets_the_figures_of_its_past(acme: Company) -> None:
    """The migrations mark all facts, and the engine does the rest; cells of the families of old stay as they are."""
    with tenant_scope(acme.tenant):
        a_month(acme)
        before = _revisions("due")
        Cell.objects.exclude(family="due").delete()
        with connection.cursor() as cursor:
            cursor.execute(import_module("cso.metrics.migrations.0004_mark_recoveries").MARK_ALL)
            cursor.execute(import_module("cso.metrics.migrations.0009_mark_by_instant").MARKS_OF_ALL)
            cursor.execute("SELECT set_config('app.tenant_id', %s, true)", [str(acme.tenant.pk)])
        refresh()
        assert_cells_equal_the_cases()
        assert _revisions("due") == before


def _revisions(family: str) -> list[tuple[object, ...]]:
    return list(Cell.objects.filter(family=family).order_by("id").values_list("id", "revision"))
