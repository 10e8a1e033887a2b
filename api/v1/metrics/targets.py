"""Targets: the share that leaders are to reach, from a day on."""

from __future__ import annotations

import django_filters
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Day, Text
from api.filters import ListFilters
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource
from api.schema import IDEMPOTENCY_KEY, endpoint
from api.v1.shapes import Shape
from cso.metrics.actions import set_target
from cso.metrics.models import Target
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
    reason = Text(
        max_length=500, required=False, allow_blank=True, help_text="Needed for a target below the one before."
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
        target = set_target(**self.read(NewTarget), by=self.key)
        return self.show(Target.objects.filter(pk=target.pk), TARGETS, status=201)
