"""The cases behind a figure: the same conditions that count it, as a list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db.models import Q, QuerySet

from cso.metrics.periods import Period
from cso.metrics.registry import Family, Metric
from cso.people.queries import in_or_below
from cso.recovery.models import Case
from cso.recovery.queries import visible_cases
from tenants.models import Actor
from tenants.scope import current_tenant

Part = Literal["numerator", "denominator", "rest", "running"]


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
    """The cases that make up one part of a figure; their number is the figure's.

    part: `numerator`, `denominator`, `rest` (in the denominator, not in the numerator: the misses) or `running` (not
    yet due). units: their subtrees; None for the whole tenant. period None is for a state, which is one count: it has
    no `rest`, and nothing of it is `running`. between: counts only instants in that window instead of the period's, for
    a leader's part of it.
    """
    family = metric.family
    cases = visible_cases(viewer).filter(family.base)
    if units is not None:
        cases = cases.filter(in_or_below(units))
    if metric.is_state:
        if part in {"rest", "running"}:
            return cases.none()
        return cases.filter(family.counters[metric.numerator], **{f"{family.column}__lt": now - family.delay})
    if part == "running" and not family.delay:
        return cases.none()  # what is counted at once is never not yet due
    if between is None:
        assert period is not None, "only a state has no period"
        between = period.bounds(current_tenant().zone)
    return cases.filter(_in_window(family, between, part, now), _condition(metric, part))


def _condition(metric: Metric, part: Part) -> Q:
    inside, numerator = metric.family.counters[metric.denominator], metric.family.counters[metric.numerator]
    if part == "numerator":
        return inside & numerator
    return inside & ~numerator if part == "rest" else inside


def _in_window(family: Family, between: tuple[datetime, datetime], part: Part, now: datetime) -> Q:
    start, end = between
    if family.delay and part == "running":
        start = max(start, now)
    elif family.delay:
        end = min(end, now)
    return Q(**{f"{family.column}__gte": start - family.delay, f"{family.column}__lt": end - family.delay})
