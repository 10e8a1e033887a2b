"""Commitments as rows of a list, on their own page and on that of a session."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from cso.panels.commitments import may_change
from cso.panels.models import Commitment
from frontend.access import MemberRequest
from frontend.templatetags.times import due_in


def commitment_rows(request: MemberRequest, found: Iterable[Commitment]) -> list[dict[str, Any]]:
    """`found` with its owner and panel."""
    rows = []
    for each in found:
        kind, state = commitment_state(each, request.now)
        rows.append({"commitment": each, "kind": kind, "state": state, "acts": _acts(request, each)})
    return rows


def commitment_state(commitment: Commitment, now: datetime) -> tuple[str, Any]:
    """Kind and words; see components/badge.html."""
    if commitment.withdrawn_at is not None:
        return "", _("Noted by mistake") if commitment.was_mistake else _("Withdrawn")
    if commitment.done_at is not None:
        return ("fixed", _("Kept")) if commitment.kept else ("missed", _("Done late"))
    return "late" if commitment.due_at < now else "open", due_in(commitment.due_at, now)


def _acts(request: MemberRequest, commitment: Commitment) -> list[tuple[str, str]]:
    """Label and address of what this member may do with it."""
    is_waiting = commitment.done_at is None and commitment.withdrawn_at is None
    if not (is_waiting and may_change(request.member, commitment)):
        return []
    offered = [("keep", _("It is done")), ("withdraw", _("Withdraw"))]
    return [
        (label, reverse(f"commitment_{name}", args=[request.tenant.slug, commitment.pk])) for name, label in offered
    ]
