"""What committees kill and decide: each definition of docs/metrics.md at its edges, worked by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from importlib import import_module

import pytest
from django.db import connection

from cso.committees import nominations
from cso.committees.models import KillOrder, Nomination, SeatTenure, UnitCoverage
from cso.committees.queries import committee_coverage
from cso.metrics.counting import Window
from cso.metrics.engine.rebuild import rebuild, verify
from cso.metrics.engine.refresh import refresh
from cso.metrics.formulas.statistics import cumulative_incidence_quantile, kaplan_meier_quantile
from cso.metrics.models import Cell, Restatement
from cso.metrics.periods import Period, parse_period
from cso.metrics.queries.beside import ratio_of
from cso.metrics.queries.drilldown import facts_behind
from cso.metrics.queries.figures import Figure, figures_between, whole_tenant
from cso.metrics.queries.figures import figure_of as engine_figure_of
from cso.metrics.queries.states import state_counts
from cso.metrics.queries.times import time_summary
from cso.metrics.registry import METRICS
from cso.recovery.models import Case
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.metrics.kills import a_month_of_kills, a_rule, brought_back, cited, killed, moved, nominated, seated
from tests.metrics.naive import MICROSECOND, assert_cells_equal_the_cases
from tests.personas import NOW, Company

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
MARCH, JANUARY = parse_period("2026-03"), parse_period("2026-01")


def figure_of(key: str, period: Period = MARCH, *, now: datetime = NOW) -> Figure:
    return engine_figure_of(METRICS[key], whole_tenant(), period, now=now)


def numbers(figure: Figure) -> tuple[int, int, int]:
    return figure.numerator, figure.denominator, figure.running


@pytest.mark.parametrize(("after", "counts"), [(90 * DAY - MICROSECOND, 0), (90 * DAY, 0), (90 * DAY + MICROSECOND, 1)])
def test_a_rule_that_was_back_within_90_days_was_not_killed(acme: Company, after: timedelta, counts: int) -> None:
    verified_at = NOW - 62 * DAY
    with tenant_scope(acme.tenant):
        order = killed(acme.units["south"], verified_at)
        refresh()
        assert numbers(figure_of("rules_killed", JANUARY)) == (1, 1, 0)
        brought_back(order, verified_at + after)
        refresh()
        later = NOW + 60 * DAY
        assert numbers(figure_of("rules_killed", JANUARY, now=later)) == (counts, counts, 0)
        rebuild()
        assert numbers(figure_of("rules_killed", JANUARY, now=later)) == (counts, counts, 0)


def test_what_comes_back_after_its_month_is_final_is_restated(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        order = killed(acme.units["south"], datetime.fromisoformat("2026-01-05T12:00:00+00:00"))
        refresh()
        Cell.objects.update(as_of=NOW - 2 * DAY)  # not just loaded
        brought_back(order, NOW)
        refresh()
        restated = Restatement.objects.filter(family="killed", unit=acme.units["top"])
        assert [(each.before, each.after) for each in restated] == [([1], [0])]


def test_a_rule_counts_once_however_often_it_is_killed(acme: Company) -> None:
    south = acme.units["south"]
    with tenant_scope(acme.tenant):
        first = killed(south, NOW - 150 * DAY)
        brought_back(first, NOW - 50 * DAY)
        killed(south, NOW - DAY, rule=first.rule)
        harmful = killed(south, NOW - 40 * DAY)
        brought_back(harmful, NOW - 30 * DAY)
        killed(south, NOW - 2 * DAY, rule=harmful.rule)
        refresh()
        assert numbers(figure_of("rules_killed")) == (1, 1, 0), "the second kill of the one that had not held"
        assert numbers(figure_of("rules_killed", parse_period("2025-Q4..2026-Q1"))) == (2, 2, 0)


def test_the_time_to_kill_counts_from_the_earliest_of_merged_nominations(acme: Company) -> None:
    south = acme.units["south"]
    with tenant_scope(acme.tenant):
        rule, cso = a_rule(), acme.member(Role.CSO)
        late = nominated(south, NOW - 20 * DAY, rule=rule)
        early = nominated(south, NOW - 30 * DAY, rule=rule)
        into = nominations.merge_nominations(early, late, by=cso, now=NOW - 19 * DAY)
        Nomination.objects.filter(pk=into.pk).update(status="decided")
        refresh()
        order = killed(south, None, rule=rule, nomination=into)
        KillOrder.objects.filter(pk=order.pk).update(executed_at=NOW - 2 * DAY, verified_at=NOW - DAY)
        refresh()
        february = parse_period("2026-02")
        times = time_summary(METRICS["time_to_kill"], whole_tenant(), february, now=NOW)
        assert (times.n, times.events, times.median) == (1, 1, 29 * DAY.total_seconds())
        assert numbers(figure_of("time_to_kill", february)) == (1, 1, 0)
        # Brought back, it was none; what was decided is ended otherwise.
        brought_back(order, NOW)
        into.refresh_from_db()
        assert (into.killed_at, into.ended_at) == (None, NOW)
        assert time_summary(METRICS["time_to_kill"], whole_tenant(), february, now=NOW).median is None


def test_what_was_kept_is_never_expected_to_be_killed(acme: Company) -> None:
    """Two of five were killed, two kept, one is open: the median is not reached, where Kaplan-Meier would tell one."""
    south, at = acme.units["south"], NOW - 12 * DAY
    with tenant_scope(acme.tenant):
        for days in (2, 4):
            nominated(south, at, status="no_such_rule", ended_at=at + days * DAY)
        for days in (6, 8):
            rule, done = a_rule(), at + days * DAY
            order = killed(south, None, rule=rule, nomination=nominated(south, at, status="decided", rule=rule))
            KillOrder.objects.filter(pk=order.pk).update(ordered_at=at, executed_at=done, verified_at=done)
        nominated(south, at)
        refresh()
        times = time_summary(METRICS["time_to_kill"], whole_tenant(), MARCH, now=NOW)
        assert (times.n, times.events, times.median, times.p90) == (5, 2, None, None)
        assert figure_of("time_to_kill").counts == {"nominated": 5, "killed": 2, "ended_otherwise": 2}


HALF = Fraction(1, 2)


@pytest.mark.parametrize(
    ("killed_after", "kept_after", "open_for", "median"),
    [
        ([1, 2, 3], [], [], 2),
        ([1, 2, 3], [], [2], 2),  # at equal times an event comes first
        ([1, 3], [2], [], 3),  # 2 of 3 by 3
        ([1], [2], [], 1),  # exactly half
        ([3], [1], [2], 3),  # one of 3 is kept, and of the 2 that go on one is watched no more: 2/3 by 3
        ([], [1], [1], None),
        ([4, 4], [1], [], 4),
    ],
)
def test_the_quantile_of_aalen_and_johansen(
    killed_after: list[int], kept_after: list[int], open_for: list[int], median: int | None
) -> None:
    found = cumulative_incidence_quantile(killed_after, kept_after, open_for, HALF)
    assert found == median
    if not kept_after:
        assert found == kaplan_meier_quantile(killed_after, open_for, HALF)


def test_the_effect_is_pending_for_8_weeks_and_follows_the_cases(acme: Company) -> None:
    south, verified_at = acme.units["south"], NOW - 8 * WEEK
    month = parse_period("2026-01")
    with tenant_scope(acme.tenant):
        order = killed(south, verified_at)
        edges = (
            (verified_at - 8 * WEEK - MICROSECOND, 3),
            (verified_at - 8 * WEEK, 2),
            (verified_at - MICROSECOND, 2),
            (verified_at, 1),
            (verified_at + 8 * WEEK - MICROSECOND, 1),
        )
        for at, times in edges:
            cited(order.rule, at, times, south)
        refresh()
        later = NOW + MICROSECOND
        assert figure_of("rule_effect", month, now=later).counts["too_few"] == 1, "4 before are too few"
        assert numbers(figure_of("rule_effect", month, now=later)) == (0, 0, 0)
        (late,) = cited(order.rule, verified_at - DAY, 1, south)
        refresh()
        assert numbers(figure_of("rule_effect", month)) == (0, 0, 1), "at 8 weeks it is still pending"
        found = figure_of("rule_effect", month, now=later)
        assert (numbers(found), found.counts["too_few"]) == ((2, 5, 0), 0)
        ratio = ratio_of(found)
        assert ratio is not None
        assert ratio.value == Fraction(2, 5)
        # The exact interval of 2 of 7 is 3.67 to 70.96 %.
        assert ratio.low == pytest.approx(0.0367 / 0.9633, rel=1e-2)
        assert ratio.high == pytest.approx(0.7096 / 0.2904, rel=1e-2)
        # What is corrected later is told in the same period.
        Case.objects.filter(pk=late.pk).update(quoted_rule=None, solution="put_right")
        cited(order.rule, verified_at - DAY, 4, south)
        refresh()
        assert numbers(figure_of("rule_effect", month, now=later)) == (2, 8, 0)
        rebuild()
        assert numbers(figure_of("rule_effect", month, now=later)) == (2, 8, 0)
        brought_back(order, verified_at + 8 * WEEK - MICROSECOND)
        refresh()
        assert numbers(figure_of("rule_effect", month, now=later)) == (0, 0, 0), "it was not gone for the 8 weeks"


def test_more_cases_than_before_are_a_ratio_above_one(acme: Company) -> None:
    south, verified_at = acme.units["south"], NOW - 9 * WEEK
    with tenant_scope(acme.tenant):
        order = killed(south, verified_at)
        cited(order.rule, verified_at - DAY, 5, south)
        cited(order.rule, verified_at + DAY, 20, south)
        refresh()
        found = figure_of("rule_effect", JANUARY)
        assert numbers(found) == (20, 5, 0)
        ratio = ratio_of(found)
        assert ratio is not None
        assert ratio.value == 4
        assert ratio.low
        assert ratio.low > 1
        behind = facts_behind(acme.member(Role.CSO), METRICS["rule_effect"], "numerator", None, JANUARY, now=NOW)
        assert behind.count() == 1


def test_an_order_is_in_time_by_the_day_for_which_it_was_first_due(acme: Company) -> None:
    south, due = acme.units["south"], NOW - 2 * DAY
    with tenant_scope(acme.tenant):
        for executed_at in (due, due + MICROSECOND, None):
            order = killed(south, None, due_at=due)
            KillOrder.objects.filter(pk=order.pk).update(executed_at=executed_at, due_at=due + DAY)
        brought_back(killed(south, None, due_at=due), due - MICROSECOND)  # taken back before: nothing was owed
        brought_back(killed(south, None, due_at=due), due)
        killed(south, None, due_at=NOW)
        refresh()
        found = figure_of("executed_in_time")
        assert numbers(found) == (1, 4, 1)
        assert found.counts["as_moved"] == 1
        assert numbers(figure_of("executed_in_time", now=NOW + MICROSECOND)) == (1, 5, 0)


def test_a_motion_is_decided_within_two_cadences_and_never_without_a_quorum(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        committee = seated(acme, acme.units["south"], NOW - 90 * DAY)
        at, two = NOW - 29 * DAY, 28 * DAY
        for status, after in (
            ("carried", two),
            ("lost", two + MICROSECOND),
            ("referred", DAY),
            ("inquorate", DAY),
            ("withdrawn", two - MICROSECOND),
            ("withdrawn", two),
            ("balloting", None),
        ):
            moved(committee, at, status=status, after=after)
        moved(committee, NOW - two)
        refresh()
        assert numbers(figure_of("decided_in_time")) == (2, 6, 1)
        # The cadence of the day on which it was moved.
        committee.cadence_days = 100
        committee.save()
        assert numbers(figure_of("decided_in_time")) == (2, 6, 1)
        window = Window(acme.units["south"].pk, NOW - DAY, NOW)
        (part,) = figures_between(METRICS["decided_in_time"], [window], now=NOW)
        assert numbers(part) == (2, 6, 0)


def covered(company: Company, now: datetime, unit: str = "top") -> tuple[int, int]:
    group = {1: [company.units[unit].pk]}
    counts = state_counts(METRICS["committee_coverage"], group, now=now)[1]
    return counts["covered"], counts["units"]


def test_a_unit_is_covered_from_the_founding_up_to_not_including_the_end(acme: Company) -> None:
    since = NOW - 100 * DAY
    with tenant_scope(acme.tenant):
        units = len(acme.units)
        committee = seated(acme, acme.units["south"], since)
        lapses = since + 28 * DAY
        for now, expected in ((since - MICROSECOND, 0), (since, 1), (lapses - MICROSECOND, 1), (lapses, 0)):
            assert covered(acme, now) == (expected, units)
        motion = moved(committee, since)
        for day in (20, 60):
            opened = since + day * DAY
            motion.ballots.create(
                status="cancelled", cancelled_because="-", opens_at=opened, opened_at=opened, closes_at=opened + DAY
            )
        for day, expected in ((27, 1), (28, 1), (48, 0), (59, 0), (60, 1), (87, 1), (88, 0)):
            assert covered(acme, since + day * DAY)[0] == expected, day
        assert covered(acme, since + 70 * DAY, "north") == (0, 3)
        # A second one of the same unit covers it no twice, and whoever leaves ends it.
        seated(acme, acme.units["south"], since + 65 * DAY, dissolved_at=since + 80 * DAY)
        assert covered(acme, since + 70 * DAY) == (1, units)
        SeatTenure.objects.filter(seat__committee=committee).update(ends_at=since + 75 * DAY)
        assert [covered(acme, since + day * DAY)[0] for day in (75, 80)] == [1, 0]


def test_the_coverage_is_the_one_that_the_committees_page_shows(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        seated(acme, acme.units["south"], NOW - 10 * DAY)
        seated(acme, acme.units["north"], NOW - 30 * DAY)
        seated(acme, acme.units["north-1"], NOW - 28 * DAY)
        cso = acme.member(Role.CSO)
        shown = {each.unit.pk for each in committee_coverage(cso, now=NOW) if each.is_live}
        behind = facts_behind(cso, METRICS["committee_coverage"], "numerator", None, None, now=NOW)
        assert set(behind.values_list("unit_id", flat=True)) == shown == {acme.units["south"].pk}
        rest = facts_behind(cso, METRICS["committee_coverage"], "rest", None, None, now=NOW)
        assert rest.count() == len(acme.units) - 1
        assert not facts_behind(cso, METRICS["committee_coverage"], "running", None, None, now=NOW).exists()


def test_no_other_workspace_is_seen_in_the_coverage(acme: Company, other: Company) -> None:
    with tenant_scope(other.tenant):
        seated(other, other.units["south"], NOW - DAY)
        theirs = UnitCoverage.objects.count()
    with tenant_scope(acme.tenant):
        assert covered(acme, NOW)[0] == 0
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*), count(*) FILTER (WHERE is_covered) FROM committees_unitcoverage")
            assert cursor.fetchone() == (len(acme.units), 0)
    assert theirs == len(other.units) + 2


def test_a_nomination_of_no_unit_stands_at_the_top(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        nomination = nominations.nominate("Why?", by=None, now=NOW, source="integration")
        nomination.refresh_from_db()
        assert nomination.unit == acme.units["top"]


def test_a_workspace_that_was_there_before_gets_the_figures_of_its_committees(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        a_month_of_kills(acme)
        assert_cells_equal_the_cases()
        Cell.objects.all().delete()
        with connection.cursor() as cursor:
            for name in ("0004_mark_recoveries", "0005_mark_committees"):
                cursor.execute(import_module(f"cso.metrics.migrations.{name}").MARK_ALL)
            cursor.execute(import_module("cso.metrics.migrations.0009_mark_by_instant").MARKS_OF_ALL)
            cursor.execute("SELECT set_config('app.tenant_id', %s, true)", [str(acme.tenant.pk)])
        refresh()
        assert_cells_equal_the_cases()
        assert verify() == []
