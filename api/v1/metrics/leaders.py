"""How leaders stand against the 24-hour target."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, unit_reference
from api.pagination import Row
from api.resources import Resource
from api.schema import endpoint
from api.v1.metrics.representation import FigureShape, figure_json, unit_json
from api.v1.metrics.views import PeriodField
from api.v1.metrics.why import ReasonShape, reasons_json
from api.v1.shapes import PersonRef, Shape, UnitRef, named
from cso.metrics.periods import Period
from cso.metrics.queries.standing import LeaderRow, Standing, leaders_standing
from tenants.roles import Can


class StandingQuery(Body):
    period = PeriodField(help_text="As for a figure; four weeks are 2026-W44..2026-W47.")
    unit = unit_reference(required=False)


class LeaderStandingShape(Shape):
    unit = UnitRef()
    leader = PersonRef(allow_null=True, help_text="Null: nobody was named.")
    since = serializers.DateField(allow_null=True, help_text="Set where they led for part of the period only.")
    until = serializers.DateField(allow_null=True)
    figure = FigureShape()
    target_percent = serializers.FloatField(allow_null=True)
    verdict = serializers.ChoiceField(["missed", "uncertain", "met", "no_data"])
    gap = serializers.FloatField(allow_null=True, help_text="Percentage points short of the target; negative above it.")
    band = serializers.IntegerField(
        help_text="Leaders of one band differ by no more than chance: they are in the order of their units' names."
    )
    overdue = serializers.IntegerField(
        allow_null=True, help_text="Open and overdue now; null where somebody else leads the unit today."
    )
    reasons = ReasonShape(many=True, help_text="Of the misses, the three that would close most of the gap.")
    act = serializers.CharField(allow_blank=True, help_text="The one act to begin with; empty without a miss.")


class StandingShape(Shape):
    period = serializers.CharField()
    target_percent = serializers.FloatField(allow_null=True)
    organization = FigureShape()
    missing = serializers.IntegerField(help_text="Leaders who miss the target.")
    without_leader = serializers.IntegerField(help_text="Units that nobody led; they count in neither number.")
    judged = serializers.IntegerField(help_text="Leaders with enough cases to say so.")
    pooled = FigureShape(allow_null=True, help_text="Those with too few cases, together; null for one or none.")
    data = LeaderStandingShape(many=True)  # type: ignore[assignment]


class LeadersStanding(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,)}

    @endpoint(
        "read_leaders_standing",
        "The leaders directly below a unit (or the top), furthest from the 24-hour target first",
        answer=StandingShape,
        parameters=[StandingQuery],
    )
    def get(self, request: Request) -> Response:
        query = self.read_query(StandingQuery)
        period = query["period"]
        return Response(standing_json(leaders_standing(self.key, period, under=query.get("unit"), now=self.now)))


def standing_json(standing: Standing) -> Row:
    period = standing.period
    return {
        "period": period.key,
        "target_percent": float(standing.target) if standing.target is not None else None,
        "organization": figure_json(standing.organization, period),
        "missing": standing.missing,
        "without_leader": standing.without_leader,
        "judged": standing.judged,
        "pooled": figure_json(standing.pooled, period) if standing.pooled else None,
        "data": [_row_json(row, period) for row in standing.rows],
    }


def _row_json(row: LeaderRow, period: Period) -> Row:
    return {
        "unit": unit_json(row.unit),
        "leader": named(row.leader) if row.leader else None,
        "since": row.since,
        "until": row.until,
        "figure": figure_json(row.figure, period, between=row.between),
        "target_percent": float(row.judgement.target) if row.judgement.target is not None else None,
        "verdict": row.judgement.verdict,
        "gap": row.judgement.gap,
        "band": row.band,
        "overdue": row.overdue,
        "reasons": reasons_json(row.why),
        "act": row.why.act,
    }
