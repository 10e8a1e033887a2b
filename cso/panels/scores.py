"""What a group of people says to one question, as figures. Pure: whole numbers in, exact fractions out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from cso.intervals import SMALL_SAMPLE, Interval, net_interval, wilson_interval
from cso.panels.models import Question
from cso.panels.scales import SCALES

# Kind -> (the highest unfavourable score, the lowest favourable one).
SIDES: dict[str, tuple[int, int]] = {
    Question.Kind.NPS: (6, 9),
    Question.Kind.CSAT: (2, 4),
    Question.Kind.EFFORT: (3, 5),
}


def is_about_reasons(question: Question) -> bool:
    return question.kind == Question.Kind.CHOICE and question.asks_for == Question.AsksFor.REASONS


def has_value(question: Question) -> bool:
    """Whether what is said to it is one number: a score, or of reasons the share of the price alone."""
    return question.kind in SCALES or is_about_reasons(question)


@dataclass(frozen=True)
class Score:
    """What `answers` people say: how many gave each score from the lowest on, or chose each option in their order.

    Favourable is a promoter (9-10), satisfied (4-5), easy (5-7) or, of reasons, the price alone; unfavourable a
    detractor (0-6), dissatisfied (1-2) or hard (1-3).
    """

    kind: str
    answers: int
    favourable: int
    unfavourable: int
    score_sum: int
    counts: tuple[int, ...]

    @property
    def value(self) -> Fraction:
        """NPS: promoters less detractors, -1 to 1. Others: the share that is favourable, 0 to 1."""
        if self.kind == Question.Kind.NPS:
            return Fraction(self.favourable - self.unfavourable, self.answers)
        return Fraction(self.favourable, self.answers)

    @property
    def interval(self) -> Interval:
        """95 %: of NPS adjusted Wald, of a share Wilson."""
        return _interval(self.kind, self.favourable, self.unfavourable, self.answers)

    @property
    def mean(self) -> Fraction | None:
        """The mean score; None where nothing is scored."""
        return Fraction(self.score_sum, self.answers) if self.kind in SCALES else None

    @property
    def is_small(self) -> bool:
        """Whether it is said as k of n, with its interval."""
        return self.answers < SMALL_SAMPLE

    @property
    def shares(self) -> list[Fraction]:
        """Of `counts`; where several options may be chosen, they add up to more than 1."""
        return [Fraction(count, self.answers) for count in self.counts]

    @property
    def share_intervals(self) -> list[Interval]:
        """Wilson, of each of `shares`."""
        return [_interval("", count, 0, self.answers) for count in self.counts]


@dataclass(frozen=True)
class WeightedScore:
    """The same with weights: sums of them over the answers, of their squares, and of weight x score."""

    kind: str
    weight: float
    squares: float
    favourable: float
    unfavourable: float
    score: float

    @property
    def value(self) -> float:
        """NPS: promoters less detractors, -1 to 1. Others: the share that is favourable, 0 to 1."""
        against = self.unfavourable if self.kind == Question.Kind.NPS else 0.0
        return (self.favourable - against) / self.weight

    @property
    def mean(self) -> float | None:
        return self.score / self.weight if self.kind in SCALES else None

    @property
    def effective_answers(self) -> float:
        """Kish's: as many answers of equal weight would say it as surely."""
        return self.weight**2 / self.squares

    @property
    def interval(self) -> Interval:
        """As that of as many answers as are effective."""
        n = self.effective_answers
        favourable, unfavourable = (min(part / self.weight, 1.0) * n for part in (self.favourable, self.unfavourable))
        return _interval(self.kind, favourable, min(unfavourable, n - favourable), n)


def together(scores: Sequence[Score]) -> Score:
    """One group of several, which share no person."""
    return Score(
        scores[0].kind,
        sum(each.answers for each in scores),
        sum(each.favourable for each in scores),
        sum(each.unfavourable for each in scores),
        sum(each.score_sum for each in scores),
        tuple(map(sum, zip(*(each.counts for each in scores), strict=True))),
    )


def _interval(kind: str, favourable: float, unfavourable: float, answers: float) -> Interval:
    if kind == Question.Kind.NPS:
        found = net_interval(favourable, unfavourable, answers)
    else:
        found = wilson_interval(favourable, answers)
    assert found is not None, "a group has answers"
    return found
