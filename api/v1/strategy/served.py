"""Which outcome each metric serves: exactly one, or none."""

from __future__ import annotations

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, ById
from api.idempotency import idempotent
from api.pagination import Row
from api.resources import Resource
from api.schema import IDEMPOTENCY_KEY, endpoint
from api.v1.remedies import NoBody
from api.v1.shapes import PersonRef, Shape, named
from api.v1.strategy.outcomes import StrategyOutcomeRef
from cso.metrics.registry import METRICS
from cso.strategy import outcomes
from cso.strategy.goals import goal_unit
from cso.strategy.models import Outcome
from cso.strategy.queries import Served, visible_outcomes, who_serves
from tenants.roles import Can

GOAL_UNITS = ["percent", "ratio", "points", "hours", "number"]


class ServedShape(Shape):
    metric = serializers.CharField()
    name = serializers.CharField()
    outcome = StrategyOutcomeRef(allow_null=True, help_text="Null: it serves none, and nobody owns it.")
    owner = PersonRef(allow_null=True, help_text="The outcome's.")
    unit = serializers.ChoiceField(
        GOAL_UNITS, allow_null=True, help_text="Of a target of its own; null: it has a target path, or adds up."
    )
    target = serializers.FloatField(allow_null=True, help_text="Its own; shares have a target path instead.")


class ServedListShape(Shape):
    data = ServedShape(many=True)  # type: ignore[assignment]


class GiveBody(Body):
    outcome = ById(Outcome, help_text="Id of the outcome that it serves from now on.")
    target = serializers.DecimalField(
        max_digits=9, decimal_places=2, required=False, allow_null=True, help_text="Of what has no target path."
    )


class GivenShape(ServedShape):
    left = StrategyOutcomeRef(allow_null=True, help_text="The outcome that it served before.")


class ServedMetrics(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,)}

    @endpoint("list_served_metrics", "Every metric, and which outcome it serves", answer=ServedListShape)
    def get(self, request: Request) -> Response:
        """Without an outcome nobody owns it."""
        return Response({"data": [_served_json(each) for each in who_serves(visible_outcomes(self.key))]})


class GiveMetric(Resource):
    acts = {"POST": (Can.SET_STRATEGY,)}

    @endpoint(
        "give_metric",
        "Let a metric serve an outcome",
        body=GiveBody,
        answer=GivenShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"outcome": "01999999-0000-7000-8000-000000000000", "target": "40"},
    )
    @idempotent
    def post(self, request: Request, key: str) -> Response:
        """It serves one, and leaves the one that it served before, which the answer names."""
        body = self.read(GiveBody)
        outcome: Outcome = body["outcome"]
        left = outcomes.give_metric(_known(key), outcome, by=self.key, target=body.get("target"))
        return _given(self, key, left)


class FreeMetric(Resource):
    acts = {"POST": (Can.SET_STRATEGY,)}

    @endpoint(
        "free_metric",
        "Let a metric serve no outcome",
        body=NoBody,
        answer=GivenShape,
        parameters=[IDEMPOTENCY_KEY],
        example={},
    )
    @idempotent
    def post(self, request: Request, key: str) -> Response:
        self.read(NoBody)
        return _given(self, key, outcomes.free_metric(_known(key), by=self.key))


def _served_json(served: Served) -> Row:
    outcome = served.outcome
    return {
        "metric": served.metric.key,
        "name": str(served.metric.name),
        "outcome": named(outcome) if outcome else None,
        "owner": named(outcome.owner) if outcome else None,
        "unit": goal_unit(served.metric),
        "target": None if served.target is None else float(served.target),
    }


def _given(asked: Resource, key: str, left: Outcome | None) -> Response:
    [served] = [each for each in who_serves(visible_outcomes(asked.key)) if each.metric.key == key]
    return Response(_served_json(served) | {"left": named(left) if left else None})


def _known(key: str) -> str:
    if key not in METRICS:
        raise Http404
    return key
