"""How each outcome stands: its figures, its initiatives, its review; and in which order they stand."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, ById
from api.idempotency import idempotent
from api.pagination import Row
from api.resources import Resource
from api.schema import IDEMPOTENCY_KEY, endpoint
from api.v1.metrics.representation import FigureShape, figure_json, state_json
from api.v1.metrics.views import PeriodField
from api.v1.shapes import PersonRef, Shape, named
from api.v1.strategy.outcomes import StrategyOutcomeRef
from api.v1.strategy.served import GOAL_UNITS
from cso.metrics.periods import Period, last_weeks
from cso.metrics.queries.beside import worth_currency
from cso.strategy import outcomes
from cso.strategy.goals import Goal, goal_unit
from cso.strategy.models import Outcome
from cso.strategy.queries import is_overdue, strategy_board
from tenants.roles import Can
from tenants.scope import current_tenant

_UNIT = "Percent, points of a net figure, hours of a time's median, a number of a state; null: it has no target."


class StrategyQuery(Body):
    period = PeriodField(required=False, help_text="Such as 2026-10; the last four weeks where it is left out.")


class OutcomeMetricShape(FigureShape):
    metric = serializers.CharField()
    name = serializers.CharField()
    unit = serializers.ChoiceField(GOAL_UNITS, allow_null=True, help_text=_UNIT)
    target = serializers.FloatField(allow_null=True)
    gap = serializers.FloatField(allow_null=True, help_text="How far it is short of it; below 0 beyond it.")
    verdict = serializers.ChoiceField(["met", "missed", "uncertain", "no_data"])


class InitiativeRef(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    owner = PersonRef()
    starts_on = serializers.DateField()
    due_on = serializers.DateField()
    state = serializers.ChoiceField(["running", "done", "stopped"])


class OutcomeStandingShape(Shape):
    outcome = StrategyOutcomeRef()
    owner = PersonRef()
    review_on = serializers.DateField()
    is_overdue = serializers.BooleanField(help_text="It should have been looked at again before today.")
    reviewed_at = serializers.DateTimeField(allow_null=True)
    metrics = OutcomeMetricShape(many=True)
    initiatives = InitiativeRef(many=True)
    blockers = serializers.IntegerField(help_text="How many of those that stand block it.")


class StrategyShape(Shape):
    period = serializers.CharField()
    data = OutcomeStandingShape(many=True)  # type: ignore[assignment]


class OrderBody(Body):
    outcomes = serializers.ListField(
        child=ById(Outcome), max_length=100, help_text="Ids of all that have not ended, each once."
    )


class StrategyStanding(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,)}

    @endpoint(
        "read_strategy",
        "How each outcome stands: its figures, its initiatives, its review",
        answer=StrategyShape,
        parameters=[StrategyQuery],
    )
    def get(self, request: Request) -> Response:
        period = self.read_query(StrategyQuery).get("period")
        return Response(_standing(self, period or last_weeks(4, self.now, current_tenant().zone)))


class OrderOutcomes(Resource):
    acts = {"POST": (Can.SET_STRATEGY,)}

    @endpoint(
        "order_outcomes",
        "Put the outcomes in their order",
        body=OrderBody,
        answer=StrategyShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"outcomes": ["01999999-0000-7000-8000-000000000000"]},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        wanted: list[Any] = self.read(OrderBody)["outcomes"]
        outcomes.order_outcomes(wanted, by=self.key)
        return Response(_standing(self, last_weeks(4, self.now, current_tenant().zone)))


def _standing(asked: Resource, period: Period) -> Row:
    board = strategy_board(asked.key, period, now=asked.now)
    is_money = any(goal.live.metric.kind == "money" for each in board for goal in each.metrics)
    currency = worth_currency() if is_money else ""
    data = [
        {
            "outcome": named(each.outcome),
            "owner": named(each.outcome.owner),
            "review_on": each.outcome.review_on,
            "is_overdue": is_overdue(each.outcome, asked.now),
            "reviewed_at": each.reviewed_at,
            "metrics": [_goal_json(asked, goal, period, currency) for goal in each.metrics],
            "initiatives": [
                {
                    "id": one.pk,
                    "name": one.name,
                    "owner": named(one.owner),
                    "starts_on": one.starts_on,
                    "due_on": one.due_on,
                    "state": "done" if one.done_at else "stopped" if one.stopped_at else "running",
                }
                for one in each.initiatives
            ],
            "blockers": each.blockers,
        }
        for each in board
    ]
    return {"period": period.key, "data": data}


def _goal_json(asked: Resource, goal: Goal, period: Period, currency: str) -> Row:
    live, metric = goal.live, goal.live.metric
    if live.figure is None:
        figure = state_json(metric, live.counts or {}, asked.now, currency)
    else:
        figure = figure_json(live.figure, period, live.times, currency=currency)
    follows_path = metric.kind == "share" and not metric.is_state
    return figure | {
        "metric": metric.key,
        "name": str(metric.name),
        "unit": "percent" if follows_path else goal_unit(metric),
        "target": None if goal.target is None else float(goal.target),
        "gap": goal.gap,
        "verdict": goal.verdict,
    }
