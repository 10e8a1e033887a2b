"""What a unit's committees do: rules killed, how fast and to what effect, and whether they keep their own time."""

from __future__ import annotations

from dataclasses import dataclass

from cso.metrics.formulas.statistics import Summary
from cso.metrics.queries.beside import Ratio, ratio_of
from cso.metrics.queries.figures import Figure
from cso.metrics.queries.unit_figures import UnitFigures
from cso.metrics.registry import METRICS

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


def committee_report(figures: UnitFigures) -> CommitteeReport:
    effect = figures.of(RULE_EFFECT)
    coverage = figures.states[COVERAGE.key]
    return CommitteeReport(
        killed=figures.of(RULES_KILLED),
        times=figures.times[TIME_TO_KILL.key],
        effect=effect,
        ratio=ratio_of(effect),
        units=coverage[COVERAGE.denominator],
        covered=coverage[COVERAGE.numerator],
        decided=figures.of(DECIDED_IN_TIME),
        executed=figures.of(EXECUTED_IN_TIME),
    )
