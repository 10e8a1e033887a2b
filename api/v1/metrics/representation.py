"""Definitions and figures as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rest_framework import serializers

from api.pagination import Row
from api.v1.shapes import Shape, UnitRef
from cso.metrics.formulas.statistics import Summary
from cso.metrics.periods import Period
from cso.metrics.queries.figures import Figure
from cso.metrics.registry import Metric
from cso.people.models import Unit
from tenants.scope import current_tenant

STATUSES = [("running", "Running"), ("provisional", "Provisional"), ("final", "Final")]


class MetricShape(Shape):
    key = serializers.CharField()
    name = serializers.CharField()
    meaning = serializers.CharField()
    kind = serializers.ChoiceField([("share", "Share"), ("time", "Time"), ("count", "Count")])
    numerator = serializers.CharField(help_text="What is counted.")
    denominator = serializers.CharField(help_text="Of what.")
    period_rule = serializers.CharField(help_text="The instant that decides the period of a case.")
    better = serializers.ChoiceField([("higher", "Higher"), ("lower", "Lower")])
    nature = serializers.ChoiceField([("outcome", "Outcome"), ("task", "Task")])
    is_state = serializers.BooleanField(help_text="Says how things stand now, and has no period.")


class IntervalShape(Shape):
    low = serializers.FloatField()
    high = serializers.FloatField()


class FigureShape(Shape):
    period = serializers.CharField(allow_null=True, help_text="Null for a state.")
    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True, help_text="Not included.")
    status = serializers.ChoiceField(STATUSES, allow_null=True, help_text="Final 45 days after the period's end.")
    numerator = serializers.IntegerField()
    denominator = serializers.IntegerField(allow_null=True, help_text="Null for a count.")
    share = serializers.FloatField(
        allow_null=True, help_text="Numerator / denominator, 0 to 1; null without data, for a time and for a count."
    )
    interval = IntervalShape(allow_null=True, help_text="Wilson, 95 %, of the share.")
    running = serializers.IntegerField(help_text="Cases not yet due; they count in neither number.")
    occurrence_known = serializers.IntegerField(
        allow_null=True, help_text="Cases of the denominator whose occurred_at is known, where the metric starts there."
    )
    median_seconds = serializers.FloatField(allow_null=True, help_text="Of a time; null: not reached.")
    p90_seconds = serializers.FloatField(allow_null=True, help_text="Of a time; null: not reached, or under 10 cases.")
    revision = serializers.IntegerField(allow_null=True, help_text="How often the figure's cells have changed.")
    as_of = serializers.DateTimeField(allow_null=True, help_text="When they last did.")
    restated_at = serializers.DateTimeField(
        allow_null=True, help_text="When the figure last changed after it was final; null if it did not."
    )


class ValueShape(FigureShape):
    metric = serializers.CharField()
    unit = UnitRef(allow_null=True, help_text="Null: the whole organization.")


class SeriesShape(Shape):
    metric = serializers.CharField()
    unit = UnitRef(allow_null=True)
    data = FigureShape(many=True)  # type: ignore[assignment]


def metric_json(metric: Metric) -> Row:
    return {
        "key": metric.key,
        "name": str(metric.name),
        "meaning": str(metric.meaning),
        "kind": metric.kind,
        "numerator": metric.numerator,
        "denominator": metric.denominator,
        "period_rule": str(metric.period_rule),
        "better": metric.better,
        "nature": metric.nature,
        "is_state": metric.is_state,
    }


def figure_json(
    figure: Figure, period: Period, times: Summary | None = None, between: tuple[datetime, datetime] | None = None
) -> Row:
    """A share, a count or, with `times`, a time in one period, or in the part `between` of it."""
    start, end = between or period.bounds(current_tenant().zone)
    is_share, is_count = figure.metric.kind == "share", figure.metric.kind == "count"
    interval = figure.interval if is_share else None
    return {
        "period": period.key,
        "starts_at": start,
        "ends_at": end,
        "status": figure.status,
        "numerator": figure.numerator,
        "denominator": None if is_count else figure.denominator,
        "share": float(figure.share) if is_share and figure.share is not None else None,
        "interval": {"low": interval.low, "high": interval.high} if interval else None,
        "running": figure.running,
        "occurrence_known": figure.counts.get("occurrence_known"),
        "median_seconds": times.median if times else None,
        "p90_seconds": times.p90 if times else None,
        "revision": figure.revision,
        "as_of": figure.as_of,
        "restated_at": figure.restated_at,
    }


def state_json(count: int, now: Any) -> Row:
    """A count of how things stand at `now`."""
    return dict.fromkeys(FigureShape().fields) | {"numerator": count, "running": 0, "as_of": now}


def unit_json(unit: Unit | None) -> Row | None:
    return {"id": unit.pk, "code": unit.code, "name": unit.name} if unit else None
