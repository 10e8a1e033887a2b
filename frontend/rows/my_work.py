"""What waits for a member beside their open cases: customers to call, decisions, promises, tasks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from cso.committees.models import RollEntry
from cso.committees.queries import awaiting_vote
from cso.people.queries import in_or_below, own_units
from cso.recovery.authority import waiting_for
from cso.recovery.call_backs import open_call_backs
from cso.recovery.models import CallBack, Case, CaseTask, Promise, Remedy
from frontend.access import MemberRequest
from frontend.forms.case.remedies import remedy_words
from frontend.templatetags.times import ago, due_in
from tenants.roles import Can

MOST_SHOWN = 5
SOON = timedelta(hours=4)
# Promises and tasks that fall due later wait on their cases.
AHEAD = timedelta(hours=24)


def waiting_work(request: MemberRequest) -> list[dict[str, Any]]:
    """Titles with what waits under each, the most urgent kind first; nothing for who does not work on cases."""
    if not request.member.can(Can.WORK_CASE):
        return votes_waiting(request)
    mine = in_or_below(own_units(request.member))
    sections = [
        (_("Customers who want a call"), _call_backs(request)),
        (_("Waits for your decision"), _decisions(request)),
        (_("Promised"), _promises(request, mine)),
        (_("Asked of your unit"), _tasks(request, mine)),
    ]
    return votes_waiting(request) + [{"title": title, "rows": rows} for title, rows in sections if rows]


def votes_waiting(request: MemberRequest) -> list[dict[str, Any]]:
    """The rules that await the member's vote, closing soonest first: one section, or none."""
    entries = awaiting_vote(request.member, now=request.now)
    rows = [
        {
            "url": reverse("ballot", args=[request.tenant.slug, entry.ballot_id]),
            "kind": "soon",
            "state": due_in(entry.ballot.closes_at, request.now),
            "what": entry.ballot.motion_text,
            "note": f"{entry.ballot.motion.committee.name} · {_seat_words(request, entry)}",
        }
        for entry in entries
    ]
    return [{"title": _("Rules that await your vote"), "rows": rows}] if rows else []


def _seat_words(request: MemberRequest, entry: RollEntry) -> str:
    """Whose seat it is: one's own, or that of who delegated it."""
    if entry.member is None or entry.member_id == request.member.pk:
        return entry.label
    return _("%(seat)s, for %(name)s") % {"seat": entry.label, "name": entry.member.label}


def _call_backs(request: MemberRequest) -> list[dict[str, Any]]:
    wishes: Iterable[CallBack] = open_call_backs(request.member)[:MOST_SHOWN]
    return [
        {
            "url": _case_url(request, wish.case),
            "kind": "late",
            "state": ago(wish.asked_at, request.now),
            "what": " · ".join(filter(None, [str(wish.case.customer or ""), wish.phone])) or wish.case.reference,
            "note": wish.note,
        }
        for wish in wishes
    ]


def _decisions(request: MemberRequest) -> list[dict[str, Any]]:
    remedies: list[Remedy] = waiting_for(request.member, now=request.now)[:MOST_SHOWN]
    return [
        {
            "url": reverse("approval", args=[request.tenant.slug, remedy.pk]),
            "kind": "soon",
            "state": ago(remedy.asked_at, request.now) if remedy.asked_at else "",
            "what": _("%(who)s asks for %(what)s") % {"who": remedy.person.name, "what": remedy_words(remedy)},
            "note": remedy.case.unit.name,
        }
        for remedy in remedies
    ]


def _promises(request: MemberRequest, mine: Q) -> list[dict[str, Any]]:
    """Of the member's cases and units: overdue, or due within a day."""
    owed = Promise.objects.filter(done_at=None, cancelled_at=None, case_counts=True, due_at__lte=request.now + AHEAD)
    found = owed.filter(mine | Q(case__owner=request.member)).select_related("case").order_by("due_at", "id")
    return [_due(request, each.case, each.due_at, each.what) for each in found[:MOST_SHOWN]]


def _tasks(request: MemberRequest, mine: Q) -> list[dict[str, Any]]:
    waiting = CaseTask.objects.filter(mine, done_at=None, cancelled_at=None)
    found = waiting.select_related("case").order_by("due_at", "id")
    return [_due(request, each.case, each.due_at, each.what) for each in found[:MOST_SHOWN]]


def _due(request: MemberRequest, case: Case, due_at: datetime, what: str) -> dict[str, Any]:
    left = due_at - request.now
    return {
        "url": _case_url(request, case),
        "kind": "late" if left < timedelta(0) else "soon" if left <= SOON else "open",
        "state": due_in(due_at, request.now),
        "what": what,
        "note": case.summary or case.reference,
    }


def _case_url(request: MemberRequest, case: Case) -> str:
    return reverse("case", args=[request.tenant.slug, case.pk])
