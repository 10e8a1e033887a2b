"""What was changed by hand stands on the leader's page, in sentences with the cases behind them."""

from __future__ import annotations

from datetime import date

import pytest

from cso.people import actions as people
from cso.recovery import actions as recovery
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit
from tests.personas import Company
from tests.scorecards.scenes import HOUR, at, plan_for, prepare, serving


@pytest.fixture
def office(acme: Company) -> Company:
    with tenant_scope(acme.tenant):
        prepare(acme)
        plan_for(acme, serving())
    return acme


def said(company: Company, visit: Visit, period: str) -> list[str]:
    with tenant_scope(company.tenant):
        plan = company.leader.plans.get()
    page = visit(company, Role.EXECUTIVE).get(f"/acme/scorecard/plans/{plan.pk}/?period={period}")
    html = page.content.decode()
    assert "What was changed by hand" in html
    for told in page.context["by_hand"]:
        assert all(f'href="{url}"' in html for _reference, url, _who in told.cases)
    return [told.words for told in page.context["by_hand"]]


def test_each_has_its_sentence_and_nothing_is_told_as_nothing(office: Company, visit: Visit) -> None:
    with tenant_scope(office.tenant):
        cso, unit = office.member(Role.CSO), office.units["north-1"]
        cases = [recovery.open_case(by=None, unit=unit, reported_at=at(3, 5), now=at(3, 5)) for _ in range(3)]
        recovery.fix_case(cases[0], by=cso, at=at(3, 5) + HOUR, now=at(3, 9))
        for case in cases[1:]:
            recovery.move_case(case, office.units["south"], by=cso, now=at(3, 9))
    assert said(office, visit, "2026-03") == [
        "1 case counts as recovered by a fix that was told only when its 24 hours were over.",
        "2 cases were moved to units outside when their 24 hours were over.",
        "1 of 1 cases is of no known customer, who could say otherwise.",
    ]
    assert said(office, visit, "2026-01") == []


def test_days_that_are_left_out_of_a_leaders_time_are_told(office: Company, visit: Visit) -> None:
    with tenant_scope(office.tenant):
        north = office.units["north"]
        people.end_leadership(office.leader.leaderships.get(), date(2026, 2, 6), by=None)
        people.name_leader(north, office.leader, date(2026, 2, 20), by=None)
    [gap, *told] = said(office, visit, "2026-02")
    assert gap == "The days from 6 Feb 2026 to 19 Feb 2026 are left out: they did not lead the unit then."
    assert [words.partition(" was told")[0] for words in told] == [
        "That Lea North leads north since 20 Feb 2026",
        "That Lea North leads north no more since 6 Feb 2026",
    ]
