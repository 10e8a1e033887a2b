"""One case: what is known, what happened, and what can be done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cso.recovery import permissions
from cso.recovery.models import Case, EventKind
from cso.recovery.queries import LogLine, case_log, visible_cases
from frontend.access import MemberRequest, for_members
from frontend.forms import cases as forms
from frontend.forms.base import Moment, answer_to, sent
from frontend.wording import case_state, span_words
from tenants.models import Membership


@dataclass(frozen=True)
class Act:
    """One thing that can be done with a case: its form, who may ask for it, and what to say about it."""

    form: Callable[..., forms.CaseForm]
    may: Callable[[Membership, Case], bool]
    title: str | Promise
    submit: str | Promise
    done: str | Promise
    # Whether it can be done as the case stands; who asks too late is told so by the act itself.
    can: Callable[[Membership, Case], bool] | None = None

    def is_offered(self, member: Membership, case: Case) -> bool:
        return self.may(member, case) and (self.can is None or self.can(member, case))


ACTS = {
    "fix": Act(
        forms.FixForm,
        permissions.can_work_case,
        gettext_lazy("Say that it is fixed"),
        gettext_lazy("It is fixed"),
        gettext_lazy("Fixed. The clock has stopped."),
        can=permissions.can_fix_case,
    ),
    "reopen": Act(
        forms.ReopenForm,
        permissions.can_work_case,
        gettext_lazy("Reopen"),
        gettext_lazy("Reopen it"),
        gettext_lazy("Reopened. It counts as a miss if the fix did not hold for 14 days."),
        can=permissions.can_undo_fix,
    ),
    "dispute": Act(
        forms.DisputeForm,
        permissions.can_work_case,
        gettext_lazy("The customer says it is not fixed"),
        gettext_lazy("Record the dispute"),
        gettext_lazy("Recorded. The case is open again."),
        can=permissions.can_undo_fix,
    ),
    "move": Act(
        forms.MoveForm,
        permissions.can_work_case,
        gettext_lazy("Hand to another unit"),
        gettext_lazy("Hand over"),
        gettext_lazy("Handed over. The clock runs on."),
    ),
    "correct": Act(
        forms.CorrectForm,
        permissions.can_work_case,
        gettext_lazy("Correct the facts"),
        gettext_lazy("Save"),
        gettext_lazy("Corrected. What it was before stands in the log."),
    ),
    "exclude": Act(
        forms.ExcludeForm,
        permissions.can_propose_exclusion,
        gettext_lazy("Propose not to count it"),
        gettext_lazy("Propose"),
        gettext_lazy("Proposed. It counts on until a second person agrees."),
    ),
    "confirm-exclusion": Act(
        forms.ConfirmExclusionForm,
        permissions.can_confirm_exclusion,
        gettext_lazy("Agree not to count it"),
        gettext_lazy("Agree"),
        gettext_lazy("Agreed. The case counts nowhere from now on."),
    ),
    "withdraw-exclusion": Act(
        forms.WithdrawExclusionForm,
        permissions.can_withdraw_exclusion,
        gettext_lazy("Count it after all"),
        gettext_lazy("Count it"),
        gettext_lazy("The case counts again."),
    ),
}


@for_members()
@require_safe
def case(request: MemberRequest, case: UUID) -> HttpResponse:
    found = _visible(request, case)
    kind, state = case_state(found, request.now)
    context = {
        "case": found,
        "kind": kind,
        "state": state,
        "facts": _facts(request, found),
        "events": [_event(line) for line in reversed(case_log(found))],
        "acts": _offered(request, found),
        "can_fix": ACTS["fix"].is_offered(request.member, found),
        "now_choice": Moment.NOW,
    }
    return render(request, "frontend/cases/case.html", context)


@for_members()
@require_http_methods(["GET", "HEAD", "POST"])
def act_on_case(request: MemberRequest, case: UUID, name: str) -> HttpResponse:
    """One act on its own page; sent, it leads back to the case."""
    found, act = _visible(request, case), ACTS[name]
    if not act.may(request.member, found):
        raise Http404
    form = _form(act, request, found)

    def do() -> HttpResponse:
        form.save(found, by=request.member, now=request.now)
        messages.success(request, str(act.done))
        return redirect("case", request.tenant.slug, found.pk)

    context = {"case": found, "form": form, "title": act.title, "submit": act.submit}
    return answer_to(form, do) or render(request, "frontend/cases/act.html", context)


def _visible(request: MemberRequest, case: UUID) -> Case:
    known = visible_cases(request.member).select_related(
        "unit", "cause", "customer", "opened_by__user", "excluded_by__user", "exclusion_confirmed_by__user"
    )
    return get_object_or_404(known, pk=case)


def _form(act: Act, request: MemberRequest, case: Case) -> forms.CaseForm:
    data = sent(request)
    return forms.CorrectForm(data, case=case) if act.form is forms.CorrectForm else act.form(data)


def _offered(request: MemberRequest, case: Case) -> list[tuple[str, str]]:
    """The acts beside the fix that the viewer can do now: label and address."""
    return [
        (str(act.title), reverse(f"case_{name}", args=[request.tenant.slug, case.pk]))
        for name, act in ACTS.items()
        # The fix stands at the head of the page.
        if name != "fix" and act.is_offered(request.member, case)
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


_TONES = {
    EventKind.OPENED: "start",
    EventKind.FIXED: "better",
    EventKind.REOPENED: "worse",
    EventKind.DISPUTED: "worse",
}
_CHANGED = {
    "occurred_at": gettext_lazy("happened"),
    "reported_at": gettext_lazy("reported"),
    "summary": gettext_lazy("what went wrong"),
    "channel": gettext_lazy("channel"),
    "cause": gettext_lazy("main cause"),
    "customer": gettext_lazy("customer"),
    "unit": gettext_lazy("unit"),
    "reason": gettext_lazy("reason"),
}


def _event(line: LogLine) -> dict[str, Any]:
    return {
        "what": line.label,
        "at": line.at,
        "by": line.by,
        "text": "\n".join(filter(None, [line.note, *_changes(line.changes)])),
        "tone": _TONES.get(EventKind(line.kind), ""),
    }


def _changes(changes: dict[str, Any]) -> list[str]:
    """ "unit: North → South", one line a change."""
    lines = []
    for name, value in changes.items():
        before, after = value if isinstance(value, list) else (None, value)
        words = f"{before or '–'} → {after or '–'}" if isinstance(value, list) else str(after)
        lines.append(f"{_CHANGED.get(name, name)}: {words}")
    return lines
