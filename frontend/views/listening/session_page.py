"""What stands on the page of a session: a sentence first, then who was there, what was heard, what is promised."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cso.panels.models import Commitment, PanelSession, Presence
from cso.panels.permissions import may_run_panel
from cso.panels.queries import Attendance, Attended, attendance_of
from cso.texts import percent
from frontend.access import MemberRequest
from frontend.templatetags.times import due_in
from frontend.views.listening.commitment_rows import commitment_rows
from frontend.words.figures import number
from tenants.roles import Can

_MINUTE = 60


def page_of(request: MemberRequest, session: PanelSession) -> dict[str, Any]:
    attendance = attendance_of(session, now=request.now)
    keeps = may_run_panel(request.member, session.panel)
    on_roster = any(line.entry.person.member_id == request.member.pk for line in attendance)
    kind, state = session_state(session, request.now)
    return {
        "session": session,
        "kind": kind,
        "state": state,
        "sentence": _sentence(session, attendance),
        "rows": [_row(request, session, line, keeps=keeps) for line in attendance],
        "truths": session.truths.select_related("heard_by__user").order_by("heard_at", "id"),
        "commitments": commitment_rows(request, _commitments(session)),
        "may_hear": session.started_at is not None and (keeps or on_roster),
        "may_commit": keeps or (on_roster and request.member.can(Can.SEE_RESULTS)),
        "keeps": keeps,
        "acts": _acts(request, session) if keeps else [],
        "primary": _primary(request, session) if keeps else None,
        "stays": _stays(session) if keeps else [],
    }


def session_state(session: PanelSession, now: datetime) -> tuple[str, Any]:
    """Kind and words; see components/badge.html."""
    if session.cancelled_at is not None:
        return "", _("Called off")
    if session.ended_at is not None:
        return "fixed", _("Held")
    if session.started_at is not None:
        return "soon", _("Runs now")
    if session.planned_at < now:
        return "late", _("Not started yet")
    return "open", due_in(session.planned_at, now)


def attendance_lines(found: Sequence[Attended]) -> list[dict[str, Any]]:
    """Who came to how many: the chief executive apart from the others."""
    return [
        {
            "name": line.person.name,
            "position": line.person.position.title if line.person.position else "",
            "is_chief": line.is_chief_executive,
            "words": _("%(part)s of %(all)s") % {"part": number(line.attended), "all": number(line.sessions)},
            "share": percent(line.attended / line.sessions),
            "width": f"{line.attended / line.sessions * 100:.1f}%",
        }
        for line in found
    ]


def _commitments(session: PanelSession) -> QuerySet[Commitment]:
    return session.commitments.select_related("owner", "panel").order_by("due_at", "id")


def _sentence(session: PanelSession, attendance: Sequence[Attendance]) -> dict[str, str]:
    """Tone, and what it came to: the chief executive's attendance in a sentence of its own."""
    counted = [line for line in attendance if line.entry.was_on_roster]
    others = [line for line in counted if not line.entry.is_chief_executive]
    if session.ended_at is None:
        return {"tone": "chance", "lead": _so_far(session, attendance), "text": ""}
    came = sum(bool(line.attended) for line in others)
    lead = ngettext(
        "%(came)s of %(n)s executive heard the customers.",
        "%(came)s of %(n)s executives heard the customers.",
        len(others),
    ) % {"came": came, "n": len(others)}
    chiefs = [line for line in counted if line.entry.is_chief_executive]
    tone = "better" if all(line.attended for line in counted) else "worse"
    return {"tone": tone, "lead": lead if others else "", "text": " ".join(_of_chief(line) for line in chiefs)}


def _of_chief(line: Attendance) -> str:
    words = {"name": line.entry.person.name, "minutes": _minutes(line)}
    if line.attended:
        return _("%(name)s, chief executive, was there for %(minutes)s.") % words
    if line.seconds:
        return _("%(name)s, chief executive, was there for %(minutes)s: too little to count.") % words
    return _("%(name)s, chief executive, was not there.") % words


def _so_far(session: PanelSession, attendance: Sequence[Attendance]) -> str:
    n = len(attendance)
    if session.cancelled_at is not None:
        return _("It was called off, and counts for nobody.")
    if not n:
        return _("Nobody is expected yet: say who, before it starts.")
    if session.started_at is None:
        return ngettext("%(n)s executive is expected.", "%(n)s executives are expected.", n) % {"n": n}
    inside = sum(line.is_in_room for line in attendance)
    return _("%(inside)s of %(n)s are in the room.") % {"inside": inside, "n": n}


def _row(request: MemberRequest, session: PanelSession, line: Attendance, *, keeps: bool) -> dict[str, Any]:
    entry = line.entry
    is_over = session.ended_at is not None or session.cancelled_at is not None
    is_own = entry.person.member_id == request.member.pk
    said = [("excuse", _("Excuse")), ("delegate", _("Delegate"))] if (keeps or is_own) and not is_over else []
    if keeps and session.ended_at is not None:
        said.append(("presence", _("Correct")))
    tone, words = _presence_words(session, line)
    door = ("leave", _("Goes out")) if line.is_in_room else ("join", _("Comes in"))
    return {
        "entry": entry,
        "name": entry.person.name,
        "position": entry.person.position.title if entry.person.position else "",
        "tone": tone,
        "words": words,
        "width": f"{(line.share or 0) * 100:.1f}%",
        "has_bar": line.whole is not None and session.cancelled_at is None,
        "is_late": session.started_at is not None and not entry.was_on_roster,
        "door": (door[1], _entry_url(request, door[0], line)) if keeps and not is_over else None,
        "acts": [(label, _entry_url(request, name, line)) for name, label in said],
    }


def _presence_words(session: PanelSession, line: Attendance) -> tuple[str, str]:
    if line.seconds is None or line.whole is None:
        return ("better", _("in the room")) if line.is_in_room else ("", "")
    minutes = _minutes(line)
    if session.ended_at is None:
        return (
            ("better", f"{_('in the room')} · {minutes}") if line.is_in_room else ("chance", f"{_('out')} · {minutes}")
        )
    if line.attended is None:
        return "chance", minutes
    return ("better", f"{_('attended')} · {minutes}") if line.attended else ("worse", f"{_('absent')} · {minutes}")


def _minutes(line: Attendance) -> str:
    assert line.seconds is not None
    assert line.whole is not None
    return _("%(part)s of %(all)s min") % {"part": line.seconds // _MINUTE, "all": line.whole // _MINUTE}


def _entry_url(request: MemberRequest, name: str, line: Attendance) -> str:
    return reverse(f"entry_{name}", args=[request.tenant.slug, line.entry.pk])


def _primary(request: MemberRequest, session: PanelSession) -> tuple[str, str] | None:
    """The one act that comes next, as a button: its label and address."""
    if session.cancelled_at is not None or session.ended_at is not None:
        return None
    name, label = ("end", _("It is over")) if session.started_at else ("start", _("It begins"))
    return label, reverse(f"session_{name}", args=[request.tenant.slug, session.pk])


def _acts(request: MemberRequest, session: PanelSession) -> list[tuple[str, str]]:
    if session.cancelled_at is not None or session.ended_at is not None:
        return []
    if session.started_at is not None:
        offered = [("roster", _("Add somebody who is not counted")), ("end", _("It ended earlier"))]
    else:
        offered = [
            ("roster", _("Who is expected")),
            ("change", _("Change the plan")),
            ("start", _("It began earlier")),
            ("cancel", _("Call it off")),
        ]
    return [(label, reverse(f"session_{name}", args=[request.tenant.slug, session.pk])) for name, label in offered]


def _stays(session: PanelSession) -> list[Presence]:
    """Who was in the room from when until when, for who keeps the session to correct."""
    found = Presence.objects.filter(entry__session=session).select_related("entry__person")
    return list(found.order_by("joined_at", "id"))
