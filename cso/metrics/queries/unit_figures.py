"""All figures of a unit's page, by a few statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cso.metrics.counting import Window
from cso.metrics.formulas.statistics import Summary
from cso.metrics.periods import Period
from cso.metrics.queries.asks import Ask
from cso.metrics.queries.figures import HEADLINE, Figure
from cso.metrics.queries.levels import Level
from cso.metrics.queries.many import figures_of_parts
from cso.metrics.queries.standing import Beside, Standing, leaders_standing
from cso.metrics.queries.times import time_summaries
from cso.metrics.queries.why import Why
from cso.metrics.registry import METRICS, Metric
from cso.people.models import Unit
from tenants.models import Actor
from tenants.scope import current_tenant

PERIODS_SHOWN = 6
SHOWN = [
    HEADLINE,
    *(METRICS[key] for key in ("recovered_24h_reported", "reopened", "dazzled", "double_deviation", "promise_kept")),
    *(METRICS[key] for key in ("rules_killed", "rule_effect", "decided_in_time", "executed_in_time")),
    *(METRICS[key] for key in ("nps", "csat", "effort", "price_only_share", "panel_response", "commitments_kept")),
]


STATES = [METRICS[key] for key in ("silent", "value_at_risk", "committee_coverage")]
TIMES = [METRICS[key] for key in ("time_to_recover", "time_to_kill")]
MOST_REASONS = 8


@dataclass(frozen=True)
class UnitFigures:
    """The figures of a unit with all below it in a period, or in the part `between` of it.

    history: the headline of whole periods, oldest first; the last is the one reported on. states: how things stand now,
    by metric key. below: the ids of the unit and of all below it.
    """

    unit: Unit
    period: Period
    between: tuple[datetime, datetime] | None
    now: datetime
    figures: Mapping[str, Figure]
    history: list[tuple[Period, Figure]]
    states: Mapping[str, Mapping[str, int]]
    times: Mapping[str, Summary]
    why: Why
    below: Sequence[UUID]

    def of(self, metric: Metric) -> Figure:
        return self.figures[metric.key]


def unit_figures(
    viewer: Actor,
    level: Level,
    period: Period,
    *,
    now: datetime,
    between: tuple[datetime, datetime] | None = None,
) -> tuple[Standing, UnitFigures]:
    """Of a unit that the viewer was let in to see, and how the leaders below it stand: read by the same statements."""
    unit, periods = level.unit, [period]
    while len(periods) < PERIODS_SHOWN:
        periods.insert(0, periods[0].previous())
    window = Window(unit.pk, *(between or period.bounds(current_tenant().zone)))
    # Of a part of the period the facts are counted; the past is told of whole periods.
    whole: list[Ask[None]] = [] if between else [Ask(SHOWN, {None: [unit.pk]}, [period])]
    asks = [Ask([HEADLINE], {None: [unit.pk]}, periods), *whole]
    standing = leaders_standing(viewer, period, under=level, now=now, beside=Beside(asks, STATES, window, MOST_REASONS))
    past, *shown = standing.beside.figures
    if between:
        [found] = figures_of_parts(SHOWN, [(window, period)], now=now)
    else:
        found = {metric.key: shown[0][metric.key, None, period] for metric in SHOWN}
    assert standing.beside.why is not None, "a window was asked for"
    figures = UnitFigures(
        unit,
        period,
        between,
        now,
        found,
        [(each, past[HEADLINE.key, None, each]) for each in periods],
        standing.beside.states,
        time_summaries(TIMES, [unit.pk], period, now=now, between=between),
        standing.beside.why,
        level.ids,
    )
    return standing, figures
