"""Panel sessions: planned, started, held, and who of the executives was there.

Who keeps a session (whoever runs panels, or the panel's steward) notes who is in the room: nobody notes their own
presence, for they are measured by it. `at` is when something happened; None: now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from cso.errors import ConflictError, FieldError, InvalidFieldsError, NotAllowedError
from cso.panels.attendance import seconds_between, seconds_present
from cso.panels.models import Panel, PanelSession, Presence, RosterEntry, Wave
from cso.panels.permissions import may_run_panel, require_panel
from cso.people.models import Person
from cso.people.queries import units_of
from cso.texts import text_errors
from tenants import audit
from tenants.models import Actor, Membership
from tenants.scope import day_of

MAX_TITLE, MAX_AGENDA, MAX_EXCUSE, MAX_DELEGATE, MAX_BECAUSE = 120, 2_000, 300, 120, 300
SHORTEST = timedelta(minutes=1)
# A session that lasts longer than this was not ended in time, by oversight: say when it ended.
LONGEST = timedelta(hours=12)
# What `change_session` may change.
CHANGEABLE = ("title", "agenda", "planned_at", "planned_minutes", "wave")


def plan_session(
    panel: Panel,
    title: str,
    *,
    planned_at: datetime,
    by: Actor | None,
    now: datetime,
    planned_minutes: int = 60,
    agenda: str = "",
    wave: Wave | None = None,
) -> PanelSession:
    """A session to come, or one that was held and is told now. `wave`: whose results it is about.

    Raises `InvalidFieldsError` by field, `ConflictError` with the code `closed`.
    """
    require_panel(by, panel)
    if panel.closed_at is not None:
        raise ConflictError(_("This panel is closed."), code="closed")
    session = PanelSession(
        panel=panel, title=title, agenda=agenda, planned_at=planned_at, planned_minutes=planned_minutes, wave=wave
    )
    _check(session)
    session.save(force_insert=True)
    audit.record(by, "plan_session", session.title, panel=panel.name, planned_at=planned_at.isoformat())
    return session


def change_session(session: PanelSession, *, by: Actor | None, now: datetime, **values: Any) -> PanelSession:
    """Change any of `CHANGEABLE`, while it is planned."""
    if unknown := set(values) - set(CHANGEABLE):
        raise ValueError(f"Not changeable: {sorted(unknown)}")
    session = _planned(session, by)
    before = {name: getattr(session, name) for name in values}
    for name, value in values.items():
        setattr(session, name, value)
    _check(session)
    session.save(update_fields=list(values))
    changed = {name: str(value)[:100] for name, value in values.items() if value != before[name]}
    audit.record(by, "change_session", session.title, session=str(session.pk), changes=changed)
    return session


def cancel_session(session: PanelSession, *, because: str, by: Actor | None, now: datetime) -> PanelSession:
    """It is not held, and counts for nobody. What has begun cannot be called off; the audit log keeps the reason."""
    _refuse_text("because", because, MAX_BECAUSE)
    session = _planned(session, by)
    session.cancelled_at = now
    session.save(update_fields=["cancelled_at"])
    audit.record(by, "cancel_session", session.title, session=str(session.pk), because=because.strip())
    return session


def set_roster(
    session: PanelSession,
    people: Iterable[Person],
    *,
    by: Actor | None,
    now: datetime,
    chief_executive: Person | None = None,
) -> list[RosterEntry]:
    """Who is expected: these and nobody else. `chief_executive` is one of them; None: who leads the top of the tree.

    Once it has started people can be added, who are not counted, and nobody taken off (`ConflictError`, `started`).
    """
    session = _kept(session, by)
    _refuse_over(session)
    wanted = {person.pk: person for person in people}
    if chief_executive is not None and chief_executive.pk not in wanted:
        raise InvalidFieldsError.of("chief_executive", "not_on_roster", _("Put them on the roster too."))
    known = {entry.person_id: entry for entry in session.roster.all()}
    if session.started_at is not None and set(known) - set(wanted):
        raise ConflictError(_("It has started: nobody is taken off the roster."), code="started")
    units, tops = units_of(wanted.values(), day_of(now))
    chief = {chief_executive.pk} if chief_executive else tops
    RosterEntry.objects.filter(session=session, person__in=set(known) - set(wanted)).delete()
    for person in wanted.values():
        unit = units.get(person.pk, session.panel.unit_id)
        values = {"unit_id": unit, "is_chief_executive": person.pk in chief}
        if person.pk not in known:
            RosterEntry.objects.create(session=session, person=person, **values)
        elif session.started_at is None:
            RosterEntry.objects.filter(pk=known[person.pk].pk).update(**values)
    audit.record(by, "set_roster", session.title, session=str(session.pk), people=len(wanted))
    return roster_of(session)


def roster_of(session: PanelSession) -> list[RosterEntry]:
    """The chief executive first, then by name; the people read with them."""
    entries = session.roster.select_related("person__position", "unit")
    return list(entries.order_by("-is_chief_executive", "person__name", "id"))


def excuse(entry: RosterEntry, because: str, *, by: Actor | None, now: datetime) -> RosterEntry:
    """Why they do not come: told, and counted as absent all the same. By themselves or by who keeps the session."""
    _refuse_text("because", because, MAX_EXCUSE)
    return _told(entry, by, "excuse", because.strip())


def send_delegate(entry: RosterEntry, delegate: str, *, by: Actor | None, now: datetime) -> RosterEntry:
    """Who comes in their place, which is told; the executive is absent all the same."""
    _refuse_text("delegate", delegate, MAX_DELEGATE)
    return _told(entry, by, "delegate", " ".join(delegate.split()))


def start_session(
    session: PanelSession, *, by: Actor | None, now: datetime, at: datetime | None = None
) -> PanelSession:
    """It begins: who is on the roster is counted from now on. Raises `ConflictError` with the code `no_roster`."""
    session = _planned(session, by)
    at = _past(at, now)
    if not session.roster.exists():
        message = _("Say first who is expected: whom you add after the start is not counted.")
        raise ConflictError(message, code="no_roster")
    session.started_at = at
    session.save(update_fields=["started_at"])
    session.roster.update(was_on_roster=True)
    audit.record(by, "start_session", session.title, session=str(session.pk), at=at.isoformat())
    return session


def end_session(session: PanelSession, *, by: Actor | None, now: datetime, at: datetime | None = None) -> PanelSession:
    """It is over: who is still in the room leaves, and everybody's seconds are counted."""
    session = _kept(session, by)
    if session.started_at is None:
        raise ConflictError(_("It has not started."), code="not_started")
    _refuse_over(session)
    at = _past(at, now)
    if at < session.started_at + SHORTEST:
        raise InvalidFieldsError.of("at", "too_short", _("A session lasts a minute at least."))
    if at > session.started_at + LONGEST:
        hours = LONGEST // timedelta(hours=1)
        raise InvalidFieldsError.of(
            "at", "too_long", _("A session lasts %(hours)s hours at most: say when it ended.") % {"hours": hours}
        )
    session.ended_at = at
    session.save(update_fields=["ended_at"])
    staying = Presence.objects.filter(entry__in=_entries(session), left_at=None)
    staying.filter(joined_at__gte=at).delete()
    staying.update(left_at=at)
    _count(session)
    audit.record(by, "end_session", session.title, session=str(session.pk), at=at.isoformat())
    return session


def take_back_start(session: PanelSession, *, by: Actor | None, now: datetime) -> PanelSession:
    """It was started by mistake: it is planned again, and nobody was in the room."""
    session = _kept(session, by)
    _refuse_over(session)
    Presence.objects.filter(entry__in=_entries(session)).delete()
    session.started_at = None
    session.save(update_fields=["started_at"])
    session.roster.update(was_on_roster=False)
    audit.record(by, "take_back_start", session.title, session=str(session.pk))
    return session


def take_back_end(session: PanelSession, *, by: Actor | None, now: datetime) -> PanelSession:
    """It was ended by mistake: it goes on, and whom its end sent out is in the room."""
    session = _kept(session, by)
    if session.ended_at is None:
        raise ConflictError(_("It has not ended."), code="not_ended")
    Presence.objects.filter(entry__in=_entries(session), left_at=session.ended_at).update(left_at=None)
    session.ended_at = None
    session.save(update_fields=["ended_at"])
    session.roster.update(held_at=None, session_seconds=None, present_seconds=0)
    audit.record(by, "take_back_end", session.title, session=str(session.pk))
    return session


def join_session(entry: RosterEntry, *, by: Actor | None, now: datetime, at: datetime | None = None) -> Presence:
    """They come in; also before the start, from which on it counts. Who is in the room already stays since then."""
    session = _kept(entry.session, by)
    _refuse_over(session)
    at = _past(at, now)
    inside = Presence.objects.filter(entry=entry, left_at=None).first()
    return inside or Presence.objects.create(entry=entry, joined_at=at)


def leave_session(entry: RosterEntry, *, by: Actor | None, now: datetime, at: datetime | None = None) -> Presence:
    """They go out; they may come in again. Raises `ConflictError` with the code `not_in_the_room`."""
    session = _kept(entry.session, by)
    _refuse_over(session)
    at = _past(at, now)
    inside = Presence.objects.filter(entry=entry, left_at=None).first()
    if inside is None:
        raise ConflictError(_("They are not in the room."), code="not_in_the_room")
    if at <= inside.joined_at:
        raise InvalidFieldsError.of("at", "before_joined", _("This is not after they came in."))
    inside.left_at = at
    inside.save(update_fields=["left_at"])
    return inside


def record_presence(
    entry: RosterEntry, *, joined_at: datetime, left_at: datetime, by: Actor | None, now: datetime
) -> Presence:
    """They were in the room from one instant to another, told later, also after the end; may overlap other stays."""
    session = _kept(entry.session, by)
    _past(left_at, now, "left_at")
    if left_at <= joined_at:
        raise InvalidFieldsError.of("left_at", "before_joined", _("This is not after they came in."))
    presence = Presence.objects.create(entry=entry, joined_at=joined_at, left_at=left_at)
    _corrected(session, entry, by, "record_presence")
    return presence


def remove_presence(presence: Presence, *, by: Actor | None, now: datetime) -> None:
    """It was noted by mistake; counted anew where the session is over."""
    entry = presence.entry
    session = _kept(entry.session, by)
    presence.delete()
    _corrected(session, entry, by, "remove_presence")


def _corrected(session: PanelSession, entry: RosterEntry, by: Actor | None, act: str) -> None:
    if session.ended_at is not None:
        _count(session)
    audit.record(by, act, session.title, session=str(session.pk), person=str(entry.person_id))


def _count(session: PanelSession) -> None:
    """Everybody's seconds of a session that is over."""
    assert session.started_at is not None
    assert session.ended_at is not None
    presences = presences_in(session)
    for entry in session.roster.all():
        entry.held_at = session.started_at
        entry.session_seconds = seconds_between(session.started_at, session.ended_at)
        stays = [presence.until(session.ended_at) for presence in presences[entry.pk]]
        entry.present_seconds = seconds_present(stays, session.started_at, session.ended_at)
        entry.save(update_fields=["held_at", "session_seconds", "present_seconds"])


def presences_in(session: PanelSession) -> Mapping[UUID, list[Presence]]:
    """The stays of each entry of the roster, by its id, in their order."""
    found: dict[UUID, list[Presence]] = defaultdict(list)
    for presence in Presence.objects.filter(entry__session=session).order_by("joined_at", "id"):
        found[presence.entry_id].append(presence)
    return found


def _entries(session: PanelSession) -> list[UUID]:
    return list(session.roster.values_list("pk", flat=True))


def _told(entry: RosterEntry, by: Actor | None, field: str, words: str) -> RosterEntry:
    session = _locked(entry.session)
    is_own = isinstance(by, Membership) and entry.person.member_id == by.pk
    if not (is_own or may_run_panel(by, session.panel)):
        raise NotAllowedError(_("Only they themselves say so, or who keeps the session."))
    _refuse_cancelled(session)
    entry = RosterEntry.objects.select_related("person", "session").get(pk=entry.pk)
    setattr(entry, field, words)
    entry.save(update_fields=[field])
    audit.record(by, f"tell_{field}", session.title, session=str(session.pk), person=str(entry.person_id))
    return entry


def _planned(session: PanelSession, by: Actor | None) -> PanelSession:
    session = _kept(session, by)
    if session.started_at is not None:
        raise ConflictError(_("It has started."), code="started")
    return session


def _kept(session: PanelSession, by: Actor | None) -> PanelSession:
    """Locked, for who keeps it; not of one that was called off."""
    session = _locked(session)
    require_panel(by, session.panel)
    _refuse_cancelled(session)
    return session


def _locked(session: PanelSession) -> PanelSession:
    PanelSession.objects.select_for_update().get(pk=session.pk)
    return PanelSession.objects.select_related("panel").get(pk=session.pk)


def _refuse_cancelled(session: PanelSession) -> None:
    if session.cancelled_at is not None:
        raise ConflictError(_("It was called off."), code="cancelled")


def _refuse_over(session: PanelSession) -> None:
    if session.ended_at is not None:
        raise ConflictError(_("It is over."), code="over")


def _past(at: datetime | None, now: datetime, field: str = "at") -> datetime:
    if at is not None and at > now:
        raise InvalidFieldsError.of(field, "in_the_future", _("This is still to come."))
    return at or now


def _check(session: PanelSession) -> None:
    session.title, session.agenda = " ".join(session.title.split()), session.agenda.strip()
    errors = text_errors("title", session.title, MAX_TITLE) + text_errors("agenda", session.agenda, MAX_AGENDA)
    if not session.title:
        errors.append(FieldError("title", "required", _("Give the session a title.")))
    if not 1 <= session.planned_minutes <= LONGEST // timedelta(minutes=1):
        errors.append(FieldError("planned_minutes", "out_of_range", _("Plan 1 minute to 12 hours.")))
    if session.wave is not None and session.wave.panel_id != session.panel_id:
        errors.append(FieldError("wave", "other_panel", _("This wave is another panel's.")))
    if errors:
        raise InvalidFieldsError(errors)


def _refuse_text(field: str, text: str, longest: int) -> None:
    if not text.strip():
        raise InvalidFieldsError.of(field, "required", _("This is needed."))
    if errors := text_errors(field, text, longest):
        raise InvalidFieldsError(errors)
