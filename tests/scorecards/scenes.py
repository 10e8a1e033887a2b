"""What the tests of scorecards have in common: a leader with a plan, and things that happen in their unit."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from cso.metrics.actions import set_target
from cso.metrics.engine.refresh import refresh
from cso.scorecards.models import Category, Measure, PlanVersion
from cso.scorecards.plans.categories import first_categories
from cso.scorecards.plans.items import Item
from cso.scorecards.plans.measures import define_measure, record_figures
from cso.scorecards.plans.versions import make_plan
from tenants.models import AuditEntry
from tenants.roles import Role
from tests.personas import Company, log_case

HOUR = timedelta(hours=1)
KEY = "recovered_24h"
DECEMBER = datetime(2025, 12, 10, 12, tzinfo=UTC)


def month(number: int, year: int = 2026) -> date:
    return date(year, number, 1)


def at(number: int, day: int = 10, hour: int = 12) -> datetime:
    return datetime(2026, number, day, hour, tzinfo=UTC)


def category(code: str) -> Category:
    return Category.objects.get(code=code)


def serving(weight: int | str = 1, floor: int | str = 50, target: int | str | None = 90, metric: str = KEY) -> Item:
    return Item(
        category("serving"), Decimal(weight), Decimal(floor), None if target is None else Decimal(target), metric
    )


def margin(weight: int | str = 1, floor: int | str = 0, target: int | str = 10) -> Item:
    measure = Measure.objects.get(code="margin")
    return Item(category("financial"), Decimal(weight), Decimal(floor), Decimal(target), measure=measure)


def prepare(company: Company) -> None:
    """Categories, a measure of finance, and a target of 90 % since 2025; in the company's scope."""
    first_categories(by=None)
    define_measure("margin", "Margin", rollup="ratio", source="Ledger", by=None)
    set_target(KEY, Decimal(90), date(2025, 1, 1), by=None)


def plan_for(company: Company, *items: Item, made_at: datetime = DECEMBER, **options: Any) -> PlanVersion:
    """A plan of 2026 for who leads the north, made by the Chief Serving Officer."""
    return make_plan(
        options.pop("person", company.leader),
        options.pop("unit", company.units["north"]),
        options.pop("year", 2026),
        items=items,
        by=options.pop("by", company.member(Role.CSO)),
        now=made_at,
        **options,
    )


def log(company: Company, when: datetime, *, hits: int, misses: int, unit: str = "north-1") -> None:
    """Cases that fell due a day after `when`, counted at once."""
    for number in range(hits + misses):
        log_case(company.units[unit], when, fixed_after=HOUR if number < hits else 30 * HOUR)
    refresh()


def tell_margin(number: int, percent: Any, *, now: datetime, unit: str = "north", **fields: Any) -> None:
    """The margin of a month, as the ledger had it just now."""
    row = {"measure": "margin", "unit": unit, "month": f"2026-{number:02}", "numerator": percent, "denominator": 1}
    outcomes = record_figures([(1, row | {"as_of": now.isoformat()} | fields)], by=None, now=now)
    assert [outcome.status for outcome in outcomes] == ["recorded"], outcomes


def last_entry() -> AuditEntry:
    return AuditEntry.objects.order_by("-number")[0]
