"""Customers who want to be called: who waits, and that somebody has called."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Instant, Text
from api.filters import InstantFilter, ListFilters, UnitFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, endpoint
from api.v1.shapes import PersonRef, Shape, UnitRef, unit_columns, unit_ref
from cso.recovery.actions import MAX_NOTE
from cso.recovery.call_backs import call_back_done, call_backs
from cso.recovery.models import CallBack
from tenants.roles import Can


class CallBackShape(Shape):
    id = serializers.UUIDField()
    case = serializers.UUIDField()
    unit = UnitRef()
    leader = PersonRef(allow_null=True, help_text="Who was told.")
    phone = serializers.CharField()
    note = serializers.CharField()
    asked_at = serializers.DateTimeField()
    called_at = serializers.DateTimeField(allow_null=True, help_text="Null: the customer waits.")
    seconds_to_call = serializers.IntegerField(allow_null=True, help_text="Whole seconds, rounded up.")


_AS_THEY_ARE = ("id", "phone", "note", "asked_at", "called_at", "seconds_to_call")


def call_back_json(row: Row) -> Row:
    leader = row["leader_id"]
    shown = {name: row[name] for name in _AS_THEY_ARE}
    shown["case"], shown["unit"] = row["case_id"], unit_ref(row, "unit")
    shown["leader"] = {"id": leader, "name": row["leader__name"]} if leader else None
    return shown


# The longest waiting first.
CALL_BACKS = Listing(
    ("asked_at", "id"),
    (*_AS_THEY_ARE, "case_id", *unit_columns("unit"), "leader_id", "leader__name"),
    call_back_json,
)


class CallBackFilters(ListFilters):
    unit = UnitFilter()
    state = django_filters.ChoiceFilter(choices=[("open", "Open"), ("done", "Done")], method="in_state")
    asked_from = InstantFilter(field_name="asked_at", lookup_expr="gte")
    asked_to = InstantFilter(field_name="asked_at", lookup_expr="lt", help_text="Not included.")

    def in_state(self, rows: QuerySet[CallBack], name: str, state: str) -> QuerySet[CallBack]:
        return rows.filter(called_at__isnull=state == "open")


class CallBacks(Resource):
    acts = {"GET": (Can.SEE_ALL_CASES,)}

    @endpoint("list_call_backs", "Who wants to be called", answer=CallBackShape, filters=CallBackFilters)
    def get(self, request: Request) -> Response:
        return page(request, CallBackFilters(request, call_backs(self.key), now=self.now).rows(), CALL_BACKS)


class CallBackBody(Body):
    at = Instant(required=False, help_text="When; now when left out.")
    note = Text(max_length=MAX_NOTE, required=False, allow_blank=True)


class CallBackDone(Resource):
    acts = {"POST": (Can.WORK_CASE,)}

    @endpoint(
        "finish_call_back",
        "The customer was called back",
        body=CallBackBody,
        answer=CallBackShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"at": "2026-03-18T15:12:00-04:00", "note": "The bag comes at six."},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        rows = call_backs(self.key).filter(pk=pk)
        values: dict[str, Any] = {"at": self.now} | self.read(CallBackBody)
        call_back_done(only(rows), **values, by=self.key, now=self.now)
        return self.show(rows, CALL_BACKS)
