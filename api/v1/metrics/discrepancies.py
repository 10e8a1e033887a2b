"""Kept figures that were not what their facts say when they were last compared."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.filters import ListFilters, UnitFilter
from api.pagination import Listing, Row, page
from api.resources import Resource
from api.schema import endpoint
from api.v1.shapes import Shape, UnitRef, unit_columns, unit_ref
from cso.metrics.models import Discrepancy
from cso.metrics.periods import Period
from cso.metrics.registry import FAMILIES
from tenants.roles import Can


class DiscrepancyShape(Shape):
    id = serializers.UUIDField()
    family = serializers.CharField(help_text="What is counted together, for one metric or several.")
    unit = UnitRef(help_text="With all below it.")
    period = serializers.CharField(help_text="A month or a week.")
    kept = serializers.DictField(child=serializers.IntegerField(), allow_null=True, help_text="By counter; null: none.")
    counted = serializers.DictField(
        child=serializers.IntegerField(), allow_null=True, help_text="What the facts say, by counter; null: none."
    )
    found_at = serializers.DateTimeField()


class DiscrepancyFilters(ListFilters):
    unit = UnitFilter()


def _discrepancy_json(row: Row) -> Row:
    counters = list(FAMILIES[row["family"]].counters)
    return {
        "id": row["id"],
        "family": row["family"],
        "unit": unit_ref(row, "unit"),
        "period": Period(row["grain"], row["period"]).key,
        "kept": dict(zip(counters, row["kept"], strict=True)) if row["kept"] is not None else None,
        "counted": dict(zip(counters, row["rebuilt"], strict=True)) if row["rebuilt"] is not None else None,
        "found_at": row["found_at"],
    }


DISCREPANCIES = Listing(
    ("id",),
    ("id", "family", "grain", "period", "kept", "rebuilt", "found_at", *unit_columns("unit")),
    _discrepancy_json,
)


class Discrepancies(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,)}

    @endpoint(
        "list_discrepancies",
        "Kept figures that are not what their facts say",
        answer=DiscrepancyShape,
        filters=DiscrepancyFilters,
    )
    def get(self, request: Request) -> Response:
        """As the last nightly comparison found; empty where all is right. An administrator has all counted again."""
        return page(request, DiscrepancyFilters(request, Discrepancy.objects.all(), now=self.now).rows(), DISCREPANCIES)
