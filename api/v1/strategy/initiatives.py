"""Initiatives: what is done for an outcome."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
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
from api.v1.remedies import NoBody
from api.v1.shapes import PersonRef, Shape
from api.v1.strategy.outcomes import StrategyOutcomeRef, person_json
from cso.people.models import Person
from cso.strategy import initiatives
from cso.strategy.models import Initiative, Outcome
from cso.strategy.queries import visible_initiatives
from cso.strategy.wording import MAX_CAME, MAX_NAME
from tenants.roles import Can
from tenants.scope import day_of


class InitiativeShape(Shape):
    id = serializers.UUIDField()
    outcome = StrategyOutcomeRef()
    name = serializers.CharField()
    owner = PersonRef()
    starts_on = serializers.DateField()
    due_on = serializers.DateField()
    is_remarkable = serializers.BooleanField(help_text="Customers are to notice it.")
    done_at = serializers.DateTimeField(allow_null=True)
    stopped_at = serializers.DateTimeField(allow_null=True)
    what_came_of_it = serializers.CharField(allow_null=True)


class InitiativeChange(Body):
    name = Text(max_length=MAX_NAME, required=False)
    owner = person_reference(required=False)
    starts_on = Day(required=False)
    due_on = Day(required=False)
    is_remarkable = serializers.BooleanField(required=False)


class NewInitiative(Body):
    outcome = ById(Outcome, help_text="Id of an outcome.")
    name = Text(max_length=MAX_NAME)
    owner = person_reference()
    starts_on = Day(help_text="May have been, or be still to come.")
    due_on = Day()
    is_remarkable = serializers.BooleanField(required=False, help_text="Customers are to notice it.")


class CameBody(Body):
    what_came_of_it = Text(max_length=MAX_CAME)


_SIMPLE = ("id", "name", "starts_on", "due_on", "is_remarkable", "done_at", "stopped_at")


def initiative_json(row: Row) -> Row:
    return {
        **{name: row[name] for name in _SIMPLE},
        "what_came_of_it": row["what_came_of_it"] or None,
        "outcome": {"id": row["outcome_id"], "name": row["outcome__name"]},
        "owner": person_json(row, "owner"),
    }


INITIATIVES = Listing(
    ("-id",),
    (*_SIMPLE, "what_came_of_it", "outcome_id", "outcome__name", "owner_id", "owner__name"),
    initiative_json,
)
RUNNING = Q(done_at=None, stopped_at=None)


class InitiativeFilters(ListFilters):
    outcome = ReferenceFilter(Outcome, "id", help_text="Id of an outcome.")
    owner = ReferenceFilter(Person, "external_id", help_text="Id or external id of a person.")
    state = django_filters.ChoiceFilter(
        choices=[("running", "Running"), ("late", "Still running after its day"), ("done", "Done"), ("stopped", "Off")],
        method="in_state",
    )

    def in_state(self, rows: QuerySet[Initiative], name: str, value: str) -> QuerySet[Initiative]:
        if value in ("done", "stopped"):
            return rows.filter(**{f"{value}_at__isnull": False})
        late = Q(due_on__lt=day_of(self.now)) if value == "late" else Q()
        return rows.filter(RUNNING, late)


class Initiatives(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,), "POST": (Can.SET_STRATEGY,)}

    @endpoint("list_initiatives", "What is done for outcomes", answer=InitiativeShape, filters=InitiativeFilters)
    def get(self, request: Request) -> Response:
        rows = InitiativeFilters(request, visible_initiatives(self.key), now=self.now).rows()
        return page(request, rows, INITIATIVES)

    @endpoint(
        "start_initiative",
        "Do something for an outcome",
        body=NewInitiative,
        answer=InitiativeShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={
            "outcome": "01999999-0000-7000-8000-000000000000",
            "name": "One desk for all that went wrong",
            "owner": "hr-1042",
            "starts_on": "2026-03-01",
            "due_on": "2026-09-30",
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        values = self.read(NewInitiative)
        made = initiatives.start_initiative(values.pop("outcome"), values.pop("name"), **values, by=self.key)
        rows = Initiative.objects.filter(pk=made.pk)
        return self.show(rows, INITIATIVES, status=201, location=reverse("api:initiative", args=[made.pk]))


class OneInitiative(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,), "PATCH": (Can.SET_STRATEGY,)}

    @endpoint("read_initiative", "One initiative", answer={200: InitiativeShape, 304: None}, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(visible_initiatives(self.key).filter(pk=pk), INITIATIVES)

    @endpoint(
        "change_initiative",
        "Change an initiative while it runs",
        body=InitiativeChange,
        answer=InitiativeShape,
        parameters=[IF_MATCH],
        example={"due_on": "2026-12-31"},
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        rows = visible_initiatives(self.key).filter(pk=pk)
        initiative = self.hold(rows, INITIATIVES)
        initiatives.change_initiative(initiative, **self.read(InitiativeChange), by=self.key)
        return self.show(rows, INITIATIVES)


class InitiativeAct(Resource):
    acts = {"POST": (Can.SET_STRATEGY,)}

    def over(self, act: Callable[..., Initiative], pk: UUID) -> Response:
        rows = visible_initiatives(self.key).filter(pk=pk)
        act(only(rows), **self.read(CameBody), by=self.key, now=self.now)
        return self.show(rows, INITIATIVES)


class FinishInitiative(InitiativeAct):
    @endpoint(
        "finish_initiative",
        "All of it is done",
        body=CameBody,
        answer=InitiativeShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"what_came_of_it": "One desk at each of the twelve gates"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        return self.over(initiatives.finish_initiative, pk)


class StopInitiative(InitiativeAct):
    @endpoint(
        "stop_initiative",
        "It goes no further",
        body=CameBody,
        answer=InitiativeShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"what_came_of_it": "Nobody used it in the two months of the trial"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        return self.over(initiatives.stop_initiative, pk)


class ResumeInitiative(InitiativeAct):
    @endpoint(
        "resume_initiative",
        "It is not over after all",
        body=NoBody,
        answer=InitiativeShape,
        parameters=[IDEMPOTENCY_KEY],
        example={},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        rows = visible_initiatives(self.key).filter(pk=pk)
        initiative = only(rows)
        self.read(NoBody)
        initiatives.resume_initiative(initiative, by=self.key)
        return self.show(rows, INITIATIVES)
