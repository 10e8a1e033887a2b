"""Whether a share reaches its target: judged in one place, for rows, pages and the API alike."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from cso.metrics.formulas.statistics import Verdict, verdict
from cso.metrics.queries.figures import Figure


@dataclass(frozen=True)
class Judgement:
    """`gap`: percentage points short of the target, negative beyond it; None without data or target."""

    target: Decimal | None
    verdict: Verdict
    gap: float | None


def judge(figure: Figure, target: Decimal | None) -> Judgement:
    """Hold a share against a target in percent (None: there is none), in the metric's own direction."""
    if target is None or figure.share is None:
        return Judgement(target, "no_data", None)
    lower = figure.metric.better == "lower"
    goal = Fraction(target) / 100
    short = figure.share - goal if lower else goal - figure.share
    found = verdict(figure.numerator, figure.denominator, goal, lower_is_better=lower)
    return Judgement(target, found, float(short * 100))
