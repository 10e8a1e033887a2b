"""One unit under the glass: its figures in a period, the periods before, and why cases were missed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cso.metrics.counting import Window
from cso.metrics.formulas import Summary
from cso.metrics.periods import Period
from cso.metrics.queries import HEADLINE, Figure, Reason, figures, overdue_now, reasons, time_to_recover
from cso.metrics.registry import METRICS
from cso.people.models import Unit
from tenants.scope import current_tenant

REPORTED, REOPENED = METRICS["recovered_24h_reported"], METRICS["reopened"]
PERIODS_SHOWN = 6


@dataclass(frozen=True)
class UnitReport:
    """What is known of a unit with all below it in a period; `history` ends with the period itself, oldest first."""

    history: list[tuple[Period, Figure]]
    reported: Figure
    reopened: Figure
    times: Summary
    reasons: list[Reason]
    overdue: int

    @property
    def figure(self) -> Figure:
        return self.history[-1][1]

    @property
    def previous(self) -> Figure:
        return self.history[-2][1]

    @property
    def occurrence_known(self) -> Figure:
        """The headline's cases, of which the numerator is those whose mistake has a known instant."""
        counts = self.figure.counts
        return Figure(HEADLINE, counts["occurrence_known"], self.figure.denominator, 0, self.figure.status, counts)


def unit_report(unit: Unit, period: Period, *, now: datetime) -> UnitReport:
    """The report of a unit that the viewer was let in to see (`cso.people.queries.visible_units`)."""
    group = {None: [unit.pk]}
    periods = [period]
    while len(periods) < PERIODS_SHOWN:
        periods.insert(0, periods[0].previous())
    headline = figures(HEADLINE, group, periods, now=now)
    window = Window(unit.pk, *period.bounds(current_tenant().zone))
    return UnitReport(
        history=[(each, headline[None, each]) for each in periods],
        reported=figures(REPORTED, group, [period], now=now)[None, period],
        reopened=figures(REOPENED, group, [period], now=now)[None, period],
        times=time_to_recover([unit.pk], period, now=now),
        reasons=reasons([window], now=now, most=8)[0],
        overdue=overdue_now(group, now=now)[None],
    )
