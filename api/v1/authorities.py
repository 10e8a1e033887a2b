"""The right to act: what each position may give without asking."""

from __future__ import annotations

from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Text, Whole
from api.filters import ListFilters
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IF_NONE_MATCH, endpoint
from api.v1.people import PositionShape
from api.v1.shapes import Shape
from cso.people.models import Position
from cso.recovery.authority import MAX_EXCEPTION, MOST_EXCEPTIONS, set_authority
from cso.recovery.models import MAX_AMOUNT, Authority
from tenants.roles import Can


class AuthorityShape(Shape):
    position = PositionShape()
    currency = serializers.CharField(help_text="ISO 4217.")
    per_case_minor = serializers.IntegerField(help_text="What a case may be given without asking, by all together.")
    per_day_minor = serializers.IntegerField(help_text="What one person may give in a day of the workspace.")
    exceptions = serializers.ListField(child=serializers.CharField(), help_text="What may be granted beside money.")


class AuthorityBody(Body):
    currency = Text(min_length=3, max_length=3, help_text="ISO 4217, such as CAD.")
    per_case_minor = Whole(min_value=0, max_value=MAX_AMOUNT, help_text="In minor units (cents).")
    per_day_minor = Whole(min_value=0, max_value=MAX_AMOUNT, help_text="In minor units (cents).")
    exceptions = serializers.ListField(
        child=Text(max_length=MAX_EXCEPTION), max_length=MOST_EXCEPTIONS, required=False, help_text="None if left out."
    )


_AS_THEY_ARE = ("currency", "per_case_minor", "per_day_minor", "exceptions")


def authority_json(row: Row) -> Row:
    shown = {name: row[name] for name in _AS_THEY_ARE}
    return {"position": {"id": row["position_id"], "title": row["position__title"]}} | shown


AUTHORITIES = Listing(("position__title",), ("position_id", "position__title", *_AS_THEY_ARE), authority_json)


class Authorities(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,)}

    @endpoint(
        "list_authorities",
        "What each position may give without asking, by title",
        answer=AuthorityShape,
        filters=ListFilters,
    )
    def get(self, request: Request) -> Response:
        rows = ListFilters(request, Authority.objects.all(), now=self.now).rows()
        return page(request, rows, AUTHORITIES)


class OneAuthority(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,), "PUT": (Can.SET_RECOVERY,)}

    @endpoint("read_authority", "What one position may give", answer=AuthorityShape, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, pk: UUID) -> Response:
        """By the position's id."""
        return self.show(Authority.objects.filter(position=pk), AUTHORITIES)

    @endpoint(
        "set_authority",
        "Set what one position may give without asking",
        body=AuthorityBody,
        answer=AuthorityShape,
        example={
            "currency": "CAD",
            "per_case_minor": 15000,
            "per_day_minor": 60000,
            "exceptions": ["Late check-out", "Waive the change fee"],
        },
    )
    def put(self, request: Request, pk: UUID) -> Response:
        """By the position's id; it holds at once, and for what is given from then on."""
        position = only(Position.objects.filter(pk=pk))
        set_authority(position, by=self.key, **self.read(AuthorityBody))
        return self.show(Authority.objects.filter(position=pk), AUTHORITIES)
