"""Why a share misses its target: the reasons, how much of the gap each would close, and one act."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Day, unit_reference
from api.pagination import Row
from api.schema import endpoint
from api.v1.metrics.representation import FigureShape, figure_json, unit_json
from api.v1.metrics.views import MetricResource, PeriodField, period_for, units_of
from api.v1.shapes import Shape, UnitRef
from cso.errors import InvalidFieldsError
from cso.metrics.counting import Window
from cso.metrics.queries.figures import figure_of, target_for
from cso.metrics.queries.why import Missed, Why, can_tell, why_missed
from tenants.scope import current_tenant

MOST_REASONS = 20


class WhyQuery(Body):
    unit = unit_reference(required=False)
    period = PeriodField(help_text="As for a figure.")
    since = Day(required=False, help_text="Only what the period decides from this day on: a leader's part of it.")
    until = Day(required=False, help_text="Only what it decides before this day.")


class ReasonShape(Shape):
    key = serializers.CharField(
        help_text="cause:<id>, cause:none, rule:<id>, approval, passed_on, silent or hours:18; lists its cases as"
        " `reason` of the cases behind the figure."
    )
    kind = serializers.ChoiceField(["cause", "rule", "approval", "passed_on", "silent", "hours"])
    name = serializers.CharField(help_text="As people read it.")
    missed = serializers.IntegerField(help_text="The misses of which it holds; one may have several reasons.")
    cases = serializers.IntegerField(help_text="All cases that count of which it holds.")
    would_add = serializers.FloatField(help_text="How much better the share were without these misses, of 1.")
    closes = serializers.FloatField(allow_null=True, help_text="Of the gap to the target; null where there is none.")
    act = serializers.CharField(help_text="What to do about it.")


class WhyShape(Shape):
    metric = serializers.CharField()
    unit = UnitRef(allow_null=True)
    figure = FigureShape()
    target_percent = serializers.FloatField(allow_null=True)
    gap = serializers.FloatField(allow_null=True, help_text="What the share lacks, of 1; null where nothing lacks.")
    missed = serializers.IntegerField()
    part = serializers.CharField(help_text="Which part of the figure the misses are.")
    too_few = serializers.BooleanField(help_text="There are too few cases for a pattern.")
    overlap = serializers.BooleanField(help_text="Misses have several of the reasons: they do not add up.")
    reasons = ReasonShape(many=True, help_text="The largest first.")
    act = serializers.CharField(allow_blank=True, help_text="The one act to begin with; empty without a miss.")


class MetricWhy(MetricResource):
    @endpoint("read_why", "Why a share misses its target", answer=WhyShape, parameters=[WhyQuery])
    def get(self, request: Request, key: str) -> Response:
        """What the misses have in common, by how much of the gap it would close: causes, rules that were quoted, and
        circumstances that miss more often than chance explains. For shares of cases and of what belongs to them."""
        metric, query = self.metric(key), self.read_query(WhyQuery)
        if not can_tell(metric):
            raise InvalidFieldsError.of("metric", "no_reasons", "Reasons are told of shares of cases alone.")
        unit = query.get("unit")
        period, between = period_for(metric, query)
        assert period is not None, "no state is asked here"
        units: list[UUID] = list(units_of(unit))
        start, end = between or period.bounds(current_tenant().zone)
        target = target_for(metric, period, now=self.now)
        [why] = why_missed(
            [Missed(metric, [Window(one, start, end) for one in units], target)], now=self.now, most=MOST_REASONS
        )
        figure = figure_of(metric, units, period, now=self.now, between=between)
        shown: dict[str, Any] = {
            "metric": metric.key,
            "unit": unit_json(unit),
            "figure": figure_json(figure, period, between=between),
            "target_percent": float(target) if target is not None else None,
        }
        return Response(shown | why_json(why) | {"part": "numerator" if metric.better == "lower" else "rest"})


def why_json(why: Why) -> Row:
    return {
        "gap": float(why.gap) if why.gap is not None else None,
        "missed": why.missed,
        "too_few": why.is_of_few,
        "overlap": why.overlaps,
        "reasons": reasons_json(why),
        "act": why.act,
    }


def reasons_json(why: Why) -> list[Row]:
    return [
        {
            "key": reason.key,
            "kind": reason.kind,
            "name": reason.label,
            "missed": reason.missed,
            "cases": reason.cases,
            "would_add": float(why.would_add(reason)),
            "closes": None if (closes := why.would_close(reason)) is None else float(closes),
            "act": reason.act,
        }
        for reason in why.reasons
    ]
