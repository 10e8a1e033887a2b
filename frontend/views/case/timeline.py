"""What happened to a case, ready to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cso.languages import format_date, labelled
from cso.recovery.models import BrokenBecause, Channel, ContactKind, EventKind, ExclusionReason, Solution
from cso.recovery.queries import LogLine
from frontend.words.money import money_words

_TONES = {
    EventKind.OPENED: "start",
    EventKind.FIXED: "better",
    EventKind.REOPENED: "worse",
    EventKind.DISPUTED: "worse",
    EventKind.PROMISE_KEPT: "better",
    EventKind.PROMISE_BROKEN: "worse",
    EventKind.APPROVAL_REFUSED: "worse",
    EventKind.CALL_BACK_ASKED: "worse",
    EventKind.CLOSED: "better",
    EventKind.ANSWERED: "start",
}
_CHANGED = {
    "occurred_at": _("happened"),
    "reported_at": _("reported"),
    "summary": _("what went wrong"),
    "channel": _("channel"),
    "cause": _("main cause"),
    "customer": _("customer"),
    "unit": _("unit"),
    "reason": _("reason"),
    "owner": _("owner"),
    "asked_of": _("asked of"),
    "due_at": _("by"),
    "planned_surprise": _("the plan"),
    "solution": _("solved"),
    "rule": _("rule quoted"),
    "contact": _("contact"),
    "person": _("by"),
    "exception": _("exception"),
    "broken_because": _("because"),
    "agreed": _("the customer agreed"),
    "link_version": _("the customer's link was made anew"),
    "merged into": _("merged into"),
    "duplicate": _("duplicate"),
    "is_fixed": _("is it fixed"),
    "apology": _("a clear apology"),
    "surprised": _("something they did not expect"),
}
# The words of what is logged by its code.
_CODES: dict[str, dict[str, Any]] = {
    "contact": dict(ContactKind.choices),
    "channel": dict(Channel.choices),
    "solution": dict(Solution.choices),
    "reason": dict(ExclusionReason.choices),
    "broken_because": dict(BrokenBecause.choices),
}
_NOT_SHOWN = {"amount_minor", "currency", "link_version"}


def events(log: Sequence[LogLine]) -> list[dict[str, Any]]:
    """For components/timeline.html, the newest first."""
    return [_event(line) for line in reversed(log)]


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
    if changes.get("amount_minor"):
        lines.append(money_words(changes["amount_minor"], changes.get("currency", "")))
    for name, value in changes.items():
        if name in _NOT_SHOWN or value in ("", None):
            continue
        before, after = value if isinstance(value, list) else (None, value)
        words = f"{_said(name, before)} → {_said(name, after)}" if before else _said(name, after)
        lines.append(labelled(_CHANGED.get(name, name), words))
    return lines


def _said(name: str, value: Any) -> str:
    if value in ("", None):
        return "–"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if name.endswith("_at") and (instant := parse_datetime(str(value))) is not None:
        return format_date(localtime(instant), "j M Y, H:i")
    return str(_CODES.get(name, {}).get(value, value))
