"""Points and scores: exact arithmetic over plain values, which knows of no data, no people and no time.

Source: score = sum(weight x clamp((actual - floor) / (target - floor), 0, 1)) x 100 / sum(weight).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

Number = int | Decimal | Fraction

FULL = 100


def points(actual: Number, floor: Number, target: Number) -> Fraction:
    """0 at the floor and behind it, 100 at the target and beyond, in proportion between; exact.

    A floor above the target is for what is better low. Raises ValueError where the target is the floor.
    """
    start, goal = Fraction(floor), Fraction(target)
    if start == goal:
        raise ValueError(f"No way leads from a floor to a target that is the floor ({goal}).")
    return FULL * min(Fraction(1), max(Fraction(0), (Fraction(actual) - start) / (goal - start)))


def score(items: Iterable[tuple[Number, Fraction | None]]) -> Fraction | None:
    """The weighted mean of (weight, points), 0 to 100, exact.

    None, which is "incomplete", without items, and where any has no points: its weight is never spread over the others.
    """
    total = weights = Fraction(0)
    for weight, gained in items:
        if gained is None:
            return None
        total += Fraction(weight) * gained
        weights += Fraction(weight)
    return total / weights if weights else None


def bounds(scores: Iterable[Fraction | None]) -> tuple[Fraction, Fraction] | None:
    """Between what the mean of scores would lie if each incomplete one had 0, or had 100; None without any."""
    known = list(scores)
    if not known:
        return None
    low = sum((each or Fraction(0) for each in known), Fraction(0))
    return low / len(known), (low + FULL * known.count(None)) / len(known)
