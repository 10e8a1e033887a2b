"""Plans of leaders: made, changed by versions, copied. Only the leader can say that they read one, in the portal."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Day, Reference, Text, Whole, person_reference, unit_reference
from api.filters import ListFilters, ReferenceFilter, UnitFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, endpoint
from api.v1.shapes import PersonRef, Shape, UnitRef, named, unit_columns, unit_ref
from cso.people.models import Person
from cso.scorecards.models import Category, Measure, Plan, PlanVersion
from cso.scorecards.plans import versions as plans
from cso.scorecards.plans.categories import first_categories
from cso.scorecards.plans.items import MOST_ITEMS, Item
from tenants.roles import Can

MOST_COPIES = 200


def _number(*, max_digits: int, decimal_places: int, **options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=max_digits, decimal_places=decimal_places, coerce_to_string=False, **options
    )


class ItemBody(Body):
    category = Reference(Category, "code", help_text="Id or code of a category.")
    metric = Text(max_length=40, required=False, help_text="Key of a share or a count of this product; or")
    measure = Reference(Measure, "code", required=False, help_text="id or code of a measure.")
    weight = _number(max_digits=7, decimal_places=3, help_text="Serving's add up to as much as each other category's.")
    floor = _number(max_digits=20, decimal_places=4, help_text="0 points; shares in percent, counts and sums a month.")
    target = _number(
        max_digits=20,
        decimal_places=4,
        required=False,
        allow_null=True,
        help_text="100 points; null: the metric's target in force at the period's start.",
    )


class NewVersion(Body):
    starts_on = Day(help_text="The first of a month that has not begun.")
    reason = Text(max_length=plans.MAX_REASON)
    items = ItemBody(many=True, max_length=MOST_ITEMS)  # type: ignore[call-arg]


class NewPlan(Body):
    person = person_reference()
    unit = unit_reference()
    year = Whole(min_value=1970, max_value=2200)
    starts_on = Day(required=False, help_text="The first of a month; January where it is left out.")
    reason = Text(max_length=plans.MAX_REASON, required=False, allow_blank=True)
    items = ItemBody(many=True, max_length=MOST_ITEMS)  # type: ignore[call-arg]


class CopyPlanBody(Body):
    to = serializers.ListField(child=person_reference(), max_length=MOST_COPIES)
    year = Whole(min_value=1970, max_value=2200)
    starts_on = Day(required=False, help_text="The first of a month; January where it is left out.")


class PlanItemShape(Shape):
    category = serializers.CharField(help_text="Code.")
    metric = serializers.CharField(allow_null=True)
    measure = serializers.CharField(allow_null=True, help_text="Code.")
    weight = serializers.FloatField()
    floor = serializers.FloatField()
    target = serializers.FloatField(allow_null=True, help_text="Null: follows the metric's target path.")


class PlanVersionShape(Shape):
    number = serializers.IntegerField(help_text="Of those that start by a month, the highest is in force in it.")
    starts_on = serializers.DateField()
    reason = serializers.CharField(allow_null=True)
    made_at = serializers.DateTimeField()
    made_by = serializers.CharField(allow_null=True, help_text="A member's or a key's name; null: the product itself.")
    acknowledged_at = serializers.DateTimeField(allow_null=True, help_text="When the leader said that they read it.")
    items = PlanItemShape(many=True)


class PlanShape(Shape):
    id = serializers.UUIDField()
    person = PersonRef()
    unit = UnitRef()
    year = serializers.IntegerField()
    versions = PlanVersionShape(many=True)


class CopiedShape(Shape):
    person = PersonRef()
    unit = UnitRef(allow_null=True)
    status = serializers.ChoiceField(["copied", "has_a_plan", "leads_nothing"])
    plan = serializers.UUIDField(allow_null=True)


class CopiesShape(Shape):
    data = CopiedShape(many=True)  # type: ignore[assignment]


def _gather(rows: Any) -> None:
    """The versions of a page's plans, for all of them at once."""
    found = Plan.objects.filter(pk__in=[row["id"] for row in rows])
    versions = {plan.pk: list(plan.versions.all()) for plan in plans.with_versions(found)}
    known = PlanVersion.objects.filter(plan__in=list(versions))
    names = dict(known.values_list("pk", "made_by__user__name"))
    keys = dict(known.values_list("pk", "api_key__name"))
    read = dict(known.values_list("pk", "acknowledgements__at"))
    for row in rows:
        row["versions"] = [
            _version_json(each, names[each.pk] or keys[each.pk], read[each.pk]) for each in versions[row["id"]]
        ]


def _version_json(version: PlanVersion, made_by: str | None, read_at: Any) -> Row:
    return {
        "number": version.number,
        "starts_on": version.starts_on,
        "reason": version.reason or None,
        "made_at": version.made_at,
        "made_by": made_by,
        "acknowledged_at": read_at,
        "items": [
            {
                "category": item.category.code,
                "metric": item.metric or None,
                "measure": item.measure.code if item.measure else None,
                "weight": float(item.weight),
                "floor": float(item.floor),
                "target": float(item.target) if item.target is not None else None,
            }
            for item in version.items.all()
        ],
    }


def plan_json(row: Row) -> Row:
    return {
        "id": row["id"],
        "person": {"id": row["person_id"], "name": row["person__name"]},
        "unit": unit_ref(row, "unit"),
        "year": row["year"],
        "versions": row["versions"],
    }


PLANS = Listing(("id",), ("id", "person_id", "person__name", *unit_columns("unit"), "year"), plan_json, _gather)


class PlanFilters(ListFilters):
    year = django_filters.NumberFilter()
    unit = UnitFilter()
    person = ReferenceFilter(Person, "external_id", help_text="Id or external id of a person.")


def _items(given: list[dict[str, Any]]) -> list[Item]:
    return [Item(**item) for item in given]


class Plans(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,), "POST": (Can.SET_PLANS,)}

    @endpoint("list_plans", "Plans of leaders, with their versions", answer=PlanShape, filters=PlanFilters)
    def get(self, request: Request) -> Response:
        return page(request, PlanFilters(request, plans.visible_plans(self.key), now=self.now).rows(), PLANS)

    @endpoint(
        "make_plan",
        "Make a leader's plan for a unit and a year",
        body=NewPlan,
        answer=PlanShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={
            "person": "e-17",
            "unit": "yyz",
            "year": 2026,
            "items": [
                {"category": "serving", "metric": "recovered_24h", "weight": 2, "floor": 60},
                {"category": "financial", "measure": "margin", "weight": 2, "floor": 0, "target": 8},
            ],
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Refused by field where serving weighs unlike another category, for a task, and where a target is the floor.

        No key sets a target below the path in force.
        """
        first_categories(by=self.key)
        values = self.read(NewPlan)
        version = plans.make_plan(**values | {"items": _items(values["items"])}, by=self.key, now=self.now)
        location = reverse("api:plan", args=[version.plan_id])
        return self.show(Plan.objects.filter(pk=version.plan_id), PLANS, status=201, location=location)


class OnePlan(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,)}

    @endpoint("read_plan", "One plan, with its versions", answer=PlanShape)
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(_visible(self, pk), PLANS)


class PlanVersions(Resource):
    acts = {"POST": (Can.SET_PLANS,)}

    @endpoint(
        "change_plan",
        "Change a plan from a later month on",
        body=NewVersion,
        answer=PlanShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={
            "starts_on": "2026-07-01",
            "reason": "The hub moved",
            "items": [{"category": "serving", "metric": "recovered_24h", "weight": 3, "floor": 60, "target": 95}],
        },
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """A month that has begun keeps its weights and targets. No key makes a plan easier in any way."""
        rows = _visible(self, pk)
        plan, values = only(rows), self.read(NewVersion)
        plans.change_plan(plan, **values | {"items": _items(values["items"])}, by=self.key, now=self.now)
        return self.show(rows, PLANS, status=201)


class CopyPlan(Resource):
    acts = {"POST": (Can.SET_PLANS,)}

    @endpoint(
        "copy_plan",
        "Give the items of a plan's last version to many leaders",
        body=CopyPlanBody,
        answer=CopiesShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"to": ["e-18", "e-19"], "year": 2026},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """For each unit that they lead in that year and have no plan for."""
        found = plans.copy_plan(only(_visible(self, pk)), **self.read(CopyPlanBody), by=self.key, now=self.now)
        return Response({"data": [_copied_json(each) for each in found]})


def _visible(resource: Resource, pk: UUID) -> QuerySet[Plan]:
    return plans.visible_plans(resource.key).filter(pk=pk)


def _copied_json(copied: plans.Copied) -> Row:
    unit = copied.unit
    return {
        "person": named(copied.person),
        "unit": {"id": unit.pk, "code": unit.code, "name": unit.name} if unit else None,
        "status": copied.status,
        "plan": copied.version.plan_id if copied.version else None,
    }
