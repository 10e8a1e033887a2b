"""What was given to the customer of a case, and what waits for approval."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext as _

from cso.people.models import Person
from cso.recovery.authority import may_decide, room_left
from cso.recovery.models import Case, EventKind, Remedy
from frontend.access import MemberRequest
from frontend.forms.case.remedies import remedy_words, room_words
from frontend.views.approvals import approval_rows
from frontend.views.case.head import case_url
from frontend.words.money import money_words

_KINDS = {
    Remedy.Status.GIVEN: "fixed",
    Remedy.Status.ASKED: "soon",
    Remedy.Status.REFUSED: "missed",
    Remedy.Status.WITHDRAWN: "",
}


_ASKED_OR_GIVEN = {EventKind.REMEDY_GIVEN, EventKind.APPROVAL_ASKED}


def remedies(request: MemberRequest, case: Case, happened: Collection[str], *, works: bool) -> dict[str, Any]:
    """The list, what was given in all, and what the viewer may still give without asking."""
    known = case.remedies.select_related("person", "decided_by__user").order_by("id")
    found = list(known) if _ASKED_OR_GIVEN & set(happened) else []
    person = Person.objects.filter(member=request.member).first() if works and case.is_open else None
    return {
        "approvals": approval_rows(
            request, [remedy for remedy in found if may_decide(request.member, remedy, now=request.now)]
        ),
        "remedies": [_row(request, case, remedy, works) for remedy in found],
        "given": given_words(found),
        "room": room_words(room_left(person, case, now=request.now)) if person else "",
    }


def given_words(remedies: list[Remedy]) -> str:
    """The money given, by currency, and how many exceptions; empty for nothing."""
    given = [remedy for remedy in remedies if remedy.status == Remedy.Status.GIVEN]
    sums: dict[str, int] = {}
    for remedy in given:
        if remedy.amount_minor:
            sums[remedy.currency] = sums.get(remedy.currency, 0) + remedy.amount_minor
    words = [money_words(minor, currency) for currency, minor in sorted(sums.items())]
    return ", ".join([*words, *(remedy.exception for remedy in given if remedy.exception)])


def _row(request: MemberRequest, case: Case, remedy: Remedy, works: bool) -> dict[str, Any]:
    asks = remedy.status == Remedy.Status.ASKED
    is_mine = request.member.pk in {remedy.member_id, remedy.person.member_id}
    return {
        "what": remedy_words(remedy),
        "who": remedy.person.name,
        "note": remedy.note,
        "at": remedy.given_at or remedy.asked_at,
        "kind": _KINDS[Remedy.Status(remedy.status)],
        "state": remedy.get_status_display(),
        "decision": _decision(remedy),
        "withdraw_url": case_url(request, case, "withdraw-remedy", remedy.pk) if works and asks and is_mine else "",
    }


def _decision(remedy: Remedy) -> str:
    if remedy.decided_by is None:
        return ""
    words = _("Approved by %(name)s.") if remedy.status == Remedy.Status.GIVEN else _("Not approved by %(name)s.")
    return " ".join(filter(None, [words % {"name": remedy.decided_by.label}, remedy.decision_note]))
