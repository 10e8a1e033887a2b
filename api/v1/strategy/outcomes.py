"""Outcomes: what is wanted for customers, who answers for it, and by when it is looked at again."""

from __future__ import annotations

from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Day, Text, person_reference
from api.filters import ListFilters, ReferenceFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, endpoint
from api.v1.scorecards.measures import NoFilters
from api.v1.shapes import MemberRef, PersonRef, Shape
from cso.people.models import Person
from cso.strategy import outcomes
from cso.strategy.models import Outcome, OutcomeReview
from cso.strategy.queries import visible_outcomes
from cso.strategy.wording import MAX_BECAUSE, MAX_DECIDED, MAX_DESCRIPTION, MAX_NAME
from tenants.roles import Can
from tenants.scope import day_of


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
