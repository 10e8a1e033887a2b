"""How a figure came about, down to the rows: its cells, what was left out, the same from the facts, and the facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Model, Q, QuerySet

from cso.metrics.models import Cell, Mark, QuarantinedMark, Restatement
from cso.metrics.periods import Period
from cso.metrics.queries.drilldown import part_of
from cso.metrics.queries.figures import Figure, figure_of, target_for
from cso.metrics.queries.judgement import Judgement, judge
from cso.metrics.registry import Metric
from cso.people.models import Unit
from cso.people.queries import in_or_below
from tenants.scope import current_tenant


@dataclass(frozen=True)
class Explained:
    """A figure with what it is made of.

    kept: as everybody sees it; counted: the same once more, from the facts alone. cells: of the unit, by its periods.
    left_out: rows of the period that count in no figure of this kind, by why. restated: changes after it was final.
    hits, misses, running: the facts, the earliest first, at most so many of each.
    """

    metric: Metric
    unit: Unit
    period: Period
    kept: Figure
    counted: Figure
    target: Decimal | None
    judgement: Judgement
    cells: list[Cell]
    waiting: int
    left_out: list[tuple[str, int]]
    restated: list[Restatement]
    hits: list[Any]
    misses: list[Any]
    running: list[Any]

    @property
    def agrees(self) -> bool:
        """Whether the kept figure is what the facts say."""
        return self.kept.counts == self.counted.counts and self.kept.running == self.counted.running


def explain(metric: Metric, unit: Unit, period: Period, *, now: datetime, most: int) -> Explained:
    """Of the unit with all below it. Whoever runs the product asks, so nothing is hidden. Not for a state."""
    start, end = period.bounds(current_tenant().zone)
    kept = figure_of(metric, [unit.pk], period, now=now)
    target = target_for(metric, period, now=now) if metric.kind == "share" else None
    model: Any = metric.family.source.model
    facts: QuerySet[Model] = model.objects.all()

    def rows(part: Any) -> list[Any]:
        found = part_of(facts, metric, part, [unit.pk], period, now=now)
        return list(found.order_by(F(metric.family.column), "pk")[:most])

    cells = Cell.objects.filter(family=metric.family.key, grain=period.cell_grain, period__in=period.cells(), unit=unit)
    restated = Restatement.objects.filter(
        family=metric.family.key, grain=period.cell_grain, period__in=period.cells(), unit=unit
    )
    return Explained(
        metric=metric,
        unit=unit,
        period=period,
        kept=kept,
        counted=figure_of(metric, [unit.pk], period, now=now, between=(start, end)),
        target=target,
        judgement=judge(kept, target),
        cells=list(cells.order_by("period")),
        waiting=Mark.objects.count() + QuarantinedMark.objects.count(),
        left_out=_left_out(facts, metric, unit, (start, end)),
        restated=list(restated.order_by("at")),
        hits=rows("numerator"),
        misses=rows("rest") if metric.kind == "share" else [],
        running=rows("running"),
    )


def _left_out(facts: QuerySet[Any], metric: Metric, unit: Unit, between: Sequence[datetime]) -> list[tuple[str, int]]:
    """How many rows of the period are outside the family, by the reason of their exclusion where they are cases."""
    family = metric.family
    start, end = (instant - family.delay for instant in between)
    inside = Q(**{f"{family.column}__gte": start, f"{family.column}__lt": end})
    outside = facts.filter(in_or_below([unit.pk]), inside).exclude(family.base)
    if not family.source.is_of_cases:
        found = outside.count()
        return [("not counted", found)] if found else []
    merged = outside.filter(merged_into__isnull=False).count()
    reasons = (
        outside.filter(merged_into=None).values_list("excluded_as").annotate(n=Count("pk")).order_by("excluded_as")
    )
    return [*((str(reason), n) for reason, n in reasons), *([("merged into another case", merged)] if merged else [])]
