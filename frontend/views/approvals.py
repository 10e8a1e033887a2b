"""What somebody asks for above their authority, in front of whoever may decide it now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cso.recovery.authority import may_decide, waiting_for
from cso.recovery.models import Remedy
from cso.recovery.queries import visible_cases
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.case.remedies import DecisionForm, remedy_words
from tenants.models import Membership
from tenants.roles import Can


@for_members(Can.WORK_CASE)
@require_safe
def approvals(request: MemberRequest) -> HttpResponse:
    """What waits for me, the longest first."""
    rows = approval_rows(request, waiting_for(request.member, now=request.now))
    return render(request, "frontend/approvals/approvals.html", {"approvals": rows})


@for_members(Can.WORK_CASE)
@require_http_methods(["GET", "HEAD", "POST"])
def approval(request: MemberRequest, remedy: UUID) -> HttpResponse:
    """One of them, as the mail leads to it; sent, it leads to the next. What is decided already leads to its case."""
    known = Remedy.objects.select_related("case__unit", "person__position")
    # Asked of this member, or of somebody at a case that they may see: others do not learn that it exists.
    found = known.filter(pk=remedy).first()
    if found is None or not _concerns(request.member, found):
        raise Http404
    if request.method != "POST" and not may_decide(request.member, found, now=request.now):
        return _settled(request, found)
    form = DecisionForm(sent(request), auto_id=f"{found.pk}_%s")

    def do() -> HttpResponse:
        decided = form.decide(found, by=request.member, now=request.now)
        words = {"what": remedy_words(decided), "name": found.person.name}
        given = decided.status == Remedy.Status.GIVEN
        said = _("Approved: %(name)s gives %(what)s.") if given else _("Not approved: %(name)s does not give %(what)s.")
        messages.success(request, said % words)
        return redirect("approvals", request.tenant.slug)

    context = {"approvals": approval_rows(request, [found], form=form), "form": form}
    return answer_to(form, do) or render(request, "frontend/approvals/approvals.html", context)


def _concerns(member: Membership, remedy: Remedy) -> bool:
    return member.pk in remedy.approvers or visible_cases(member).filter(pk=remedy.case_id).exists()


def _settled(request: MemberRequest, remedy: Remedy) -> HttpResponse:
    """Nothing is for the viewer to decide: say how it stands."""
    if remedy.status == Remedy.Status.ASKED:
        messages.info(request, _("This waits for somebody else."))
    else:
        messages.info(request, _("This is settled: %(state)s.") % {"state": remedy.get_status_display()})
    is_seen = visible_cases(request.member).filter(pk=remedy.case_id).exists()
    slug = request.tenant.slug
    return redirect("case", slug, remedy.case_id) if is_seen else redirect("approvals", slug)


def approval_rows(
    request: MemberRequest, remedies: Iterable[Remedy], *, form: DecisionForm | None = None
) -> list[dict[str, Any]]:
    """What asks for a decision: who, what, why, since when, and until when it is the viewer's alone."""
    return [
        {
            "what": remedy_words(remedy),
            "who": remedy.person.name,
            "why": remedy.note,
            "asked_at": remedy.asked_at,
            "until": _until(request, remedy),
            "case": remedy.case,
            "case_url": reverse("case", args=[request.tenant.slug, remedy.case_id]),
            "url": reverse("approval", args=[request.tenant.slug, remedy.pk]),
            "form": form or DecisionForm(auto_id=f"{remedy.pk}_%s"),
        }
        for remedy in remedies
    ]


def _until(request: MemberRequest, remedy: Remedy) -> Any:
    """When it passes on to the next one too; None for the last one, and once it has."""
    if request.member.pk not in remedy.approvers[:-1] or remedy.asked_at is None:
        return None
    turn = remedy.approvers.index(request.member.pk)
    passes_on = remedy.asked_at + (turn + 1) * timedelta(minutes=remedy.minutes_each)
    return passes_on if passes_on > request.now else None
