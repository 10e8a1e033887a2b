"""Leaders: who leads which unit from when to when."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Day, person_reference, unit_reference
from api.filters import DayFilter, ListFilters, ReferenceFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource
from api.schema import IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, endpoint
from api.v1.shapes import PersonRef, Shape, UnitRef, unit_columns, unit_ref
from cso.people import actions
from cso.people.models import Leadership, Person, Unit
from cso.people.queries import leading_on
from tenants.roles import Can


class LeaderShape(Shape):
    id = serializers.UUIDField()
    unit = UnitRef()
    person = PersonRef()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(
        allow_null=True, help_text="The first day that is no longer theirs; null: still leads."
    )


class NewLeader(Body):
    unit = unit_reference()
    person = person_reference()
    starts_on = Day()
    ends_on = Day(required=False, allow_null=True)


class LeaderEnd(Body):
    ends_on = Day()


def leader_json(row: Row) -> Row:
    return {
        "id": row["id"],
        "unit": unit_ref(row, "unit"),
        "person": {"id": row["person_id"], "name": row["person__name"]},
        "starts_on": row["starts_on"],
        "ends_on": row["ends_on"],
    }


LEADERS = Listing(
    ("id",),
    ("id", *unit_columns("unit"), "person_id", "person__name", "starts_on", "ends_on"),
    leader_json,
)


class LeaderFilters(ListFilters):
    unit = ReferenceFilter(Unit, "code", help_text="Id or code of the unit led.")
    person = ReferenceFilter(Person, "external_id", help_text="Id or external id of a person.")
    on = DayFilter(method="leading_on", help_text="Only who leads on this day.")

    def leading_on(self, rows: QuerySet[Any], name: str, day: date) -> QuerySet[Any]:
        return rows.filter(leading_on(day))


class Leaders(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,), "POST": (Can.EDIT_PEOPLE,)}

    @endpoint(
        "list_leaders", "Leaders, in the order in which they were named", answer=LeaderShape, filters=LeaderFilters
    )
    def get(self, request: Request) -> Response:
        return page(request, LeaderFilters(request, Leadership.objects.all(), now=self.now).rows(), LEADERS)

    @endpoint(
        "name_leader",
        "Name the leader of a unit",
        body=NewLeader,
        answer=LeaderShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"unit": "yyz", "person": "hr-1042", "starts_on": "2026-04-01"},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        leadership = actions.name_leader(**self.read(NewLeader), by=self.key)
        rows = Leadership.objects.filter(pk=leadership.pk)
        return self.show(rows, LEADERS, status=201, location=reverse("api:leader", args=[leadership.pk]))


class OneLeader(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,), "PATCH": (Can.EDIT_PEOPLE,)}

    @endpoint("read_leader", "One leader of one unit", answer=LeaderShape, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(Leadership.objects.filter(pk=pk), LEADERS)

    @endpoint(
        "end_leader",
        "End someone's lead of a unit",
        body=LeaderEnd,
        answer=LeaderShape,
        parameters=[IF_MATCH],
        example={"ends_on": "2026-07-01"},
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        rows = Leadership.objects.filter(pk=pk)
        leadership = self.hold(rows, LEADERS)
        actions.end_leadership(leadership, self.read(LeaderEnd)["ends_on"], by=self.key)
        return self.show(rows, LEADERS)
