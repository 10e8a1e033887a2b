"""What came of a ballot: the page that is printed and kept."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cso.committees.models import Choice, OutcomeRecord, RollEntry
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.committees.ballots import CorrectForm
from frontend.views.form_page import form_page
from frontend.words.ballots import evidence_figures, question
from tenants.roles import Can


@for_members(Can.SEE_PEOPLE)
@require_safe
def outcome(request: MemberRequest, outcome: UUID) -> HttpResponse:
    related = ("motion__rule", "motion__committee", "motion__nomination", "motion__refer_to", "charter")
    known = OutcomeRecord.objects.select_related("corrects", *(f"ballot__{name}" for name in related))
    found = get_object_or_404(known, pk=outcome)
    corrected = OutcomeRecord.objects.filter(corrects=found).first()
    context = {
        "outcome": found,
        "ballot": found.ballot,
        "question": question(found.ballot),
        "figures": evidence_figures(found.ballot.evidence),
        "votes": _votes(found),
        "facts": _facts(found),
        "roll": [_line(line) for line in found.roll],
        "corrected": corrected,
        "may_correct": _may_correct(request, found) and corrected is None,
    }
    return render(request, "frontend/ballots/outcome.html", context)


@for_members(Can.RUN_COMMITTEES)
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: MemberRequest, outcome: UUID) -> HttpResponse:
    """By a new record: this one stays as it is."""
    found = get_object_or_404(OutcomeRecord.objects.select_related("ballot__motion"), pk=outcome)
    form = CorrectForm(sent(request), outcome=found)

    def do() -> HttpResponse:
        made = form.save(by=request.member, now=request.now)
        messages.success(request, _("Corrected by this new record. The old one stays, and leads here."))
        return redirect("outcome", request.tenant.slug, made.pk)

    up = (reverse("outcome", args=[request.tenant.slug, found.pk]), _("The outcome"))
    title = _("Correct what was taken down wrong")
    return answer_to(form, do) or form_page(request, form, title=title, submit=_("Write the new record"), up=up)


def _may_correct(request: MemberRequest, outcome: OutcomeRecord) -> bool:
    return request.member.can(Can.RUN_COMMITTEES) and not outcome.ballot.is_secret


def _votes(outcome: OutcomeRecord) -> list[dict[str, str]]:
    """Yes, no and abstentions; nothing where few secret papers are not broken down."""
    if outcome.yes is None:
        return []
    given = [(Choice.YES, outcome.yes), (Choice.NO, outcome.no), (Choice.ABSTAIN, outcome.abstain)]
    return [{"label": str(choice.label), "value": str(count)} for choice, count in given]


def _facts(outcome: OutcomeRecord) -> list[tuple[str, Any, str | None]]:
    facts: list[tuple[str, Any, str | None]] = [
        (_("Declared"), outcome.declared_at, None),
        (_("Eligible"), outcome.eligible, None),
        (_("Took part"), outcome.voted, None),
        (_("Quorum"), outcome.quorum, None),
    ]
    optional = [(_("Yes needed"), outcome.yes_needed), (_("Recused"), outcome.recused), (_("Vacant"), outcome.vacant)]
    facts += [(label, value, None) for label, value in optional if value]
    if outcome.casting_vote:
        facts.append((_("Casting vote"), outcome.get_casting_vote_display(), None))
    return [*facts, (_("Charter"), _("version %(n)s") % {"n": outcome.terms.get("number", "")}, None)]


def _line(line: dict[str, Any]) -> dict[str, str]:
    """A seat of the roll, in words; of a secret ballot nothing but whether it voted."""
    if line["status"] != RollEntry.Status.ELIGIBLE:
        said = str(RollEntry.Status(line["status"]).label)
    elif not line["voted"]:
        said = _("did not vote")
    elif line.get("choice"):
        said = str(Choice(line["choice"]).label)
        said = _("%(choice)s, by delegate") % {"choice": said} if line.get("by_delegate") else said
    else:
        said = _("voted")
    return {"seat": line["seat"], "member": line["member"] or _("vacant"), "said": said}
