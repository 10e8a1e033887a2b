"""Shares and times as numbers: pure functions over plain values; definitions of the metrics rest on them.

Nothing here knows Django, a tenant or the clock. Times are seconds, shares are fractions of 1.
"""

import math
from bisect import bisect_left
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cso.intervals import SMALL_SAMPLE, check_subset

P90_NEEDS = 10
MEDIAN = Fraction(1, 2)
P90 = Fraction(9, 10)

Verdict = Literal["met", "missed", "uncertain", "no_data"]
Ints = NDArray[np.int64]

_Z_SQUARED = Fraction(Decimal("1.959963984540054")) ** 2
# Far above the rounding of a product of ten million factors, far below any difference that matters.
_ROUNDING = 1e-8


@dataclass(frozen=True)
class Summary:
    """How long it took: n cases, of which `events` ended; median and p90 in seconds.

    None means "not reached" (too many are still open), and for p90 also fewer than 10 cases.
    `certain` is False only for a figure from histograms that might miss their error bound.
    """

    n: int
    events: int
    median: float | None
    p90: float | None
    certain: bool = True

    @property
    def tells_p90(self) -> bool:
        """Whether there are enough cases for a p90, reached or not."""
        return self.n >= P90_NEEDS


def verdict(numerator: int, denominator: int, target: Fraction | Decimal, *, lower_is_better: bool = False) -> Verdict:
    """Say whether a share reaches its target (a share, 0 to 1); a share equal to the target meets it.

    Under 20 it is decided only when the whole Wilson interval lies on one side of the target.
    Integer arithmetic throughout: 9 of 10 against 0.9 is not left to rounding.
    Raises ValueError unless 0 <= numerator <= denominator and 0 <= target <= 1.
    """
    check_subset(numerator, denominator)
    goal = Fraction(target)
    if not 0 <= goal <= 1:
        raise ValueError(f"A target is a share between 0 and 1, not {target}.")
    if denominator == 0:
        return "no_data"
    if lower_is_better:  # at most 10 % late is at least 90 % not late; the interval mirrors too
        numerator, goal = denominator - numerator, 1 - goal
    if denominator >= SMALL_SAMPLE:
        return "met" if numerator >= goal * denominator else "missed"
    return _small_sample_verdict(numerator, denominator, goal)


def _small_sample_verdict(numerator: int, denominator: int, goal: Fraction) -> Verdict:
    """Compare the ends of the Wilson interval with the goal without taking a root.

    The ends are the shares t with (k - t n)^2 = z^2 t (1 - t) n: inside is below, outside is above.
    """
    if goal == 0:
        return "met"
    distance = numerator - goal * denominator
    margin = distance**2 - _Z_SQUARED * goal * (1 - goal) * denominator
    if distance > 0 and margin >= 0:
        return "met"
    if distance < 0 and margin > 0:
        return "missed"
    return "uncertain"


def kaplan_meier_quantile(
    durations: ArrayLike,
    censored_at: ArrayLike,
    q: Fraction,
    *,
    duration_counts: ArrayLike | None = None,
    censored_counts: ArrayLike | None = None,
) -> float | None:
    """The earliest time by which at least the share q has ended; None if that is not reached.

    `durations` are the seconds of those that ended, `censored_at` the seconds for which the open ones
    have been watched; the counts say how often each stands for (once, if left out). At equal times
    events come before censorings. The product of survival is compared with 1 - q exactly.
    Raises ValueError for negative or missing seconds, for negative counts and for q outside (0, 1).
    """
    if not 0 < q < 1:
        raise ValueError(f"A quantile lies between 0 and 1, not at {q}.")
    times, events = _tally(durations, duration_counts)
    if not events.size:
        return None
    at_risk = _at_risk(times, events, *_tally(censored_at, censored_counts))
    step = _first_step_down_to(1 - q, at_risk, at_risk - events)
    return None if step is None else float(times[step])


def time_to_recover(durations: ArrayLike, censored_at: ArrayLike) -> Summary:
    """Median and p90 of the seconds to the fix that held; open cases count as long as they have waited."""
    events, n = np.size(durations), np.size(durations) + np.size(censored_at)
    median = kaplan_meier_quantile(durations, censored_at, MEDIAN)
    p90 = kaplan_meier_quantile(durations, censored_at, P90) if n >= P90_NEEDS else None
    return Summary(n, events, median, p90)


def cumulative_incidence_quantile(
    durations: ArrayLike, others: ArrayLike, censored_at: ArrayLike, q: Fraction
) -> float | None:
    """The earliest time by which the share q of all has ended in this way; None if that is not reached.

    By Aalen and Johansen: `others` are the seconds of those that ended otherwise, which stay among all and will not end
    in this way. (Taken as open, as by Kaplan-Meier, they would be expected to end in it yet.) Without others it is the
    quantile of Kaplan-Meier, and without open ones the plain share of all; compared exactly.
    Raises ValueError as `kaplan_meier_quantile` does.
    """
    if not 0 < q < 1:
        raise ValueError(f"A quantile lies between 0 and 1, not at {q}.")
    own, own_counts = _tally(durations, None)
    every, counts = _tally(np.concatenate([np.asarray(durations, float), np.asarray(others, float)]), None)
    if not own.size:
        return None
    at_risk = _at_risk(every, counts, *_tally(censored_at, None))
    events = np.zeros(every.size, dtype=np.int64)
    events[np.searchsorted(every, own)] = own_counts
    surviving = np.concatenate([np.ones(1), np.cumprod((at_risk - counts) / at_risk)[:-1]])
    reached = np.cumsum(surviving * events / at_risk)
    # Floats find the few steps that are too close to call, fractions decide among them.
    first = int(np.searchsorted(reached, float(q) * (1 - _ROUNDING), side="left"))
    last = int(np.searchsorted(reached, float(q) * (1 + _ROUNDING), side="left"))
    for step in range(first, min(last, every.size)):
        if _incidence_at(step, at_risk, counts, events) >= q:
            return float(every[step])
    return float(every[last]) if last < every.size else None


def _incidence_at(step: int, at_risk: Ints, ended: Ints, events: Ints) -> Fraction:
    """The share of all that has ended in its own way after a step, as an exact fraction."""
    reached, surviving = Fraction(0), Fraction(1)
    for watched, every, own in zip(*(each[: step + 1].tolist() for each in (at_risk, ended, events)), strict=True):
        reached += surviving * Fraction(own, watched)
        surviving *= Fraction(watched - every, watched)
    return reached


def time_with_others(durations: ArrayLike, others: ArrayLike, censored_at: ArrayLike) -> Summary:
    """As `time_to_recover`, where some ended otherwise (`others`): these count among the n, and never as reached."""
    events = np.size(durations)
    n = events + np.size(others) + np.size(censored_at)
    median = cumulative_incidence_quantile(durations, others, censored_at, MEDIAN)
    p90 = cumulative_incidence_quantile(durations, others, censored_at, P90) if n >= P90_NEEDS else None
    return Summary(n, events, median, p90)


def _tally(times: ArrayLike, counts: ArrayLike | None) -> tuple[NDArray[Any], Ints]:
    """Distinct times, rising, and how often each occurs (times that occur 0 times left out)."""
    seconds = np.asarray(times)
    if seconds.size and not np.min(seconds) >= 0:  # "not >=" also catches NaN
        raise ValueError("Seconds are numbers from 0 up.")
    if counts is None:
        distinct, tally = np.unique(seconds, return_counts=True)
        return distinct, tally.astype(np.int64)
    weights = np.asarray(counts, dtype=np.int64)
    if weights.shape != seconds.shape or (weights.size and weights.min() < 0):
        raise ValueError("Each time needs a count from 0 up.")
    distinct, where = np.unique(seconds[weights > 0], return_inverse=True)
    tally = np.zeros(distinct.size, dtype=np.int64)
    np.add.at(tally, where, weights[weights > 0])
    return distinct, tally


def _at_risk(times: NDArray[Any], events: Ints, censored_at: NDArray[Any], censored: Ints) -> Ints:
    """How many were still being watched just before each time of an event."""
    events_before = np.cumsum(events) - events
    censored_up_to = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(censored)])
    censored_before = censored_up_to[np.searchsorted(censored_at, times, side="left")]
    at_risk: Ints = events.sum() + censored.sum() - events_before - censored_before
    return at_risk


def _first_step_down_to(share: Fraction, at_risk: Ints, left: Ints) -> int | None:
    """Index of the first step after which survival is at most `share`; None if it stays above.

    Floats find the few steps that are too close to call, integers decide among them.
    """
    falling = -np.cumprod(left / at_risk)
    possible = int(np.searchsorted(falling, -float(share) * (1 + _ROUNDING), side="left"))
    certain = int(np.searchsorted(falling, -float(share) * (1 - _ROUNDING), side="left"))
    doubtful = range(possible, certain)
    step = possible + bisect_left(doubtful, True, key=lambda i: _survival_at(i, at_risk, left) <= share)
    return step if step < at_risk.size else None


def _survival_at(step: int, at_risk: Ints, left: Ints) -> Fraction:
    """Survival after a step as an exact fraction.

    Between censorings those left are those at risk next, so nearly all factors cancel.
    """
    cut = at_risk[1 : step + 1] != left[:step]
    numerator = [*left[:step][cut].tolist(), int(left[step])]
    denominator = [int(at_risk[0]), *at_risk[1 : step + 1][cut].tolist()]
    return Fraction(math.prod(numerator), math.prod(denominator))
