"""Blockers: what stands in the way, for the executive meeting."""

from __future__ import annotations

from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, ById, Text, person_reference, unit_reference
from api.filters import ListFilters, ReferenceFilter, UnitFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, IF_NONE_MATCH, endpoint
from api.v1.remedies import NoBody
from api.v1.scorecards.measures import NoFilters
from api.v1.shapes import MemberRef, PersonRef, Shape, UnitRef, unit_columns, unit_ref
from api.v1.strategy.outcomes import StrategyOutcomeRef, person_json
from cso.people.models import Person
from cso.strategy import blockers
from cso.strategy.models import Blocker, BlockerHandover, Outcome
from cso.strategy.queries import visible_blockers
from cso.strategy.wording import MAX_HOW, MAX_WHAT, MAX_WHY
from tenants.roles import Can


class BlockerShape(Shape):
    id = serializers.UUIDField()
    what = serializers.CharField()
    severity = serializers.ChoiceField(Blocker.Severity.choices)
    outcome = StrategyOutcomeRef(allow_null=True, help_text="What it blocks, as far as known.")
    unit = UnitRef(allow_null=True, help_text="Whom it blocks, as far as known.")
    owner = PersonRef(help_text="Who clears it.")
    raised_by = MemberRef(allow_null=True, help_text="Null: an integration.")
    raised_at = serializers.DateTimeField()
    cleared_at = serializers.DateTimeField(allow_null=True)
    how = serializers.CharField(allow_null=True, help_text="What removed it.")


class HandoverShape(Shape):
    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    from_owner = PersonRef()
    to_owner = PersonRef()
    why = serializers.CharField()


class NewBlocker(Body):
    what = Text(max_length=MAX_WHAT)
    owner = person_reference()
    severity = serializers.ChoiceField(Blocker.Severity.choices, required=False)
    outcome = ById(Outcome, required=False, allow_null=True, help_text="Id of the outcome that it blocks.")
    unit = unit_reference(required=False, allow_null=True)


class ClearBody(Body):
    how = Text(max_length=MAX_HOW)


class HandOverBlockerBody(Body):
    owner = person_reference()
    why = Text(max_length=MAX_WHY)


_SIMPLE = ("id", "what", "severity", "raised_at", "cleared_at")


def blocker_json(row: Row) -> Row:
    outcome, raised_by = row["outcome_id"], row["raised_by_id"]
    return {
        **{name: row[name] for name in _SIMPLE},
        "how": row["how"] or None,
        "outcome": {"id": outcome, "name": row["outcome__name"]} if outcome else None,
        "unit": unit_ref(row, "unit"),
        "owner": person_json(row, "owner"),
        "raised_by": {"id": raised_by, "name": row["raised_by__user__name"]} if raised_by else None,
    }


BLOCKERS = Listing(
    ("raised_at", "id"),
    (
        *_SIMPLE,
        "how",
        "outcome_id",
        "outcome__name",
        *unit_columns("unit"),
        "owner_id",
        "owner__name",
        "raised_by_id",
        "raised_by__user__name",
    ),
    blocker_json,
)


def handover_json(row: Row) -> Row:
    owners = {column: person_json(row, column) for column in ("from_owner", "to_owner")}
    return {name: row[name] for name in ("id", "at", "why")} | owners


HANDOVERS = Listing(
    ("-at", "-id"),
    ("id", "at", "why", "from_owner_id", "from_owner__name", "to_owner_id", "to_owner__name"),
    handover_json,
)


class BlockerFilters(ListFilters):
    owner = ReferenceFilter(Person, "external_id", help_text="Id or external id of a person.")
    outcome = ReferenceFilter(Outcome, "id", help_text="Id of an outcome.")
    unit = UnitFilter()
    severity = django_filters.ChoiceFilter(choices=Blocker.Severity.choices)
    state = django_filters.ChoiceFilter(choices=[("open", "Still there"), ("cleared", "Cleared")], method="in_state")

    def in_state(self, rows: QuerySet[Blocker], name: str, value: str) -> QuerySet[Blocker]:
        return rows.filter(cleared_at__isnull=value == "open")


class Blockers(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,), "POST": (Can.RAISE_BLOCKER,)}

    @endpoint("list_blockers", "What stands in the way, the oldest first", answer=BlockerShape, filters=BlockerFilters)
    def get(self, request: Request) -> Response:
        return page(request, BlockerFilters(request, visible_blockers(self.key), now=self.now).rows(), BLOCKERS)

    @endpoint(
        "raise_blocker",
        "Raise a blocker to the executive meeting",
        body=NewBlocker,
        answer=BlockerShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"what": "Agents may not see the booking system", "owner": "hr-1042", "severity": "stops"},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        made = blockers.raise_blocker(**self.read(NewBlocker), by=self.key, now=self.now)
        rows = Blocker.objects.filter(pk=made.pk)
        return self.show(rows, BLOCKERS, status=201, location=reverse("api:blocker", args=[made.pk]))


class OneBlocker(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,)}

    @endpoint("read_blocker", "One blocker", answer={200: BlockerShape, 304: None}, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(visible_blockers(self.key).filter(pk=pk), BLOCKERS)


class Handovers(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,), "POST": (Can.SET_STRATEGY,)}

    @endpoint(
        "list_handovers", "Through whose hands a blocker went, the last first", answer=HandoverShape, filters=NoFilters
    )
    def get(self, request: Request, pk: UUID) -> Response:
        rows = BlockerHandover.objects.filter(blocker=only(visible_blockers(self.key).filter(pk=pk)))
        return page(request, NoFilters(request, rows, now=self.now).rows(), HANDOVERS)

    @endpoint(
        "hand_over_blocker",
        "Let somebody else clear a blocker",
        body=HandOverBlockerBody,
        answer=BlockerShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"owner": "hr-2077", "why": "Holds the budget"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Its age stays."""
        rows = visible_blockers(self.key).filter(pk=pk)
        blocker, values = only(rows), self.read(HandOverBlockerBody)
        blockers.hand_over_blocker(blocker, values["owner"], why=values["why"], by=self.key, now=self.now)
        return self.show(rows, BLOCKERS)


class ClearBlocker(Resource):
    acts = {"POST": (Can.SET_STRATEGY,)}

    @endpoint(
        "clear_blocker",
        "It is gone",
        body=ClearBody,
        answer=BlockerShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"how": "All agents have a reading account since Monday"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        rows = visible_blockers(self.key).filter(pk=pk)
        blockers.clear_blocker(only(rows), **self.read(ClearBody), by=self.key, now=self.now)
        return self.show(rows, BLOCKERS)


class ReopenBlocker(Resource):
    acts = {"POST": (Can.SET_STRATEGY,)}

    @endpoint(
        "reopen_blocker",
        "It still stands after all",
        body=NoBody,
        answer=BlockerShape,
        parameters=[IDEMPOTENCY_KEY],
        example={},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """As old as if it had never been cleared."""
        rows = visible_blockers(self.key).filter(pk=pk)
        blocker = only(rows)
        self.read(NoBody)
        blockers.reopen_blocker(blocker, by=self.key)
        return self.show(rows, BLOCKERS)
