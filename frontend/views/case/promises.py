"""The promises of a case, and what a vague word means."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cso.recovery.models import Case, Promise
from cso.recovery.promises import due_from_words
from frontend.access import MemberRequest, for_members
from frontend.templatetags.times import due_in
from frontend.views.case.head import case_url
from tenants.roles import Can


def promise_rows(request: MemberRequest, case: Case, *, works: bool) -> list[dict[str, Any]]:
    """Those that wait first, the earliest due first."""
    rows = [_row(request, case, promise, works) for promise in case.promises.order_by("due_at", "id")]
    return sorted(rows, key=lambda row: row["is_over"])


def _row(request: MemberRequest, case: Case, promise: Promise, works: bool) -> dict[str, Any]:
    kind, state = _state(promise, request)
    waits = promise.done_at is None and promise.cancelled_at is None
    return {
        "what": promise.what,
        "words": promise.words,
        "due_at": promise.due_at,
        "moved_from": promise.first_due_at if promise.times_moved else None,
        "kind": kind,
        "state": state,
        "is_over": not waits,
        "because": promise.get_broken_because_display(),
        "keep_url": case_url(request, case, "keep-promise", promise.pk) if works and waits else "",
        "acts": _acts(request, case, promise, waits) if works else [],
    }


def _state(promise: Promise, request: MemberRequest) -> tuple[str, Any]:
    """The badge: its kind and its words."""
    if promise.cancelled_at is not None:
        return "", _("No longer wanted")
    if promise.disputed_at is not None:
        return "missed", _("Not kept, the customer says")
    if promise.done_at is None:
        return "late" if request.now > promise.due_at else "open", due_in(promise.due_at, request.now)
    return ("fixed", _("Kept")) if promise.kept else ("missed", _("Done late"))


def _acts(request: MemberRequest, case: Case, promise: Promise, waits: bool) -> list[tuple[str, str]]:
    acts = []
    if waits:
        acts += [(_("Another time"), "move-promise"), (_("No longer wanted"), "cancel-promise")]
    elif promise.cancelled_at is None and promise.disputed_at is None:
        acts.append((_("The customer says it was not kept"), "dispute-promise"))
    is_broken = not promise.kept and promise.cancelled_at is None and (not waits or request.now > promise.due_at)
    if is_broken:
        acts.append((_("Why it was not kept"), "explain-promise"))
    return [(label, case_url(request, case, name, promise.pk)) for label, name in acts]


@for_members(Can.WORK_CASE)
@require_safe
def promise_meaning(request: MemberRequest) -> HttpResponse:
    """A fragment: by when it is, as one writes it."""
    words = request.GET.get("what", "").replace("\x00", "").strip()
    due = due_from_words(words, request.now) if words else None
    return render(request, "frontend/cases/case/_promise_due.html", {"words": words, "due": due})
