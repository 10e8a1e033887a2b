"""The arithmetic of a ballot: whole numbers alone, by cross-multiplying. Pure; knows neither database nor time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Result = Literal["carried", "lost", "inquorate", "tied"]
BaseOf = Literal["cast", "participating", "eligible", "fixed"]


@dataclass(frozen=True)
class Share:
    """`numerator` / `denominator` of something: more than it, or at least."""

    numerator: int
    denominator: int
    is_more_than: bool

    def least_of(self, count: int) -> int:
        """The smallest whole number that satisfies it: of 25, 28 % is 7; more than half of 6 is 4."""
        part = count * self.numerator
        return part // self.denominator + 1 if self.is_more_than else -(-part // self.denominator)


@dataclass(frozen=True)
class Terms:
    """What of a charter decides. `quorum`: a share of the eligible seats, or a number of seats.

    `majority`: a share of the base; with the base `fixed` the number of yes votes.
    """

    quorum: Share | int
    base: BaseOf
    majority: Share | int
    chair_breaks_ties: bool = False


@dataclass(frozen=True)
class Votes:
    """What was voted. `eligible`: the seats that could, whether they did or not; never the vacant ones."""

    yes: int
    no: int
    abstain: int
    eligible: int

    def __post_init__(self) -> None:
        if min(self.yes, self.no, self.abstain) < 0 or self.participating > self.eligible:
            raise ValueError(f"No ballot can have given {self}.")

    @property
    def cast(self) -> int:
        return self.yes + self.no

    @property
    def participating(self) -> int:
        return self.cast + self.abstain


@dataclass(frozen=True)
class Tally:
    """`quorum`: seats that had to take part. `base_count`: of what the majority is one. `yes_needed`: of it."""

    votes: Votes
    result: Result
    quorum: int
    base_count: int
    yes_needed: int

    @property
    def has_quorum(self) -> bool:
        return self.votes.participating >= self.quorum


def tally(votes: Votes, terms: Terms) -> Tally:
    """What the votes come to.

    Inquorate is not lost. Nothing is carried without a yes. `tied` only where the charter lets the chair break ties, as
    many voted yes as no, and one yes more would carry; elsewhere a tie is lost.
    """
    quorum = quorum_of(votes.eligible, terms)
    base_count = base_of(votes, terms)
    needed = yes_needed(base_count, terms)
    if votes.participating < quorum or votes.participating == 0:
        result: Result = "inquorate"
    elif votes.yes >= needed:
        result = "carried"
    elif terms.chair_breaks_ties and votes.yes == votes.no > 0 and _one_more_carries(votes, terms):
        result = "tied"
    else:
        result = "lost"
    return Tally(votes, result, quorum, base_count, needed)


def break_tie(tied: Tally, terms: Terms, *, yes: bool) -> Tally:
    """The tally after the chair's casting vote, which is a vote beside those of the roll."""
    if tied.result != "tied":
        raise ValueError("There is no tie to break.")
    return Tally(tied.votes, "carried" if yes else "lost", tied.quorum, tied.base_count, tied.yes_needed)


def quorum_of(eligible: int, terms: Terms) -> int:
    """How many seats must take part; at least one."""
    needed = terms.quorum if isinstance(terms.quorum, int) else terms.quorum.least_of(eligible)
    return max(1, needed)


def base_of(votes: Votes, terms: Terms) -> int:
    return {
        "cast": votes.cast,
        "participating": votes.participating,
        "eligible": votes.eligible,
        "fixed": votes.eligible,
    }[terms.base]


def yes_needed(base_count: int, terms: Terms) -> int:
    """The yes votes that carry; at least one, so that 0 : 0 is never two thirds."""
    needed = terms.majority if isinstance(terms.majority, int) else terms.majority.least_of(base_count)
    return max(1, needed)


def yes_still_needed(votes: Votes, terms: Terms) -> int | None:
    """How many of those who have not voted must vote yes, all others staying away; None when it cannot carry any more.

    Both the majority and the quorum are asked for: of 6 eligible seats with one yes so far and a majority of the
    eligible, 3 more.
    """
    left = votes.eligible - votes.participating
    for more in range(left + 1):
        would = Votes(votes.yes + more, votes.no, votes.abstain, votes.eligible)
        if tally(would, terms).result == "carried":
            return more
    return None


def _one_more_carries(votes: Votes, terms: Terms) -> bool:
    if terms.base == "fixed":
        return votes.yes + 1 >= yes_needed(base_of(votes, terms), terms)
    base = base_of(votes, terms)
    # The casting vote adds to the votes given, never to the seats.
    base += 1 if terms.base in {"cast", "participating"} else 0
    return votes.yes + 1 >= yes_needed(base, terms)
