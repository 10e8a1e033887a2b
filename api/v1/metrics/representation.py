"""Definitions and figures as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rest_framework import serializers

from api.pagination import Listing, Row
from api.v1.shapes import Shape, UnitRef, unit_columns, unit_ref
from cso.intervals import wilson_interval
from cso.metrics.formulas.statistics import Summary
from cso.metrics.periods import Period
from cso.metrics.queries.beside import Net, Ratio, Response, Worth, net_of, ratio_of, response_of, worth_of
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
    kind = serializers.ChoiceField(
        [
            ("share", "Share"),
            ("time", "Time"),
            ("count", "Count"),
            ("money", "Money"),
            ("ratio", "Ratio"),
            ("net", "Net"),
        ]
    )
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


class RatioShape(Shape):
    value = serializers.FloatField(help_text="Numerator / denominator; above 1 where there is more than before.")
    low = serializers.FloatField(allow_null=True, help_text="95 % interval; null: too few to tell.")
    high = serializers.FloatField(allow_null=True, help_text="Null: too few to tell, or nothing bounds it.")


class NetShape(Shape):
    value = serializers.FloatField(help_text="(Numerator - what is against it) / denominator, -1 to 1.")
    low = serializers.FloatField(help_text="95 % interval, adjusted Wald.")
    high = serializers.FloatField()


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
    ratio = RatioShape(allow_null=True, help_text="Of a ratio, whose numerator is no part of its denominator.")
    net = NetShape(allow_null=True, help_text="Of a net figure, such as a Net Promoter Score.")
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


class RuleOfFact(Shape):
    id = serializers.UUIDField()
    code = serializers.CharField(allow_null=True)
    title = serializers.CharField()


class FactShape(Shape):
    id = serializers.UUIDField(help_text="Of the case, promise, nomination, group of answers or whatever it is.")
    at = serializers.DateTimeField(help_text="What decides its period.")
    unit = UnitRef()
    case = CaseOfFact(
        allow_null=True, help_text="The case that it belongs to, or is; null for what committees do and panels say."
    )
    rule = RuleOfFact(allow_null=True, help_text="The rule that a committee's fact is about.")


class SliceShape(Shape):
    key = serializers.CharField(allow_null=True, help_text="Channel, cause's id, origin or month's first day.")
    label = serializers.CharField(allow_null=True, help_text="Null: none was given.")  # type: ignore[assignment]
    numerator = serializers.IntegerField()
    denominator = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    running = serializers.IntegerField()
    counts = serializers.DictField(child=serializers.IntegerField())
    response = ResponseShape(allow_null=True)
    worth = WorthShape(allow_null=True)
    ratio = RatioShape(allow_null=True)
    net = NetShape(allow_null=True)


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
        "ratio": _ratio_json(ratio_of(figure)),
        "net": _net_json(net_of(figure)),
        "median_seconds": times.median if times else None,
        "p90_seconds": times.p90 if times else None,
        "revision": figure.revision,
        "as_of": figure.as_of,
        "restated_at": figure.restated_at,
    }


def state_json(metric: Metric, counts: Mapping[str, int], now: Any, currency: str = "") -> Row:
    """A count, or a share, of how things stand at `now`, and what that is worth."""
    numerator, denominator = counts[metric.numerator], counts[metric.denominator] if metric.kind == "share" else None
    interval = wilson_interval(numerator, denominator) if denominator else None
    return dict.fromkeys(FigureShape().fields) | {
        "numerator": numerator,
        "denominator": denominator,
        "share": numerator / denominator if denominator else None,
        "interval": {"low": interval.low, "high": interval.high} if interval else None,
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


def _ratio_json(ratio: Ratio | None) -> Row | None:
    return {"value": float(ratio.value), "low": ratio.low, "high": ratio.high} if ratio else None


def _net_json(net: Net | None) -> Row | None:
    return {"value": float(net.value), "low": net.low, "high": net.high} if net else None


def facts_of(family: Family) -> Listing:
    """How the facts of a family are listed: the latest first by the instant that decides their period."""
    case = f"{family.source.case}__" if family.source.case else ""
    rule = f"{family.source.rule}__" if family.source.rule else ""
    of_case = () if not family.source.has_case else (f"{case}id", f"{case}external_id")
    of_rule = (f"{rule}id", f"{rule}code", f"{rule}title") if rule else ()

    def render(row: Row) -> Row:
        return {
            "id": row["id"],
            "at": row[family.column] + family.delay,
            "unit": unit_ref(row, "unit"),
            "case": {"id": row[of_case[0]], "external_id": row[of_case[1]]} if of_case else None,
            # Of a nomination nobody may know yet which rule it is about.
            "rule": _rule_json([row[name] for name in of_rule]),
        }

    columns = ("id", family.column, *unit_columns("unit"), *of_case, *of_rule)
    return Listing((f"-{family.column}", "-id"), tuple(dict.fromkeys(columns)), render)


def _rule_json(values: Sequence[Any]) -> Row | None:
    return dict(zip(("id", "code", "title"), values, strict=True)) if values and values[0] else None


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
        "ratio": _ratio_json(ratio_of(figure)),
        "net": _net_json(net_of(figure)),
    }


def unit_json(unit: Unit | None) -> Row | None:
    return {"id": unit.pk, "code": unit.code, "name": unit.name} if unit else None
