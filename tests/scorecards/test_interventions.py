"""What was changed by hand of the figures behind a score, each with the cases and who did it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cso.customers.models import Customer
from cso.metrics.periods import parse_period
from cso.people import actions as people
from cso.recovery import actions as recovery
from cso.recovery.duplicates import merge_cases
from cso.recovery.models import Case, CaseEvent, EventKind
from cso.scorecards.plans.versions import with_versions
from cso.scorecards.scores.counting import score_plans
from cso.scorecards.scores.interventions import Interventions, interventions
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import Company
from tests.scorecards.scenes import HOUR, at, last_entry, plan_for, prepare, serving, tell_margin

MARCH = parse_period("2026-03")
LATER = at(3, 20)


@pytest.fixture
def office(acme: Company) -> Company:
    with tenant_scope(acme.tenant):
        prepare(acme)
        plan_for(acme, serving())
    return acme


def told(company: Company, role: Role = Role.EXECUTIVE, now: datetime = LATER) -> Interventions:
    plan = company.leader.plans.get()
    [score] = score_plans(with_versions(company.leader.plans.all()), [MARCH], now=now)
    return interventions(company.member(role), plan.unit_id, score.span, now=now)


def counts(found: Interventions) -> dict[str, int]:
    return {each.kind: each.cases for each in found.found}


def live(company: Company, day: int, unit: str = "north-1", **fields: Any) -> Case:
    """An OOPS of which this server heard when it was reported."""
    reported = at(3, day)
    return recovery.open_case(by=None, unit=company.units[unit], reported_at=reported, now=reported, **fields)


def told_at_once(case: Case, fixed_at: datetime) -> None:
    """The log is written by the database's clock, so what was recorded in March cannot be acted out today."""
    Case.objects.filter(pk=case.pk).update(first_fixed_at=fixed_at, fixed_at=fixed_at)
    CaseEvent.objects.create(case=case, kind=EventKind.FIXED, at=fixed_at, recorded_at=fixed_at)


def test_nothing_was_done_to_what_was_told_in_time(office: Company) -> None:
    with tenant_scope(office.tenant):
        told_at_once(live(office, 5), at(3, 5) + HOUR)
        live(office, 6)
        live(office, 6, "south")
        live(office, 20)
        found = told(office)
        assert (found.cases, found.known_late, found.nameless) == (2, 0, 2)
        assert (found.found, found.reorganized) == ([], [])


def test_a_fix_that_is_told_afterwards_counts_and_is_told_as_such(office: Company) -> None:
    """So is what was loaded when it was over, and is of no customer: anybody can make up such a case."""
    with tenant_scope(office.tenant):
        cso, late = office.member(Role.CSO), at(3, 8)
        case = recovery.fix_case(live(office, 5), by=cso, at=at(3, 5) + HOUR, now=late)
        recovery.fix_case(live(office, 6), by=cso, at=late, now=late)  # a miss gains nothing
        known = live(office, 7, customer=Customer.objects.create(name="Ann"))
        recovery.open_case(by=None, unit=known.unit, reported_at=at(3, 2), now=late)
        made_up = recovery.open_case(by=None, unit=known.unit, reported_at=at(3, 2), now=late)
        Case.objects.filter(pk=made_up.pk).update(first_fixed_at=at(3, 2), fixed_at=at(3, 2))
        found = told(office)
        assert (found.cases, found.known_late, found.nameless) == (5, 1, 4)
        [one] = found.found
        [touch] = one.last
        assert (one.kind, one.cases, touch.case, touch.reference, touch.by) == (
            "told_late",
            1,
            case.pk,
            case.reference,
            cso.label,
        )


def test_times_that_are_corrected_so_that_a_case_gains_are_told(office: Company) -> None:
    with tenant_scope(office.tenant):
        for hours_before in (0, 30, 30):
            reported = at(3, 5)
            case = recovery.open_case(
                by=None,
                unit=office.units["north-1"],
                reported_at=reported,
                occurred_at=reported - hours_before * HOUR,
                now=LATER,
            )
            if hours_before:
                recovery.correct_case(case, by=None, now=LATER, occurred_at=None)
            else:  # longer than it was
                recovery.correct_case(case, by=None, now=LATER, occurred_at=reported - HOUR, summary="Wet")
        recovery.correct_case(case, by=None, now=LATER, reported_at=at(3, 7))
        assert counts(told(office)) == {"times": 2}


def test_every_case_that_is_taken_out_is_told_and_not_those_alone_that_were_not_our_failure(office: Company) -> None:
    with tenant_scope(office.tenant):
        leader, executive = office.member(Role.LEADER), office.member(Role.EXECUTIVE)
        kept = live(office, 5)
        for day, reason in ((5, "spam"), (6, "duplicate"), (7, "not_our_failure")):
            case = live(office, day)
            recovery.propose_exclusion(case, reason, "Says who?", by=leader, now=LATER)
            recovery.confirm_exclusion(case, by=executive, now=LATER)
        merge_cases(live(office, 8), kept, by=leader, now=LATER)
        recovery.propose_exclusion(live(office, 9), "test", "One alone", by=leader, now=LATER)
        found = told(office)
        assert (found.cases, counts(found)) == (2, {"taken_out": 4})
        assert {touch.by for touch in found.found[0].last} == {leader.label, executive.label}


def test_cases_that_change_units_when_they_are_over_are_told_on_both_sides(office: Company) -> None:
    with tenant_scope(office.tenant):
        leader = office.member(Role.LEADER)
        for _ in range(6):
            recovery.move_case(live(office, 5), office.units["south"], by=leader, now=LATER)
        recovery.move_case(live(office, 5), office.units["north-2"], by=leader, now=LATER)  # within the plan
        recovery.move_case(live(office, 5, "south"), office.units["north-2"], by=leader, now=LATER)
        found = told(office)
        assert counts(found) == {"moved_away": 6, "moved_here": 1}
        assert [len(each.last) for each in found.found] == [5, 1]
        seen = {each.kind: len(each.last) for each in told(office, Role.LEADER).found}
        assert seen == {"moved_away": 0, "moved_here": 1}  # not ours any more


def test_who_moved_units_and_named_leaders_afterwards_is_told(office: Company) -> None:
    """By the clock of the log, which is the database's: whatever is done to March is done when it was over."""
    with tenant_scope(office.tenant):
        cso = office.member(Role.CSO)
        live(office, 5, "north-2")
        people.move_unit(office.units["north-2"], office.units["south"], by=cso)
        people.name_leader(office.units["north-1"], office.leader, date(2026, 3, 5), date(2026, 4, 1), by=cso)
        people.name_leader(office.units["north-1"], office.leader, date(2026, 2, 5), date(2026, 3, 1), by=cso)
        people.name_leader(office.units["south"], office.leader, date(2026, 3, 5), by=cso)
        people.end_leadership(office.leader.leaderships.get(unit=office.units["north"]), date(2026, 3, 20), by=cso)
        found = told(office, now=last_entry().at)
        assert found.cases == 0
        assert [(one.act, one.unit, one.by) for one in found.reorganized] == [
            ("end_leadership", "north", cso.label),
            ("name_leader", "north-1", cso.label),
            ("move_unit", "north-2", cso.label),
        ]


def test_a_figure_of_others_that_is_told_anew_is_named(office: Company) -> None:
    """Not the first one after the month, which takes the place of what was known while it ran."""
    with tenant_scope(office.tenant):
        for percent, now in ((3, at(3, 20)), (4, at(4, 2)), (9, at(4, 20)), (9, at(4, 21))):
            tell_margin(3, percent, now=now)
            if now == at(4, 2):
                assert told(office, now=at(5, 1)).retold == []
        tell_margin(2, 5, now=at(3, 2))
        tell_margin(3, 1, now=at(4, 3), unit="south")
        [retold] = told(office, now=at(5, 1)).retold
        assert (retold.measure, retold.month, retold.by) == ("Margin", date(2026, 3, 1), "")


@pytest.mark.parametrize("cases", [1, 3])
def test_it_costs_the_same_for_1_and_3_cases(office: Company, cases: int) -> None:
    with tenant_scope(office.tenant):
        for _ in range(cases):
            recovery.fix_case(live(office, 5), by=None, at=at(3, 5) + HOUR, now=at(3, 8))
        plan = office.leader.plans.get()
        [score] = score_plans(with_versions(office.leader.plans.all()), [MARCH], now=LATER)
        with CaptureQueriesContext(connection) as captured:
            interventions(office.member(Role.EXECUTIVE), plan.unit_id, score.span, now=LATER)
        assert len(captured) == 1
