"""The strategy as a file: one line for each metric of each outcome, as the page shows them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from cso.strategy.goals import Goal, goal_unit, value_of
from cso.strategy.queries import Standing, is_overdue, strategy_board
from frontend.access import MemberRequest, for_members
from frontend.periods import chosen_period
from frontend.table import as_file
from tenants.roles import Can

FILES = (("CSV", "csv"), ("Excel", "xlsx"))
# Value, target and gap in the unit; see cso.strategy.goals. "late" is whether a review is overdue.
_COLUMNS = (
    "outcome",
    "owner",
    "review_on",
    "late",
    "blockers",
    "metric",
    "name",
    "value",
    "unit",
    "numerator",
    "denominator",
    "target",
    "gap",
    "verdict",
)


def opens(request: MemberRequest) -> bool:
    """Whether the pages of the strategy are this member's also where nothing on them is theirs."""
    return request.member.can(Can.SEE_SCORECARD) or request.member.can(Can.RAISE_BLOCKER)


def exports(request: MemberRequest, name: str) -> list[tuple[str, str]]:
    """The files of a page, for components/exports.html; its query narrows them too."""
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    return [(label, f"{reverse(f'{name}_{kind}', args=[request.tenant.slug])}{query}") for label, kind in FILES]


@for_members()
@require_safe
def export_strategy(request: MemberRequest, kind: str) -> StreamingHttpResponse:
    board = strategy_board(request.member, chosen_period(request), now=request.now)
    if not (board or opens(request)):
        raise PermissionDenied
    rows = []
    for each in board:
        lines = [_goal(goal) for goal in each.metrics] or [[None] * 9]
        rows += [_outcome(request, each) + line for line in lines]
    return as_file(request, kind, "strategy", _COLUMNS, rows)


def _outcome(request: MemberRequest, standing: Standing) -> list[Any]:
    outcome = standing.outcome
    late = is_overdue(outcome, request.now)
    return [outcome.name, outcome.owner.name, f"{outcome.review_on}", late, standing.blockers]


def _goal(goal: Goal) -> list[Any]:
    live, metric = goal.live, goal.live.metric
    value = value_of(live)
    if live.figure is not None:
        counts = [live.figure.numerator, None if metric.kind == "count" else live.figure.denominator]
    else:
        known = live.counts or {}
        counts = [known.get(metric.numerator), known.get(metric.denominator) if metric.kind == "share" else None]
    is_share = metric.kind == "share"
    return [
        metric.key,
        str(metric.name),
        None if value is None else float(value),
        "percent" if is_share else goal_unit(metric) or ("number" if metric.kind == "count" else ""),
        *counts,
        None if goal.target is None else float(goal.target),
        goal.gap,
        goal.verdict,
    ]
