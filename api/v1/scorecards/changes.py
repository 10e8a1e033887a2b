"""Changes of how units work, as charts mark them. Where limits begin anew a person decides, in the portal."""

from __future__ import annotations

from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Day, Text, unit_reference
from api.filters import ListFilters, UnitFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, IF_NONE_MATCH, endpoint
from api.v1.shapes import MemberRef, Shape, UnitRef, unit_columns, unit_ref
from cso.scorecards import changes
from cso.scorecards.models import ProcessChange
from cso.scorecards.models.changes import MAX_BECAUSE, MAX_WHAT
from tenants.roles import Can


class ProcessChangeShape(Shape):
    id = serializers.UUIDField()
    unit = UnitRef(help_text="Its charts mark it, and those of all units below.")
    on = serializers.DateField(help_text="Since this day it works in another way.")
    what = serializers.CharField()
    made_by = MemberRef(allow_null=True, help_text="Null: an integration.")
    made_at = serializers.DateTimeField()
    rebased_at = serializers.DateTimeField(
        allow_null=True, help_text="When a person decided that limits are counted anew from it; null: they are not."
    )
    rebased_by = MemberRef(allow_null=True)
    rebased_because = serializers.CharField(allow_null=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True, help_text="It marks nothing any more.")
    withdrawn_because = serializers.CharField(allow_null=True)


class NewProcessChange(Body):
    unit = unit_reference()
    on = Day(help_text="Not in the future.")
    what = Text(max_length=MAX_WHAT, help_text="In a sentence; it stands at the chart.")


class WithdrawChangeBody(Body):
    because = Text(max_length=MAX_BECAUSE)


def _member(row: Row, name: str) -> Row | None:
    pk = row[f"{name}_id"]
    return {"id": pk, "name": row[f"{name}__user__name"]} if pk else None


def change_json(row: Row) -> Row:
    return {
        **{name: row[name] for name in ("id", "on", "what", "made_at", "rebased_at", "withdrawn_at")},
        "unit": unit_ref(row, "unit"),
        "made_by": _member(row, "made_by"),
        "rebased_by": _member(row, "rebased_by"),
        "rebased_because": row["rebased_because"] or None,
        "withdrawn_because": row["withdrawn_because"] or None,
    }


CHANGES = Listing(
    ("-on", "-id"),
    (
        *("id", "on", "what", "made_at", "rebased_at", "rebased_because", "withdrawn_at", "withdrawn_because"),
        *unit_columns("unit"),
        *("made_by_id", "made_by__user__name", "rebased_by_id", "rebased_by__user__name"),
    ),
    change_json,
)


class ChangeFilters(ListFilters):
    unit = UnitFilter()
    state = django_filters.ChoiceFilter(choices=[("standing", "Marked"), ("withdrawn", "Withdrawn")], method="in_state")

    def in_state(self, rows: QuerySet[ProcessChange], name: str, value: str) -> QuerySet[ProcessChange]:
        return rows.filter(withdrawn_at__isnull=value == "standing")


class ProcessChanges(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,), "POST": (Can.MARK_CHANGES,)}

    @endpoint(
        "list_process_changes",
        "Changes of how units work, the last first",
        answer=ProcessChangeShape,
        filters=ChangeFilters,
    )
    def get(self, request: Request) -> Response:
        return page(request, ChangeFilters(request, ProcessChange.objects.all(), now=self.now).rows(), CHANGES)

    @endpoint(
        "mark_process_change",
        "Mark on a unit's charts that it works in another way",
        body=NewProcessChange,
        answer=ProcessChangeShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"unit": "north", "on": "2026-03-02", "what": "One queue for all channels"},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """A mark explains and moves no figure; limits stay until a person decides that they are counted anew."""
        made = changes.mark_change(**self.read(NewProcessChange), by=self.key, now=self.now)
        rows = ProcessChange.objects.filter(pk=made.pk)
        return self.show(rows, CHANGES, status=201, location=reverse("api:process_change", args=[made.pk]))


class OneProcessChange(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,)}

    @endpoint(
        "read_process_change",
        "One change of how a unit works",
        answer=ProcessChangeShape,
        parameters=[IF_NONE_MATCH],
    )
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(ProcessChange.objects.filter(pk=pk), CHANGES)


class WithdrawProcessChange(Resource):
    acts = {"POST": (Can.MARK_CHANGES,)}

    @endpoint(
        "withdraw_process_change",
        "Take a change back",
        body=WithdrawChangeBody,
        answer=ProcessChangeShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"because": "It was rolled back on the same day"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Of what an integration marked; what a person marked needs the right to set targets."""
        rows = ProcessChange.objects.filter(pk=pk)
        changes.withdraw_change(only(rows), **self.read(WithdrawChangeBody), by=self.key, now=self.now)
        return self.show(rows, CHANGES)
