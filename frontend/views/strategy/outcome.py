"""One outcome: how it stands, what is done for it and what became of it, and every review that it had."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cso.errors import DomainError
from cso.strategy.initiatives import resume_initiative
from cso.strategy.models import Initiative, Outcome, OutcomeReview
from cso.strategy.permissions import may_keep, may_run
from cso.strategy.queries import Standing, changes_since, outcome_standing, visible_initiatives, visible_outcomes
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.strategy import CameForm, EndForm, InitiativeForm, OutcomeForm, ReviewForm, StopForm
from frontend.periods import chosen_period, period_chips
from frontend.views.committees.acting import Act, act_on
from frontend.views.form_page import form_page
from frontend.views.strategy.board import initiative_row, outcome_row
from frontend.words.goals import change_rows, goal_rows
from tenants.roles import Can
from tenants.scope import day_of

_SET, _KEEP = "set", "keep"
ACTS = {
    "review": Act(
        ReviewForm,
        gettext_lazy("What did the review decide?"),
        gettext_lazy("Record the review"),
        gettext_lazy("Recorded."),
    ),
    "start": Act(
        InitiativeForm,
        gettext_lazy("What is done for it?"),
        gettext_lazy("Start it"),
        gettext_lazy("Started."),
    ),
    "change": Act(
        OutcomeForm,
        gettext_lazy("Change the outcome"),
        gettext_lazy("Change it"),
        gettext_lazy("Changed."),
    ),
    "end": Act(EndForm, gettext_lazy("End the outcome"), gettext_lazy("End it"), gettext_lazy("Ended.")),
}
_WHO = {"review": _KEEP, "start": _KEEP, "change": _SET, "end": _SET}
INITIATIVE_ACTS = {
    "change": Act(
        InitiativeForm,
        gettext_lazy("Change the initiative"),
        gettext_lazy("Change it"),
        gettext_lazy("Changed."),
    ),
    "finish": Act(CameForm, gettext_lazy("It is done"), gettext_lazy("It is done"), gettext_lazy("Noted: it is done.")),
    "stop": Act(
        StopForm,
        gettext_lazy("It goes no further"),
        gettext_lazy("Stop it"),
        gettext_lazy("Noted: it goes no further."),
    ),
}


@for_members()
@require_safe
def outcome(request: MemberRequest, outcome: UUID) -> HttpResponse:
    member, period = request.member, chosen_period(request)
    standing = outcome_standing(member, outcome, period, now=request.now)
    if standing is None:
        raise Http404
    found = standing.outcome
    reviews = OutcomeReview.objects.filter(outcome=found).select_related("by__user").order_by("-at", "-id")
    goals = goal_rows(standing.metrics, period, with_links=member.can(Can.SEE_SCORECARD))
    context = {
        "row": outcome_row(request, standing, goals),
        "outcome": found,
        "periods": period_chips(request.path, period, request.now),
        "initiatives": _initiatives(request, standing),
        "reviews": [{"review": each, "was_late": _was_late(each)} for each in reviews],
        "acts": _acts(request, found),
        "may_set": member.can(Can.SET_STRATEGY) and found.ended_at is None,
    }
    return render(request, "frontend/strategy/outcome.html", context)


@for_members()
@require_http_methods(["GET", "HEAD", "POST"])
def act_on_outcome(request: MemberRequest, outcome: UUID, act: str) -> HttpResponse:
    rows = visible_outcomes(request.member).filter(ended_at=None).select_related("owner")
    found = get_object_or_404(rows, pk=outcome)
    if not _may(request, found, act):
        raise Http404
    form = ACTS[act].form(sent(request), today=day_of(request.now), outcome=found)
    slug = request.tenant.slug
    then = reverse("strategy", args=[slug]) if act == "end" else ""
    return act_on(request, form, ACTS[act], up=_up(request, found), then=then)


@for_members()
@require_http_methods(["GET", "HEAD", "POST"])
def act_on_initiative(request: MemberRequest, initiative: UUID, act: str) -> HttpResponse:
    found = _initiative(request, initiative)
    if found.done_at is not None or found.stopped_at is not None:
        raise Http404
    up = _up(request, found.outcome)
    form = INITIATIVE_ACTS[act].form(sent(request), today=day_of(request.now), initiative=found)
    if act == "change":
        return act_on(request, form, INITIATIVE_ACTS[act], up=up)

    def do() -> HttpResponse:
        form.save(by=request.member, now=request.now)
        undo = reverse("resume_initiative", args=[request.tenant.slug, found.pk])
        messages.success(request, str(INITIATIVE_ACTS[act].done), extra_tags=undo)
        return redirect(up[0])

    words: dict[str, Any] = {"title": found.name, "submit": str(INITIATIVE_ACTS[act].submit), "up": up}
    return answer_to(form, do) or form_page(request, form, **words)


@for_members()
@require_POST
def resume(request: MemberRequest, initiative: UUID) -> HttpResponse:
    """It is not over after all: a slip."""
    found = _initiative(request, initiative)
    try:
        resume_initiative(found, by=request.member)
        messages.success(request, _("Taken back: it goes on."))
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("strategy_outcome", request.tenant.slug, found.outcome_id)


def _initiative(request: MemberRequest, pk: UUID) -> Initiative:
    rows = visible_initiatives(request.member).select_related("outcome__owner", "owner")
    found: Initiative = get_object_or_404(rows, pk=pk)
    if not may_run(request.member, found):
        raise Http404
    return found


def _may(request: MemberRequest, outcome: Outcome, act: str) -> bool:
    return request.member.can(Can.SET_STRATEGY) if _WHO[act] == _SET else may_keep(request.member, outcome)


def _up(request: MemberRequest, outcome: Outcome) -> tuple[str, str]:
    return reverse("strategy_outcome", args=[request.tenant.slug, outcome.pk]), outcome.name


def _acts(request: MemberRequest, outcome: Outcome) -> list[tuple[str, str]]:
    """Label and address of what this member may do with it; the first stands out."""
    if outcome.ended_at is not None:
        return []
    slug = request.tenant.slug
    labels = {
        "review": _("Record a review"),
        "start": _("Start an initiative"),
        "change": _("Change it"),
        "end": _("End it"),
    }
    offered = [
        (label, reverse(f"strategy_outcome_{act}", args=[slug, outcome.pk]))
        for act, label in labels.items()
        if _may(request, outcome, act)
    ]
    if request.member.can(Can.RAISE_BLOCKER):
        offered.append((_("Raise a blocker"), f"{reverse('raise_blocker', args=[slug])}?outcome={outcome.pk}"))
    return offered


def _initiatives(request: MemberRequest, standing: Standing) -> list[dict[str, Any]]:
    """Those under way first, then those that are over, each with what became of the outcome's metrics since."""
    changes = changes_since(standing.initiatives, [goal.live.metric for goal in standing.metrics], now=request.now)
    found = sorted(standing.initiatives, key=lambda each: bool(each.done_at or each.stopped_at))
    return [
        initiative_row(request, each)
        | {"changes": change_rows(changes.get(each.pk, ())), "acts": _initiative_acts(request, standing.outcome, each)}
        for each in found
    ]


def _initiative_acts(request: MemberRequest, outcome: Outcome, initiative: Initiative) -> list[tuple[str, str]]:
    # Its outcome was read with its owner; the initiative has no need to read it again.
    initiative.outcome = outcome
    is_over = initiative.done_at is not None or initiative.stopped_at is not None
    if is_over or outcome.ended_at is not None or not may_run(request.member, initiative):
        return []
    labels = {"finish": _("It is done"), "stop": _("Stop it"), "change": _("Change it")}
    return [
        (label, reverse(f"initiative_{act}", args=[request.tenant.slug, initiative.pk]))
        for act, label in labels.items()
    ]


def _was_late(review: OutcomeReview) -> bool:
    return day_of(review.at) > review.was_due_on
