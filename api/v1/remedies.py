"""What customers are given to make it good: money and exceptions, within one's authority or asked for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Instant, Text, Whole, person_reference, unit_reference
from api.filters import InstantFilter, ListFilters, ReferenceFilter, UnitFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, IF_NONE_MATCH, endpoint
from api.v1.shapes import PersonRef, Shape, UnitRef, unit_columns, unit_ref
from cso.people.models import Person
from cso.recovery.authority import MAX_EXCEPTION, MAX_NOTE, cost_below, cost_of, give_remedy, withdraw_remedy
from cso.recovery.models import MAX_AMOUNT, Remedy
from cso.recovery.queries import visible_cases
from tenants.models import ApiKey
from tenants.roles import Can


class CaseRef(Shape):
    id = serializers.UUIDField()
    external_id = serializers.CharField(allow_null=True)


class RemedyShape(Shape):
    id = serializers.UUIDField()
    case = CaseRef()
    unit = UnitRef(help_text="The case's at that time.")
    person = PersonRef(help_text="Who gave, or asks to.")
    status = serializers.ChoiceField(Remedy.Status.choices)
    amount_minor = serializers.IntegerField(allow_null=True, help_text="In minor units (cents).")
    currency = serializers.CharField(allow_null=True)
    exception = serializers.CharField(allow_null=True)
    note = serializers.CharField()
    on_own_authority = serializers.BooleanField(help_text="Nobody had to be asked.")
    given_at = serializers.DateTimeField(allow_null=True)
    asked_at = serializers.DateTimeField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    decided_by = serializers.CharField(allow_null=True, help_text="A name.")
    decision_note = serializers.CharField()


class NewRemedy(Body):
    person = person_reference()
    amount_minor = Whole(
        min_value=1, max_value=MAX_AMOUNT, required=False, help_text="In minor units (cents); or an exception."
    )
    currency = Text(min_length=3, max_length=3, required=False, help_text="The authority's own when left out.")
    exception = Text(max_length=MAX_EXCEPTION, required=False)
    note = Text(max_length=MAX_NOTE, required=False, allow_blank=True)
    at = Instant(required=False, help_text="When; now when left out.")


_AS_THEY_ARE = (
    "id",
    "status",
    "note",
    "on_own_authority",
    "given_at",
    "asked_at",
    "decided_at",
    "decision_note",
)


def remedy_json(row: Row) -> Row:
    shown = {name: row[name] for name in _AS_THEY_ARE}
    shown["case"] = {"id": row["case_id"], "external_id": row["case__external_id"]}
    shown["unit"] = unit_ref(row, "unit")
    shown["person"] = {"id": row["person_id"], "name": row["person__name"]}
    shown["decided_by"] = row["decided_by__user__name"]
    return shown | {name: row[name] or None for name in ("amount_minor", "currency", "exception")}


REMEDIES = Listing(
    ("-id",),
    (
        *_AS_THEY_ARE,
        "amount_minor",
        "currency",
        "exception",
        "case_id",
        "case__external_id",
        *unit_columns("unit"),
        "person_id",
        "person__name",
        "decided_by__user__name",
    ),
    remedy_json,
)


class CaseRemedyFilters(ListFilters):
    status = django_filters.ChoiceFilter(choices=Remedy.Status.choices)


class RemedyFilters(CaseRemedyFilters):
    unit = UnitFilter()
    person = ReferenceFilter(Person, "external_id", help_text="Id or external id of who gave or asked.")
    given_from = InstantFilter(field_name="given_at", lookup_expr="gte")
    given_to = InstantFilter(field_name="given_at", lookup_expr="lt", help_text="Not included.")


def visible_remedies(key: ApiKey) -> QuerySet[Remedy, Any]:
    return Remedy.objects.filter(case__in=visible_cases(key))


class Remedies(Resource):
    acts = {"GET": (Can.SEE_ALL_CASES,)}

    @endpoint(
        "list_remedies", "What was given or asked for, the latest first", answer=RemedyShape, filters=RemedyFilters
    )
    def get(self, request: Request) -> Response:
        """`status=asked` are those that wait for approval. To approve or refuse is a person's act, in the portal."""
        rows = RemedyFilters(request, visible_remedies(self.key), now=self.now).rows()
        return page(request, rows, REMEDIES)


class CaseRemedies(Resource):
    acts = {"GET": (Can.SEE_ALL_CASES,), "POST": (Can.WORK_CASE,)}

    @endpoint(
        "list_remedies_of_case",
        "What was given or asked for on one case, the latest first",
        answer=RemedyShape,
        filters=CaseRemedyFilters,
    )
    def get(self, request: Request, pk: UUID) -> Response:
        case = only(visible_cases(self.key).filter(pk=pk))
        rows = CaseRemedyFilters(request, Remedy.objects.filter(case=case), now=self.now).rows()
        return page(request, rows, REMEDIES)

    @endpoint(
        "give_remedy",
        "Someone gives the customer money or an exception",
        body=NewRemedy,
        answer=RemedyShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"person": "hr-1042", "amount_minor": 4500, "currency": "CAD", "note": "A taxi to the hotel."},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Within the person's authority it is given (`status` is `given`); above it, it is asked for (`asked`).

        To approve or refuse is a person's act, in the portal: no key can do it.
        """
        case = only(visible_cases(self.key).filter(pk=pk))
        remedy = give_remedy(case, **self.read(NewRemedy), by=self.key, now=self.now)
        location = reverse("api:remedy", args=[remedy.pk])
        return self.show(Remedy.objects.filter(pk=remedy.pk), REMEDIES, status=201, location=location)


class CostShape(Shape):
    currency = serializers.CharField()
    amount_minor = serializers.IntegerField(help_text="In minor units (cents).")


class CostsShape(Shape):
    data = CostShape(many=True)  # type: ignore[assignment]


class CostQuery(Body):
    unit = unit_reference()
    given_from = Instant()
    given_to = Instant(help_text="Not included.")


class UnitCost(Resource):
    acts = {"GET": (Can.SEE_ALL_CASES,)}

    @endpoint(
        "read_cost", "What a unit and those below it gave, by currency", answer=CostsShape, parameters=[CostQuery]
    )
    def get(self, request: Request) -> Response:
        """Each gift counts for the unit whose case it was when it was given."""
        asked = self.read_query(CostQuery)
        return _costs(cost_below([asked["unit"].pk], asked["given_from"], asked["given_to"]))


class CaseCost(Resource):
    acts = {"GET": (Can.SEE_ALL_CASES,)}

    @endpoint("read_cost_of_case", "What was given on one case and its duplicates, by currency", answer=CostsShape)
    def get(self, request: Request, pk: UUID) -> Response:
        return _costs(cost_of(only(visible_cases(self.key).filter(pk=pk))))


def _costs(sums: dict[str, int]) -> Response:
    return Response({"data": [{"currency": code, "amount_minor": minor} for code, minor in sums.items()]})


class OneRemedy(Resource):
    acts = {"GET": (Can.SEE_ALL_CASES,)}

    @endpoint("read_remedy", "One remedy", answer=RemedyShape, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(visible_remedies(self.key).filter(pk=pk), REMEDIES)


class NoBody(Body):
    """Nothing has to be said."""


class WithdrawRemedy(Resource):
    acts = {"POST": (Can.WORK_CASE,)}

    @endpoint(
        "withdraw_remedy",
        "What was asked for is needed no more",
        body=NoBody,
        answer=RemedyShape,
        parameters=[IDEMPOTENCY_KEY],
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        rows = visible_remedies(self.key).filter(pk=pk)
        remedy = only(rows)
        self.read(NoBody)
        withdraw_remedy(remedy, by=self.key, now=self.now)
        return self.show(rows, REMEDIES)
