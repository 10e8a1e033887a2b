"""Panel sessions: planned, held, who of the executives was there, and the truths that were heard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, ById, Instant, Reference, Text, Whole, person_reference
from api.filters import InstantFilter, ListFilters, ReferenceFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, endpoint
from api.v1.panels.panels import PanelRef
from api.v1.remedies import NoBody
from api.v1.shapes import PersonRef, Shape, UnitRef
from cso.panels import sessions
from cso.panels.models import Panel, PanelSession, RosterEntry, Wave
from cso.panels.queries import Attendance, attendance_of, visible_sessions
from tenants.roles import Can

_AT = "When; now when left out."
_MOST_MINUTES = sessions.LONGEST.seconds // 60
MOST_PEOPLE = 200


class SessionShape(Shape):
    id = serializers.UUIDField()
    panel = PanelRef()
    wave = serializers.UUIDField(allow_null=True, help_text="Whose results it is about.")
    title = serializers.CharField()
    agenda = serializers.CharField()
    planned_at = serializers.DateTimeField()
    planned_minutes = serializers.IntegerField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)


class SessionChange(Body):
    title = Text(max_length=sessions.MAX_TITLE, required=False)
    agenda = Text(max_length=sessions.MAX_AGENDA, required=False, allow_blank=True)
    planned_at = Instant(required=False)
    planned_minutes = Whole(min_value=1, max_value=_MOST_MINUTES, required=False)
    wave = ById(Wave, required=False, allow_null=True, help_text="Id of a wave of the panel.")


class NewSession(SessionChange):
    panel = Reference(Panel, "name", help_text="Id or name of a panel.")
    title = Text(max_length=sessions.MAX_TITLE)
    planned_at = Instant()


class BecauseBody(Body):
    because = Text(max_length=sessions.MAX_BECAUSE)


class DelegateBody(Body):
    delegate = Text(max_length=sessions.MAX_DELEGATE)


class AtBody(Body):
    at = Instant(required=False, help_text=_AT)


class StayBody(Body):
    joined_at = Instant()
    left_at = Instant()


class RosterBody(Body):
    people = serializers.ListField(child=person_reference(), max_length=MOST_PEOPLE)
    chief_executive = person_reference(
        required=False, allow_null=True, help_text="One of them; else who leads the top of the tree."
    )


class AttendanceShape(Shape):
    id = serializers.UUIDField()
    person = PersonRef()
    unit = UnitRef()
    is_chief_executive = serializers.BooleanField()
    was_on_roster = serializers.BooleanField(help_text="When it started; who was not is not counted.")
    excuse = serializers.CharField(allow_null=True, help_text="Counted as absent all the same.")
    delegate = serializers.CharField(allow_null=True, help_text="Nobody's presence.")
    seconds = serializers.IntegerField(allow_null=True, help_text="In the room, of the session so far.")
    session_seconds = serializers.IntegerField(allow_null=True)
    attended = serializers.BooleanField(allow_null=True, help_text="75 % of the session; null while it runs.")
    is_in_room = serializers.BooleanField()


class RosterShape(Shape):
    data = AttendanceShape(many=True)  # type: ignore[assignment]


_SIMPLE = (
    "id",
    "title",
    "agenda",
    "planned_at",
    "planned_minutes",
    "started_at",
    "ended_at",
    "cancelled_at",
)


def session_json(row: Row) -> Row:
    panel = {"id": row["panel_id"], "name": row["panel__name"]}
    return {name: row[name] for name in _SIMPLE} | {"panel": panel, "wave": row["wave_id"]}


SESSIONS = Listing(("-id",), (*_SIMPLE, "panel_id", "panel__name", "wave_id"), session_json)


class SessionFilters(ListFilters):
    panel = ReferenceFilter(Panel, "name", help_text="Id or name of a panel.")
    planned_after = InstantFilter(field_name="planned_at", lookup_expr="gte")
    planned_before = InstantFilter(field_name="planned_at", lookup_expr="lt")
    title = django_filters.CharFilter()


class Sessions(Resource):
    acts = {"GET": (Can.SEE_RESULTS,), "POST": (Can.RUN_PANELS,)}

    @endpoint("list_sessions", "Panel sessions, the latest made first", answer=SessionShape, filters=SessionFilters)
    def get(self, request: Request) -> Response:
        return page(request, SessionFilters(request, visible_sessions(self.key), now=self.now).rows(), SESSIONS)

    @endpoint(
        "plan_session",
        "Plan a session of a panel",
        body=NewSession,
        answer=SessionShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"panel": "Passengers", "title": "May session", "planned_at": "2026-05-20T14:00:00Z"},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """One that was held is told by the same acts, with `at`."""
        values = self.read(NewSession)
        session = sessions.plan_session(values.pop("panel"), values.pop("title"), **values, by=self.key, now=self.now)
        rows = PanelSession.objects.filter(pk=session.pk)
        return self.show(rows, SESSIONS, status=201, location=reverse("api:session", args=[session.pk]))


class OneSession(Resource):
    acts = {"GET": (Can.SEE_RESULTS,), "PATCH": (Can.RUN_PANELS,)}

    @endpoint("read_session", "One session", answer={200: SessionShape, 304: None}, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(visible_sessions(self.key).filter(pk=pk), SESSIONS)

    @endpoint(
        "change_session",
        "Change a session that is planned",
        body=SessionChange,
        answer=SessionShape,
        parameters=[IF_MATCH],
        example={"planned_at": "2026-05-21T14:00:00Z"},
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        rows = visible_sessions(self.key).filter(pk=pk)
        session = self.hold(rows, SESSIONS)
        sessions.change_session(session, **self.read(SessionChange), by=self.key, now=self.now)
        return self.show(rows, SESSIONS)


class SessionAct(Resource):
    """One act on one session; answers with the session as it then is."""

    acts = {"POST": (Can.RUN_PANELS,)}

    def done(self, act: Callable[..., PanelSession], pk: UUID, body: type[Body]) -> Response:
        rows = visible_sessions(self.key).filter(pk=pk)
        session = only(rows)
        act(session, **self.read(body), by=self.key, now=self.now)
        return self.show(rows, SESSIONS)


class CancelSession(SessionAct):
    @endpoint(
        "cancel_session",
        "It is not held",
        body=BecauseBody,
        answer=SessionShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"because": "The airport is closed"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        return self.done(sessions.cancel_session, pk, BecauseBody)


class StartSession(SessionAct):
    @endpoint("start_session", "It begins", body=AtBody, answer=SessionShape, parameters=[IDEMPOTENCY_KEY])
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Who is on the roster is counted from now on (`no_roster`)."""
        return self.done(sessions.start_session, pk, AtBody)


class EndSession(SessionAct):
    @endpoint("end_session", "It is over", body=AtBody, answer=SessionShape, parameters=[IDEMPOTENCY_KEY])
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Who is still in the room leaves, and everybody's seconds are counted."""
        return self.done(sessions.end_session, pk, AtBody)


class TakeBackStart(SessionAct):
    @endpoint(
        "take_back_start", "It was started by mistake", body=NoBody, answer=SessionShape, parameters=[IDEMPOTENCY_KEY]
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        return self.done(sessions.take_back_start, pk, NoBody)


class TakeBackEnd(SessionAct):
    @endpoint(
        "take_back_end", "It was ended by mistake", body=NoBody, answer=SessionShape, parameters=[IDEMPOTENCY_KEY]
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        return self.done(sessions.take_back_end, pk, NoBody)


class Roster(Resource):
    acts = {"GET": (Can.SEE_RESULTS,), "POST": (Can.RUN_PANELS,)}

    @endpoint("read_roster", "Who is expected, and was there; the chief executive first", answer=RosterShape)
    def get(self, request: Request, pk: UUID) -> Response:
        return _roster(self, only(visible_sessions(self.key).filter(pk=pk)))

    @endpoint(
        "set_roster",
        "Say who is expected: these and nobody else",
        body=RosterBody,
        answer=RosterShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"people": ["hr-1", "hr-1042"], "chief_executive": "hr-1"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Once it has started people can be added, who are not counted, and nobody taken off."""
        session = only(visible_sessions(self.key).filter(pk=pk))
        values = self.read(RosterBody)
        sessions.set_roster(session, values.pop("people"), **values, by=self.key, now=self.now)
        return _roster(self, session)


class EntryAct(Resource):
    """One act on somebody on the roster; answers with the whole roster as it then is."""

    acts = {"POST": (Can.RUN_PANELS,)}

    def done(self, act: Callable[..., Any], pk: UUID, entry: UUID, body: type[Body], *named: str) -> Response:
        session = only(visible_sessions(self.key).filter(pk=pk))
        entries: QuerySet[RosterEntry] = RosterEntry.objects.filter(session=session, pk=entry)
        found = only(entries.select_related("session__panel", "person"))
        values = self.read(body)
        act(found, *(values.pop(name) for name in named), **values, by=self.key, now=self.now)
        return _roster(self, session)


class JoinSession(EntryAct):
    @endpoint("join_session", "They come in", body=AtBody, answer=RosterShape, parameters=[IDEMPOTENCY_KEY])
    @idempotent
    def post(self, request: Request, pk: UUID, entry: UUID) -> Response:
        return self.done(sessions.join_session, pk, entry, AtBody)


class LeaveSession(EntryAct):
    @endpoint("leave_session", "They go out", body=AtBody, answer=RosterShape, parameters=[IDEMPOTENCY_KEY])
    @idempotent
    def post(self, request: Request, pk: UUID, entry: UUID) -> Response:
        return self.done(sessions.leave_session, pk, entry, AtBody)


class RecordPresence(EntryAct):
    @endpoint(
        "record_presence",
        "They were in the room",
        body=StayBody,
        answer=RosterShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"joined_at": "2026-05-20T14:02:00Z", "left_at": "2026-05-20T14:50:00Z"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID, entry: UUID) -> Response:
        """From one instant to another, told later, also after the end; stays may overlap."""
        return self.done(sessions.record_presence, pk, entry, StayBody)


class Excuse(EntryAct):
    @endpoint(
        "excuse",
        "Why they do not come",
        body=BecauseBody,
        answer=RosterShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"because": "At the regulator's"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID, entry: UUID) -> Response:
        """Told, and counted as absent all the same."""
        return self.done(sessions.excuse, pk, entry, BecauseBody, "because")


class SendDelegate(EntryAct):
    @endpoint(
        "send_delegate",
        "Who comes in their place",
        body=DelegateBody,
        answer=RosterShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"delegate": "Kim Osei"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID, entry: UUID) -> Response:
        """The executive is absent all the same."""
        return self.done(sessions.send_delegate, pk, entry, DelegateBody, "delegate")


def _roster(asked: Resource, session: PanelSession) -> Response:
    return Response({"data": [_attendance(one) for one in attendance_of(session, now=asked.now)]})


def _attendance(one: Attendance) -> dict[str, Any]:
    entry = one.entry
    return {
        "id": entry.pk,
        "person": {"id": entry.person_id, "name": entry.person.name},
        "unit": {"id": entry.unit_id, "code": entry.unit.code, "name": entry.unit.name},
        "is_chief_executive": entry.is_chief_executive,
        "was_on_roster": entry.was_on_roster,
        "excuse": entry.excuse or None,
        "delegate": entry.delegate or None,
        "seconds": one.seconds,
        "session_seconds": one.whole,
        "attended": one.attended,
        "is_in_room": one.is_in_room,
    }
