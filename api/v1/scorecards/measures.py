"""Categories of plans, and figures that others count."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.urls import reverse
from rest_framework import serializers
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Text
from api.filters import ListFilters, UnitFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.rendering import OrjsonParser
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, IF_MATCH, endpoint
from api.v1.cases.batch import RowErrorShape
from api.v1.remedies import NoBody
from api.v1.shapes import Shape, UnitRef, unit_columns, unit_ref
from cso.recovery.loading.files import Lines
from cso.scorecards.models import Category, Measure, MeasureFigure
from cso.scorecards.plans import categories, measures
from cso.scorecards.plans.figure_files import figure_lines
from tenants.roles import Can


class CategoryShape(Shape):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    is_serving = serializers.BooleanField(help_text="One is; it weighs as much as each other category of a plan.")
    retired_at = serializers.DateTimeField(allow_null=True)


class NewCategory(Body):
    code = Text(max_length=40)
    name = Text(max_length=categories.MAX_NAME)


class CategoryChange(Body):
    name = Text(max_length=categories.MAX_NAME)


class MeasureShape(Shape):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    unit_word = serializers.CharField(allow_null=True)
    rollup = serializers.ChoiceField(Measure.Rollup.choices, help_text="How months make a quarter or a year.")
    better = serializers.ChoiceField(Measure.Better.choices)
    nature = serializers.ChoiceField(Measure.Nature.choices, help_text="Only an outcome is scored.")
    source = serializers.CharField(help_text="Who counts it.")  # type: ignore[assignment]


class NewMeasure(Body):
    code = Text(max_length=40)
    name = Text(max_length=120)
    unit_word = Text(max_length=20, required=False, allow_blank=True)
    rollup = serializers.ChoiceField(Measure.Rollup.choices)
    better = serializers.ChoiceField(Measure.Better.choices, required=False)
    nature = serializers.ChoiceField(Measure.Nature.choices, required=False)
    source = Text(max_length=measures.MAX_SOURCE)  # type: ignore[assignment]


class MeasureFigureShape(Shape):
    id = serializers.UUIDField()
    unit = UnitRef()
    month = serializers.CharField()
    numerator = serializers.FloatField()
    denominator = serializers.FloatField()
    source = serializers.CharField()  # type: ignore[assignment]
    as_of = serializers.DateTimeField(help_text="When the source had it so.")
    recorded_at = serializers.DateTimeField(help_text="Of one unit and month, the last is in force.")


class FigureRow(Shape):
    measure = serializers.CharField(help_text="Code of a measure.")
    unit = serializers.CharField(help_text="Code of a unit.")
    month = serializers.CharField(help_text="As 2026-03.")
    numerator = serializers.CharField(help_text="A number, or a text that is one.")
    denominator = serializers.CharField(required=False, help_text="1 where it is left out.")
    source = serializers.CharField(  # type: ignore[assignment]
        required=False, help_text="That of the measure where it is left out."
    )
    as_of = serializers.CharField(help_text="RFC 3339; before the month's end it is no figure of the whole month.")


class FigureRows(Body):
    # Each row is checked by itself, so that a wrong one harms none of the others.
    rows = serializers.ListField(max_length=measures.MOST_ROWS, help_text=f"Objects of {', '.join(measures.FIELDS)}.")


class FigureResultShape(Shape):
    line = serializers.IntegerField(help_text="From 1; in a CSV file the first line names the columns.")
    status = serializers.ChoiceField(["recorded", "unchanged", "refused"])
    id = serializers.UUIDField(allow_null=True)
    errors = RowErrorShape(many=True)  # type: ignore[assignment]


class FigureReportShape(Shape):
    results = FigureResultShape(many=True)


_CATEGORY = ("id", "code", "name", "is_serving", "retired_at")
CATEGORIES = Listing(("position", "id"), ("position", *_CATEGORY), lambda row: {name: row[name] for name in _CATEGORY})
_MEASURE = ("id", "code", "name", "unit_word", "rollup", "better", "nature", "source")
MEASURES = Listing(("code",), _MEASURE, lambda row: row | {"unit_word": row["unit_word"] or None})


def figure_row_json(row: Row) -> Row:
    return {
        "id": row["id"],
        "unit": unit_ref(row, "unit"),
        "month": f"{row['month']:%Y-%m}",
        "numerator": float(row["numerator"]),
        "denominator": float(row["denominator"]),
        **{name: row[name] for name in ("source", "as_of", "recorded_at")},
    }


FIGURES = Listing(
    ("-recorded_at", "-id"),
    ("id", *unit_columns("unit"), "month", "numerator", "denominator", "source", "as_of", "recorded_at"),
    figure_row_json,
)


class NoFilters(ListFilters):
    """None; a list takes no other parameters than those of paging."""


class MeasureFilters(ListFilters):
    code = django_filters.CharFilter()


class FigureFilters(ListFilters):
    unit = UnitFilter()


class CsvParser(BaseParser):
    """Leaves the body to the view, which reads it line by line."""

    media_type = "text/csv"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return None


class Categories(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,), "POST": (Can.SET_PLANS,)}

    @endpoint("list_categories", "The categories of plans, in their order", answer=CategoryShape, filters=NoFilters)
    def get(self, request: Request) -> Response:
        return page(request, NoFilters(request, Category.objects.all(), now=self.now).rows(), CATEGORIES)

    @endpoint(
        "add_category",
        "Add a category behind the others",
        body=NewCategory,
        answer=CategoryShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"code": "safety", "name": "Safety"},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """The first four (serving, financial, people, process) are there with the first category or plan."""
        category = categories.add_category(**self.read(NewCategory), by=self.key)
        return self.show(Category.objects.filter(pk=category.pk), CATEGORIES, status=201)


class OneCategory(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,), "PATCH": (Can.SET_PLANS,)}

    @endpoint("read_category", "One category", answer=CategoryShape)
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(Category.objects.filter(pk=pk), CATEGORIES)

    @endpoint(
        "rename_category",
        "Rename a category",
        body=CategoryChange,
        answer=CategoryShape,
        parameters=[IF_MATCH],
        example={"name": "Finance"},
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        rows = Category.objects.filter(pk=pk)
        category = self.hold(rows, CATEGORIES)
        categories.rename_category(category, self.read(CategoryChange)["name"], by=self.key)
        return self.show(rows, CATEGORIES)


class RetireCategory(Resource):
    acts = {"POST": (Can.SET_PLANS,)}

    @endpoint(
        "retire_category",
        "Let no further plan use a category",
        body=NoBody,
        answer=CategoryShape,
        parameters=[IDEMPOTENCY_KEY],
        example={},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        rows = Category.objects.filter(pk=pk)
        self.read(NoBody)
        categories.retire_category(only(rows.select_for_update()), by=self.key, now=self.now)
        return self.show(rows, CATEGORIES)


class Measures(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,), "POST": (Can.SET_PLANS,)}

    @endpoint("list_measures", "Figures that others count, by code", answer=MeasureShape, filters=MeasureFilters)
    def get(self, request: Request) -> Response:
        return page(request, MeasureFilters(request, Measure.objects.all(), now=self.now).rows(), MEASURES)

    @endpoint(
        "define_measure",
        "Define a figure that others count",
        body=NewMeasure,
        answer=MeasureShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"code": "margin", "name": "Margin", "unit_word": "%", "rollup": "ratio", "source": "Ledger"},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """What it is never changes, for its figures would change with it."""
        measure = measures.define_measure(**self.read(NewMeasure), by=self.key)
        rows = Measure.objects.filter(pk=measure.pk)
        return self.show(rows, MEASURES, status=201, location=reverse("api:measure", args=[measure.pk]))


class OneMeasure(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,)}

    @endpoint("read_measure", "One measure", answer=MeasureShape)
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(Measure.objects.filter(pk=pk), MEASURES)


class FiguresOfMeasure(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,)}

    @endpoint(
        "list_measure_figures",
        "All figures that were told of a measure, the last first",
        answer=MeasureFigureShape,
        filters=FigureFilters,
    )
    def get(self, request: Request, pk: UUID) -> Response:
        rows = MeasureFigure.objects.filter(measure=only(Measure.objects.filter(pk=pk)))
        return page(request, FigureFilters(request, rows, now=self.now).rows(), FIGURES)


class MeasureFigures(Resource):
    acts = {"POST": (Can.RECORD_FIGURES,)}
    parser_classes = [OrjsonParser, CsvParser]

    @endpoint(
        "record_figures",
        "Tell figures of measures, month by month",
        body={"application/json": FigureRows, "text/csv": str},
        answer=FigureReportShape,
        parameters=[IDEMPOTENCY_KEY],
        example={
            "rows": [
                {
                    "measure": "margin",
                    "unit": "yyz",
                    "month": "2026-03",
                    "numerator": 412.5,
                    "denominator": 5000,
                    "as_of": "2026-04-02T06:00:00Z",
                }
            ]
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Up to 1,000 rows. A wrong one is refused by line and field, and the others are recorded.

        A figure that is told anew is in force from then on; what was told before stays readable.
        """
        outcomes = measures.record_figures(self._lines(), by=self.key, now=self.now)
        return Response({"results": [_result(outcome) for outcome in outcomes]})

    def _lines(self) -> Lines:
        sent = (self.request.content_type or "").partition(";")[0].strip().lower()
        if sent == "text/csv":
            return figure_lines([self.request._request.body])
        if sent != "application/json":
            raise UnsupportedMediaType(sent, "Send application/json or text/csv.")
        return enumerate(self.read(FigureRows)["rows"], 1)


def _result(outcome: measures.FigureOutcome) -> dict[str, Any]:
    return {
        "line": outcome.line,
        "status": outcome.status,
        "id": outcome.figure,
        "errors": [{"field": e.field, "code": e.code, "message": e.message} for e in outcome.errors],
    }
