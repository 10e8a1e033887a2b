"""Did it help? Two counts of cases, before and after, and what chance alone would make of them. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["effective", "no_effect", "harmful", "too_few"]
# With fewer cases before, no difference could be told from chance.
FEWEST_BEFORE = 5
_TAIL = 0.025
_STEPS = 60


@dataclass(frozen=True)
class Effect:
    """`low` to `high`: between which times the rate before the rate after lies, in 95 of 100; `high` may be infinite.

    Both are None where there are too few cases to tell.
    """

    before: int
    after: int
    verdict: Verdict
    low: float | None
    high: float | None


def effect_of(before: int, after: int) -> Effect:
    """Two Poisson counts of equally long times: given their sum, the later one is binomial (Clopper and Pearson)."""
    if before < FEWEST_BEFORE:
        return Effect(before, after, "too_few", None, None)
    low, high = (_ratio(share) for share in _shares(after, before + after))
    verdict: Verdict = "effective" if high < 1 else "harmful" if low > 1 else "no_effect"
    return Effect(before, after, verdict, low, high)


def _shares(part: int, whole: int) -> tuple[float, float]:
    """The exact 95 % interval of a share."""
    low = 0.0 if part == 0 else _where(lambda share: 1 - _at_most(part - 1, whole, share) < _TAIL)
    high = 1.0 if part == whole else _where(lambda share: _at_most(part, whole, share) > _TAIL)
    return low, high


def _where(holds: Callable[[float], bool]) -> float:
    """The share up to which it holds, found by halving."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return (low + high) / 2


def _at_most(part: int, whole: int, share: float) -> float:
    """The chance of `part` or fewer of `whole`."""
    yes, no = math.log(share), math.log1p(-share)
    all_ways = math.lgamma(whole + 1)
    return math.fsum(
        math.exp(all_ways - math.lgamma(n + 1) - math.lgamma(whole - n + 1) + n * yes + (whole - n) * no)
        for n in range(part + 1)
    )


def _ratio(share: float) -> float:
    return math.inf if share >= 1 else share / (1 - share)
