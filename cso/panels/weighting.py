"""What an answer weighs. Pure, and exact."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from cso.intervals import SMALL_SAMPLE

G = TypeVar("G", bound=Hashable)


def weights_by_share(people: Mapping[G, int], shares: Mapping[G, Fraction]) -> dict[G, Fraction]:
    """The weight of each answer of a group: the group's share over its answers, times all answers.

    A group without a share weighs nothing. Segments that are pooled are one group, with their shares added up: were
    each weighed by its own, the weighted sum and the plain one together would tell them apart again.
    """
    n = sum(people.values())
    return {group: shares.get(group, Fraction(0)) / count * n for group, count in people.items()}


@dataclass(frozen=True)
class Side:
    """Of a group: how many answered, and how many of them are `critical`, not among those of whom a score is proud."""

    people: int
    critical: int

    def __add__(self, other: Side) -> Side:
        return Side(self.people + other.people, self.critical + other.critical)

    def may_be_weighed(self, k: int) -> bool:
        return self.people >= SMALL_SAMPLE and (self.critical == 0 or self.critical >= k)


def weighable(groups: Sequence[Side], k: int) -> list[bool]:
    """Of groups whose answers came with weights of their own: which may be told weighted, for the whole is told too.

    A sum of single weights says whose they are to who knows them; so it is told of no fewer than k critical answers
    (or none), in a group that is not small. What is not told together must be as many, for the whole less the others
    tells it: while it is not, the smallest is told no more. All are withheld only where the whole has to be.
    """
    told = [group.may_be_weighed(k) for group in groups]
    while any(told) and not all(told):
        rest = sum((group for group, is_told in zip(groups, told, strict=True) if not is_told), Side(0, 0))
        if rest.may_be_weighed(k):
            break
        told[min((n for n, is_told in enumerate(told) if is_told), key=lambda n: groups[n].people)] = False
    return told
