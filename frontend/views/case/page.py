"""The page of one case."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cso.recovery.models import Case
from frontend.access import MemberRequest, for_members
from frontend.forms.base import Moment
from frontend.views.case.acts import visible_case
from frontend.views.case.table import ACTS
from frontend.views.case.timeline import events
from frontend.wording import case_state, span_words


@for_members()
@require_safe
def case(request: MemberRequest, case: UUID) -> HttpResponse:
    found = visible_case(request, case)
    kind, state = case_state(found, request.now)
    context = {
        "case": found,
        "kind": kind,
        "state": state,
        "facts": _facts(request, found),
        "events": events(found),
        "acts": _offered(request, found),
        "can_fix": ACTS["fix"].is_offered(request.member, found),
        "now_choice": Moment.NOW,
    }
    return render(request, "frontend/cases/case.html", context)


def _offered(request: MemberRequest, case: Case) -> list[tuple[str, str]]:
    """The acts without a place of their own that the viewer can do now: label and address."""
    return [
        (str(act.title), reverse(f"case_{name}", args=[request.tenant.slug, case.pk]))
        for name, act in ACTS.items()
        if act.is_listed and act.is_offered(request.member, case)
    ]


def _facts(request: MemberRequest, case: Case) -> list[tuple[str, Any, str | None]]:
    """Label, value and address of what is known."""
    units = reverse("cases", args=[request.tenant.slug])
    facts: list[tuple[str, Any, str | None]] = [
        (_("Unit"), case.unit.name, f"{units}?unit={case.unit.pk}"),
        (_("Main cause"), case.cause.name if case.cause else _("not given"), None),
        (_("Customer"), case.customer or _("not known"), None),
        (_("Channel"), case.get_channel_display() or _("not known"), None),
        (_("Happened"), case.occurred_at or _("not known"), None),
        (_("Reported"), case.reported_at, None),
        (_("Due"), case.due_at, None),
    ]
    if case.first_fixed_at:
        facts.append((_("First fixed"), case.first_fixed_at, None))
    if case.fixed_at:
        facts.append((_("Took"), span_words(case.seconds_to_recover), None))
    return facts
