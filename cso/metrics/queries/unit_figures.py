"""All figures of a unit's page, by a few statements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cso.metrics.counting import Window
from cso.metrics.periods import Period
from cso.metrics.queries.figures import HEADLINE, Figure
from cso.metrics.queries.many import figures_of_many, figures_of_parts
from cso.metrics.registry import METRICS, Metric
from cso.people.models import Unit
from tenants.scope import current_tenant

PERIODS_SHOWN = 6
SHOWN = [
    HEADLINE,
    *(METRICS[key] for key in ("recovered_24h_reported", "reopened", "dazzled", "double_deviation", "promise_kept")),
    *(METRICS[key] for key in ("rules_killed", "rule_effect", "decided_in_time", "executed_in_time")),
    *(METRICS[key] for key in ("nps", "csat", "effort", "price_only_share", "panel_response", "commitments_kept")),
]


@dataclass(frozen=True)
class UnitFigures:
    """The figures of a unit with all below it in a period, or in the part `between` of it.

    history: the headline of whole periods, oldest first; the last is the one reported on.
    """

    unit: Unit
    period: Period
    between: tuple[datetime, datetime] | None
    now: datetime
    figures: Mapping[str, Figure]
    history: list[tuple[Period, Figure]]

    def of(self, metric: Metric) -> Figure:
        return self.figures[metric.key]

    @property
    def window(self) -> Window:
        return Window(self.unit.pk, *(self.between or self.period.bounds(current_tenant().zone)))


def unit_figures(
    unit: Unit, period: Period, *, now: datetime, between: tuple[datetime, datetime] | None = None
) -> UnitFigures:
    """Of a unit that the viewer was let in to see (`cso.people.queries.visible_units`)."""
    periods = [period]
    while len(periods) < PERIODS_SHOWN:
        periods.insert(0, periods[0].previous())
    metrics = [HEADLINE] if between else SHOWN
    known = figures_of_many(metrics, {None: [unit.pk]}, periods, now=now)
    if between:
        [found] = figures_of_parts(SHOWN, [(Window(unit.pk, *between), period)], now=now)
    else:
        found = {metric.key: known[metric.key, None, period] for metric in SHOWN}
    history = [(each, known[HEADLINE.key, None, each]) for each in periods]
    return UnitFigures(unit, period, between, now, found, history)
