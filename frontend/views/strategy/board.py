"""The strategy on one page: each outcome with its owner, its figures, what is done for it, and its review."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cso.languages import format_date
from cso.metrics.registry import METRICS
from cso.strategy.models import Initiative, Outcome
from cso.strategy.outcomes import order_outcomes
from cso.strategy.queries import Standing, is_overdue, strategy_board, who_serves
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.strategy import MetricForm, OutcomeForm
from frontend.periods import chosen_period, period_chips
from frontend.views.committees.acting import Act, act_on
from frontend.views.form_page import form_page
from frontend.views.scorecard_tabs import section_tabs
from frontend.views.strategy.files import exports, opens
from frontend.words.figures import period_words
from frontend.words.goals import goal_rows
from tenants.roles import Can
from tenants.scope import day_of

_MAKE = Act(
    OutcomeForm, gettext_lazy("A new outcome"), gettext_lazy("Set it"), gettext_lazy("Set. Which metrics serve it?")
)


@for_members()
@require_safe
def strategy(request: MemberRequest) -> HttpResponse:
    """Of all outcomes for who sees every unit's figures, else of one's own."""
    member, period = request.member, chosen_period(request)
    board = strategy_board(member, period, now=request.now)
    if not (board or opens(request)):
        raise PermissionDenied
    may_set = member.can(Can.SET_STRATEGY)
    here = reverse("strategy", args=[request.tenant.slug])
    context = {
        "title": _title(board),
        "sub": _sub(request, board, period_words(period)),
        "tabs": section_tabs(request, "strategy"),
        "periods": period_chips(here, period, request.now),
        "rows": [
            outcome_row(request, each, goal_rows(each.metrics, period, with_links=member.can(Can.SEE_SCORECARD)))
            | {"is_first": each is board[0]}
            for each in board
        ],
        "unserved": _unserved(board) if member.can(Can.SEE_SCORECARD) else [],
        "all": len(METRICS),
        "may_set": may_set,
        "exports": exports(request, "export_strategy"),
    }
    return render(request, "frontend/strategy/strategy.html", context)


def outcome_row(request: MemberRequest, standing: Standing, goals: list[dict[str, Any]]) -> dict[str, Any]:
    """An outcome for strategy/_outcome.html."""
    outcome, slug = standing.outcome, request.tenant.slug
    running = [each for each in standing.initiatives if each.done_at is None and each.stopped_at is None]
    return {
        "outcome": outcome,
        "url": reverse("strategy_outcome", args=[slug, outcome.pk]),
        "goals": goals,
        "review": review_badge(request, outcome),
        "reviewed_at": standing.reviewed_at,
        "decided": standing.decided,
        "initiatives": [initiative_row(request, each) for each in running],
        "over": len(standing.initiatives) - len(running),
        "blockers": standing.blockers,
    }


def review_badge(request: MemberRequest, outcome: Outcome) -> tuple[str, str]:
    """Kind and words; see components/badge.html."""
    if outcome.ended_at is not None:
        return "", _("Ended")
    if is_overdue(outcome, request.now):
        days = (day_of(request.now) - outcome.review_on).days
        return "late", ngettext("Review %(n)s day overdue", "Review %(n)s days overdue", days) % {"n": days}
    return "open", _("Review by %(day)s") % {"day": format_date(outcome.review_on, "j M Y")}


def initiative_row(request: MemberRequest, initiative: Initiative) -> dict[str, Any]:
    """An initiative with its badge."""
    today = day_of(request.now)
    if initiative.done_at is not None:
        badge = ("fixed", _("Done"))
    elif initiative.stopped_at is not None:
        badge = ("", _("Stopped"))
    elif initiative.due_on < today:
        days = (today - initiative.due_on).days
        badge = ("late", ngettext("%(n)s day late", "%(n)s days late", days) % {"n": days})
    else:
        badge = ("open", _("Under way") if initiative.starts_on <= today else _("To come"))
    return {"initiative": initiative, "kind": badge[0], "state": badge[1]}


@for_members(Can.SET_STRATEGY)
@require_http_methods(["GET", "HEAD", "POST"])
def new_outcome(request: MemberRequest) -> HttpResponse:
    return act_on(request, OutcomeForm(sent(request), today=day_of(request.now)), _MAKE, up=_up(request))


@for_members(Can.SET_STRATEGY)
@require_POST
def move_up(request: MemberRequest, outcome: UUID) -> HttpResponse:
    """One place further up; the first stays where it is."""
    live = list(Outcome.objects.filter(ended_at=None).order_by("position", "id"))
    place = next((n for n, each in enumerate(live) if each.pk == outcome), None)
    if place is None:
        raise Http404
    if place:
        live[place - 1 : place + 1] = [live[place], live[place - 1]]
        order_outcomes(live, by=request.member)
    return redirect("strategy", request.tenant.slug)


@for_members(Can.SET_STRATEGY)
@require_http_methods(["GET", "HEAD", "POST"])
def serve(request: MemberRequest, key: str) -> HttpResponse:
    """Which outcome a metric serves."""
    if key not in METRICS:
        raise Http404
    metric, live = METRICS[key], _live()
    [served] = [each for each in who_serves(live) if each.metric.key == key]
    form = MetricForm(sent(request), metric=metric, served=served, live=list(live))

    def do() -> HttpResponse:
        form.save(by=request.member, now=request.now)
        messages.success(request, _served_words(str(metric.name), form.cleaned_data["outcome"], form.left))
        return redirect("strategy", request.tenant.slug)

    title = _("What is “%(metric)s” for?") % {"metric": metric.name}
    words = {"title": title, "submit": _("Say so"), "up": _up(request), "quote": metric.meaning}
    return answer_to(form, do) or form_page(request, form, **words)  # type: ignore[arg-type]


def _live() -> QuerySet[Outcome]:
    return Outcome.objects.filter(ended_at=None).order_by("position", "id")


def _served_words(metric: str, outcome: Outcome | None, left: Outcome | None) -> str:
    words = {"metric": metric, "outcome": outcome.name if outcome else "", "left": left.name if left else ""}
    if outcome is None:
        return _("“%(metric)s” serves no outcome now.") % words
    if left is None:
        return _("“%(metric)s” serves “%(outcome)s”.") % words
    return _("“%(metric)s” serves “%(outcome)s” now, and left “%(left)s”.") % words


def _up(request: MemberRequest) -> tuple[str, str]:
    return reverse("strategy", args=[request.tenant.slug]), _("Strategy")


def _unserved(board: Sequence[Standing]) -> list[tuple[str, str]]:
    """Key and name of the metrics that serve no outcome: nobody answers for them."""
    served = {goal.live.metric.key for each in board for goal in each.metrics}
    return [(key, str(metric.name)) for key, metric in METRICS.items() if key not in served]


def _title(board: Sequence[Standing]) -> str:
    if not board:
        return _("What we want for customers")
    missed = sum(any(goal.verdict == "missed" for goal in each.metrics) for each in board)
    words = {"n": missed, "all": len(board)}
    if not missed:
        return _("No outcome misses its target")
    return (
        ngettext("%(n)s of %(all)s outcomes misses a target", "%(n)s of %(all)s outcomes miss a target", missed) % words
    )


def _sub(request: MemberRequest, board: Sequence[Standing], period: str) -> str:
    late = sum(is_overdue(each.outcome, request.now) for each in board)
    said = [f"{period}."]
    if late:
        words = ngettext("%(n)s review is overdue.", "%(n)s reviews are overdue.", late)
        said.append(words % {"n": late})
    elif board:
        said.append(_("No review is overdue."))
    return " ".join(said)
