"""Figures in doubt: kept ones that were not what their facts say when they were last compared, and how they differ."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from cso.metrics.models import Discrepancy
from cso.metrics.periods import Grain, Period
from cso.metrics.registry import FAMILIES, Family, Metric
from cso.people.models import Unit

# The numerator and the denominator.
Pair = tuple[int, int]


@dataclass(frozen=True)
class Doubt:
    """A figure of one month or week as it is kept, and as its facts were counted at `found_at`."""

    metric: Metric
    unit: Unit
    period: Period
    kept: Pair
    counted: Pair
    found_at: datetime


def doubts(metrics: Sequence[Metric], units: Collection[UUID], periods: Sequence[Period]) -> list[Doubt]:
    """Those of the metrics and units in the periods, by which a page may be wrong: by unit and period. One statement.

    What differs in counters that none of the metrics shows is none of its figures.
    """
    cells = {(period.cell_grain, cell) for period in periods for cell in period.cells()}
    families = {metric.family.key for metric in metrics}
    found = Discrepancy.objects.filter(family__in=families, unit__in=units).select_related("unit")
    return [
        doubt
        for row in found.order_by("unit__name", "unit_id", "period", "grain", "family")
        if (row.grain, row.period) in cells
        for doubt in _of_metrics(row, metrics)
    ]


def cells_in_doubt() -> list[tuple[Unit, Period]]:
    """The units and their months and weeks of which any kept figure is in doubt, the latest first."""
    rows = Discrepancy.objects.select_related("unit").order_by("-period", "unit__name", "grain")
    return list(dict.fromkeys((row.unit, _period(row)) for row in rows))


def _of_metrics(row: Discrepancy, metrics: Sequence[Metric]) -> Iterator[Doubt]:
    family = FAMILIES[row.family]
    for metric in metrics:
        if metric.family.key != family.key:
            continue
        kept, counted = _pair(row.kept, metric, family), _pair(row.rebuilt, metric, family)
        if kept != counted:
            yield Doubt(metric, row.unit, _period(row), kept, counted, row.found_at)


def _pair(total: list[int] | None, metric: Metric, family: Family) -> Pair:
    """A cell that there is none of counts nothing."""
    if total is None:
        return 0, 0
    return total[family.position(metric.numerator)], total[family.position(metric.denominator)]


def _period(row: Discrepancy) -> Period:
    return Period(cast(Grain, row.grain), row.period)
