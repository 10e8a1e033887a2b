"""One unit under the glass: its figures in a period, the periods before, and why cases were missed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cso.metrics.counting import Window
from cso.metrics.formulas.statistics import Summary
from cso.metrics.periods import Period
from cso.metrics.queries.figures import HEADLINE, Figure, Reason, figure_of, figures, reasons
from cso.metrics.queries.states import overdue_now
from cso.metrics.queries.times import time_summary
from cso.metrics.registry import METRICS
from cso.people.models import Unit
from tenants.scope import current_tenant

REPORTED, REOPENED, TIMES = METRICS["recovered_24h_reported"], METRICS["reopened"], METRICS["time_to_recover"]
PERIODS_SHOWN = 6


@dataclass(frozen=True)
class UnitReport:
    """What is known of a unit with all below it in a period or a part of one.

    history: whole periods, oldest first; the last is the one reported on. previous: None for a part.
    """

    figure: Figure
    history: list[tuple[Period, Figure]]
    reported: Figure
    reopened: Figure
    times: Summary
    reasons: list[Reason]
    overdue: int
    previous: Figure | None

    @property
    def occurrence_known(self) -> Figure:
        """The headline's cases, of which the numerator is those whose mistake has a known instant."""
        counts = self.figure.counts
        return Figure(HEADLINE, counts["occurrence_known"], self.figure.denominator, 0, self.figure.status, counts)


def unit_report(
    unit: Unit, period: Period, *, now: datetime, between: tuple[datetime, datetime] | None = None
) -> UnitReport:
    """The report of a unit that the viewer was let in to see (`cso.people.queries.visible_units`).

    between: the part of the period that is reported on instead of the whole.
    """
    units, group = [unit.pk], {None: [unit.pk]}
    periods = [period]
    while len(periods) < PERIODS_SHOWN:
        periods.insert(0, periods[0].previous())
    headline = figures(HEADLINE, group, periods, now=now)
    window = Window(unit.pk, *(between or period.bounds(current_tenant().zone)))
    return UnitReport(
        figure=figure_of(HEADLINE, units, period, now=now, between=between) if between else headline[None, period],
        history=[(each, headline[None, each]) for each in periods],
        reported=figure_of(REPORTED, units, period, now=now, between=between),
        reopened=figure_of(REOPENED, units, period, now=now, between=between),
        times=time_summary(TIMES, units, period, now=now, between=between),
        reasons=reasons([window], now=now, most=8)[0],
        overdue=overdue_now(group, now=now)[None],
        previous=None if between else headline[None, periods[-2]],
    )
