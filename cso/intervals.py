"""How sure a share is: intervals of 95 %. Pure functions over plain values; shares are fractions of 1."""

from __future__ import annotations

import math
from dataclasses import dataclass

Z_95 = 1.959963984540054
# Under so many, a share is said with its interval.
SMALL_SAMPLE = 20


@dataclass(frozen=True)
class Interval:
    """A closed interval, low <= high: of shares within 0 to 1, of net shares within -1 to 1."""

    low: float
    high: float


def wilson_interval(numerator: float, denominator: float) -> Interval | None:
    """The Wilson score interval of a share; None without data.

    Of weighted answers both are effective numbers, and no whole ones. Raises ValueError unless
    0 <= numerator <= denominator.
    """
    check_subset(numerator, denominator)
    if denominator == 0:
        return None
    share = numerator / denominator
    z2 = Z_95 * Z_95
    middle = share + z2 / (2 * denominator)
    half = Z_95 * math.sqrt(share * (1 - share) / denominator + z2 / (4 * denominator * denominator))
    scale = 1 + z2 / denominator
    # The ends are exactly 0 and 1 at none and at all; rounding must not push the share itself outside.
    low = 0.0 if numerator == 0 else min((middle - half) / scale, share)
    high = 1.0 if numerator == denominator else max((middle + half) / scale, share)
    return Interval(max(low, 0.0), min(high, 1.0))


def net_interval(favourable: float, unfavourable: float, answers: float) -> Interval | None:
    """The interval of (favourable - unfavourable) / answers, such as a Net Promoter Score; None without data.

    Adjusted Wald with three answers added, 3/4 to either side and 3/2 to the middle (Rocks 2016, "Interval estimation
    for the Net Promoter Score"). Raises ValueError unless both are parts of the answers.
    """
    check_subset(favourable + unfavourable, answers)
    if answers == 0:
        return None
    n = answers + 3
    for_it, against = (favourable + 0.75) / n, (unfavourable + 0.75) / n
    net = for_it - against
    half = Z_95 * math.sqrt((for_it + against - net * net) / n)
    said = (favourable - unfavourable) / answers
    return Interval(max(min(net - half, said), -1.0), min(max(net + half, said), 1.0))


def check_subset(numerator: float, denominator: float) -> None:
    if not 0 <= numerator <= denominator:
        raise ValueError(f"{numerator} of {denominator} is not a share: the numerator must be a subset.")
