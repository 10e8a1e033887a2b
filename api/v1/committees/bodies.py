"""Committees, their charters, their seats and who holds them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Text, Whole, member_reference, unit_reference
from api.filters import ListFilters, UnitFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, IF_NONE_MATCH, endpoint
from api.v1.remedies import NoBody
from api.v1.shapes import Shape, UnitRef, unit_columns, unit_ref
from cso.committees import bodies
from cso.committees.dissolving import MAX_BECAUSE, dissolve_committee
from cso.committees.models import Base, CharterVersion, Committee, Delegation, Seat, SeatTenure
from cso.errors import FieldError, InvalidFieldsError
from cso.texts import as_uuid
from tenants.roles import Can

_MOST = 32_767  # of a small number in the database
MOST_SEATS = 1_000
_SHARES = "A share of one half is to be exceeded and any other to be reached, unless this says otherwise."


def _number(help_text: str = "", **options: Any) -> Whole:
    return Whole(min_value=0, max_value=_MOST, required=False, help_text=help_text, **options)


def _switch(help_text: str) -> serializers.BooleanField:
    return serializers.BooleanField(required=False, help_text=help_text)


class CharterBody(Body):
    preset = serializers.ChoiceField(list(bodies.PRESETS), required=False, help_text="The terms that are not given.")
    quorum_count = _number("So many seats, in place of a share.", allow_null=True)
    quorum_numerator = _number("Of a share of the eligible seats.")
    quorum_denominator = _number()
    quorum_is_more_than = _switch(_SHARES)
    base = serializers.ChoiceField(Base.choices, required=False, help_text="Of what a majority is one.")
    majority_count = _number("So many yes votes; with the base `fixed` alone.", allow_null=True)
    majority_numerator = _number("Of a share of the base.")
    majority_denominator = _number()
    majority_is_more_than = _switch(_SHARES)
    is_secret = _switch("Nobody is ever shown who voted what.")
    votes_may_change = _switch("Until the close; never in a secret ballot.")
    shows_tally = _switch("What is in so far is shown before the close; never of a secret ballot.")
    chair_breaks_ties = _switch("A tie waits for the chair's casting vote; else it is lost.")
    recused_leave_the_base = _switch("A recused seat counts neither for the quorum nor for a majority of the seats.")
    owner_is_recused = _switch("Whoever owns a rule does not vote on killing it.")
    allows_delegation = _switch("A seat may let another vote for it; never in a secret ballot.")
    may_close_early = _switch("The chair may close a ballot before its time.")
    deliberation_hours = _number("From the motion to its ballot.")
    ballot_hours = Whole(min_value=1, max_value=_MOST, required=False)
    extension_hours = _number("How much longer a ballot runs, once, that has no quorum at its deadline; 0: not at all.")
    cool_down_days = _number("After a lost motion, before the same is moved again.")


class CharterShape(Shape):
    number = serializers.IntegerField(help_text="From 1; a charter is never changed, the next one replaces it.")
    in_force_from = serializers.DateTimeField()
    quorum_count = serializers.IntegerField(allow_null=True)
    quorum_numerator = serializers.IntegerField()
    quorum_denominator = serializers.IntegerField()
    quorum_is_more_than = serializers.BooleanField()
    base = serializers.ChoiceField(Base.choices)
    majority_count = serializers.IntegerField(allow_null=True)
    majority_numerator = serializers.IntegerField()
    majority_denominator = serializers.IntegerField()
    majority_is_more_than = serializers.BooleanField()
    is_secret = serializers.BooleanField()
    votes_may_change = serializers.BooleanField()
    shows_tally = serializers.BooleanField()
    chair_breaks_ties = serializers.BooleanField()
    recused_leave_the_base = serializers.BooleanField()
    owner_is_recused = serializers.BooleanField()
    allows_delegation = serializers.BooleanField()
    may_close_early = serializers.BooleanField()
    deliberation_hours = serializers.IntegerField()
    ballot_hours = serializers.IntegerField()
    extension_hours = serializers.IntegerField()
    cool_down_days = serializers.IntegerField()


class HolderShape(Shape):
    id = serializers.UUIDField(allow_null=True, help_text="Of a member; null for who is none.")
    name = serializers.CharField()


class SeatRef(Shape):
    id = serializers.UUIDField()
    label = serializers.CharField()  # type: ignore[assignment]


class SeatShape(Shape):
    id = serializers.UUIDField()
    label = serializers.CharField(help_text="Its name in its committee.")  # type: ignore[assignment]
    is_chair = serializers.BooleanField()
    holder = HolderShape(allow_null=True, help_text="Null: it is vacant.")
    delegate = SeatRef(allow_null=True, help_text="The seat whose holder may vote for this one.")
    retired_at = serializers.DateTimeField(allow_null=True)


class CommitteeShape(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    unit = UnitRef()
    cadence_days = serializers.IntegerField(help_text="It decides about its docket every so many days.")
    founded_at = serializers.DateTimeField()
    dissolved_at = serializers.DateTimeField(allow_null=True)
    charter = CharterShape(help_text="In force now.")
    seats = SeatShape(many=True, help_text="Those that are not retired, by label.")


class HolderBody(Body):
    holder = member_reference(required=False, allow_null=True)
    holder_name = Text(
        max_length=120,
        required=False,
        allow_blank=True,
        help_text="Of a holder who is no member: an integration tells their votes.",
    )


class DissolveBody(Body):
    because = Text(max_length=MAX_BECAUSE)


class DelegationBody(Body):
    to = Text(max_length=200, allow_null=True, help_text="Id or label of another seat; null takes it back.")


class NewSeat(HolderBody):
    label = Text(max_length=120, help_text="Its name in its committee; many spaces are one.")  # type: ignore[assignment]
    is_chair = serializers.BooleanField(required=False)


class NewCommittee(Body):
    name = Text(max_length=120)
    unit = unit_reference()
    cadence_days = Whole(min_value=1, max_value=366, required=False)
    charter = CharterBody(required=False)
    seats = serializers.ListField(child=NewSeat(), required=False, max_length=MOST_SEATS)


_CHARTER_COLUMNS = ("number", "in_force_from", *bodies.TERMS)
_SEAT_COLUMNS = ("id", "label", "is_chair", "retired_at")
_DELEGATE_COLUMNS = ("seat_id", "to_seat_id", "to_seat__label")
_SIMPLE = ("id", "name", "cadence_days", "founded_at", "dissolved_at")


def _with_charters_and_seats(rows: Sequence[Row]) -> None:
    """The charter in force and the seats of each committee of a page."""
    committees = [row["id"] for row in rows]
    latest = CharterVersion.objects.filter(committee__in=committees).order_by("committee", "-number")
    found_charters = latest.distinct("committee").values("committee_id", *_CHARTER_COLUMNS)
    charters = {charter.pop("committee_id"): charter for charter in found_charters}
    seats: dict[UUID, list[Row]] = {committee: [] for committee in committees}
    kept = Seat.objects.filter(committee__in=committees, retired_at=None).order_by("label")
    found = list(kept.values("committee_id", *_SEAT_COLUMNS))
    _with_holders_and_delegates(found)
    for seat in found:
        seats[seat["committee_id"]].append(seat_json(seat))
    for row in rows:
        row |= {"charter": charters[row["id"]], "seats": seats[row["id"]]}


def _with_holders_and_delegates(rows: Sequence[Row]) -> None:
    seats = [row["id"] for row in rows]
    given = Delegation.objects.filter(seat__in=seats, revoked_at=None)
    delegates = {seat: {"id": to, "label": label} for seat, to, label in given.values_list(*_DELEGATE_COLUMNS)}
    held = SeatTenure.objects.filter(seat__in=seats, ends_at=None, member__ended_at=None)
    columns = ("seat_id", "member_id", "member__user__name", "holder_name")
    holders = {
        seat: {"id": member, "name": name or holder_name}
        for seat, member, name, holder_name in held.values_list(*columns)
    }
    for row in rows:
        row |= {"holder": holders.get(row["id"]), "delegate": delegates.get(row["id"])}


def seat_json(row: Row) -> Row:
    return {name: row[name] for name in ("id", "label", "is_chair", "holder", "delegate", "retired_at")}


def committee_json(row: Row) -> Row:
    shown = {name: row[name] for name in _SIMPLE}
    return shown | {"unit": unit_ref(row, "unit"), "charter": row["charter"], "seats": row["seats"]}


COMMITTEES = Listing(("id",), (*_SIMPLE, *unit_columns("unit")), committee_json, _with_charters_and_seats)
SEATS = Listing(("id",), _SEAT_COLUMNS, seat_json, _with_holders_and_delegates)
CHARTERS = Listing(("-number",), _CHARTER_COLUMNS, dict)


class CommitteeFilters(ListFilters):
    unit = UnitFilter()
    name = django_filters.CharFilter()


class Committees(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,), "POST": (Can.RUN_COMMITTEES,)}

    @endpoint(
        "list_committees",
        "Committees, in the order of their founding",
        answer=CommitteeShape,
        filters=CommitteeFilters,
    )
    def get(self, request: Request) -> Response:
        return page(request, CommitteeFilters(request, Committee.objects.all(), now=self.now).rows(), COMMITTEES)

    @endpoint(
        "found_committee",
        "Found a committee, with its charter and its seats",
        body=NewCommittee,
        answer=CommitteeShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={
            "name": "Dumb rules of the north",
            "unit": "yyz",
            "charter": {"preset": "two_thirds", "quorum_count": 3, "deliberation_hours": 0},
            "seats": [
                {"label": "Gate", "holder": "ana@example.com", "is_chair": True},
                {"label": "District 1", "holder_name": "Priya Patel"},
                {"label": "District 2"},
            ],
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Without a charter a simple majority of the votes cast decides, with more than half of the seats as quorum."""
        values = self.read(NewCommittee)
        seats = values.pop("seats", [])
        committee = bodies.found_committee(**values, by=self.key, now=self.now)
        for number, seat in enumerate(seats):
            _add_seat(committee, seat, self, f"seats.{number}.")
        rows = Committee.objects.filter(pk=committee.pk)
        return self.show(rows, COMMITTEES, status=201, location=reverse("api:committee", args=[committee.pk]))


class OneCommittee(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,)}

    @endpoint(
        "read_committee",
        "One committee, with its charter and its seats",
        answer=CommitteeShape,
        parameters=[IF_NONE_MATCH],
    )
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(Committee.objects.filter(pk=pk), COMMITTEES)


class DissolveCommittee(Resource):
    acts = {"POST": (Can.RUN_COMMITTEES,)}

    @endpoint(
        "dissolve_committee",
        "Dissolve a committee",
        body=DissolveBody,
        answer=CommitteeShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"because": "The gates and the lounges decide together from now on."},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Its seats fall vacant, its motions are withdrawn, its docket goes back to the triage; what it decided stays.

        Refused while a ballot runs, or waits for the chair's vote (`in_ballot`).
        """
        rows = Committee.objects.filter(pk=pk)
        dissolve_committee(only(rows), **self.read(DissolveBody), by=self.key, now=self.now)
        return self.show(rows, COMMITTEES)


class Charters(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,), "POST": (Can.RUN_COMMITTEES,)}

    @endpoint("list_charters", "The charters of a committee, newest first", answer=CharterShape, filters=ListFilters)
    def get(self, request: Request, pk: UUID) -> Response:
        committee = only(Committee.objects.filter(pk=pk))
        rows = CharterVersion.objects.filter(committee=committee)
        return page(request, ListFilters(request, rows, now=self.now).rows(), CHARTERS)

    @endpoint(
        "set_charter",
        "Give a committee another charter",
        body=CharterBody,
        answer=CharterShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"base": "fixed", "majority_count": 12, "quorum_count": 8, "chair_breaks_ties": True},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """All terms anew: what is not given is the preset's. A ballot that is open keeps the one it opened under."""
        committee = only(Committee.objects.filter(pk=pk))
        charter = bodies.set_charter(committee, **self.read(CharterBody), by=self.key, now=self.now)
        return self.show(CharterVersion.objects.filter(pk=charter.pk), CHARTERS, status=201)


class Seats(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,), "POST": (Can.RUN_COMMITTEES,)}

    @endpoint("list_seats", "The seats of a committee, retired ones too", answer=SeatShape, filters=ListFilters)
    def get(self, request: Request, pk: UUID) -> Response:
        committee = only(Committee.objects.filter(pk=pk))
        return page(request, ListFilters(request, Seat.objects.filter(committee=committee), now=self.now).rows(), SEATS)

    @endpoint(
        "add_seat",
        "Add a seat to a committee",
        body=NewSeat,
        answer=SeatShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"label": "District 3", "holder_name": "Paul Ridley"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """A ballot that is open does not know it."""
        committee = only(Committee.objects.filter(pk=pk))
        seat = _add_seat(committee, self.read(NewSeat), self)
        return self.show(Seat.objects.filter(pk=seat.pk), SEATS, status=201)


class SeatHolder(Resource):
    acts = {"POST": (Can.RUN_COMMITTEES,)}

    @endpoint(
        "hold_seat",
        "Say who holds a seat from now on",
        body=HolderBody,
        answer=SeatShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"holder": "ana@example.com"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID, seat: UUID) -> Response:
        """Without a holder it is vacant. The roll of a ballot that is open stays as it is."""
        rows = _seat_of(pk, seat)
        values = self.read(HolderBody)
        name = values.get("holder_name", "")
        bodies.seat_member(only(rows), values.get("holder"), by=self.key, now=self.now, holder_name=name)
        return self.show(rows, SEATS)


class DelegateSeat(Resource):
    acts = {"POST": (Can.CAST_VOTES,)}

    @endpoint(
        "delegate_seat",
        "Let another seat of the committee vote for this one, or take that back",
        body=DelegationBody,
        answer=SeatShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"to": "District 2"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID, seat: UUID) -> Response:
        """From the next ballot on, where the charter allows it (`no_delegation`); it is never passed on (`one_hop`)."""
        rows = _seat_of(pk, seat)
        found, to = only(rows), self.read(DelegationBody)["to"]
        if to is None:
            bodies.revoke_delegation(found, by=self.key, now=self.now)
        else:
            bodies.delegate_seat(found, _named_seat(pk, to), by=self.key, now=self.now)
        return self.show(rows, SEATS)


class RetireSeat(Resource):
    acts = {"POST": (Can.RUN_COMMITTEES,)}

    @endpoint("retire_seat", "A seat is no more", body=NoBody, answer=SeatShape, parameters=[IDEMPOTENCY_KEY])
    @idempotent
    def post(self, request: Request, pk: UUID, seat: UUID) -> Response:
        """What it voted stays."""
        rows = _seat_of(pk, seat)
        self.read(NoBody)
        bodies.retire_seat(only(rows), by=self.key, now=self.now)
        return self.show(rows, SEATS)


def _seat_of(committee: UUID, seat: UUID) -> QuerySet[Seat, Any]:
    return Seat.objects.filter(committee=committee, pk=seat)


def _named_seat(committee: UUID, wording: str) -> Seat:
    named = Q(label=" ".join(wording.split())) | Q(pk=as_uuid(wording))
    found = Seat.objects.filter(named, committee=committee).first()
    if found is None:
        raise InvalidFieldsError.of("to", "unknown", "This committee has no seat of this id or label.")
    return found


def _add_seat(committee: Committee, values: dict[str, Any], asked: Resource, where: str = "") -> Seat:
    """A seat of a body; an error is named by where in the body it stands."""
    holder_name = values.get("holder_name", "")
    try:
        return bodies.add_seat(
            committee,
            values["label"],
            by=asked.key,
            now=asked.now,
            holder=values.get("holder"),
            holder_name=holder_name,
            is_chair=values.get("is_chair", False),
        )
    except InvalidFieldsError as error:
        raise InvalidFieldsError([FieldError(where + e.field, e.code, e.message) for e in error.errors]) from error
