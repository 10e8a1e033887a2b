"""Scores of leaders, worked by hand: whose days, which version, which target, and incomplete where anything lacks."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cso.metrics.actions import set_target
from cso.metrics.engine.refresh import refresh
from cso.metrics.periods import Period, parse_period
from cso.people import actions as people
from cso.scorecards.models import Measure
from cso.scorecards.plans.items import Item
from cso.scorecards.plans.measures import define_measure
from cso.scorecards.plans.versions import change_plan, make_plan
from cso.scorecards.scores.tables import scores_of
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company
from tests.scorecards.scenes import (
    DECEMBER,
    at,
    category,
    log,
    margin,
    month,
    plan_for,
    prepare,
    serving,
    tell_margin,
)

MARCH, Q1, YEAR = (parse_period(key) for key in ("2026-03", "2026-Q1", "2026"))


@pytest.fixture
def office(acme: Company) -> Company:
    with tenant_scope(acme.tenant):
        prepare(acme)
    return acme


def table(company: Company, period: Period, *, now: datetime = NOW, role: Role = Role.CSO) -> Any:
    [found] = scores_of(company.member(role), [period], now=now)
    return found


def score(company: Company, period: Period, *, now: datetime = NOW) -> Any:
    [found] = table(company, period, now=now).scores
    return found


def test_a_score_worked_by_hand(office: Company) -> None:
    """Serving 3 of 4, 75 % of 50 to 90: 62.5; surprised lacks; margin 4 of 0 to 10: 40."""
    with tenant_scope(office.tenant):
        plan_for(office, serving(2), margin(2))
        log(office, at(3), hits=3, misses=1)
        log(office, at(3), hits=0, misses=5, unit="south")
        tell_margin(3, 4, now=NOW)
        found = score(office, MARCH)
        assert [(each.what, each.actual, each.points) for each in found.items] == [
            ("recovered_24h", 75, Fraction(125, 2)),
            ("margin", 4, 40),
        ]
        assert (found.value, found.status, found.has_begun_late) == (Fraction(205, 4), "running", False)
        assert [(one.code, points) for one, points in found.by_category] == [
            ("serving", Fraction(125, 2)),
            ("financial", 40),
        ]
        assert (found.items[0].numerator, found.items[0].denominator) == (3, 4)
        assert found.items[0].figure is not None
        assert found.items[0].figure.chance is not None  # four cases: said with their interval


def test_without_data_a_score_is_incomplete_and_no_weight_is_spread(office: Company) -> None:
    with tenant_scope(office.tenant):
        plan_for(office, serving(), margin())
        tell_margin(3, 10, now=NOW)
        found = table(office, MARCH)
        assert [(each.what, each.points, each.lacks) for each in found.scores[0].items] == [
            ("recovered_24h", None, "data"),
            ("margin", 100, ""),
        ]
        assert (found.scores[0].value, found.incomplete, found.rolled_up, found.between) == (None, 1, None, (0, 100))
        log(office, at(3), hits=9, misses=1)
        assert (table(office, MARCH).rolled_up, table(office, MARCH).between) == (100, (100, 100))


def test_a_month_keeps_the_version_and_the_target_of_its_start(office: Company) -> None:
    with tenant_scope(office.tenant):
        plan = plan_for(office, serving(1, 50, None), margin()).plan
        for number in (1, 2, 3):
            log(office, at(number), hits=3, misses=1)
            tell_margin(number, 5, now=min(at(number + 1, 2), NOW))
        set_target("recovered_24h", Decimal(100), date(2026, 2, 2), by=None)
        change_plan(
            plan,
            items=[serving(3, 50, None), margin(3)],
            starts_on=month(3),
            reason="Heavier",
            by=None,
            now=at(2, 20),
        )
        found = {key: score(office, parse_period(key)) for key in ("2026-01", "2026-02", "2026-03", "2026-Q1", "2026")}
        told = {key: (each.version.number, each.items[0].target, each.items[0].weight) for key, each in found.items()}
        assert told == {
            "2026-01": (1, 90, 1),
            "2026-02": (1, 90, 1),
            "2026-03": (2, 100, 3),
            "2026-Q1": (1, 90, 1),
            "2026": (1, 90, 1),
        }
        # The quarter sums what happened: 9 of 12.
        assert (found["2026-Q1"].items[0].numerator, found["2026-Q1"].items[0].denominator) == (9, 12)


def test_a_path_that_fell_behind_the_floor_gives_no_points_instead_of_turning_the_item_round(office: Company) -> None:
    with tenant_scope(office.tenant):
        plan_for(office, serving(1, 50, None))
        set_target("recovered_24h", Decimal(40), date(2026, 2, 1), by=None, reason="The storm")
        log(office, at(3), hits=0, misses=4)
        found = score(office, MARCH)
        assert [(each.target, each.points, each.lacks) for each in found.items] == [(40, None, "target")]


def test_each_leader_answers_for_their_own_days(office: Company) -> None:
    """North was Lea's until 10 March: what fell due on the 9th is hers. Ada has no plan before she is given one."""
    change = datetime.fromisoformat("2026-03-10T04:00:00+00:00")  # midnight in Toronto
    day = timedelta(days=1)
    with tenant_scope(office.tenant):
        plan_for(office, serving())
        log(office, change - day - timedelta(microseconds=1), hits=3, misses=1)
        log(office, change - day, hits=0, misses=2)
        people.end_leadership(office.leader.leaderships.get(), date(2026, 3, 10), by=None)
        ada = people.add_person("Ada", by=None)
        people.name_leader(office.units["north"], ada, date(2026, 3, 10), by=None)
        before = table(office, MARCH)
        assert [(one.leader.name, one.unit.code) for one in before.unplanned] == [("Ada", "north")]
        assert (before.scores[0].span.since, before.scores[0].span.until) == (None, date(2026, 3, 10))
        make_plan(ada, office.units["north"], 2026, items=[serving()], starts_on=month(3), by=None, now=NOW)
        after = table(office, MARCH)
        assert after.unplanned == ()
        numbers = {
            each.plan.person.name: (each.items[0].numerator, each.items[0].denominator, each.has_begun_late)
            for each in after.scores
        }
        assert numbers == {"Lea North": (3, 4, False), "Ada": (0, 2, True)}
        assert [each.plan.person.name for each in after.scores] == ["Ada", "Lea North"]  # the lowest first
        # Together they are the unit.
        assert sum(each.items[0].denominator or 0 for each in after.scores) == 6


def test_who_led_before_and_after_has_both_parts_and_who_led_in_no_part_has_no_score(office: Company) -> None:
    with tenant_scope(office.tenant):
        plan_for(office, serving())
        for number, hits in ((1, 1), (2, 2), (3, 4)):
            log(office, at(number), hits=hits, misses=0)
        people.end_leadership(office.leader.leaderships.get(), date(2026, 2, 1), by=None)
        people.name_leader(office.units["north"], office.leader, date(2026, 3, 1), by=None)
        assert table(office, parse_period("2026-02")).scores == ()
        assert score(office, Q1).items[0].denominator == 5


def test_a_count_and_a_sum_are_held_against_the_months_that_passed(office: Company) -> None:
    with tenant_scope(office.tenant):
        sold = define_measure("sold", "Sold", rollup="sum", source="Ledger", by=None)
        nps = define_measure("nps", "NPS", rollup="last", source="Survey", by=None)
        items = [
            serving(2),
            Item(category("financial"), Decimal(2), Decimal(0), Decimal(100), measure=sold),
            Item(category("people"), Decimal(2), Decimal(-100), Decimal(100), measure=nps),
            Item(category("process"), Decimal(2), Decimal(0), Decimal(31), "rules_killed"),
        ]
        plan_for(office, *items)
        log(office, at(1), hits=1, misses=0)
        for number, value in ((1, 50), (2, 150)):
            end = at(number + 1, 2)
            tell_margin(number, value, now=end, measure="sold", denominator="")
            tell_margin(number, value - 130, now=end, measure="nps")
        quarter = {each.what: each for each in score(office, Q1).items}
        assert (quarter["sold"].actual, quarter["sold"].target, quarter["sold"].points) == (200, 200, 100)
        assert (quarter["nps"].actual, quarter["nps"].target, quarter["nps"].points) == (20, 100, 60)
        # January, February and 18 days of March at 31 a month; none was killed.
        killed = quarter["rules_killed"]
        assert (killed.actual, killed.target, killed.points) == (0, 31 * 2 + 18, 0)


def test_a_month_of_others_that_is_over_must_have_its_figure(office: Company) -> None:
    with tenant_scope(office.tenant):
        plan_for(office, serving(), margin())
        log(office, at(1), hits=1, misses=0)
        tell_margin(2, 5, now=at(3, 2))
        told = {}
        for now in (at(3, 5), at(4, 2)):
            told[now.month] = score(office, Q1, now=now).items[1].actual
        # In March January's may still come; when the quarter is over it must be there.
        assert told == {3: 5, 4: None}
        tell_margin(1, 7, now=at(4, 3))
        tell_margin(3, 6, now=at(4, 3))
        assert score(office, Q1, now=at(4, 4)).items[1].actual == 6


def test_of_a_month_of_others_the_leader_of_half_its_days_answers(office: Company) -> None:
    with tenant_scope(office.tenant):
        plan_for(office, serving(), margin())
        people.end_leadership(office.leader.leaderships.get(), date(2026, 2, 15), by=None)
        ada = people.add_person("Ada", by=None)
        people.name_leader(office.units["north"], ada, date(2026, 2, 15), by=None)
        make_plan(ada, office.units["north"], 2026, items=[serving(), margin()], by=None, now=DECEMBER)
        tell_margin(1, 1, now=at(2, 2))
        tell_margin(2, 2, now=at(3, 2))
        tell_margin(3, 3, now=NOW)
        found = {each.plan.person.name: each.items[1].actual for each in table(office, Q1).scores}
        assert found == {"Lea North": Fraction(3, 2), "Ada": Fraction(5, 2)}  # 14 of 28 days each


def test_a_leader_reads_their_own_and_those_below_and_what_a_person_asks_is_theirs(office: Company) -> None:
    with tenant_scope(office.tenant):
        plan_for(office, serving())
        ada = people.add_person("Ada", by=None)
        for code in ("south", "north-2"):
            people.name_leader(office.units[code], ada, date(2025, 1, 1), by=None)
            make_plan(ada, office.units[code], 2026, items=[serving()], by=None, now=DECEMBER)
        seen = {
            role: [each.plan.unit.code for each in table(office, MARCH, role=role).scores]
            for role in (Role.LEADER, Role.FRONTLINE)
        }
        assert seen == {Role.LEADER: ["north", "north-2"], Role.FRONTLINE: []}
        cso = office.member(Role.CSO)
        [of_ada] = scores_of(cso, [MARCH], person=ada, now=NOW)
        assert [each.plan.unit.code for each in of_ada.scores] == ["north-2", "south"]
        [below] = scores_of(cso, [MARCH], under=office.units["north"], now=NOW)
        assert [each.plan.unit.code for each in below.scores] == ["north", "north-2"]


def test_it_takes_the_same_few_statements_for_one_leader_and_for_many(office: Company) -> None:
    with tenant_scope(office.tenant):
        items = [serving(), serving(1, 10, 60, "dazzled"), serving(1, 30, 5, "reopened"), margin(3)]
        plan_for(office, *items)
        log(office, at(3), hits=2, misses=1)
        tell_margin(3, 5, now=NOW)
        cso, counts = office.member(Role.CSO), []
        for number in range(3):
            with CaptureQueriesContext(connection) as asked:
                tables = scores_of(cso, [MARCH, Q1, YEAR], now=NOW)
            counts.append((len(tables[0].scores), len(asked)))
            for each in range(4):
                code = f"new-{number}-{each}"
                unit, person = people.add_unit(code, code, by=None), people.add_person(code, by=None)
                # Half of them for a part of the month only.
                people.name_leader(unit, person, date(2026, 1 + 2 * (each % 2), 1 + each), by=None)
                make_plan(person, unit, 2026, items=items, by=None, now=DECEMBER)
            refresh()
        assert counts == [(1, 7), (5, 7), (9, 7)]
        assert Measure.objects.count() == 1
