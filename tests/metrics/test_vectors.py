"""The special cases that the metrics' definitions name, each as a figure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from django.db import connection

from cso.metrics.engine.rebuild import rebuild, verify
from cso.metrics.engine.refresh import refresh
from cso.metrics.formulas.statistics import Summary
from cso.metrics.models import Cell
from cso.metrics.periods import Period, parse_period
from cso.metrics.queries import times
from cso.metrics.queries.drilldown import cases_behind
from cso.metrics.queries.figures import HEADLINE, Figure, figures, whole_tenant
from cso.metrics.queries.states import overdue_now
from cso.metrics.queries.times import time_summary
from cso.metrics.registry import METRICS
from cso.recovery import actions as recovery
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case

TIME = METRICS["time_to_recover"]
HOUR, DAY, MICROSECOND = timedelta(hours=1), timedelta(hours=24), timedelta(microseconds=1)
MARCH = parse_period("2026-03")


def figure_of(
    company: Company, key: str = "recovered_24h", period: Period = MARCH, *, unit: str = "south", now: datetime = NOW
) -> Figure:
    group = {unit: [company.units[unit].pk]}
    return figures(METRICS[key], group, [period], now=now)[unit, period]


def numbers(figure: Figure) -> tuple[int, int, int]:
    return figure.numerator, figure.denominator, figure.running


def months(company: Company, *periods: str, now: datetime = NOW) -> list[tuple[int, int, int]]:
    return [numbers(figure_of(company, period=parse_period(key), now=now)) for key in periods]


def test_an_empty_period_is_no_data_and_neither_0_nor_100_percent(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        figure = figure_of(acme)
        assert (figure.share, figure.percent, figure.interval) == (None, None, None)
        assert (figure.revision, figure.as_of) == (None, None)
        assert time_summary(TIME, [acme.units["south"].pk], MARCH, now=NOW) == Summary(0, 0, None, None)


@pytest.mark.parametrize(("in_time", "late", "share"), [(1, 0, 1), (0, 1, 0), (3, 0, 1), (0, 3, 0), (9, 1, 0.9)])
def test_all_none_and_a_single_one(acme: Company, in_time: int, late: int, share: float) -> None:
    with tenant_scope(acme.tenant):
        for number in range(in_time + late):
            log_case(acme.units["south"], NOW - 72 * HOUR, fixed_after=HOUR if number < in_time else DAY + MICROSECOND)
        refresh()
        figure = figure_of(acme)
        assert (figure.share, figure.missed) == (Fraction(str(share)), late)
        assert figure.interval is not None
        if (in_time, late) == (9, 1):
            assert (round(figure.interval.low, 3), round(figure.interval.high, 3)) == (0.596, 0.982)


def test_a_case_runs_until_it_is_due_and_is_a_miss_from_then_on(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        log_case(acme.units["south"], NOW - DAY)
        refresh()
        due = NOW
        for now, expected, overdue in [
            (due - MICROSECOND, (0, 0, 1), 0),
            (due, (0, 0, 1), 0),
            (due + MICROSECOND, (0, 1, 0), 1),
            (due + 90 * DAY, (0, 1, 0), 1),
        ]:
            assert numbers(figure_of(acme, now=now)) == expected
            assert overdue_now({"south": [acme.units["south"].pk]}, now=now) == {"south": overdue}


def test_a_case_fixed_early_still_counts_only_once_it_is_due(acme: Company) -> None:
    """Else the figure of a running day would be made of its quick fixes alone."""
    with tenant_scope(acme.tenant):
        log_case(acme.units["south"], NOW - 2 * HOUR, fixed_after=HOUR)
        refresh()
        assert numbers(figure_of(acme)) == (0, 0, 1)
        assert numbers(figure_of(acme, now=NOW + 22 * HOUR + MICROSECOND)) == (1, 1, 0)


def test_a_case_belongs_to_the_month_in_which_it_falls_due(acme: Company) -> None:
    """Reported at 23:30 on 27 February in Toronto, due on the 28th; an hour later, on 1 March."""
    with tenant_scope(acme.tenant):
        log_case(acme.units["south"], datetime(2026, 2, 28, 4, 30, tzinfo=UTC), fixed_after=HOUR)
        log_case(acme.units["south"], datetime(2026, 2, 28, 5, 0, tzinfo=UTC), fixed_after=HOUR)
        log_case(acme.units["south"], datetime(2026, 2, 28, 5, 0, tzinfo=UTC) - MICROSECOND, fixed_after=HOUR)
        refresh()
        assert months(acme, "2026-02", "2026-03") == [(2, 2, 0), (1, 1, 0)]


def test_one_instant_is_in_two_months_for_two_tenants(acme: Company, other: Company) -> None:
    """20:00 UTC on 31 March is still March in Toronto, and April in Kathmandu."""
    due = datetime(2026, 3, 31, 20, tzinfo=UTC)
    for company, expected in ((acme, [(1, 1, 0), (0, 0, 0)]), (other, [(0, 0, 0), (1, 1, 0)])):
        with tenant_scope(company.tenant):
            log_case(company.units["south"], due - DAY, fixed_after=HOUR)
            refresh()
            assert months(company, "2026-03", "2026-04", now=due + DAY) == expected


@pytest.mark.parametrize(
    ("reported_at", "month"),
    [
        # Spring forward: 8 March 00:30 in Toronto + 24 h is 9 March 01:30, and 31 October 23:30 falls due on
        # 1 November 23:30; clocks go back on the 2nd.
        (datetime(2026, 3, 8, 5, 30, tzinfo=UTC), "2026-03"),
        (datetime(2025, 10, 31, 3, 59, tzinfo=UTC), "2025-10"),
        (datetime(2025, 10, 31, 4, 0, tzinfo=UTC), "2025-11"),
        (datetime(2025, 11, 30, 4, 59, tzinfo=UTC), "2025-11"),
        (datetime(2025, 11, 30, 5, 0, tzinfo=UTC), "2025-12"),
    ],
)
def test_month_edges_follow_the_clocks_of_the_tenant(acme: Company, reported_at: datetime, month: str) -> None:
    with tenant_scope(acme.tenant):
        log_case(acme.units["south"], reported_at, fixed_after=HOUR)
        refresh()
        assert months(acme, month) == [(1, 1, 0)]


def test_a_zone_changed_in_mid_month_counts_in_the_new_one_after_a_rebuild(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        log_case(acme.units["south"], datetime(2026, 2, 28, 4, 30, tzinfo=UTC), fixed_after=HOUR)
        refresh()
        assert months(acme, "2026-02", "2026-03") == [(1, 1, 0), (0, 0, 0)]
        acme.tenant.time_zone = "UTC"
        acme.tenant.save(update_fields=["time_zone"])
        rebuild()
        assert months(acme, "2026-02", "2026-03") == [(0, 0, 0), (1, 1, 0)]


@pytest.mark.parametrize(("days", "expected"), [(13, (0, 1, 0)), (14, (0, 1, 0)), (15, (1, 1, 0))])
def test_a_reopening_turns_a_hit_into_a_miss_in_its_original_month(
    acme: Company, days: int, expected: tuple[int, int, int]
) -> None:
    """Reported in January; reopened weeks later, when January has long been counted."""
    reported = datetime(2026, 1, 20, 12, tzinfo=UTC)
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], reported, fixed_after=HOUR)
        refresh()
        assert months(acme, "2026-01", "2026-02") == [(1, 1, 0), (0, 0, 0)]
        at = reported + HOUR + timedelta(days=days)
        recovery.reopen_case(case, by=None, at=at, now=NOW, note="It came back.")
        refresh()
        assert months(acme, "2026-01", "2026-02") == [expected, (0, 0, 0)]
        undone = figure_of(acme, "reopened", parse_period("2026-01"))
        assert numbers(undone) == (1 - expected[0], 1, 0)


def test_a_late_close_between_two_runs_is_a_miss(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], NOW - 30 * HOUR)
        refresh()
        recovery.fix_case(case, by=None, at=NOW - 6 * HOUR + MICROSECOND, now=NOW)
        refresh()
        assert numbers(figure_of(acme)) == (0, 1, 0)
        assert overdue_now({"south": [acme.units["south"].pk]}, now=NOW) == {"south": 0}


def test_a_change_after_a_month_is_final_shows_as_a_later_revision(acme: Company) -> None:
    """45 days after its end a month is final; a correction is a restatement with a revision of its own."""
    january = parse_period("2026-01")
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], datetime(2026, 1, 10, 12, tzinfo=UTC), fixed_after=30 * HOUR)
        refresh()
        before = figure_of(acme, period=january)
        assert (before.status, before.revision, numbers(before)) == ("final", 1, (0, 1, 0))
        recovery.correct_case(case, by=None, now=NOW, occurred_at=case.reported_at - HOUR)
        refresh()
        recovery.correct_case(case, by=None, now=NOW, occurred_at=None)
        refresh()
        after = figure_of(acme, period=january)
        assert (after.status, after.revision, numbers(after)) == ("final", 3, (0, 1, 0))


def test_a_case_leaves_its_figure_when_a_second_person_agrees_and_not_before(acme: Company) -> None:
    executive, cso = acme.member(Role.EXECUTIVE), acme.member(Role.CSO)
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], NOW - 72 * HOUR)
        log_case(acme.units["south"], NOW - 72 * HOUR, fixed_after=HOUR)
        case = recovery.propose_exclusion(case, "not_our_failure", "Strike at the airport", by=executive, now=NOW)
        refresh()
        assert numbers(figure_of(acme)) == (1, 2, 0)
        case = recovery.confirm_exclusion(case, by=cso, now=NOW)
        refresh()
        assert numbers(figure_of(acme)) == (1, 1, 0)
        assert overdue_now({"south": [acme.units["south"].pk]}, now=NOW) == {"south": 0}
        recovery.withdraw_exclusion(case, by=executive, now=NOW)
        refresh()
        assert numbers(figure_of(acme)) == (1, 2, 0)


def test_the_share_of_known_occurrences_stands_beside_the_figure(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        reported = NOW - 72 * HOUR
        log_case(acme.units["south"], reported, occurred_at=reported - 2 * HOUR, fixed_after=23 * HOUR)
        log_case(acme.units["south"], reported, fixed_after=23 * HOUR)
        refresh()
        assert numbers(figure_of(acme)) == (1, 2, 0)
        assert numbers(figure_of(acme, "recovered_24h_reported")) == (2, 2, 0)
        assert figure_of(acme).counts["occurrence_known"] == 1


def test_the_time_to_recover_counts_open_cases_for_as_long_as_they_have_waited(acme: Company) -> None:
    south = [acme.units["south"].pk]
    with tenant_scope(acme.tenant):
        for hours in (1, 2, 3, 4):
            log_case(acme.units["south"], NOW - 100 * HOUR, fixed_after=hours * HOUR)
        for _ in range(3):
            log_case(acme.units["south"], NOW - 100 * HOUR)
        refresh()
        assert time_summary(TIME, south, MARCH, now=NOW) == Summary(7, 4, 4 * 3600.0, None)
        for _ in range(3):
            log_case(acme.units["south"], NOW - 100 * HOUR)
        refresh()
        assert time_summary(TIME, south, MARCH, now=NOW) == Summary(10, 4, None, None), "not reached is an answer"


def test_time_by_histogram_is_within_its_bound_of_the_exact_one(acme: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    with tenant_scope(acme.tenant):
        for minutes in range(7, 1_500, 60):
            log_case(acme.units["north-1"], NOW - 100 * HOUR, fixed_after=timedelta(minutes=minutes))
        refresh()
        north = [acme.units["north"].pk]
        exact = time_summary(TIME, north, MARCH, now=NOW)
        monkeypatch.setattr(times, "EXACT_UP_TO", 0)
        rough = time_summary(TIME, north, MARCH, now=NOW)
        assert (rough.n, rough.events, rough.certain) == (25, 25, True)
        assert rough.median == pytest.approx(exact.median, rel=0.01)
        assert rough.p90 == pytest.approx(exact.p90, rel=0.01)
        assert rough != exact


def test_a_unit_in_two_groups_and_a_period_asked_for_twice_count_once_each(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        log_case(acme.units["south"], NOW - 72 * HOUR, fixed_after=HOUR)
        log_case(acme.units["south"], NOW - HOUR)
        refresh()
        south = acme.units["south"].pk
        found = figures(HEADLINE, {"a": [south], "b": [south], "all": whole_tenant()}, [MARCH, MARCH], now=NOW)
        assert {group: numbers(figure) for (group, _), figure in found.items()} == {
            "a": (1, 1, 1),
            "b": (1, 1, 1),
            "all": (1, 1, 1),
        }


def test_a_quarter_is_the_sum_of_its_months_and_weeks_may_be_asked_beside_months(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        for month in (1, 2, 3):
            log_case(acme.units["south"], datetime(2026, month, 10, tzinfo=UTC), fixed_after=month * 12 * HOUR)
        refresh()
        periods = [
            parse_period(key) for key in ("2026-Q1", "2026", "2026-01..2026-02", "2026-W07", "2026-W02..2026-W11")
        ]
        group = {None: [acme.units["top"].pk]}
        found = figures(HEADLINE, group, periods, now=NOW)
        assert [numbers(found[None, period])[:2] for period in periods] == [(2, 3), (2, 3), (2, 2), (1, 1), (2, 3)]


def test_a_leader_opens_the_cases_of_the_units_below_and_an_outsider_none(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        for code in ("north", "north-1", "south"):
            log_case(acme.units[code], NOW - 72 * HOUR)
        refresh()

        def opened(role: Role, unit: str) -> int:
            group = [acme.units[unit].pk]
            return cases_behind(acme.member(role), HEADLINE, "rest", group, MARCH, now=NOW).count()

        assert [opened(Role.CSO, unit) for unit in ("top", "north", "south")] == [3, 2, 1]
        assert [opened(Role.LEADER, unit) for unit in ("top", "north", "south")] == [2, 2, 0]
        assert opened(Role.COMMITTEE_MEMBER, "top") == 0


def test_a_deleted_case_leaves_zero_behind_and_no_revision_goes_back(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        log_case(acme.units["south"], NOW - 72 * HOUR)
        refresh()
        connection.cursor().execute("DELETE FROM recovery_case")
        refresh()
        assert {(sum(cell.own), sum(cell.total), cell.revision) for cell in Cell.objects.all()} == {(0, 0, 2)}
        assert verify() == []
        log_case(acme.units["south"], NOW - 72 * HOUR)
        refresh()
        assert {cell.revision for cell in Cell.objects.all()} == {3}
