"""People, and the positions they hold."""

from __future__ import annotations

from uuid import UUID

import django_filters
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Text, unit_reference
from api.filters import ListFilters, UnitFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource
from api.schema import IDEMPOTENCY_KEY, IF_NONE_MATCH, endpoint
from api.v1.shapes import Shape, UnitRef, unit_columns, unit_ref
from cso.people import actions
from cso.people.models import Person, Position
from tenants.roles import Can


class PersonShape(Shape):
    id = serializers.UUIDField()
    external_id = serializers.CharField(allow_null=True, help_text="Your own key for them.")
    name = serializers.CharField()
    email = serializers.EmailField(allow_null=True)
    position = serializers.CharField(allow_null=True)
    unit = UnitRef(allow_null=True)


class NewPerson(Body):
    name = Text(max_length=200)
    external_id = Text(max_length=100, required=False, allow_null=True)
    email = serializers.EmailField(max_length=254, required=False)
    position = Text(max_length=200, required=False, help_text="A title; added when new.")
    unit = unit_reference(required=False, allow_null=True)


class PositionShape(Shape):
    id = serializers.UUIDField()
    title = serializers.CharField()


def person_json(row: Row) -> Row:
    return {
        "id": row["id"],
        "external_id": row["external_id"],
        "name": row["name"],
        "email": row["email"] or None,
        "position": row["position__title"],
        "unit": unit_ref(row, "unit"),
    }


PEOPLE = Listing(
    ("name", "id"), ("id", "external_id", "name", "email", "position__title", *unit_columns("unit")), person_json
)
POSITIONS = Listing(("title",), ("id", "title"), dict)


class PersonFilters(ListFilters):
    external_id = django_filters.CharFilter()
    name = django_filters.CharFilter(help_text="The whole name, as written.")
    unit = UnitFilter()


class PositionFilters(ListFilters):
    title = django_filters.CharFilter()


class People(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,), "POST": (Can.EDIT_PEOPLE,)}

    @endpoint("list_people", "People by name", answer=PersonShape, filters=PersonFilters)
    def get(self, request: Request) -> Response:
        return page(request, PersonFilters(request, Person.objects.all(), now=self.now).rows(), PEOPLE)

    @endpoint(
        "create_person",
        "Add someone who works here",
        body=NewPerson,
        answer=PersonShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"name": "Ana Silva", "external_id": "hr-1042", "position": "Station manager", "unit": "yyz"},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        person = actions.add_person(**self.read(NewPerson), by=self.key)
        rows = Person.objects.filter(pk=person.pk)
        return self.show(rows, PEOPLE, status=201, location=reverse("api:person", args=[person.pk]))


class OnePerson(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,)}

    @endpoint("read_person", "One person", answer=PersonShape, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(Person.objects.filter(pk=pk), PEOPLE)


class Positions(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,)}

    @endpoint("list_positions", "Positions by title", answer=PositionShape, filters=PositionFilters)
    def get(self, request: Request) -> Response:
        return page(request, PositionFilters(request, Position.objects.all(), now=self.now).rows(), POSITIONS)
