"""Truths that were heard in a session, and what leaders commit themselves to because of them."""

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

from api.fields import Body, ById, Instant, Reference, Text, person_reference
from api.filters import ListFilters, ReferenceFilter, UnitFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, IF_NONE_MATCH, endpoint
from api.v1.panels.panels import PanelRef
from api.v1.remedies import NoBody
from api.v1.shapes import PersonRef, Shape, UnitRef, unit_columns, unit_ref
from cso.errors import InvalidFieldsError
from cso.panels import commitments
from cso.panels.models import Commitment, Panel, PanelSession, Remark, Truth
from cso.panels.queries import visible_commitments, visible_sessions, waiting
from cso.panels.remarks import readable_remark
from cso.panels.telling import tell_members
from cso.panels.truths import MAX_TRUTH, hear_truth
from tenants.roles import Can


class TruthShape(Shape):
    id = serializers.UUIDField()
    session = serializers.UUIDField()
    words = serializers.CharField()
    heard_at = serializers.DateTimeField()


class CommitmentShape(Shape):
    id = serializers.UUIDField()
    panel = PanelRef()
    session = serializers.UUIDField(allow_null=True)
    truth = serializers.UUIDField(allow_null=True)
    unit = UnitRef(help_text="The owner's when it was made.")
    owner = PersonRef()
    what = serializers.CharField()
    you_said = serializers.CharField(allow_null=True)
    made_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    done_at = serializers.DateTimeField(allow_null=True)
    we_did = serializers.CharField(allow_null=True, help_text="What the members are told.")
    kept = serializers.BooleanField(help_text="Done by its due time.")
    withdrawn_at = serializers.DateTimeField(allow_null=True, help_text="It stays a miss.")
    withdrawn_because = serializers.CharField(allow_null=True)
    was_mistake = serializers.BooleanField(help_text="Nobody ever committed themselves; it counts nowhere.")
    told_at = serializers.DateTimeField(allow_null=True, help_text="When the members were told.")


class TruthBody(Body):
    words = Text(max_length=MAX_TRUTH, required=False, help_text="Else those of the remark.")
    remark = serializers.UUIDField(required=False, allow_null=True, help_text="Id of a remark to the same panel.")


class NewCommitment(Body):
    panel = Reference(Panel, "name", help_text="Id or name of a panel.")
    owner = person_reference()
    what = Text(max_length=commitments.MAX_WHAT)
    due_at = Instant()
    you_said = Text(
        max_length=commitments.MAX_YOU_SAID, required=False, allow_blank=True, help_text="Else the truth's words."
    )
    session = ById(PanelSession, required=False, allow_null=True, help_text="Id of a session.")
    truth = ById(Truth, required=False, allow_null=True, help_text="Id of a truth.")


class KeepBody(Body):
    we_did = Text(max_length=commitments.MAX_WE_DID, help_text="What the members are told.")
    at = Instant(required=False, help_text="When it was done; now when left out.")


class WithdrawCommitmentBody(Body):
    because = Text(max_length=commitments.MAX_BECAUSE)
    was_mistake = serializers.BooleanField(
        required=False, help_text="Nobody ever committed themselves to it; not once it has fallen due."
    )


class TellBody(Body):
    commitments = serializers.ListField(
        child=ById(Commitment), min_length=1, max_length=100, help_text="Ids, of one panel."
    )


class ToldShape(Shape):
    data = CommitmentShape(many=True)  # type: ignore[assignment]


_SIMPLE = (
    "id",
    "what",
    "made_at",
    "due_at",
    "done_at",
    "kept",
    "withdrawn_at",
    "was_mistake",
    "told_at",
)
_OR_NULL = ("you_said", "we_did", "withdrawn_because")


def commitment_json(row: Row) -> Row:
    return {
        **{name: row[name] for name in _SIMPLE},
        **{name: row[name] or None for name in _OR_NULL},
        "panel": {"id": row["panel_id"], "name": row["panel__name"]},
        "session": row["session_id"],
        "truth": row["truth_id"],
        "unit": unit_ref(row, "unit"),
        "owner": {"id": row["owner_id"], "name": row["owner__name"]},
    }


COMMITMENTS = Listing(
    ("-id",),
    (
        *_SIMPLE,
        *_OR_NULL,
        "panel_id",
        "panel__name",
        "session_id",
        "truth_id",
        *unit_columns("unit"),
        "owner_id",
        "owner__name",
    ),
    commitment_json,
)
TRUTHS = Listing(
    ("-id",),
    ("id", "session_id", "words", "heard_at"),
    lambda row: {name: row[name] for name in ("id", "words", "heard_at")} | {"session": row["session_id"]},
)
STATES = (("waiting", "Still to be kept"), ("done", "Done"), ("withdrawn", "Withdrawn"))


class CommitmentFilters(ListFilters):
    panel = ReferenceFilter(Panel, "name", help_text="Id or name of a panel.")
    unit = UnitFilter()
    state = django_filters.ChoiceFilter(choices=STATES, method="in_state")

    def in_state(self, rows: QuerySet[Commitment], name: str, value: str) -> QuerySet[Commitment]:
        if value == "waiting":
            return waiting(rows)
        return rows.filter(**{f"{value}_at__isnull": False})


class Truths(Resource):
    acts = {"GET": (Can.SEE_RESULTS,), "POST": (Can.RUN_PANELS,)}

    @endpoint("list_truths", "What was heard in a session, the latest first", answer=TruthShape, filters=ListFilters)
    def get(self, request: Request, pk: UUID) -> Response:
        session = only(visible_sessions(self.key).filter(pk=pk))
        return page(request, ListFilters(request, Truth.objects.filter(session=session), now=self.now).rows(), TRUTHS)

    @endpoint(
        "hear_truth",
        "Tell what was heard in a session",
        body=TruthBody,
        answer=TruthShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"words": "Nobody could say when the belt would start"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """In the customers' words; never who of the staff did it."""
        session = only(visible_sessions(self.key).filter(pk=pk).select_related("panel"))
        values = self.read(TruthBody)
        if values.get("remark"):
            values["remark"] = _remark(self, values["remark"])
        truth = hear_truth(session, **values, by=self.key, now=self.now)
        return self.show(Truth.objects.filter(pk=truth.pk), TRUTHS, status=201)


class Commitments(Resource):
    acts = {"GET": (Can.SEE_RESULTS,), "POST": (Can.RUN_PANELS,)}

    @endpoint(
        "list_commitments", "What leaders committed themselves to", answer=CommitmentShape, filters=CommitmentFilters
    )
    def get(self, request: Request) -> Response:
        rows = CommitmentFilters(request, visible_commitments(self.key), now=self.now).rows()
        return page(request, rows, COMMITMENTS)

    @endpoint(
        "commit",
        "Commit a leader to something",
        body=NewCommitment,
        answer=CommitmentShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={
            "panel": "Passengers",
            "owner": "hr-1042",
            "what": "Say at the belt when bags come",
            "due_at": "2026-07-01T16:00:00Z",
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        values = self.read(NewCommitment)
        made = commitments.commit(values.pop("panel"), **values, by=self.key, now=self.now)
        rows = Commitment.objects.filter(pk=made.pk)
        return self.show(rows, COMMITMENTS, status=201, location=reverse("api:commitment", args=[made.pk]))


class OneCommitment(Resource):
    acts = {"GET": (Can.SEE_RESULTS,)}

    @endpoint("read_commitment", "One commitment", answer=CommitmentShape, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(visible_commitments(self.key).filter(pk=pk), COMMITMENTS)


class CommitmentAct(Resource):
    acts = {"POST": (Can.RUN_PANELS,)}

    def done(self, act: Callable[..., Commitment], pk: UUID, body: type[Body]) -> Response:
        rows = visible_commitments(self.key).filter(pk=pk)
        commitment = only(rows)
        act(commitment, **self.read(body), by=self.key, now=self.now)
        return self.show(rows, COMMITMENTS)


class KeepCommitment(CommitmentAct):
    @endpoint(
        "keep_commitment",
        "It is done",
        body=KeepBody,
        answer=CommitmentShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"we_did": "A screen at each belt says when the bags come"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        return self.done(commitments.keep_commitment, pk, KeepBody)


class ReopenCommitment(CommitmentAct):
    @endpoint(
        "reopen_commitment",
        "It is not done after all",
        body=NoBody,
        answer=CommitmentShape,
        parameters=[IDEMPOTENCY_KEY],
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """As long as no member was told that it is (`told`)."""
        return self.done(commitments.reopen_commitment, pk, NoBody)


class WithdrawCommitment(CommitmentAct):
    @endpoint(
        "withdraw_commitment",
        "It will not be done",
        body=WithdrawCommitmentBody,
        answer=CommitmentShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"because": "The belts are replaced next year"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """For a reason that is shown: it stays a miss."""
        return self.done(commitments.withdraw_commitment, pk, WithdrawCommitmentBody)


class TellMembers(Resource):
    acts = {"POST": (Can.RUN_PANELS,)}

    @endpoint(
        "tell_members",
        "Tell a panel's members what was done",
        body=TellBody,
        answer=ToldShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"commitments": ["01999999-0000-7000-8000-000000000000"]},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """In one mail to each: commitments of one panel that are done (`not_done`), none told before (`told`)."""
        wanted: list[Any] = self.read(TellBody)["commitments"]
        told = tell_members(wanted, by=self.key, now=self.now)
        rows = Commitment.objects.filter(pk__in=[one.pk for one in told]).order_by("-id")
        return Response({"data": COMMITMENTS.shown(rows.values(*COMMITMENTS.columns))})


def _remark(asked: Resource, pk: UUID) -> Remark:
    """One that the key may read: none that is held back."""
    try:
        return readable_remark(asked.key, pk)
    except Remark.DoesNotExist as error:
        raise InvalidFieldsError.of("remark", "unknown", "There is none with this id.") from error
