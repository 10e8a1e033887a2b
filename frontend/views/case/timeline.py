"""What happened to a case, newest first, ready to be shown."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from cso.recovery.models import Case, EventKind
from cso.recovery.queries import LogLine, case_log

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
}


def events(case: Case) -> list[dict[str, Any]]:
    """For components/timeline.html."""
    return [_event(line) for line in reversed(case_log(case))]


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
