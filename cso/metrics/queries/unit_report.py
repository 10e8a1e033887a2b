"""One unit under the glass: its figures in a period, the periods before, and why cases were missed."""

from __future__ import annotations

from dataclasses import dataclass

from cso.metrics.formulas.statistics import Summary
from cso.metrics.periods import Period
from cso.metrics.queries.figures import HEADLINE, Figure
from cso.metrics.queries.unit_figures import UnitFigures
from cso.metrics.queries.why import Why
from cso.metrics.registry import METRICS

REPORTED, REOPENED, TIMES = METRICS["recovered_24h_reported"], METRICS["reopened"], METRICS["time_to_recover"]


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
    why: Why
    previous: Figure | None

    @property
    def occurrence_known(self) -> Figure:
        """The headline's cases, of which the numerator is those whose mistake has a known instant."""
        counts = self.figure.counts
        return Figure(HEADLINE, counts["occurrence_known"], self.figure.denominator, 0, self.figure.status, counts)


def unit_report(figures: UnitFigures) -> UnitReport:
    return UnitReport(
        figure=figures.of(HEADLINE),
        history=figures.history,
        reported=figures.of(REPORTED),
        reopened=figures.of(REOPENED),
        times=figures.times[TIMES.key],
        why=figures.why,
        previous=None if figures.between else figures.history[-2][1],
    )
