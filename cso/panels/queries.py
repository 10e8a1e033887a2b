"""Reads of sessions and commitments, viewer first. What the viewer may not see is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from cso.panels.attendance import has_attended, seconds_between, seconds_present
from cso.panels.models import Commitment, PanelSession, Presence, RosterEntry
from cso.panels.permissions import visible_panels
from cso.panels.sessions import presences_in, roster_of
from cso.people.models import Person
from tenants.models import Actor, Membership
from tenants.roles import Can


def visible_sessions(viewer: Actor) -> QuerySet[PanelSession]:
    """Those of the panels that the viewer sees, and those to which they are expected."""
    seen = Q(panel__in=_panels(viewer))
    if isinstance(viewer, Membership):
        expected = RosterEntry.objects.filter(person__member=viewer)
        seen |= Q(pk__in=list(expected.values_list("session_id", flat=True)))
    return PanelSession.objects.filter(seen)


def visible_commitments(viewer: Actor) -> QuerySet[Commitment]:
    """Those to the panels that the viewer sees, and their own."""
    seen = Q(panel__in=_panels(viewer))
    if isinstance(viewer, Membership):
        seen |= Q(owner__member=viewer)
    return Commitment.objects.filter(seen)


def _panels(viewer: Actor) -> list[UUID]:
    return list(visible_panels(viewer).values_list("pk", flat=True)) if viewer.can(Can.SEE_RESULTS) else []


def waiting(commitments: QuerySet[Commitment]) -> QuerySet[Commitment]:
    """Those that are still to be kept, overdue ones first."""
    return commitments.filter(done_at=None, withdrawn_at=None).order_by("due_at", "id")


@dataclass(frozen=True)
class Attendance:
    """Of one on the roster: `seconds` of the `whole` session in the room, which may still run; None before it starts.

    `attended` is None while that is not known, and for who was added after the start, who is not counted.
    """

    entry: RosterEntry
    seconds: int | None
    whole: int | None
    attended: bool | None
    is_in_room: bool

    @property
    def share(self) -> float | None:
        """Of the session so far, from 0 to 1."""
        return None if self.seconds is None or not self.whole else self.seconds / self.whole


def attendance_of(session: PanelSession, *, now: datetime) -> list[Attendance]:
    """Everybody on the roster, the chief executive first, then by name. Two statements."""
    presences = presences_in(session)
    return [_attendance(session, entry, presences[entry.pk], now) for entry in roster_of(session)]


def _attendance(session: PanelSession, entry: RosterEntry, presences: list[Presence], now: datetime) -> Attendance:
    is_in_room = any(presence.left_at is None for presence in presences)
    if session.started_at is None:
        return Attendance(entry, None, None, None, is_in_room)
    until = session.ended_at or now
    whole = seconds_between(session.started_at, until)
    seconds = seconds_present([presence.until(until) for presence in presences], session.started_at, until)
    is_known = session.ended_at is not None and entry.was_on_roster
    return Attendance(entry, seconds, whole, has_attended(seconds, whole) if is_known else None, is_in_room)


@dataclass
class Attended:
    """How many of the sessions that were held an executive attended, of those to which they were expected."""

    person: Person
    is_chief_executive: bool
    sessions: int = 0
    attended: int = 0


def attendance_by_person(sessions: Iterable[PanelSession]) -> list[Attended]:
    """Over sessions that were held: the chief executive in their own line, first; the others by share, least first."""
    counted = RosterEntry.objects.filter(session__in=list(sessions), is_counted=True)
    found: dict[tuple[bool, object], Attended] = {}
    for entry in counted.select_related("person__position").order_by("person__name", "id"):
        key = (entry.is_chief_executive, entry.person_id)
        line = found.setdefault(key, Attended(entry.person, entry.is_chief_executive))
        line.sessions += 1
        line.attended += bool(entry.attended)
    return sorted(found.values(), key=lambda line: (not line.is_chief_executive, line.attended / line.sessions))
