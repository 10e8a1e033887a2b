"""A motion before its ballot: the arguments, the owner's reply, and what the chair may do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cso.committees.evidence import evidence_of
from cso.committees.holding import held_now, may_chair
from cso.committees.models import Committee, Motion, Nomination
from cso.committees.motions import owner_of_rule
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.committees.motions import MoveForm, OpenBallotForm, ReplyForm, WithdrawMotionForm
from frontend.views.committees.acting import Act, act_on
from frontend.views.form_page import form_page
from frontend.words.ballots import evidence_figures, yes_does
from tenants.roles import Can

Status = Motion.Status
ACTS = {
    "open-ballot": Act(
        OpenBallotForm,
        gettext_lazy("Open the ballot"),
        gettext_lazy("Open it"),
        gettext_lazy("The ballot is set. Each seat gets a mail with its own link."),
    ),
    "reply": Act(
        ReplyForm,
        gettext_lazy("Reply as the rule’s owner"),
        gettext_lazy("Reply"),
        gettext_lazy("Your reply stands on the ballot."),
    ),
    "withdraw": Act(
        WithdrawMotionForm,
        gettext_lazy("Take the motion back"),
        gettext_lazy("Take it back"),
        gettext_lazy("Taken back."),
    ),
}


@for_members(Can.SEE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: MemberRequest, committee: UUID) -> HttpResponse:
    """For who sits in the committee; what it is about may come from its docket."""
    found = get_object_or_404(Committee, pk=committee, dissolved_at=None)
    form = MoveForm(sent(request), committee=found, nomination=_nomination(request, found))

    def do() -> HttpResponse:
        made = form.save(by=request.member, now=request.now)
        messages.success(request, _("Moved. The rule’s owner may reply before it is voted on."))
        return redirect("motion", request.tenant.slug, made.pk)

    up = (reverse("committee", args=[request.tenant.slug, found.pk]), found.name)
    return answer_to(form, do) or form_page(request, form, title=_("Move a motion"), submit=_("Move it"), up=up)


@for_members(Can.SEE_PEOPLE)
@require_safe
def motion(request: MemberRequest, motion: UUID) -> HttpResponse:
    found = _found(motion)
    slug = request.tenant.slug
    context = {
        "motion": found,
        "a_yes": yes_does(found),
        "figures": evidence_figures(evidence_of(found.rule, until=request.now)),
        "ballots": found.ballots.order_by("-opens_at"),
        "waits_for_reply": bool(found.deliberated_until and found.deliberated_until > request.now),
        "acts": [
            (str(ACTS[name].title), reverse(f"motion_{name}", args=[slug, found.pk]))
            for name in _offered(request, found)
        ],
    }
    return render(request, "frontend/committees/motion.html", context)


@for_members(Can.SEE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def act_on_motion(request: MemberRequest, motion: UUID, act: str) -> HttpResponse:
    found = _found(motion)
    up = (reverse("motion", args=[request.tenant.slug, found.pk]), _("The motion"))
    if act not in _offered(request, found):
        messages.info(request, _("This is not to be done now, or not by you."))
        return redirect(up[0])
    initial = {"text": found.owner_reply} if act == "reply" else {}
    return act_on(request, ACTS[act].form(sent(request), motion=found, initial=initial), ACTS[act], up=up)


def _offered(request: MemberRequest, motion: Motion) -> list[str]:
    """What this member may do, as far as can be told before they try."""
    if motion.status not in {Status.DRAFT, Status.DELIBERATING}:
        return []
    member = request.member
    chairs = may_chair(motion.committee_id, member)
    offered = ["open-ballot"] if chairs and not motion.ballots.filter(status="scheduled").exists() else []
    if owner_of_rule(motion.rule) == member.pk or member.can(Can.RUN_COMMITTEES):
        offered.append("reply")
    if chairs or motion.moved_by_id == member.pk:
        offered.append("withdraw")
    return offered


def sits_in(request: MemberRequest, committee: Committee) -> bool:
    """Whether the member may move motions in it."""
    seats = held_now().filter(seat__committee=committee, member=request.member)
    return may_chair(committee.pk, request.member) or seats.exists()


def _found(pk: UUID) -> Any:
    related = ("committee", "rule__owner", "nomination__member__user", "moved_by__user", "refer_to")
    return get_object_or_404(Motion.objects.select_related(*related), pk=pk)


def _nomination(request: MemberRequest, committee: Committee) -> Nomination | None:
    try:
        pk = UUID(request.GET.get("nomination", ""))
    except ValueError:
        return None
    return Nomination.objects.select_related("rule").filter(pk=pk, committee=committee).first()
