"""Targets as they are in force, and how much of the way to 100 % is gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from cso.metrics.models import Target
from cso.metrics.periods import Period, period_of
from cso.metrics.queries.figures import Figure, figures
from cso.metrics.registry import Metric
from tenants.scope import current_tenant

# How far back a way is looked for: what lies before says little of who leads today.
_MOST_MONTHS = 60


def courses(metrics: Iterable[str]) -> dict[str, dict[date, Decimal]]:
    """The targets of metrics by key, each by the day from which it is in force, in their order; one query."""
    found: dict[str, dict[date, Decimal]] = defaultdict(dict)
    known = Target.objects.filter(metric__in=list(metrics)).order_by("starts_on")
    for metric, starts_on, percent in known.values_list("metric", "starts_on", "percent"):
        found[metric][starts_on] = percent
    return found


@dataclass(frozen=True)
class GapClosed:
    """The way from the first month since a target was set to 100 % (0 % where low is better), and how far it is gone.

    closed: 1 is all of it, below 0 is further away than at the start; None where there was no gap, or one month only.
    """

    first: tuple[Period, Figure]
    latest: tuple[Period, Figure]
    closed: Fraction | None


def gap_closed(metric: Metric, units: Sequence[UUID], *, now: datetime) -> GapClosed | None:
    """Which share of the gap disjoint subtrees closed: from their first month with data since the first target to the
    last month that is over. None without a target, or without data. Two queries."""
    first_target = Target.objects.filter(metric=metric.key).order_by("starts_on").values_list("starts_on", flat=True)
    since = first_target.first()
    months = _months(since, now) if since else []
    if not months:
        return None
    known = figures(metric, {None: units}, months, now=now)
    told = [(month, known[None, month]) for month in months if known[None, month].denominator]
    if not told:
        return None
    start, end = (Fraction(figure.numerator, figure.denominator) for _, figure in (told[0], told[-1]))
    goal = Fraction(0) if metric.better == "lower" else Fraction(1)
    is_a_way = len(told) > 1 and start != goal
    return GapClosed(told[0], told[-1], (end - start) / (goal - start) if is_a_way else None)


def _months(since: date, now: datetime) -> list[Period]:
    """The months that are over, from that of a day on, oldest first; the last ones where they are many."""
    month = period_of(now, "month", current_tenant().zone).previous()
    found: list[Period] = []
    while month.after - timedelta(days=1) >= since and len(found) < _MOST_MONTHS:
        found.append(month)
        month = month.previous()
    return found[::-1]
