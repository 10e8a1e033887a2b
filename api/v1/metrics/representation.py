"""Definitions and figures as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework import serializers

from api.pagination import Listing, Row
from api.v1.shapes import Shape, UnitRef, unit_columns, unit_ref
from cso.metrics.formulas.statistics import Summary
from cso.metrics.periods import Period
from cso.metrics.queries.beside import Response, Worth, response_of, worth_of
from cso.metrics.queries.breakdown import Slice
from cso.metrics.queries.figures import Figure
from cso.metrics.registry import Family, Metric
from cso.people.models import Unit
from tenants.scope import current_tenant

STATUSES = [("running", "Running"), ("provisional", "Provisional"), ("final", "Final")]


class MetricShape(Shape):
    key = serializers.CharField()
    name = serializers.CharField()
    meaning = serializers.CharField()
    kind = serializers.ChoiceField([("share", "Share"), ("time", "Time"), ("count", "Count"), ("money", "Money")])
    numerator = serializers.CharField(help_text="What is counted.")
    denominator = serializers.CharField(help_text="Of what.")
    period_rule = serializers.CharField(help_text="The instant that decides the period of a case.")
    better = serializers.ChoiceField([("higher", "Higher"), ("lower", "Lower")])
    nature = serializers.ChoiceField([("outcome", "Outcome"), ("task", "Task")])
    is_state = serializers.BooleanField(help_text="Says how things stand now, and has no period.")


class IntervalShape(Shape):
    low = serializers.FloatField()
    high = serializers.FloatField()


class ResponseShape(Shape):
    answered = serializers.IntegerField()
    asked = serializers.IntegerField(help_text="All who could have answered.")
    rate = serializers.FloatField(help_text="Answered / asked, 0 to 1.")
    worst = serializers.FloatField(help_text="The share, had all who are silent answered for the worse.")
    best = serializers.FloatField(help_text="The share, had they all answered for the better.")


class WorthShape(Shape):
    currency = serializers.CharField(help_text="In whose minor units the amounts are.")
    low_minor = serializers.IntegerField(help_text="What the numerator is worth at least.")
    high_minor = serializers.IntegerField(help_text="And at most.")
    whole_low_minor = serializers.IntegerField(help_text="What the denominator is worth at least.")
    whole_high_minor = serializers.IntegerField(help_text="And at most.")
    unknown = serializers.IntegerField(help_text="Customers of unknown worth, who add nothing.")


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
    counts = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="What else is counted of the same facts, by name; sums in minor units.",
    )
    response = ResponseShape(allow_null=True, help_text="Of a share of answers: who answered at all.")
    worth = WorthShape(allow_null=True, help_text="Of a figure of money; of money there is no share.")
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


class CaseOfFact(Shape):
    id = serializers.UUIDField()
    external_id = serializers.CharField(allow_null=True)


class FactShape(Shape):
    id = serializers.UUIDField(help_text="Of the case, promise, approval, call-back or exposure itself.")
    at = serializers.DateTimeField(help_text="What decides its period.")
    unit = UnitRef()
    case = CaseOfFact(help_text="The case that it belongs to, or is.")


class SliceShape(Shape):
    key = serializers.CharField(allow_null=True, help_text="Channel, id of the cause, or the month's first day.")
    label = serializers.CharField(allow_null=True, help_text="Null: none was given.")  # type: ignore[assignment]
    numerator = serializers.IntegerField()
    denominator = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    running = serializers.IntegerField()
    counts = serializers.DictField(child=serializers.IntegerField())
    response = ResponseShape(allow_null=True)
    worth = WorthShape(allow_null=True)


class BreakdownShape(Shape):
    metric = serializers.CharField()
    unit = UnitRef(allow_null=True)
    period = serializers.CharField()
    by = serializers.CharField()
    data = SliceShape(many=True)  # type: ignore[assignment]


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
    figure: Figure,
    period: Period,
    times: Summary | None = None,
    between: tuple[datetime, datetime] | None = None,
    currency: str = "",
) -> Row:
    """A share, a count, money or, with `times`, a time in one period, or in the part `between` of it."""
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
        "counts": dict(figure.counts),
        "response": _response_json(response_of(figure)),
        "worth": _worth_json(worth_of(figure.metric, figure.counts, currency)),
        "median_seconds": times.median if times else None,
        "p90_seconds": times.p90 if times else None,
        "revision": figure.revision,
        "as_of": figure.as_of,
        "restated_at": figure.restated_at,
    }


def state_json(metric: Metric, counts: Mapping[str, int], now: Any, currency: str = "") -> Row:
    """A count of how things stand at `now`, and what that is worth."""
    return dict.fromkeys(FigureShape().fields) | {
        "numerator": counts[metric.numerator],
        "running": 0,
        "counts": dict(counts),
        "worth": _worth_json(worth_of(metric, counts, currency)),
        "as_of": now,
    }


def _response_json(response: Response | None) -> Row | None:
    if response is None:
        return None
    shares = {name: float(getattr(response, name)) for name in ("rate", "worst", "best")}
    return {"answered": response.answered, "asked": response.asked} | shares


def _worth_json(worth: Worth | None) -> Row | None:
    if worth is None:
        return None
    amounts = {f"{name}_minor": getattr(worth, name) for name in ("low", "high", "whole_low", "whole_high")}
    return {"currency": worth.currency, **amounts, "unknown": worth.unknown}


def facts_of(family: Family) -> Listing:
    """How the facts of a family are listed: the latest first by the instant that decides their period."""
    case = f"{family.source.case}__" if family.source.case else ""

    def render(row: Row) -> Row:
        return {
            "id": row["id"],
            "at": row[family.column] + family.delay,
            "unit": unit_ref(row, "unit"),
            "case": {"id": row[f"{case}id"], "external_id": row[f"{case}external_id"]},
        }

    columns = ("id", family.column, *unit_columns("unit"), f"{case}id", f"{case}external_id")
    return Listing((f"-{family.column}", "-id"), tuple(dict.fromkeys(columns)), render)


def slice_json(part: Slice, currency: str) -> Row:
    """One part of a figure."""
    figure = part.figure
    is_share = figure.metric.kind == "share"
    return {
        "key": part.key or None,
        "label": part.label or None,
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "share": float(figure.share) if is_share and figure.share is not None else None,
        "running": figure.running,
        "counts": dict(figure.counts),
        "response": _response_json(response_of(figure)),
        "worth": _worth_json(worth_of(figure.metric, figure.counts, currency)),
    }


def unit_json(unit: Unit | None) -> Row | None:
    return {"id": unit.pk, "code": unit.code, "name": unit.name} if unit else None
