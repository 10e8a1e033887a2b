"""Outcomes: what is wanted for customers, by when it is looked at again, and which metrics serve it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
from django.http import Http404
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, ById, Day, Text, person_reference
from api.filters import ListFilters, ReferenceFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, endpoint
from api.v1.metrics.representation import FigureShape, figure_json, state_json
from api.v1.metrics.views import PeriodField
from api.v1.remedies import NoBody
from api.v1.scorecards.measures import NoFilters
from api.v1.shapes import MemberRef, PersonRef, Shape
from cso.metrics.periods import Period, last_weeks
from cso.metrics.queries.beside import worth_currency
from cso.metrics.registry import METRICS
from cso.people.models import Person
from cso.strategy import outcomes
from cso.strategy.goals import Goal, goal_unit
from cso.strategy.models import Outcome, OutcomeReview
from cso.strategy.queries import Served, is_overdue, strategy_board, visible_outcomes, who_serves
from cso.strategy.wording import MAX_BECAUSE, MAX_DECIDED, MAX_DESCRIPTION, MAX_NAME
from tenants.roles import Can
from tenants.scope import current_tenant, day_of

_UNITS = ["percent", "ratio", "points", "hours", "number"]
_UNIT = "Percent, points of a net figure, hours of a time's median, a number of a state; null: it has no target."


class StrategyOutcomeRef(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()


class StrategyOutcomeShape(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    owner = PersonRef(help_text="Exactly one, who owns its metrics too.")
    position = serializers.IntegerField(help_text="The lowest stands first.")
    review_on = serializers.DateField(help_text="By when it is looked at again; a review alone moves it.")
    made_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    ended_because = serializers.CharField(allow_null=True)


class NewStrategyOutcome(Body):
    name = Text(max_length=MAX_NAME)
    description = Text(max_length=MAX_DESCRIPTION, required=False, allow_blank=True)
    owner = person_reference()
    review_on = Day(help_text="After today and within a year.")


class StrategyOutcomeChange(Body):
    name = Text(max_length=MAX_NAME, required=False)
    description = Text(max_length=MAX_DESCRIPTION, required=False, allow_blank=True)
    owner = person_reference(required=False)


class OrderBody(Body):
    outcomes = serializers.ListField(
        child=ById(Outcome), max_length=100, help_text="Ids of all that have not ended, each once."
    )


class ReviewShape(Shape):
    id = serializers.UUIDField()
    decided = serializers.CharField()
    was_due_on = serializers.DateField(help_text="By when it was to be.")
    next_on = serializers.DateField()
    at = serializers.DateTimeField()
    by = MemberRef(allow_null=True, help_text="Null: an integration.")


class ReviewBody(Body):
    decided = Text(max_length=MAX_DECIDED)
    next_on = Day(help_text="By when it is looked at again: after today and within a year.")


class EndBody(Body):
    because = Text(max_length=MAX_BECAUSE)


class ServedShape(Shape):
    metric = serializers.CharField()
    name = serializers.CharField()
    outcome = StrategyOutcomeRef(allow_null=True, help_text="Null: it serves none, and nobody owns it.")
    owner = PersonRef(allow_null=True, help_text="The outcome's.")
    unit = serializers.ChoiceField(
        _UNITS, allow_null=True, help_text="Of a target of its own; null: it has a target path, or adds up."
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


class StrategyQuery(Body):
    period = PeriodField(required=False, help_text="Such as 2026-10; the last four weeks where it is left out.")


class OutcomeMetricShape(FigureShape):
    metric = serializers.CharField()
    name = serializers.CharField()
    unit = serializers.ChoiceField(_UNITS, allow_null=True, help_text=_UNIT)
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


_OUTCOME = ("id", "name", "description", "position", "review_on", "made_at", "ended_at")


def person_json(row: Row, column: str) -> Row:
    return {"id": row[f"{column}_id"], "name": row[f"{column}__name"]}


def outcome_json(row: Row) -> Row:
    return {
        **{name: row[name] for name in _OUTCOME},
        "ended_because": row["ended_because"] or None,
        "owner": person_json(row, "owner"),
    }


OUTCOMES = Listing(("position", "id"), (*_OUTCOME, "ended_because", "owner_id", "owner__name"), outcome_json)


def review_json(row: Row) -> Row:
    by = row["by_id"]
    return {
        **{name: row[name] for name in ("id", "decided", "was_due_on", "next_on", "at")},
        "by": {"id": by, "name": row["by__user__name"]} if by else None,
    }


REVIEWS = Listing(
    ("-at", "-id"), ("id", "decided", "was_due_on", "next_on", "at", "by_id", "by__user__name"), review_json
)


class StrategyOutcomeFilters(ListFilters):
    owner = ReferenceFilter(Person, "external_id", help_text="Id or external id of a person.")
    state = django_filters.ChoiceFilter(
        choices=[("live", "Live"), ("overdue", "To be looked at before today"), ("ended", "Ended")], method="in_state"
    )

    def in_state(self, rows: QuerySet[Outcome], name: str, value: str) -> QuerySet[Outcome]:
        if value == "ended":
            return rows.exclude(ended_at=None)
        late = Q(review_on__lt=day_of(self.now)) if value == "overdue" else Q()
        return rows.filter(late, ended_at=None)


class StrategyOutcomes(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,), "POST": (Can.SET_STRATEGY,)}

    @endpoint(
        "list_strategy_outcomes",
        "What is wanted for customers",
        answer=StrategyOutcomeShape,
        filters=StrategyOutcomeFilters,
    )
    def get(self, request: Request) -> Response:
        return page(request, StrategyOutcomeFilters(request, visible_outcomes(self.key), now=self.now).rows(), OUTCOMES)

    @endpoint(
        "make_strategy_outcome",
        "Say what is wanted, and who answers for it",
        body=NewStrategyOutcome,
        answer=StrategyOutcomeShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"name": "Put right within a day", "owner": "hr-1042", "review_on": "2026-07-01"},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        made = outcomes.make_outcome(**self.read(NewStrategyOutcome), by=self.key, now=self.now)
        rows = Outcome.objects.filter(pk=made.pk)
        return self.show(rows, OUTCOMES, status=201, location=reverse("api:strategy_outcome", args=[made.pk]))


class OneStrategyOutcome(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,), "PATCH": (Can.SET_STRATEGY,)}

    @endpoint(
        "read_strategy_outcome",
        "One outcome",
        answer={200: StrategyOutcomeShape, 304: None},
        parameters=[IF_NONE_MATCH],
    )
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(visible_outcomes(self.key).filter(pk=pk), OUTCOMES)

    @endpoint(
        "change_strategy_outcome",
        "Change an outcome's words or owner",
        body=StrategyOutcomeChange,
        answer=StrategyOutcomeShape,
        parameters=[IF_MATCH],
        example={"owner": "hr-2077"},
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        rows = visible_outcomes(self.key).filter(pk=pk)
        outcome = self.hold(rows, OUTCOMES)
        outcomes.change_outcome(outcome, **self.read(StrategyOutcomeChange), by=self.key)
        return self.show(rows, OUTCOMES)


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


class Reviews(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,), "POST": (Can.SET_STRATEGY,)}

    @endpoint("list_reviews", "When an outcome was looked at, the last first", answer=ReviewShape, filters=NoFilters)
    def get(self, request: Request, pk: UUID) -> Response:
        rows = OutcomeReview.objects.filter(outcome=only(visible_outcomes(self.key).filter(pk=pk)))
        return page(request, NoFilters(request, rows, now=self.now).rows(), REVIEWS)

    @endpoint(
        "review_outcome",
        "Record a review, and when the next one is",
        body=ReviewBody,
        answer=ReviewShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"decided": "Go on; two more desks by June", "next_on": "2026-07-01"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        outcome = only(visible_outcomes(self.key).filter(pk=pk))
        review = outcomes.review_outcome(outcome, **self.read(ReviewBody), by=self.key, now=self.now)
        return self.show(OutcomeReview.objects.filter(pk=review.pk), REVIEWS, status=201)


class EndOutcome(Resource):
    acts = {"POST": (Can.SET_STRATEGY,)}

    @endpoint(
        "end_outcome",
        "It is reached, or given up",
        body=EndBody,
        answer=StrategyOutcomeShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"because": "Reached: 95 % for two quarters"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Once nothing runs for it (`initiatives_run`). Its metrics serve none from then on."""
        rows = visible_outcomes(self.key).filter(pk=pk)
        outcomes.end_outcome(only(rows), **self.read(EndBody), by=self.key, now=self.now)
        return self.show(rows, OUTCOMES)


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


def _standing(asked: Resource, period: Period) -> Row:
    board = strategy_board(asked.key, period, now=asked.now)
    is_money = any(goal.live.metric.kind == "money" for each in board for goal in each.metrics)
    currency = worth_currency() if is_money else ""
    data = [
        {
            "outcome": {"id": each.outcome.pk, "name": each.outcome.name},
            "owner": _person(each.outcome.owner),
            "review_on": each.outcome.review_on,
            "is_overdue": is_overdue(each.outcome, asked.now),
            "reviewed_at": each.reviewed_at,
            "metrics": [_goal_json(asked, goal, period, currency) for goal in each.metrics],
            "initiatives": [
                {
                    "id": one.pk,
                    "name": one.name,
                    "owner": _person(one.owner),
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


def _served_json(served: Served) -> Row:
    outcome = served.outcome
    return {
        "metric": served.metric.key,
        "name": str(served.metric.name),
        "outcome": {"id": outcome.pk, "name": outcome.name} if outcome else None,
        "owner": _person(outcome.owner) if outcome else None,
        "unit": goal_unit(served.metric),
        "target": None if served.target is None else float(served.target),
    }


def _given(asked: Resource, key: str, left: Outcome | None) -> Response:
    [served] = [each for each in who_serves(visible_outcomes(asked.key)) if each.metric.key == key]
    return Response(_served_json(served) | {"left": {"id": left.pk, "name": left.name} if left else None})


def _known(key: str) -> str:
    if key not in METRICS:
        raise Http404
    return key


def _person(person: Person) -> Row:
    return {"id": person.pk, "name": person.name}
