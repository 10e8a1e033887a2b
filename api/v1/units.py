"""Units: the tree of the organization."""

from __future__ import annotations

from uuid import UUID

import django_filters
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Text, member_reference, unit_reference
from api.filters import ListFilters, ReferenceFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource
from api.schema import IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, endpoint
from api.v1.shapes import MemberRef, Shape, UnitRef, unit_columns, unit_ref
from cso.people import actions
from cso.people.models import Unit
from cso.people.tree import lock_tree
from tenants.roles import Can


class UnitShape(Shape):
    id = serializers.UUIDField()
    code = serializers.CharField(help_text="Your own key for it.")
    name = serializers.CharField()
    parent = UnitRef(allow_null=True, help_text="Null at the top.")
    intake_owner = MemberRef(
        allow_null=True, help_text="The member who owns what nobody took here; null: whoever does so above."
    )


class NewUnit(Body):
    code = Text(max_length=100)
    name = Text(max_length=200)
    parent = unit_reference(allow_null=True, required=False)  # type: ignore[assignment]


class UnitChange(Body):
    name = Text(max_length=200, required=False)
    parent = unit_reference(allow_null=True, required=False)  # type: ignore[assignment]
    intake_owner = member_reference(allow_null=True, required=False)


def unit_json(row: Row) -> Row:
    owner = row["intake_owner_id"]
    return {
        "id": row["id"],
        "code": row["code"],
        "name": row["name"],
        "parent": unit_ref(row, "parent"),
        "intake_owner": {"id": owner, "name": row["intake_owner__user__name"]} if owner else None,
    }


_COLUMNS = ("id", "code", "name", *unit_columns("parent"), "intake_owner_id", "intake_owner__user__name")
UNITS = Listing(("code",), _COLUMNS, unit_json)


class UnitFilters(ListFilters):
    code = django_filters.CharFilter()
    parent = ReferenceFilter(Unit, "code", help_text="Id or code of the unit directly above.")


class Units(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,), "POST": (Can.EDIT_PEOPLE,)}

    @endpoint("list_units", "Units by code", answer=UnitShape, filters=UnitFilters)
    def get(self, request: Request) -> Response:
        rows = UnitFilters(request, Unit.objects.all(), now=self.now).rows()
        return page(request, rows, UNITS)

    @endpoint(
        "create_unit",
        "Add a unit",
        body=NewUnit,
        answer=UnitShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"code": "yyz", "name": "Toronto Pearson", "parent": "canada"},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        unit = actions.add_unit(**self.read(NewUnit), by=self.key)
        return self.show(
            Unit.objects.filter(pk=unit.pk), UNITS, status=201, location=reverse("api:unit", args=[unit.pk])
        )


class OneUnit(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,), "PATCH": (Can.EDIT_PEOPLE,)}

    @endpoint("read_unit", "One unit", answer=UnitShape, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(Unit.objects.filter(pk=pk), UNITS)

    @endpoint(
        "change_unit",
        "Rename a unit, move it with all below it, or name who takes in its cases",
        body=UnitChange,
        answer=UnitShape,
        parameters=[IF_MATCH],
        example={"parent": "canada-east"},
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        rows = Unit.objects.filter(pk=pk)
        lock_tree()  # before the row, as `change_unit` does
        unit = self.hold(rows, UNITS)
        actions.change_unit(unit, **self.read(UnitChange), by=self.key)
        return self.show(rows, UNITS)
