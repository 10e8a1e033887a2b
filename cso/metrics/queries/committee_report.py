"""What a unit's committees do: rules killed, how fast and to what effect, and whether they keep their own time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cso.metrics.formulas.statistics import Summary
from cso.metrics.periods import Period
from cso.metrics.queries.beside import Ratio, ratio_of
from cso.metrics.queries.figures import Figure, figure_of
from cso.metrics.queries.states import state_counts
from cso.metrics.queries.times import time_summary
from cso.metrics.registry import METRICS
from cso.people.models import Unit

RULES_KILLED, TIME_TO_KILL = METRICS["rules_killed"], METRICS["time_to_kill"]
RULE_EFFECT, COVERAGE = METRICS["rule_effect"], METRICS["committee_coverage"]
DECIDED_IN_TIME, EXECUTED_IN_TIME = METRICS["decided_in_time"], METRICS["executed_in_time"]


@dataclass(frozen=True)
class CommitteeReport:
    """Of a unit with all below it. units, covered: as it stands now.

    ratio: of `effect`; None where no rule had enough cases before to tell.
    """

    killed: Figure
    times: Summary
    effect: Figure
    ratio: Ratio | None
    units: int
    covered: int
    decided: Figure
    executed: Figure

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell: no committee, and nothing that one did."""
        figures = (self.killed, self.effect, self.decided, self.executed)
        return not (self.covered or self.times.n or any(figure.denominator or figure.running for figure in figures))


def committee_report(
    unit: Unit, period: Period, *, now: datetime, between: tuple[datetime, datetime] | None = None
) -> CommitteeReport:
    """The report of a unit that the viewer was let in to see (`cso.people.queries.visible_units`).

    between: the part of the period that is reported on instead of the whole.
    """
    units = [unit.pk]
    effect = figure_of(RULE_EFFECT, units, period, now=now, between=between)
    coverage = state_counts(COVERAGE, {None: units}, now=now)[None]
    return CommitteeReport(
        killed=figure_of(RULES_KILLED, units, period, now=now, between=between),
        times=time_summary(TIME_TO_KILL, units, period, now=now, between=between),
        effect=effect,
        ratio=ratio_of(effect),
        units=coverage[COVERAGE.denominator],
        covered=coverage[COVERAGE.numerator],
        decided=figure_of(DECIDED_IN_TIME, units, period, now=now, between=between),
        executed=figure_of(EXECUTED_IN_TIME, units, period, now=now, between=between),
    )
