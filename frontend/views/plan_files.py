"""Plans and scores as files: numbers as exact as a spreadsheet holds them, so that each can be counted again."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cso.metrics.periods import Period, parse_period, period_of
from cso.scorecards.models import PlanVersion
from cso.scorecards.plans.versions import plan_with_versions
from cso.scorecards.scores.counting import ItemScore, Score, score_plans
from cso.scorecards.scores.tables import scores_of
from frontend.access import MemberRequest, for_members
from frontend.periods import scored_period
from frontend.table import as_file
from frontend.words.scores import what_words

_STEP = Decimal("0.000001")
PLANS = ("unit_code", "unit", "leader", "since", "until", "period", "state", "version", "read_at", "score", "lacks")
ITEMS = (
    "category",
    "what",
    "name",
    "numerator",
    "denominator",
    "value",
    "floor",
    "target",
    "weight",
    "points",
    "lacks",
    "source",
    "as_of",
)


@for_members()
@require_safe
def export_plans(request: MemberRequest, kind: str) -> HttpResponseBase:
    """One line for each plan, with a column for each category."""
    period = scored_period(request) or period_of(request.now, "year", request.tenant.zone)
    [table] = scores_of(request.member, [period], now=request.now)
    scores = sorted(table.scores, key=lambda score: (score.plan.unit.name, score.plan.person.name))
    categories = list(dict.fromkeys(category.code for score in scores for category, _value in score.by_category))
    columns = [*PLANS, *(f"score_{code}" for code in categories)]
    return as_file(request, kind, "plans", columns, [_plan_line(score, categories) for score in scores])


@for_members()
@require_safe
def export_plan(request: MemberRequest, plan: UUID, kind: str) -> HttpResponseBase:
    """One line for each figure of a score."""
    here = plan_with_versions(request.member, plan)
    period = scored_period(request) or (parse_period(str(here.year)) if here else None)
    if here is None or period is None or period.first.year != here.year:
        raise Http404
    scores = score_plans([here], [period], now=request.now)
    rows = [_item_line(item) for score in scores for item in score.items]
    return as_file(request, kind, "plan", ITEMS, rows)


def exports(request: MemberRequest, period: Period, plan: UUID | None = None) -> list[tuple[str, str]]:
    """The files of a page: see components/exports.html."""
    name, ids = ("export_plan", [plan]) if plan else ("export_plans", [])
    query = f"?period={period.key}"
    return [
        (_("CSV"), reverse(name, args=[request.tenant.slug, *ids]) + query),
        (_("Excel"), reverse(f"{name}_xlsx", args=[request.tenant.slug, *ids]) + query),
    ]


def _plan_line(score: Score, categories: list[str]) -> list[Any]:
    plan, version, values = score.plan, score.version, {c.code: value for c, value in score.by_category}
    last: PlanVersion = list(plan.versions.all())[-1]
    return [
        plan.unit.code,
        plan.unit.name,
        plan.person.name,
        _day(score.span.since),
        _day(score.span.until),
        score.period.key,
        score.status,
        version.number,
        last.read_at,
        _number(score.value),
        ", ".join(item.what for item in score.items if item.lacks),
        *(_number(values.get(code)) for code in categories),
    ]


def _item_line(item: ItemScore) -> list[Any]:
    return [
        item.category.code,
        item.what,
        what_words(item.item.metric, item.item.measure),
        _number(item.numerator),
        _number(item.denominator),
        _number(item.actual),
        _number(item.floor),
        _number(item.target),
        _number(item.weight),
        _number(item.points),
        item.lacks,
        item.told.source if item.told else "",
        item.told.as_of if item.told else None,
    ]


def _day(day: Any) -> str:
    return day.isoformat() if day else ""


def _number(value: Fraction | Decimal | int | None) -> Decimal | int | None:
    """Whole where it is whole, else to six decimals."""
    if value is None:
        return None
    exact = Fraction(value)
    if exact.denominator == 1:
        return exact.numerator
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(_STEP)
