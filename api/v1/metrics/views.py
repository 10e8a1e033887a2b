"""Metrics: what they mean, their figures, and the cases behind each figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, get_args
from uuid import UUID

from django.db.models.expressions import RawSQL
from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Day, Text, unit_reference
from api.filters import PAGING_PARAMETERS
from api.pagination import page
from api.resources import Resource
from api.schema import endpoint, page_of
from api.v1.cases.representation import CASES, CaseShape
from api.v1.metrics.representation import (
    BreakdownShape,
    FactShape,
    MetricShape,
    SeriesShape,
    ValueShape,
    facts_of,
    figure_json,
    metric_json,
    slice_json,
    state_json,
    unit_json,
)
from api.v1.shapes import Shape
from cso.errors import InvalidFieldsError
from cso.metrics.periods import Period, day_start, parse_period, part_bounds, period_of
from cso.metrics.queries.beside import worth_currency
from cso.metrics.queries.breakdown import By, breakdown, ways_to_part
from cso.metrics.queries.drilldown import cases_behind, facts_behind
from cso.metrics.queries.figures import figure_of, figures, whole_tenant
from cso.metrics.queries.states import state_counts
from cso.metrics.queries.times import time_summary
from cso.metrics.queries.why import cases_with
from cso.metrics.registry import METRICS, Metric
from cso.people.models import Unit
from tenants.roles import Can
from tenants.scope import current_tenant

# A time is computed from its cases for each period; the others are read.
MAX_PERIODS = {"share": 400, "count": 400, "money": 400, "ratio": 400, "net": 400, "time": 60}


class PeriodField(Text):
    """A period as `cso.metrics.periods` writes it."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            return parse_period(super().to_internal_value(data))
        except ValueError as error:
            raise serializers.ValidationError(str(error), code="not_a_period") from error


_PERIOD = "A month (2026-10), week (2026-W43), quarter (2026-Q3), year (2026), or a range of them (2026-W44..2026-W47)."


class ValueQuery(Body):
    unit = unit_reference(required=False)
    period = PeriodField(required=False, help_text=f"{_PERIOD} Needed, except for a state.")
    since = Day(required=False, help_text="Only what the period decides from this day on: a leader's part of it.")
    until = Day(required=False, help_text="Only what it decides before this day.")


class CasesQuery(ValueQuery):
    part = serializers.ChoiceField(
        ["numerator", "denominator", "rest", "running"],
        default="denominator",
        help_text="`rest`: in the denominator but not in the numerator; `running`: not yet due.",
    )
    reason = Text(required=False, max_length=60, help_text="Only those with a reason, by its key in `why`.")


class BreakdownQuery(Body):
    by = serializers.ChoiceField(list(get_args(By)))
    unit = unit_reference(required=False)
    period = PeriodField(help_text=_PERIOD)


class SeriesQuery(Body):
    unit = unit_reference(required=False)
    grain = serializers.ChoiceField(["month", "week", "quarter", "year"], default="month")
    # A keyword of Python, so no attribute can be written with this name.
    locals()["from"] = Day(help_text="The first period is the one with this day.")
    to = Day(help_text="The last period is the one with the day before this.")


class MetricsShape(Shape):
    data = MetricShape(many=True)  # type: ignore[assignment]


class MetricResource(Resource):
    """An address below one metric."""

    acts: ClassVar[Mapping[str, tuple[Can, ...]]] = {"GET": (Can.SEE_SCORECARD,)}

    def metric(self, key: str) -> Metric:
        if key not in METRICS:
            raise Http404
        return METRICS[key]


class Metrics(Resource):
    acts: ClassVar[Mapping[str, tuple[Can, ...]]] = {"GET": (Can.SEE_SCORECARD,)}

    @endpoint("list_metrics", "What is measured, and how", answer=MetricsShape)
    def get(self, request: Request) -> Response:
        return Response({"data": [metric_json(metric) for metric in METRICS.values()]})


class OneMetric(MetricResource):
    @endpoint("read_metric", "One metric's definition", answer=MetricShape)
    def get(self, request: Request, key: str) -> Response:
        return Response(metric_json(self.metric(key)))


class MetricValue(MetricResource):
    @endpoint(
        "read_value", "A figure of a unit, with all below it, in a period", answer=ValueShape, parameters=[ValueQuery]
    )
    def get(self, request: Request, key: str) -> Response:
        metric, query = self.metric(key), self.read_query(ValueQuery)
        unit, period, between = query.get("unit"), *period_for(metric, query)
        units = units_of(unit)
        if period is None:
            counts = state_counts(metric, {None: units}, now=self.now)[None]
            value = state_json(metric, counts, self.now, _currency(metric))
        else:
            figure = figure_of(metric, units, period, now=self.now, between=between)
            is_time = metric.kind == "time"
            times = time_summary(metric, units, period, now=self.now, between=between) if is_time else None
            value = figure_json(figure, period, times, between, _currency(metric))
        return Response({"metric": metric.key, "unit": unit_json(unit)} | value)


class MetricSeries(MetricResource):
    @endpoint("read_series", "A figure over time, oldest first", answer=SeriesShape, parameters=[SeriesQuery])
    def get(self, request: Request, key: str) -> Response:
        metric, query = self.metric(key), self.read_query(SeriesQuery)
        if metric.is_state:
            raise InvalidFieldsError.of("metric", "is_a_state", "A state has no series: it says how things stand now.")
        unit = query.get("unit")
        units = units_of(unit)
        periods = self._periods(query["grain"], query["from"], query["to"], MAX_PERIODS[metric.kind])
        found = figures(metric, {None: units}, periods, now=self.now) if periods else {}
        currency = _currency(metric)
        data = [
            figure_json(
                found[None, period],
                period,
                time_summary(metric, units, period, now=self.now) if metric.kind == "time" else None,
                currency=currency,
            )
            for period in periods
        ]
        return Response({"metric": metric.key, "unit": unit_json(unit), "data": data})

    def _periods(self, grain: Any, first: date, end: date, most: int) -> list[Period]:
        """The periods from the one with `first` to the one before `end`, none of them wholly in the future."""
        zone = current_tenant().zone
        period, last = period_of(day_start(first, zone), grain, zone), period_of(self.now, grain, zone)
        found = []
        while period.first < end and period.first <= last.first:
            found.append(period)
            period = period.next()
            if len(found) > most:
                raise InvalidFieldsError.of("from", "too_many", f"Ask for {most} periods at most.")
        return found


class MetricCases(MetricResource):
    acts: ClassVar[Mapping[str, tuple[Can, ...]]] = {"GET": (Can.SEE_SCORECARD, Can.SEE_ALL_CASES)}

    @endpoint(
        "list_cases_behind",
        "The cases behind a figure, the latest reported first; their number is the figure's",
        answer=page_of(CaseShape),
        parameters=[CasesQuery, *PAGING_PARAMETERS],
    )
    def get(self, request: Request, key: str) -> Response:
        metric, query = self.metric(key), self.read_query(CasesQuery, paged=True)
        if not metric.family.source.is_of_cases:
            raise InvalidFieldsError.of(
                "metric", "not_of_cases", "What stands behind it are no cases; ask for its facts."
            )
        unit: Unit | None = query.get("unit")
        units = [unit.pk] if unit else None
        period, between = period_for(metric, query)
        found = cases_behind(self.key, metric, query["part"], units, period, now=self.now, between=between)
        if reason := query.get("reason"):
            found = found.filter(pk__in=_with_reason(reason))
        return page(request, found, CASES)


class MetricFacts(MetricResource):
    acts: ClassVar[Mapping[str, tuple[Can, ...]]] = {"GET": (Can.SEE_SCORECARD, Can.SEE_ALL_CASES)}

    @endpoint(
        "list_facts_behind",
        "The cases, promises, motions, kill orders or whatever stands behind a figure, the latest first",
        answer=page_of(FactShape),
        parameters=[CasesQuery, *PAGING_PARAMETERS],
    )
    def get(self, request: Request, key: str) -> Response:
        metric, query = self.metric(key), self.read_query(CasesQuery, paged=True)
        unit: Unit | None = query.get("unit")
        units = [unit.pk] if unit else None
        period, between = period_for(metric, query)
        found = facts_behind(self.key, metric, query["part"], units, period, now=self.now, between=between)
        return page(request, found, facts_of(metric.family))


class MetricBreakdown(MetricResource):
    acts: ClassVar[Mapping[str, tuple[Can, ...]]] = {"GET": (Can.SEE_SCORECARD, Can.SEE_ALL_CASES)}

    @endpoint(
        "read_breakdown",
        "A figure by channel, cause, a rule's origin or month: the parts together are the figure",
        answer=BreakdownShape,
        parameters=[BreakdownQuery],
    )
    def get(self, request: Request, key: str) -> Response:
        metric, query = self.metric(key), self.read_query(BreakdownQuery)
        if metric.is_state or metric.kind == "time":
            raise InvalidFieldsError.of("metric", "has_no_parts", "Neither a state nor a time is the sum of parts.")
        unit, period, by = query.get("unit"), query["period"], query["by"]
        if by not in ways_to_part(metric):
            raise InvalidFieldsError.of("by", "has_no_such_parts", f"Use one of: {', '.join(ways_to_part(metric))}.")
        slices = breakdown(self.key, metric, [unit.pk] if unit else None, period, by, now=self.now)
        currency = _currency(metric)
        data = [slice_json(each, currency) for each in slices]
        return Response({"metric": metric.key, "unit": unit_json(unit), "period": period.key, "by": by, "data": data})


def _currency(metric: Metric) -> str:
    return worth_currency() if metric.kind == "money" else ""


def _with_reason(key: str) -> RawSQL:
    try:
        return cases_with(key)
    except ValueError as error:
        raise InvalidFieldsError.of("reason", "unknown", "Use the key of a reason as `why` gives it.") from error


def units_of(unit: Unit | None) -> Sequence[UUID]:
    return [unit.pk] if unit else whole_tenant()


def period_for(metric: Metric, query: Mapping[str, Any]) -> tuple[Period | None, tuple[datetime, datetime] | None]:
    """The period that a query asks for, and the part of it; a state has neither."""
    period: Period | None = query.get("period")
    if metric.is_state:
        for field in ("period", "since", "until"):
            if query.get(field) is not None:
                raise InvalidFieldsError.of(field, "is_a_state", "A state has no period: it says how things stand now.")
        return None, None
    if period is None:
        raise InvalidFieldsError.of("period", "required", "Which period? Such as 2026-10 or 2026-W43.")
    since, until = query.get("since"), query.get("until")
    if since is None and until is None:
        return period, None
    try:
        return period, part_bounds(period, since, until, current_tenant().zone)
    except ValueError as error:
        raise InvalidFieldsError.of("since" if since else "until", "outside_period", str(error)) from error
