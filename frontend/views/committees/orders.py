"""Kill orders: overdue first, then what is done, seen by somebody else, and what it led to."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import F, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cso.committees.holding import may_chair
from cso.committees.models import KillOrder, KillStep
from cso.committees.orders import finish_step
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.committees.orders import (
    ExecuteForm,
    NameOwnerForm,
    PostponeForm,
    ReinstateForm,
    StepForm,
    VerifyForm,
)
from frontend.templatetags.times import due_in
from frontend.views.committees.acting import Act, act_on
from frontend.views.committees.tabs import section_tabs
from frontend.words.effects import effect_words
from tenants.roles import Can

PAGE = 50
Status = KillOrder.Status
TO_DO = Q(status__in=KillOrder.OPEN)
STATES = {
    "to-do": (gettext_lazy("To be done"), TO_DO),
    "to-verify": (gettext_lazy("To be verified"), Q(status=Status.EXECUTED)),
    "observed": (gettext_lazy("Effect observed"), Q(status=Status.OBSERVING)),
    "settled": (
        gettext_lazy("Settled"),
        ~Q(status__in=[*KillOrder.OPEN, Status.EXECUTED, Status.OBSERVING]),
    ),
}
ACTS = {
    "execute": Act(
        ExecuteForm,
        gettext_lazy("Say that it is done"),
        gettext_lazy("It is done"),
        gettext_lazy("Done. Somebody else goes and sees."),
    ),
    "verify": Act(
        VerifyForm,
        gettext_lazy("I went and saw: it is gone"),
        gettext_lazy("It is gone"),
        gettext_lazy("Verified. In eight weeks we see whether it helped."),
    ),
    "postpone": Act(
        PostponeForm,
        gettext_lazy("Give it more time"),
        gettext_lazy("Move the date"),
        gettext_lazy("The date is moved."),
    ),
    "owner": Act(
        NameOwnerForm, gettext_lazy("Name who carries it out"), gettext_lazy("Name them"), gettext_lazy("Named.")
    ),
    "reinstate": Act(
        ReinstateForm, gettext_lazy("Bring the rule back"), gettext_lazy("Bring it back"), gettext_lazy("It is back.")
    ),
}


@for_members(Can.SEE_PEOPLE)
@require_safe
def kill_orders(request: MemberRequest) -> HttpResponse:
    state = request.GET.get("state", "to-do")
    state = state if state in STATES else "to-do"
    found = KillOrder.objects.filter(STATES[state][1]).select_related("rule", "owner", "unit")
    order = F("due_at").asc() if state == "to-do" else F("ordered_at").desc()
    context = {
        "tabs": section_tabs(request, "kill_orders"),
        "chips": [(str(label), f"?state={name}", name == state, None) for name, (label, _c) in STATES.items()],
        "rows": [_row(request, each) for each in found.order_by(order, "id")[:PAGE]],
        "state": state,
    }
    return render(request, "frontend/committees/orders.html", context)


@for_members(Can.SEE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def kill_order(request: MemberRequest, order: UUID) -> HttpResponse:
    """One order with its steps; POST adds a step."""
    found = _found(order)
    offered = _offered(request, found)
    works = "execute" in offered
    form = StepForm(sent(request), order=found) if works else None

    def do() -> HttpResponse:
        assert form is not None
        form.save(by=request.member, now=request.now)
        return redirect("kill_order", request.tenant.slug, found.pk)

    kind, words = state_badge(request, found)
    context = {
        "order": found,
        "kind": kind,
        "state": words,
        "form": form,
        "works": works,
        "steps": found.steps.select_related("done_by__user").order_by("position"),
        "effect": effect_words(found, now=request.now),
        "acts": [
            (name, str(ACTS[name].title), reverse(f"order_{name}", args=[request.tenant.slug, found.pk]))
            for name in offered
        ],
    }
    page = answer_to(form, do) if form is not None else None
    return page or render(request, "frontend/committees/order.html", context)


@for_members(Can.SEE_PEOPLE)
@require_POST
def finish(request: MemberRequest, step: UUID) -> HttpResponse:
    found = get_object_or_404(KillStep.objects.select_related("order"), pk=step)
    finish_step(found, by=request.member, now=request.now)
    return redirect("kill_order", request.tenant.slug, found.order_id)


@for_members(Can.SEE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def act_on_order(request: MemberRequest, order: UUID, act: str) -> HttpResponse:
    found = _found(order)
    up = (reverse("kill_order", args=[request.tenant.slug, found.pk]), _("The kill order"))
    if act not in _offered(request, found):
        messages.info(request, _("This is not to be done now, or not by you."))
        return redirect(up[0])
    return act_on(request, ACTS[act].form(sent(request), order=found), ACTS[act], up=up)


def state_badge(request: MemberRequest, order: KillOrder) -> tuple[str, Any]:
    """Kind and words: how much time is left while it is to be done; see components/badge.html."""
    if order.status in KillOrder.OPEN:
        return "late" if order.due_at < request.now else "open", due_in(order.due_at, request.now)
    kinds = {Status.EFFECTIVE: "fixed", Status.HARMFUL: "late", Status.EXECUTED: "soon"}
    return kinds.get(Status(order.status), ""), order.get_status_display()


def _row(request: MemberRequest, order: KillOrder) -> dict[str, Any]:
    kind, words = state_badge(request, order)
    return {
        "url": reverse("kill_order", args=[request.tenant.slug, order.pk]),
        "rule": order.rule.title,
        "owner": order.owner.name if order.owner else "",
        "unit": order.unit.name,
        "kind": kind,
        "state": words,
        "ordered_at": order.ordered_at,
        "due_at": order.due_at,
    }


def _offered(request: MemberRequest, order: KillOrder) -> list[str]:
    """What this member may do, as far as can be told before they try."""
    member = request.member
    runs = member.can(Can.RUN_COMMITTEES)
    chairs = runs or (order.outcome is not None and may_chair(order.outcome.ballot.motion.committee_id, member))
    owns = order.owner is not None and order.owner.member_id == member.pk
    offered = []
    if order.status in KillOrder.OPEN:
        offered += ["execute"] if runs or owns else []
        return [*offered, "postpone", "owner"] if chairs else offered
    if order.status == Status.EXECUTED and order.executed_by_id != member.pk and member.can(Can.TRIAGE_NOMINATIONS):
        offered.append("verify")
    return [*offered, "reinstate"] if runs and order.status != Status.REINSTATED else offered


def _found(pk: UUID) -> Any:
    related = (
        "rule",
        "owner",
        "unit",
        "outcome__ballot__motion",
        "nomination",
        "executed_by__user",
        "verified_by__user",
    )
    return get_object_or_404(KillOrder.objects.select_related(*related), pk=pk)
