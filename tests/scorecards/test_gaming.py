"""Each way to a better score than was earned: it does not work, or leaves a trace that a reader finds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cso.errors import InvalidFieldsError
from cso.metrics.actions import set_target
from cso.metrics.engine.refresh import refresh
from cso.metrics.periods import FINAL_AFTER, parse_period
from cso.people import actions as people
from cso.recovery import actions as recovery
from cso.scorecards.models import ScoreSnapshot
from cso.scorecards.plans.versions import change_plan
from cso.scorecards.scores.restating import cases_restated
from cso.scorecards.scores.snapshots import changes_between, restatements_of, snapshots_of, take_snapshots
from cso.scorecards.scores.tables import scores_of
from tenants.models import AuditEntry
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import Company, log_case
from tests.scorecards.scenes import (
    HOUR,
    at,
    last_entry,
    log,
    margin,
    month,
    plan_for,
    prepare,
    serving,
    tell_margin,
)

FEBRUARY = parse_period("2026-02")
FEBRUARY_ENDS = datetime(2026, 3, 1, 5, tzinfo=UTC)
FINAL = FEBRUARY_ENDS + FINAL_AFTER


@pytest.fixture
def office(acme: Company) -> Company:
    """Lea's February: 3 of 4 recovered, seen as running and as over."""
    with tenant_scope(acme.tenant):
        prepare(acme)
        plan_for(acme, serving())
        log(acme, at(2), hits=3, misses=1)
        take_snapshots(now=at(2, 20))
        take_snapshots(now=FEBRUARY_ENDS)
    return acme


def table(company: Company, now: datetime, period: str = "2026-02") -> Any:
    [found] = scores_of(company.member(Role.CSO), [parse_period(period)], now=now)
    return found


def kept(company: Company) -> list[ScoreSnapshot]:
    return list(snapshots_of(company.leader.plans.get(), FEBRUARY))[::-1]


def test_closing_late_is_a_miss_whenever_the_figures_are_counted(office: Company) -> None:
    with tenant_scope(office.tenant):
        case = log_case(office.units["north-1"], at(2, 12))
        refresh()
        late = at(2, 13) + timedelta(seconds=1)
        recovery.fix_case(case, by=None, at=late, now=late)
        refresh()
        [score] = table(office, at(3, 2)).scores
        assert (score.items[0].numerator, score.items[0].denominator) == (3, 5)


def test_reopening_after_the_end_is_shown_with_before_after_and_why(office: Company) -> None:
    """A fix that did not hold was told as one, and is told to have failed when nobody looks at February any more."""
    with tenant_scope(office.tenant):
        case = log_case(office.units["north-1"], at(2, 27), fixed_after=HOUR)
        refresh()
        take_snapshots(now=FINAL)
        reopened = at(3, 5)
        recovery.reopen_case(case, by=None, at=reopened, now=FINAL + HOUR, note="It broke again")
        refresh()
        take_snapshots(now=FINAL + HOUR)
        [restated] = restatements_of(office.leader.plans.get(), FEBRUARY)
        assert (restated.before.score, restated.after.score) == (Decimal(75), Decimal(25))
        assert restated.after.because == "facts"
        [change] = restated.changes
        assert change.before
        assert change.after
        assert (change.before["numerator"], change.after["numerator"]) == ("4", "3")
        assert case.events.filter(note="It broke again").exists()


def test_cases_that_are_excluded_are_counted_beside_the_score(office: Company) -> None:
    with tenant_scope(office.tenant):
        miss = log_case(office.units["north-1"], at(2, 12), fixed_after=30 * HOUR)
        refresh()
        take_snapshots(now=FEBRUARY_ENDS + HOUR)
        leader, executive = office.member(Role.LEADER), office.member(Role.EXECUTIVE)
        recovery.propose_exclusion(miss, "not_our_failure", "The weather", by=leader, now=FEBRUARY_ENDS + 2 * HOUR)
        recovery.confirm_exclusion(miss, by=executive, now=FEBRUARY_ENDS + 2 * HOUR)
        refresh()
        take_snapshots(now=FEBRUARY_ENDS + 3 * HOUR)
        [score] = table(office, FEBRUARY_ENDS + 3 * HOUR).scores
        assert (score.excluded.numerator, score.excluded.denominator) == (1, 5)
        [change] = changes_between(*kept(office)[-2:])
        assert change.before
        assert change.after
        assert (change.before["denominator"], change.after["denominator"]) == ("5", "4")


def test_a_miss_that_is_moved_out_of_a_final_month_is_named(office: Company) -> None:
    with tenant_scope(office.tenant):
        miss = log_case(office.units["north-1"], at(2, 12), fixed_after=30 * HOUR)
        refresh()
        take_snapshots(now=FINAL)
        recovery.move_case(miss, office.units["south"], by=office.member(Role.LEADER), now=FINAL + HOUR)
        refresh()
        seen = [row.as_of for row in kept(office)]
        moved_at = miss.events.get(kind="moved").recorded_at
        take_snapshots(now=moved_at + HOUR)
        [restated] = restatements_of(office.leader.plans.get(), FEBRUARY)
        assert (restated.before.as_of, restated.before.score, restated.after.score) == (
            seen[-1],
            Decimal(25),
            Decimal("62.5"),
        )
        for role, cases in ((Role.EXECUTIVE, [miss]), (Role.LEADER, [])):  # south is not hers
            touched = cases_restated(office.member(role), restated)
            assert [one.case for one in touched if "moved" in one.kinds] == cases


def test_a_target_that_is_lowered_for_a_month_that_began_is_told_as_a_change_of_the_plan(office: Company) -> None:
    with tenant_scope(office.tenant):
        cso = office.member(Role.CSO)
        change_plan(
            office.leader.plans.get(),
            items=[serving(1, 50, None)],
            starts_on=month(3),
            reason="Follows the path",
            by=cso,
            now=at(2, 25),
        )
        log(office, at(3, 2), hits=3, misses=1)
        take_snapshots(now=at(3, 5))
        with pytest.raises(InvalidFieldsError):
            set_target("recovered_24h", Decimal(60), month(3), by=cso)
        set_target("recovered_24h", Decimal(60), month(3), by=cso, reason="The storm")
        assert (last_entry().details["reason"], last_entry().member_id) == ("The storm", cso.pk)
        take_snapshots(now=at(3, 5) + HOUR)
        march = list(snapshots_of(office.leader.plans.get(), parse_period("2026-03")))[::-1]
        assert [(row.because, row.score) for row in march] == [
            ("first", None),
            ("plan", Decimal("62.5")),
            ("plan", Decimal(100)),
        ]


def test_weight_that_is_moved_moves_no_month_that_has_begun_and_is_told(office: Company) -> None:
    with tenant_scope(office.tenant):
        cso, plan = office.member(Role.CSO), office.leader.plans.get()
        easy = [serving("0.1"), serving("0.9", 0, 1, "surprised")]
        change_plan(plan, items=easy, starts_on=month(4), reason="Other weights", by=cso, now=at(3, 20))
        assert last_entry().details["easier"] == ["Recovered within 24 hours weighs less in Serving."]
        for period in ("2026-02", "2026-Q1", "2026"):
            [score] = table(office, at(4, 2), period).scores
            assert [item.weight for item in score.items] == [1]
        [april] = table(office, at(4, 2), "2026-04").scores
        assert (april.version.number, april.version.reason, april.version.made_by) == (2, "Other weights", cso)


def test_a_plan_that_is_made_when_the_results_are_known_says_so(office: Company) -> None:
    with tenant_scope(office.tenant):
        ada = people.add_person("Ada", by=None)
        people.name_leader(office.units["south"], ada, date(2025, 1, 1), by=None)
        plan_for(office, serving(1, 1, 90), person=ada, unit=office.units["south"], made_at=at(11))
        scores = {score.plan.person.name: score.has_begun_late for score in table(office, at(11)).scores}
        assert scores == {"Lea North": False, "Ada": True}


def test_a_unit_that_is_split_off_is_led_without_a_plan_and_stays_in_the_whole(office: Company) -> None:
    with tenant_scope(office.tenant):
        top = people.add_person("Top", by=None)
        people.name_leader(office.units["top"], top, date(2025, 1, 1), by=None)
        plan_for(office, serving(), person=top, unit=office.units["top"])
        log(office, at(2), hits=0, misses=4, unit="north-2")
        people.move_unit(office.units["north-2"], office.units["top"], by=None)
        people.name_leader(office.units["north-2"], people.add_person("Friend", by=None), date(2026, 1, 1), by=None)
        refresh()
        found = table(office, FEBRUARY_ENDS + HOUR)
        shares = {score.plan.person.name: score.items[0].actual for score in found.scores}
        assert shares == {"Lea North": 75, "Top": Decimal("37.5")}
        assert [(one.leader.name, one.unit.code) for one in found.unplanned] == [("Friend", "north-2")]
        assert AuditEntry.objects.filter(act="move_unit", subject="north-2", details__before="north").exists()
        take_snapshots(now=FEBRUARY_ENDS + HOUR)
        assert [row.because for row in kept(office)] == ["first", "state"]  # Lea's own did not move


def test_a_leader_who_is_changed_afterwards_is_told_and_what_was_seen_stays(office: Company) -> None:
    with tenant_scope(office.tenant):
        people.end_leadership(office.leader.leaderships.get(), date(2026, 2, 5), by=office.member(Role.CSO))
        assert (last_entry().act, last_entry().details["ends_on"]) == ("end_leadership", "2026-02-05")
        found = table(office, FEBRUARY_ENDS + HOUR)
        assert [(score.span.until, score.value) for score in found.scores] == [(date(2026, 2, 5), None)]
        take_snapshots(now=FEBRUARY_ENDS + HOUR)
        assert [(row.state, row.score) for row in kept(office)] == [
            ("running", Decimal("62.5")),
            ("provisional", Decimal("62.5")),
            ("provisional", None),
        ]


def test_a_month_cannot_be_closed_early(office: Company) -> None:
    """Not by its state, which the clock decides, and not by a figure that was told before the month was over."""
    with tenant_scope(office.tenant):
        assert [table(office, now).scores[0].status for now in (FEBRUARY_ENDS - HOUR, FINAL - HOUR, FINAL)] == [
            "running",
            "provisional",
            "final",
        ]
        cso, plan = office.member(Role.CSO), office.leader.plans.get()
        change_plan(plan, items=[serving(), margin()], starts_on=month(4), reason="New", by=cso, now=at(3, 20))
        log(office, at(4), hits=1, misses=0)
        tell_margin(4, 10, now=at(4, 12))
        values = [table(office, now, "2026-04").scores[0].value for now in (at(4, 13), at(5, 2))]
        assert values == [100, None]
        tell_margin(4, 3, now=at(5, 3))
        assert table(office, at(5, 4), "2026-04").scores[0].value == 65
