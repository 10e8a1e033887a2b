"""Targets: the share that leaders are to reach, from a day on."""

from __future__ import annotations

import django_filters
from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Day, Text, Whole, unit_reference
from api.filters import ListFilters
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource
from api.schema import IDEMPOTENCY_KEY, endpoint
from api.v1.metrics.representation import FigureShape, figure_json
from api.v1.shapes import Shape
from cso.metrics.actions import MAX_REASON, set_target, set_target_path
from cso.metrics.models import Target
from cso.metrics.queries.figures import whole_tenant
from cso.metrics.queries.targets import gap_closed
from cso.metrics.registry import METRICS
from tenants.roles import Can

SHARES = [(metric.key, metric.name) for metric in METRICS.values() if metric.kind == "share"]


class TargetShape(Shape):
    id = serializers.UUIDField()
    metric = serializers.CharField()
    starts_on = serializers.DateField(help_text="In force from this day until the next target starts.")
    percent = serializers.FloatField()


class NewTarget(Body):
    metric = serializers.ChoiceField(SHARES)
    starts_on = Day()
    percent = serializers.DecimalField(max_digits=5, decimal_places=2, coerce_to_string=False)
    reason = Text(max_length=MAX_REASON, required=False, allow_blank=True)


class NewPath(Body):
    metric = serializers.ChoiceField(SHARES)
    starts_on = Day(help_text="The first of a month.")
    percent = serializers.DecimalField(max_digits=5, decimal_places=2, coerce_to_string=False)
    step = serializers.DecimalField(max_digits=5, decimal_places=2, coerce_to_string=False, help_text="In points.")
    every_months = Whole(min_value=1, max_value=12)
    full_by = Day(help_text="The first of the month from which on it is 100 % at the latest.")
    reason = Text(max_length=MAX_REASON, required=False, allow_blank=True)


class PathShape(Shape):
    data = TargetShape(many=True)  # type: ignore[assignment]


class GapQuery(Body):
    unit = unit_reference(required=False)


class MonthOfGapShape(Shape):
    period = serializers.CharField()
    figure = FigureShape()


class GapShape(Shape):
    metric = serializers.CharField()
    first = MonthOfGapShape(allow_null=True, help_text="The first month with data since a target was set.")
    latest = MonthOfGapShape(allow_null=True, help_text="The last month that is over and has data.")
    closed = serializers.FloatField(
        allow_null=True, help_text="Of the gap to 100 % (0 % where low is better); below 0: it has grown."
    )


def target_json(row: Row) -> Row:
    return row | {"percent": float(row["percent"])}


TARGETS = Listing(("-starts_on", "-id"), ("id", "metric", "starts_on", "percent"), target_json)


class TargetFilters(ListFilters):
    metric = django_filters.ChoiceFilter(choices=SHARES)


class Targets(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,), "POST": (Can.SET_TARGET,)}

    @endpoint("list_targets", "Targets, the latest first", answer=TargetShape, filters=TargetFilters)
    def get(self, request: Request) -> Response:
        return page(request, TargetFilters(request, Target.objects.all(), now=self.now).rows(), TARGETS)

    @endpoint(
        "set_target",
        "Set a target from a day on; a second one for the same day replaces the first",
        body=NewTarget,
        answer=TargetShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"metric": "recovered_24h", "starts_on": "2026-04-01", "percent": 90},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """No key lowers: a value below what its day had, below an earlier one or above a later one is not allowed."""
        target = set_target(**self.read(NewTarget), by=self.key)
        return self.show(Target.objects.filter(pk=target.pk), TARGETS, status=201)


class TargetPath(Resource):
    acts = {"POST": (Can.SET_TARGET,)}

    @endpoint(
        "set_target_path",
        "Let a target rise step by step to 100 %",
        body=NewPath,
        answer=PathShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={
            "metric": "recovered_24h",
            "starts_on": "2026-04-01",
            "percent": 80,
            "step": 5,
            "every_months": 3,
            "full_by": "2027-04-01",
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Every target from `starts_on` on makes room for it. No key lowers any day's target."""
        made = set_target_path(**self.read(NewPath), by=self.key)
        rows = Target.objects.filter(pk__in=[target.pk for target in made]).order_by("starts_on")
        return Response({"data": [target_json(row) for row in rows.values(*TARGETS.columns)]}, status=201)


class TargetGap(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,)}

    @endpoint("read_gap_closed", "How much of the gap to 100 % is closed", answer=GapShape, parameters=[GapQuery])
    def get(self, request: Request, key: str) -> Response:
        if key not in METRICS or METRICS[key].kind != "share" or METRICS[key].is_state:
            raise Http404
        unit = self.read_query(GapQuery).get("unit")
        found = gap_closed(METRICS[key], [unit.pk] if unit else whole_tenant(), now=self.now)
        ends = {"first": found.first, "latest": found.latest} if found else {"first": None, "latest": None}
        months = {
            name: {"period": told[0].key, "figure": figure_json(told[1], told[0])} if told else None
            for name, told in ends.items()
        }
        closed = float(found.closed) if found and found.closed is not None else None
        return Response({"metric": key, **months, "closed": closed})
