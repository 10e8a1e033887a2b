"""Leaders with plans of this year, and targets: what scorecards and scores are read of."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from benchmarks._facts import fill
from benchmarks._house import make_tenant

if TYPE_CHECKING:
    from tenants.models import Tenant

TEAMS_EACH = 4


def make_office(slug: str, *, leaders: int, cases: int, now: datetime) -> Tenant:
    """A tenant of divisions with four teams each and a leader who has a plan; its figures are counted."""
    from cso.metrics.engine.rebuild import rebuild
    from tenants.scope import tenant_scope

    tenant = make_tenant(slug, divisions=leaders, teams=TEAMS_EACH)
    fill(tenant, 1, cases)
    with tenant_scope(tenant):
        _name_leaders(now)
        rebuild()
    return tenant


def _name_leaders(now: datetime) -> None:
    from cso.metrics.actions import set_target
    from cso.people.actions import add_person, name_leader
    from cso.people.models import Unit
    from cso.scorecards.plans.categories import first_categories
    from cso.scorecards.plans.items import Item
    from cso.scorecards.plans.versions import make_plan

    set_target("recovered_24h", Decimal(90), date(2025, 1, 1), by=None)
    serving = next(category for category in first_categories(by=None) if category.code == "serving")
    items = [
        Item(serving, Decimal(2), Decimal(50), None, "recovered_24h"),
        Item(serving, Decimal(1), Decimal(50), Decimal(95), "promise_kept"),
        Item(serving, Decimal(1), Decimal(20), Decimal(5), "double_deviation"),
        Item(serving, Decimal(1), Decimal(-20), Decimal(40), "nps"),
    ]
    for unit in Unit.objects.filter(code__startswith="division-").order_by("code"):
        leader = add_person(f"Leader of {unit.name}", unit=unit, position="Director", by=None)
        name_leader(unit, leader, date(now.year - 2, 1, 1), by=None)
        make_plan(leader, unit, now.year, items=items, by=None, now=now)
