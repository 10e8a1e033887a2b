"""Screens on a wall, each by a link that only reads."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Text, unit_reference
from api.filters import ListFilters, UnitFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, IF_NONE_MATCH, endpoint
from api.v1.remedies import NoBody
from api.v1.shapes import Shape, UnitRef, unit_columns, unit_ref
from cso.scorecards.models.walls import MAX_NAME
from cso.scorecards.walls import links as walls
from tenants.roles import Can


class WallShape(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    unit = UnitRef(allow_null=True, help_text="With all below it; null is the whole company.")
    link = serializers.URLField(allow_null=True, help_text="Whoever has it sees the wall. Null once it was revoked.")
    made_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)


class NewWall(Body):
    name = Text(max_length=MAX_NAME, help_text="Such as where the screen hangs.")
    unit = unit_reference(required=False)


_SIMPLE = ("id", "name", "made_at", "revoked_at")


def wall_json(row: Row) -> Row:
    return {
        **{name: row[name] for name in _SIMPLE},
        "unit": unit_ref(row, "unit"),
        "link": None if row["revoked_at"] else walls.wall_link(row["link"]),
    }


WALLS = Listing(("-made_at", "-id"), (*_SIMPLE, "link", *unit_columns("unit")), wall_json)


class WallFilters(ListFilters):
    unit = UnitFilter()


class Walls(Resource):
    acts = {"GET": (Can.PUT_UP_WALLS,), "POST": (Can.PUT_UP_WALLS,)}

    @endpoint("list_walls", "Walls with their links, the last first", answer=WallShape, filters=WallFilters)
    def get(self, request: Request) -> Response:
        return page(request, WallFilters(request, walls.walls(self.key), now=self.now).rows(), WALLS)

    @endpoint(
        "make_wall",
        "Put up a wall",
        body=NewWall,
        answer=WallShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"name": "Arrivals hall", "unit": "yyz"},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Of a unit with all below it, or of the whole company where none is named. Whoever has its link sees it."""
        made = walls.make_wall(**self.read(NewWall), by=self.key, now=self.now)
        return self.show(_one(self, made.pk), WALLS, status=201, location=reverse("api:wall", args=[made.pk]))


class OneWall(Resource):
    acts = {"GET": (Can.PUT_UP_WALLS,)}

    @endpoint("read_wall", "One wall", answer=WallShape, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(_one(self, pk), WALLS)


class RenewWall(Resource):
    acts = {"POST": (Can.PUT_UP_WALLS,)}

    @endpoint("renew_wall", "Give a wall another link", body=NoBody, answer=WallShape, parameters=[IDEMPOTENCY_KEY])
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """The link before opens nothing from then on."""
        found = only(_one(self, pk))
        self.read(NoBody)
        walls.renew_link(found, by=self.key)
        return self.show(_one(self, pk), WALLS)


class RevokeWall(Resource):
    acts = {"POST": (Can.PUT_UP_WALLS,)}

    @endpoint("revoke_wall", "Take a wall down", body=NoBody, answer=WallShape, parameters=[IDEMPOTENCY_KEY])
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """For good: its link opens nothing, and screens that show it go empty."""
        found = only(_one(self, pk))
        self.read(NoBody)
        walls.revoke_wall(found, by=self.key, now=self.now)
        return self.show(_one(self, pk), WALLS)


def _one(view: Resource, pk: UUID) -> Any:
    return walls.walls(view.key).filter(pk=pk)
