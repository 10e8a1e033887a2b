"""Where the metrics of an outcome are to lead: shares to their target path, others to a target of their own.

A target is in percent for a share and a ratio, in points for a net figure, in hours for a time (its median), and a
number for a state. What adds up, such as rules killed, has a target in a leader's plan, by the month.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.utils.translation import gettext as _

from cso.errors import FieldError
from cso.intervals import SMALL_SAMPLE
from cso.metrics.formulas.statistics import Verdict
from cso.metrics.queries.beside import net_of, ratio_of
from cso.metrics.queries.live import Live
from cso.metrics.registry import Metric

_HOUR = 3_600
# Lowest and highest of each unit.
_LIMITS = {
    "percent": (Decimal(0), Decimal(100)),
    "ratio": (Decimal(0), Decimal(1_000)),
    "points": (Decimal(-100), Decimal(100)),
    "hours": (Decimal(0), Decimal(9_999)),
    "number": (Decimal(0), Decimal(999_999)),
}
_UNITS = {"net": "points", "time": "hours", "ratio": "ratio"}


@dataclass(frozen=True)
class Goal:
    """A metric as it is, and where it is to lead. target: None where nobody said, or its path has not begun.

    gap: in the target's unit how far it is short of it, below 0 beyond it; None without data or target.
    """

    live: Live
    target: Decimal | None
    verdict: Verdict
    gap: float | None


def goal_unit(metric: Metric) -> str | None:
    """ "points", "hours", "ratio" (in percent); of states "percent" or "number"; None for what has no own target."""
    if metric.is_state:
        return {"share": "percent", "count": "number"}.get(metric.kind)
    return _UNITS.get(metric.kind)


def goal_errors(metric: Metric, target: Decimal | None) -> list[FieldError]:
    """Why a metric cannot have a target of its own, or not this one."""
    if target is None:
        return []
    unit, name = goal_unit(metric), {"metric": metric.name}
    if unit is None and metric.kind == "share":
        return [FieldError("target", "has_a_path", _("%(metric)s follows its target path, which is set there.") % name)]
    if unit is None:
        return [
            FieldError("target", "adds_up", _("%(metric)s adds up: give it a target by the month in a plan.") % name)
        ]
    low, high = _LIMITS[unit]
    if not (target.is_finite() and low <= target <= high and round(target, 2) == target):
        return [
            FieldError(
                "target",
                "out_of_range",
                _("Use %(low)s to %(high)s, with two decimals at most.") % {"low": low, "high": high},
            )
        ]
    return []


def goal_of(live: Live, own: Decimal | None) -> Goal:
    """own: the target that the outcome gives it; shares of a period have that of their path."""
    if live.metric.kind == "share" and not live.metric.is_state:
        judged = live.judgement
        return Goal(live, live.target, judged.verdict if judged else "no_data", judged.gap if judged else None)
    within = _within(live)
    if own is None or within is None:
        return Goal(live, own, "no_data", None)
    low, value, high = within
    sign, goal = (-1, Fraction(own)) if live.metric.better == "lower" else (1, Fraction(own))
    gap = float(sign * (goal - value)) if value is not None else None
    worst, best = (high, low) if sign < 0 else (low, high)
    verdict: Verdict = "uncertain"
    if worst is not None and sign * worst >= sign * goal:
        verdict = "met"
    elif best is not None and sign * best < sign * goal:
        verdict = "missed"
    return Goal(live, own, verdict, gap)


def value_of(live: Live) -> Fraction | None:
    """The figure in the unit of its target, what adds up as a number; None without data, and for money."""
    if live.metric.kind == "count" and live.figure is not None:
        return Fraction(live.figure.numerator)
    if live.metric.kind == "share" and live.figure is not None:
        return live.figure.share * 100 if live.figure.share is not None else None
    within = _within(live) if live.metric.kind != "money" else None
    return within[1] if within else None


_Number = Fraction | float | None


def _within(live: Live) -> tuple[_Number, Fraction | None, _Number] | None:
    """Between what the value lies, and the value, in the unit of its target; None without data."""
    if live.counts is not None:
        return _exactly(_state(live))
    if live.figure is None:
        return None
    if net := net_of(live.figure):
        # As with shares: of many answers the figure itself decides.
        is_small = live.figure.denominator < SMALL_SAMPLE
        return (net.low * 100, net.value * 100, net.high * 100) if is_small else _exactly(net.value * 100)
    if ratio := ratio_of(live.figure):
        low, high = (None if end is None else end * 100 for end in (ratio.low, ratio.high))
        return low, ratio.value * 100, high
    if live.times is None or not live.times.n:
        return None
    return _exactly(None if live.times.median is None else Fraction(live.times.median) / _HOUR)


def _exactly(value: Fraction | None) -> tuple[_Number, Fraction | None, _Number]:
    return value, value, value


def _state(live: Live) -> Fraction:
    counts = live.counts or {}
    numerator = counts[live.metric.numerator]
    if live.metric.kind != "share":
        return Fraction(numerator)
    denominator = counts[live.metric.denominator]
    return Fraction(numerator * 100, denominator) if denominator else Fraction(0)
