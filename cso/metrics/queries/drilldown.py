"""The facts behind a figure: the same conditions that count it, as a list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from cso.metrics.periods import Period
from cso.metrics.registry import Family, Metric
from cso.people.queries import in_or_below, own_units, visible_units
from cso.recovery.models import Case
from cso.recovery.queries import visible_cases
from tenants.models import Actor, Membership
from tenants.roles import Can
from tenants.scope import current_tenant

Part = Literal["numerator", "denominator", "rest", "running"]


def facts_behind(
    viewer: Actor,
    metric: Metric,
    part: Part,
    units: Sequence[UUID] | None,
    period: Period | None,
    *,
    now: datetime,
    between: tuple[datetime, datetime] | None = None,
) -> QuerySet[Any]:
    """The rows of the metric's source that make up one part of a figure; their number is the figure's.

    part: `numerator`, `denominator`, `rest` (in the denominator, not in the numerator: the misses) or `running` (not
    yet counted). units: their subtrees; None for the whole tenant. period None is for a state: nothing of it is
    `running`, and but for a share it is one count, which has no `rest`. between: counts only instants in that window
    instead of the period's, for a leader's part of it.
    """
    return part_of(visible_facts(viewer, metric.family), metric, part, units, period, now=now, between=between)


def part_of(
    facts: QuerySet[Any],
    metric: Metric,
    part: Part,
    units: Sequence[UUID] | None,
    period: Period | None,
    *,
    now: datetime,
    between: tuple[datetime, datetime] | None = None,
) -> QuerySet[Any]:
    """The same of any rows of the metric's source, whoever may see them."""
    family = metric.family
    facts = facts.filter(family.base)
    if units is not None:
        facts = facts.filter(in_or_below(units))
    if metric.is_state:
        return facts.filter(_standing(metric, now), _condition(metric, part)) if _has(metric, part) else facts.none()
    if part == "running" and not family.can_run:
        return facts.none()  # what is counted at once never runs
    if between is None:
        assert period is not None, "only a state has no period"
        between = period.bounds(current_tenant().zone)
    return facts.filter(_in_window(family, between, part, now), _condition(metric, part))


def cases_behind(
    viewer: Actor,
    metric: Metric,
    part: Part,
    units: Sequence[UUID] | None,
    period: Period | None,
    *,
    now: datetime,
    between: tuple[datetime, datetime] | None = None,
) -> QuerySet[Case]:
    """The same for a metric whose facts are cases. Raises ValueError for another."""
    if not metric.family.source.is_of_cases:
        raise ValueError(f"The facts behind {metric.key} are no cases.")
    found = facts_behind(viewer, metric, part, units, period, now=now, between=between)
    return cast(QuerySet[Case], found)


def visible_facts(viewer: Actor, family: Family) -> QuerySet[Any]:
    """What the viewer may see of a family's source: as cases are seen, by the fact's own unit or by its case.

    What committees do is open to whoever sees people, as it is on their own pages; what panels say, in the groups that
    they published, to whoever sees results, of the units whose figures they see.
    """
    model: Any = family.source.model
    if family.source.is_of_cases:
        return visible_cases(viewer)
    facts: QuerySet[Model] = model.objects.all()
    if family.source.is_of_committees:
        return facts if viewer.can(Can.SEE_PEOPLE) else facts.none()
    if family.source.is_of_panels:
        return _of_panels(viewer, facts)
    if viewer.can(Can.SEE_ALL_CASES):
        return facts
    if not isinstance(viewer, Membership):
        return facts.none()
    return facts.filter(in_or_below(own_units(viewer)) | Q(**{f"{family.source.case}__in": visible_cases(viewer)}))


def _of_panels(viewer: Actor, facts: QuerySet[Model]) -> QuerySet[Model]:
    if not viewer.can(Can.SEE_RESULTS):
        return facts.none()
    if viewer.can(Can.SEE_SCORECARD):
        return facts
    return facts.filter(unit__in=list(visible_units(viewer).values_list("pk", flat=True)))


def _has(metric: Metric, part: Part) -> bool:
    """Whether a state has such a part."""
    return part != "running" and (part != "rest" or metric.kind == "share")


def _standing(metric: Metric, now: datetime) -> Q:
    family = metric.family
    if family.until is not None:
        has_not_ended = Q(**{f"{family.until}__isnull": True}) | Q(**{f"{family.until}__gt": now})
        return Q(**{f"{family.column}__lte": now}) & has_not_ended
    return Q(**{f"{family.column}__lt": family.counted_before(now) - family.delay})


def _condition(metric: Metric, part: Part) -> Q:
    family = metric.family
    if metric.is_state and metric.kind != "share":
        return family.condition(metric.numerator)
    inside, numerator = family.condition(metric.denominator), family.condition(metric.numerator)
    if metric.numerator in family.measures and metric.kind not in {"money", "ratio"}:
        return inside  # each fact holds of either
    if part == "numerator":
        return inside & numerator
    return inside & ~numerator if part == "rest" else inside


def _in_window(family: Family, between: tuple[datetime, datetime], part: Part, now: datetime) -> Q:
    start, end = between
    until = family.counted_before(now)
    if family.can_run and part == "running":
        start = max(start, until)
    elif family.can_run:
        end = min(end, until)
    return Q(**{f"{family.column}__gte": start - family.delay, f"{family.column}__lt": end - family.delay})
