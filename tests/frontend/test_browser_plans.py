"""Plans and the strategy in a real browser: weights are told as they are typed, without scripts it works, and nobody is
shut out."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone
from playwright.sync_api import expect

from cso.metrics.actions import set_target_path
from cso.metrics.periods import period_of
from cso.scorecards.changes import mark_change
from cso.scorecards.models import Plan
from cso.scorecards.plans.versions import versions_of
from cso.strategy.blockers import raise_blocker
from cso.strategy.initiatives import start_initiative
from cso.strategy.outcomes import give_metric, make_outcome
from tenants.roles import Role
from tenants.scope import day_of, tenant_scope
from tests.frontend.accessibility import barriers
from tests.frontend.browser import Open, needs_chromium
from tests.personas import Company
from tests.scorecards.scenes import margin, plan_for, prepare, serving

pytestmark = needs_chromium


def planned(company: Company) -> Plan:
    """For who leads the north, from the year that comes."""
    with tenant_scope(company.tenant):
        prepare(company)
        month = period_of(timezone.now(), "month", company.tenant.zone).next()
        full_by = month.first.replace(year=month.first.year + 2)
        set_target_path(
            "recovered_24h",
            starts_on=month.first,
            percent=Decimal(90),
            step=Decimal(2),
            every_months=3,
            full_by=full_by,
            by=None,
        )
        plan: Plan = plan_for(company, serving(), margin(), year=timezone.now().year + 1).plan
        return plan


def test_the_pages_of_plans_shut_nobody_out(open_page: Open, company: Company) -> None:
    plan = planned(company)
    here = f"/acme/scorecard/plans/{plan.pk}/"
    new = f"/acme/scorecard/plans/new/?unit={plan.unit_id}&year={plan.year + 1}"
    paths = [
        f"/acme/scorecard/plans/?period={plan.year}",
        here,
        f"{here}change/",
        new,
        "/acme/scorecard/measures/",
        "/acme/targets/",
        "/acme/targets/recovered_24h/",
    ]
    assert barriers(open_page, Role.CSO, paths) == {}


def test_the_pages_of_the_strategy_shut_nobody_out(open_page: Open, company: Company) -> None:
    now, north, lead = timezone.now(), company.units["north"], company.leader
    with tenant_scope(company.tenant):
        today = day_of(now)
        wanted = make_outcome(
            "Right at once", owner=lead, review_on=today - timedelta(days=3), by=None, now=now - timedelta(days=30)
        )
        give_metric("recovered_24h", wanted, by=None)
        give_metric("open_overdue", wanted, by=None, target=Decimal(0))
        began, due = today - timedelta(days=9), today - timedelta(days=1)
        start_initiative(wanted, "A second van", owner=lead, starts_on=began, due_on=due, by=None)
        raise_blocker("No spare vans", owner=lead, by=None, now=now, outcome=wanted, unit=north)
        on = today - timedelta(weeks=2)
        mark_change(north, on=on, what="One queue for all channels", by=None, now=now)
    here = f"/acme/strategy/outcomes/{wanted.pk}/"
    paths = [
        "/acme/strategy/",
        here,
        "/acme/blockers/",
        f"/acme/units/{north.pk}/changes/",
        "/acme/search/",
    ]
    assert barriers(open_page, Role.CSO, paths) == {}


def test_weights_are_told_as_they_are_typed(open_page: Open, company: Company) -> None:
    page = open_page(Role.CSO, f"/acme/scorecard/plans/{planned(company).pk}/change/")
    balance = page.locator("#balance")
    expect(balance).to_contain_text("Serving 1 = Financial 1")
    page.locator("[name=weight_0]").fill("2")
    expect(balance).to_contain_text("it has 2; Financial 1.")
    page.locator("[name=weight_1]").fill("2")
    expect(balance).to_contain_text("In balance. Serving 2 = Financial 2")
    assert page.evaluate("document.activeElement.name") == "weight_1", "the form keeps the focus"


def test_a_plan_is_changed_without_scripts(open_page: Open, company: Company) -> None:
    plan = planned(company)
    page = open_page(Role.CSO, f"/acme/scorecard/plans/{plan.pk}/change/", scripts=False)
    page.get_by_role("button", name="More lines").click()
    expect(page.locator(".plan-edit__line")).to_have_count(8)
    page.locator("[name=floor_0]").fill("60")
    page.get_by_label("Why").fill("A harder year")
    page.get_by_role("button", name="Keep the next version").click()
    expect(page.get_by_role("status")).to_contain_text("Version 2 is kept.")
    with tenant_scope(company.tenant):
        assert [version.reason for version in versions_of(plan)] == ["", "A harder year"]
