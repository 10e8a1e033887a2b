"""The page of one case."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from cso.recovery.duplicates import probable_duplicates
from cso.recovery.models import Case, ContactKind, EventKind
from cso.recovery.queries import case_log, visible_cases
from cso.recovery.teamwork import support_notes
from frontend.access import MemberRequest, for_members
from frontend.forms.base import Moment
from frontend.forms.case.base import CaseForm
from frontend.forms.case.contacts import ContactForm, SurpriseForm
from frontend.forms.case.promises import PromiseForm
from frontend.views.case.acts import look_up_as_one_types, visible_case
from frontend.views.case.head import case_url, head
from frontend.views.case.promises import promise_rows
from frontend.views.case.remedies import remedies
from frontend.views.case.table import ACTS, LISTED
from frontend.views.case.teamwork import custody_rows, task_rows
from frontend.views.case.timeline import events
from frontend.views.case.voice import voice
from frontend.views.heroes import celebrating
from frontend.words.figures import span_words
from tenants.roles import Can


@for_members()
@require_safe
def case(request: MemberRequest, case: UUID) -> HttpResponse:
    found = visible_case(request, case)
    offered = {name for name, act in ACTS.items() if not act.things and act.is_offered(request.member, found)}
    works = "correct" in offered
    log = case_log(found)
    # What the log does not know of did not happen: it need not be looked for.
    happened = frozenset(line.kind for line in log)
    context = {
        "case": found,
        "facts": _facts(request, found),
        "events": events(log),
        "now_choice": Moment.NOW,
        "can_fix": "fix" in offered,
        "acts": [
            *((str(ACTS[name].title), case_url(request, found, name)) for name in LISTED if name in offered),
            *_nominating(request, found),
        ],
        "custody": custody_rows(request, found, happened),
        "tasks": task_rows(request, found, works=works) if EventKind.TASK_ADDED in happened else [],
        "promises": promise_rows(request, found, works=works) if EventKind.PROMISED in happened else [],
        "duplicates": _others(request, found, probable_duplicates(found, viewer=request.member)) if works else [],
        "taken_in": _taken_in(request, found) if EventKind.DUPLICATE_TAKEN_IN in happened else [],
        **head(request, found, offered),
        **remedies(request, found, happened, works=works),
        **voice(request, found, happened, works=works),
        **celebrating(request, found),
        **_support(request, found, offered),
        **(_quick_acts(request, found) if works else {}),
        **{f"{name}_url": case_url(request, found, name) for name in ("close", "split") if name in offered},
    }
    return render(request, "frontend/cases/case.html", context)


def _quick_acts(request: MemberRequest, case: Case) -> dict[str, Any]:
    """Those that stand on the page itself, each sent to its own address."""
    acts: dict[str, Any] = {}
    if case.next_contact:
        acts["contact"] = _form(request, case, "contact", ContactForm) | {
            "sentence": _CONTACT_DUE[ContactKind(case.next_contact)],
            "buttons": _contact_buttons(case),
        }
    if case.is_open:
        acts["surprise"] = _form(request, case, "surprise", SurpriseForm)
    if case.closed_at is None:
        acts["promise"] = _form(request, case, "promise", PromiseForm)
        acts["give_url"] = case_url(request, case, "give")
        acts["task_url"] = case_url(request, case, "task")
    return acts


def _form(request: MemberRequest, case: Case, name: str, form: type[CaseForm]) -> dict[str, Any]:
    # Several forms stand on the page: each field's id tells whose it is.
    made = form(case=case, by=request.member, now=request.now, auto_id=f"{name}_%s")
    look_up_as_one_types(request, made)
    return {"form": made, "url": case_url(request, case, name)}


_CONTACT_DUE = {
    ContactKind.ACKNOWLEDGE: gettext_lazy("Tell the customer that you have it"),
    ContactKind.STATUS: gettext_lazy("Tell the customer how it stands"),
    ContactKind.RESOLUTION: gettext_lazy("Tell the customer that it is fixed"),
    ContactKind.FOLLOW_UP: gettext_lazy("Ask the customer whether all is well"),
}
_CONTACT_MADE = {
    ContactKind.ACKNOWLEDGE: gettext_lazy("Acknowledged"),
    ContactKind.STATUS: gettext_lazy("Status told"),
    ContactKind.RESOLUTION: gettext_lazy("Told that it is fixed"),
    ContactKind.FOLLOW_UP: gettext_lazy("Followed up"),
}


def _contact_buttons(case: Case) -> list[tuple[str, str, bool]]:
    """Kind, label and whether it is the one that is due; beside it, one that may have been made instead."""
    due = ContactKind(case.next_contact)
    beside = {ContactKind.ACKNOWLEDGE: [ContactKind.STATUS], ContactKind.RESOLUTION: [ContactKind.FOLLOW_UP]}
    kinds = [due, *beside.get(due, [])]
    return [(kind.value, str(_CONTACT_MADE[kind]), kind == due) for kind in kinds]


def _nominating(request: MemberRequest, case: Case) -> list[tuple[str, str]]:
    """The way to nominate the rule that was met here; what closing said stands in the form."""
    if not request.member.can(Can.NOMINATE_RULE):
        return []
    rule = case.quoted_rule
    words = case.change_idea or (rule.title if rule else "")
    query = urlencode({"case": case.pk, "words": words} | ({"rule": rule.pk} if rule else {}))
    return [(_("Nominate a dumb rule"), f"{reverse('nominate_rule', args=[request.tenant.slug])}?{query}")]


def _taken_in(request: MemberRequest, case: Case) -> list[dict[str, Any]]:
    """Its duplicates, as far as the viewer may see them."""
    merged = visible_cases(request.member).filter(merged_into=case).select_related("unit")
    return _others(request, case, merged.order_by("reported_at", "id"))


def _others(request: MemberRequest, case: Case, others: Iterable[Case]) -> list[dict[str, Any]]:
    """Cases that may be, or are, the same mistake."""
    return [
        {
            "url": case_url(request, other),
            "reference": other.reference,
            "summary": other.summary or other.reference,
            "unit": other.unit.name,
            "reported_at": other.reported_at,
            "merge_url": case_url(request, case, "merge", other.pk),
        }
        for other in others
    ]


def _support(request: MemberRequest, case: Case, offered: set[str]) -> dict[str, Any]:
    """After it is over, for whoever had it."""
    if case.closed_at is None or case.owner_id != request.member.pk or "support" not in offered:
        return {}
    notes = list(support_notes(request.member, case))
    return {"support_notes": notes, "support_url": case_url(request, case, "support")}


def _facts(request: MemberRequest, case: Case) -> list[tuple[str, Any, str | None]]:
    """Label, value and address of what is known."""
    units = reverse("cases", args=[request.tenant.slug])
    facts: list[tuple[str, Any, str | None]] = [
        (_("Unit"), case.unit.name, f"{units}?unit={case.unit.pk}"),
        (_("Main cause"), case.cause.name if case.cause else _("not given"), None),
        (_("Customer"), case.customer or _("not known"), _customer_url(request, case)),
        (_("Channel"), case.get_channel_display() or _("not known"), None),
        (_("Happened"), case.occurred_at or _("not known"), None),
        (_("Reported"), case.reported_at, None),
        (_("Due"), case.due_at, None),
    ]
    if case.first_fixed_at:
        facts.append((_("First fixed"), case.first_fixed_at, None))
    if case.fixed_at:
        facts.append((_("Took"), span_words(case.seconds_to_recover), None))
    return facts + _closing_facts(request, case)


def _customer_url(request: MemberRequest, case: Case) -> str | None:
    if case.customer_id is None or not request.member.can(Can.SEE_CUSTOMERS):
        return None
    return reverse("customer", args=[request.tenant.slug, case.customer_id])


def _closing_facts(request: MemberRequest, case: Case) -> list[tuple[str, Any, str | None]]:
    """What closing said, as far as it said it."""
    rule = case.quoted_rule
    said = [
        (_("Solved"), case.get_solution_display(), None),
        (_("Rule quoted"), rule.title if rule else "", rule and reverse("rule", args=[request.tenant.slug, rule.pk])),
        (_("What failed"), case.get_failed_right_display(), None),
        (_("Surprise given"), case.given_surprise, None),
        (_("To change"), case.change_idea, None),
    ]
    return [fact for fact in said if fact[1]] if case.closed_at else []
