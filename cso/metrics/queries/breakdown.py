"""A figure by channel, cause, a rule's origin or month: counted from the facts by the registry's own conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db.models import Count, F, Q, Sum, Value
from django.db.models.expressions import Combinable, CombinedExpression
from django.db.models.fields import BigIntegerField, DateTimeField, DurationField
from django.db.models.functions import Coalesce, TruncMonth

from cso.metrics.periods import Period, status
from cso.metrics.queries.drilldown import visible_facts
from cso.metrics.queries.figures import Figure
from cso.metrics.registry import Family, Metric, Total
from cso.people.queries import in_or_below
from cso.recovery.models import Cause, Channel
from cso.rules.models import Origin
from tenants.models import Actor
from tenants.scope import current_tenant

By = Literal["channel", "cause", "origin", "month"]


@dataclass(frozen=True)
class Slice:
    """One part of a figure. key: the channel, the cause's id, the rule's origin or the month's first day.

    It is empty where it is not known.

    label: as people read it; of a month, and of what is not known, it is the key.
    """

    key: str
    label: str
    figure: Figure


def breakdown(
    viewer: Actor,
    metric: Metric,
    units: Sequence[UUID] | None,
    period: Period,
    by: By,
    *,
    now: datetime,
    between: tuple[datetime, datetime] | None = None,
) -> list[Slice]:
    """The parts of a figure, the largest first, months in their order; together they are the figure.

    units: their subtrees; None for the whole tenant. Of what the viewer may see: for who sees all of it, the whole.

    between: counts only instants in that window instead of the period's. Raises ValueError for what `ways_to_part` does
    not name.
    """
    if by not in ways_to_part(metric):
        raise ValueError(f"{metric.key} has no parts by {by}.")
    family = metric.family
    start, end = between or period.bounds(current_tenant().zone)
    facts = visible_facts(viewer, family).filter(
        family.base, **{f"{family.column}__gte": start - family.delay, f"{family.column}__lt": end - family.delay}
    )
    if units is not None:
        facts = facts.filter(in_or_below(units))
    rows = facts.values(part=_part(family, by)).annotate(**_counters(family, now)).order_by("part")
    slices = [_slice(metric, period, by, row, now) for row in _labelled(rows, by)]
    return slices if by == "month" else sorted(slices, key=lambda each: (-each.figure.denominator, each.label))


def ways_to_part(metric: Metric) -> tuple[By, ...]:
    """By what a figure has parts: a state has none, nor has a time, whose medians do not add up."""
    if metric.is_state or metric.kind == "time":
        return ()
    if metric.family.source.is_of_panels:
        return ("month",)
    return ("origin", "month") if metric.family.source.is_of_committees else ("channel", "cause", "month")


def _part(family: Family, by: By) -> Combinable:
    if by == "month":
        moved = CombinedExpression(F(family.column), "+", Value(family.delay, DurationField()), DateTimeField())
        return TruncMonth(moved, tzinfo=current_tenant().zone)
    if by == "origin":
        return F(f"{family.source.rule}__origin")
    path = f"{family.source.case}__" if family.source.case else ""
    return F(f"{path}channel" if by == "channel" else f"{path}cause_id")


def _counters(family: Family, now: datetime) -> dict[str, Any]:
    """Each counter twice: of what counts at `now`, and of what runs."""
    until = family.counted_before(now) - family.delay
    counted = Q(**{f"{family.column}__lt": until}) if family.can_run else Q()
    found: dict[str, Any] = {}
    for name, counter in family.counters.items():
        found[f"counted_{name}"] = _aggregate(counter, counted)
        if family.can_run:
            found[f"running_{name}"] = _aggregate(counter, ~counted)
    return found


def _aggregate(counter: Q | Total, also: Q) -> Any:
    if isinstance(counter, Total):
        total = Sum(counter.measure, filter=counter.condition & also)
        return Coalesce(total, Value(0), output_field=BigIntegerField())
    return Count("pk", filter=counter & also)


def _labelled(rows: Any, by: By) -> list[dict[str, Any]]:
    found = list(rows)
    names: dict[Any, str] = {}
    if by == "cause":
        causes = [row["part"] for row in found if row["part"]]
        names = dict(Cause.objects.filter(pk__in=causes).values_list("pk", "name"))
    if by in {"channel", "origin"}:
        names = {value: str(label) for value, label in (Channel if by == "channel" else Origin).choices}
    for row in found:
        part = row["part"]
        row["key"] = f"{part:%Y-%m-%d}" if by == "month" else str(part or "")
        row["label"] = names.get(part, row["key"])
    return found


def _slice(metric: Metric, period: Period, by: By, row: dict[str, Any], now: datetime) -> Slice:
    zone = current_tenant().zone
    counts = {name: row[f"counted_{name}"] for name in metric.family.counters}
    running = row.get(f"running_{metric.counted}", 0)
    figure = Figure(
        metric, counts[metric.numerator], counts[metric.denominator], running, status(period, now, zone), counts
    )
    return Slice(row["key"], row["label"], figure)
