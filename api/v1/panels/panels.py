"""Panels of customers: founded, changed, closed; how many of whom they want, and how carefully they are heard."""

from __future__ import annotations

from uuid import UUID

import django_filters
from django.db import models
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Text, Whole, member_reference, unit_reference
from api.filters import ListFilters, UnitFilter, YesNoFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, endpoint
from api.v1.remedies import NoBody
from api.v1.shapes import MemberRef, Shape, UnitRef, unit_columns, unit_ref
from cso.customers.asking import MOST_DAYS, MOST_TIMES, asking_limit, set_asking_limit
from cso.panels import panels
from cso.panels.members import open_places
from cso.panels.models import LEAST_GROUP, MAX_SEGMENT, Panel
from cso.panels.permissions import visible_panels
from tenants.roles import Can

_TERM = "How many days a member stays before they make room; null: until they leave."


class PanelRef(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()


class PanelShape(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    purpose = serializers.CharField()
    unit = UnitRef(help_text="Whose customers they are, with the units below.")
    steward = MemberRef(help_text="Keeps the panel, and alone reads what was written with the names in it.")
    term_days = serializers.IntegerField(allow_null=True, help_text=_TERM)
    founded_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)


class PanelChange(Body):
    name = Text(max_length=panels.MAX_NAME, required=False)
    purpose = Text(max_length=panels.MAX_PURPOSE, required=False, allow_blank=True)
    steward = member_reference(required=False)
    term_days = Whole(min_value=1, max_value=panels.LONGEST_TERM, required=False, allow_null=True, help_text=_TERM)


class NewPanel(PanelChange):
    name = Text(max_length=panels.MAX_NAME)
    unit = unit_reference()
    steward = member_reference()


class PlaceShape(Shape):
    segment = serializers.CharField(allow_null=True, help_text="Null: of whom none is known.")
    wanted = serializers.IntegerField(allow_null=True, help_text="Null: as many as come.")
    members = serializers.IntegerField()
    open = serializers.IntegerField(allow_null=True, help_text="How many may still join.")


class PlacesShape(Shape):
    data = PlaceShape(many=True)  # type: ignore[assignment]


class QuotaBody(Body):
    segment = Text(max_length=MAX_SEGMENT)
    wanted = Whole(min_value=0, max_value=panels.MOST_WANTED, allow_null=True, help_text="Null: as many as come.")


_SIMPLE = ("id", "name", "purpose", "term_days", "founded_at", "closed_at")


def panel_json(row: Row) -> Row:
    return {
        **{name: row[name] for name in _SIMPLE},
        "unit": unit_ref(row, "unit"),
        "steward": {"id": row["steward_id"], "name": row["steward__user__name"]},
    }


PANELS = Listing(("id",), (*_SIMPLE, *unit_columns("unit"), "steward_id", "steward__user__name"), panel_json)


class PanelFilters(ListFilters):
    unit = UnitFilter()
    name = django_filters.CharFilter()
    is_open = YesNoFilter(method="only_open")

    def only_open(self, rows: models.QuerySet[Panel], name: str, value: str) -> models.QuerySet[Panel]:
        return rows.filter(closed_at__isnull=value == "true")


class Panels(Resource):
    acts = {"GET": (Can.SEE_RESULTS,), "POST": (Can.RUN_PANELS,)}

    @endpoint("list_panels", "Panels of customers", answer=PanelShape, filters=PanelFilters)
    def get(self, request: Request) -> Response:
        return page(request, PanelFilters(request, visible_panels(self.key), now=self.now).rows(), PANELS)

    @endpoint(
        "found_panel",
        "Found a panel",
        body=NewPanel,
        answer=PanelShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"name": "Passengers", "unit": "yyz", "steward": "ana@example.com", "term_days": 365},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        panel = panels.found_panel(**self.read(NewPanel), by=self.key, now=self.now)
        rows = Panel.objects.filter(pk=panel.pk)
        return self.show(rows, PANELS, status=201, location=reverse("api:panel", args=[panel.pk]))


class OnePanel(Resource):
    acts = {"GET": (Can.SEE_RESULTS,), "PATCH": (Can.RUN_PANELS,)}

    @endpoint("read_panel", "One panel", answer={200: PanelShape, 304: None}, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(visible_panels(self.key).filter(pk=pk), PANELS)

    @endpoint(
        "change_panel",
        "Change a panel",
        body=PanelChange,
        answer=PanelShape,
        parameters=[IF_MATCH],
        example={"term_days": None},
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        """Another term is that of the present members too."""
        rows = visible_panels(self.key).filter(pk=pk)
        panel = self.hold(rows, PANELS)
        panels.change_panel(panel, **self.read(PanelChange), by=self.key, now=self.now)
        return self.show(rows, PANELS)


class ClosePanel(Resource):
    acts = {"POST": (Can.RUN_PANELS,)}

    @endpoint("close_panel", "Nobody joins it any more", body=NoBody, answer=PanelShape, parameters=[IDEMPOTENCY_KEY])
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Once its waves are over (`wave_open`); what was said stays."""
        rows = visible_panels(self.key).filter(pk=pk)
        panel = only(rows)
        self.read(NoBody)
        panels.close_panel(panel, by=self.key, now=self.now)
        return self.show(rows, PANELS)


class Places(Resource):
    acts = {"GET": (Can.SEE_RESULTS,), "POST": (Can.RUN_PANELS,)}

    @endpoint("list_places", "How many of each segment a panel has, and wants", answer=PlacesShape)
    def get(self, request: Request, pk: UUID) -> Response:
        return self._places(only(visible_panels(self.key).filter(pk=pk)))

    @endpoint(
        "set_quota",
        "Say how many of a segment a panel wants",
        body=QuotaBody,
        answer=PlacesShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"segment": "Business", "wanted": 60},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Nobody joins above that; who is on it stays."""
        panel = only(visible_panels(self.key).filter(pk=pk))
        values = self.read(QuotaBody)
        panels.set_quota(panel, values["segment"], values["wanted"], by=self.key)
        return self._places(panel)

    def _places(self, panel: Panel) -> Response:
        places = [
            {"segment": one.segment or None, "wanted": one.wanted, "members": one.members, "open": one.open}
            for one in open_places(panel)
        ]
        return Response({"data": places})


class ListeningShape(Shape):
    smallest_group = serializers.IntegerField(help_text="Criticism is shown for no fewer people.")
    most = serializers.IntegerField(help_text="A customer is asked no more than so many times, by whatever question,")
    days = serializers.IntegerField(help_text="in so many days.")


class ListeningChange(Body):
    smallest_group = Whole(
        min_value=LEAST_GROUP,
        max_value=panels.LARGEST_GROUP,
        required=False,
        help_text="Of waves that close from now on.",
    )
    most = Whole(min_value=1, max_value=MOST_TIMES, required=False)
    days = Whole(min_value=1, max_value=MOST_DAYS, required=False)


class Listening(Resource):
    acts = {"GET": (Can.SEE_RESULTS,), "POST": (Can.RUN_PANELS,)}

    @endpoint("read_listening", "How carefully customers are heard, and how often asked", answer=ListeningShape)
    def get(self, request: Request) -> Response:
        return self._settings()

    @endpoint(
        "set_listening",
        "Set how carefully customers are heard, and how often asked",
        body=ListeningChange,
        answer=ListeningShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"smallest_group": 5, "most": 3, "days": 90},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        values = self.read(ListeningChange)
        if "smallest_group" in values:
            panels.set_listening(smallest_group=values["smallest_group"], by=self.key)
        if {"most", "days"} & set(values):
            limit = asking_limit()
            most, days = values.get("most", limit.most), values.get("days", limit.days)
            set_asking_limit(by=self.key, most=most, days=days)
        return self._settings()

    def _settings(self) -> Response:
        limit, heard = asking_limit(), panels.listening_settings()
        return Response({"smallest_group": heard.smallest_group, "most": limit.most, "days": limit.days})
