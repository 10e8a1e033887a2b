"""Promises to customers: made, moved, kept or broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Instant, Text
from api.filters import ListFilters
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, IF_NONE_MATCH, endpoint
from api.v1.remedies import CaseRef
from api.v1.shapes import Shape, UnitRef, unit_columns, unit_ref
from cso.recovery import promises
from cso.recovery.models import BrokenBecause, Promise
from cso.recovery.queries import visible_cases
from tenants.models import ApiKey
from tenants.roles import Can

_AT = "When; now when left out."
_DUE = "By when, later than `at` by a year at most."


class PromiseShape(Shape):
    id = serializers.UUIDField()
    case = CaseRef()
    unit = UnitRef(help_text="The case's when it was promised.")
    what = serializers.CharField()
    words = serializers.CharField(allow_null=True, help_text="How the time was said, such as soon.")
    made_at = serializers.DateTimeField()
    first_due_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(help_text="As it was moved last.")
    times_moved = serializers.IntegerField()
    move_agreed = serializers.BooleanField(help_text="The customer agreed, in time, to the one time it was moved.")
    done_at = serializers.DateTimeField(allow_null=True)
    disputed_at = serializers.DateTimeField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True, help_text="Since when the customer needs it no more.")
    kept = serializers.BooleanField(help_text="Done by the first time, or by the agreed one, and not disputed.")
    kept_as_moved = serializers.BooleanField(help_text="Kept, but by the agreed time and not by the first.")
    broken_at = serializers.DateTimeField(allow_null=True, help_text="When it fell due without being kept.")
    broken_because = serializers.ChoiceField(BrokenBecause.choices, allow_null=True)


class NewPromise(Body):
    what = Text(max_length=promises.MAX_WHAT)
    due_at = Instant(required=False, help_text=_DUE)
    words = Text(
        max_length=promises.MAX_WORDS,
        required=False,
        help_text="How the time was said: soon, in 3 hours. Without due_at it dates the promise, as `what` may.",
    )
    at = Instant(required=False, help_text=_AT)


class ActBody(Body):
    at = Instant(required=False, help_text=_AT)


class PromiseMove(ActBody):
    due_at = Instant(help_text=_DUE)
    agreed = serializers.BooleanField(help_text="Whether the customer agreed.")


class Explanation(Body):
    because = serializers.ChoiceField(BrokenBecause.choices)


_AS_THEY_ARE = (
    "id",
    "what",
    "made_at",
    "first_due_at",
    "due_at",
    "times_moved",
    "move_agreed",
    "done_at",
    "disputed_at",
    "cancelled_at",
    "kept",
    "kept_as_moved",
    "broken_at",
)


def promise_json(row: Row) -> Row:
    shown = {name: row[name] for name in _AS_THEY_ARE}
    shown["case"] = {"id": row["case_id"], "external_id": row["case__external_id"]}
    shown["unit"] = unit_ref(row, "unit")
    return shown | {name: row[name] or None for name in ("words", "broken_because")}


PROMISES = Listing(
    ("-id",),
    (*_AS_THEY_ARE, "words", "broken_because", "case_id", "case__external_id", *unit_columns("unit")),
    promise_json,
)


def visible_promises(key: ApiKey) -> QuerySet[Promise, Any]:
    return Promise.objects.filter(case__in=visible_cases(key))


class CasePromises(Resource):
    acts = {"GET": (Can.SEE_ALL_CASES,), "POST": (Can.WORK_CASE,)}

    @endpoint(
        "list_promises", "What was promised on one case, the latest first", answer=PromiseShape, filters=ListFilters
    )
    def get(self, request: Request, pk: UUID) -> Response:
        case = only(visible_cases(self.key).filter(pk=pk))
        return page(request, ListFilters(request, Promise.objects.filter(case=case), now=self.now).rows(), PROMISES)

    @endpoint(
        "make_promise",
        "Promise the customer something",
        body=NewPromise,
        answer=PromiseShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"what": "Call back with the whereabouts of the suitcase", "words": "soon"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        case = only(visible_cases(self.key).filter(pk=pk))
        values = {"at": None} | self.read(NewPromise)
        promise = promises.make_promise(case, **values, by=self.key, now=self.now)
        location = reverse("api:promise", args=[promise.pk])
        return self.show(Promise.objects.filter(pk=promise.pk), PROMISES, status=201, location=location)


class OnePromise(Resource):
    acts = {"GET": (Can.SEE_ALL_CASES,)}

    @endpoint("read_promise", "One promise", answer=PromiseShape, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(visible_promises(self.key).filter(pk=pk), PROMISES)


class PromiseAct(Resource):
    """One act on one promise; answers with the promise as it then is."""

    acts = {"POST": (Can.WORK_CASE,)}

    def done(self, act: Callable[..., Promise], pk: UUID, body: type[Body], **values: Any) -> Response:
        rows = visible_promises(self.key).filter(pk=pk)
        promise = only(rows)
        act(promise, **(values | self.read(body)), by=self.key, now=self.now)
        return self.show(rows, PROMISES)


class KeepPromise(PromiseAct):
    @endpoint("keep_promise", "It is done", body=ActBody, answer=PromiseShape, parameters=[IDEMPOTENCY_KEY])
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        return self.done(promises.keep_promise, pk, ActBody, at=None)


class MovePromise(PromiseAct):
    @endpoint(
        "move_promise",
        "Another due time",
        body=PromiseMove,
        answer=PromiseShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"due_at": "2026-03-19T09:00:00-04:00", "agreed": True},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Done by it counts as kept only if the customer agreed before it fell due, and once."""
        return self.done(promises.move_promise, pk, PromiseMove, at=None)


class CancelPromise(PromiseAct):
    @endpoint(
        "cancel_promise",
        "The customer needs it no more",
        body=ActBody,
        answer=PromiseShape,
        parameters=[IDEMPOTENCY_KEY],
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Before it fell due; after that a broken promise stays one."""
        return self.done(promises.cancel_promise, pk, ActBody, at=None)


class DisputePromise(PromiseAct):
    @endpoint(
        "dispute_promise",
        "The customer says that it was not done",
        body=ActBody,
        answer=PromiseShape,
        parameters=[IDEMPOTENCY_KEY],
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        return self.done(promises.dispute_promise, pk, ActBody, at=None)


class ExplainPromise(PromiseAct):
    @endpoint(
        "explain_promise",
        "Say which of the five causes broke it",
        body=Explanation,
        answer=PromiseShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"because": "between_units"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        return self.done(promises.explain_broken, pk, Explanation)
