"""The answers of a wave, counted by the database as finely as their groups need, and added up to those."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import connection

from cso.panels.models import Question, Wave
from cso.panels.scales import SCALES
from cso.panels.scores import SIDES
from tenants.scope import current_tenant_id

K = TypeVar("K")

# Weights have eight decimals; in whole numbers their sums, and those of their squares, are exact.
WEIGHT_SCALE = 10**8
# In one pass: how many answered by unit and segment, what they said by unit, and what they said by segment.
_CELLS = """
    SELECT answer.question_id, GROUPING(response.unit_id, response.segment), response.unit_id, response.segment,
        answer.score, answer.choices, count(*),
        COALESCE(sum(response.weight), 0), COALESCE(sum(response.weight * response.weight), 0)
    FROM panels_response response
    JOIN panels_answer answer ON answer.tenant_id = response.tenant_id AND answer.response_id = response.id
    JOIN unnest(%s::uuid[], %s::int[], %s::int[]) AS asked(id, low, high) ON asked.id = answer.question_id
    WHERE response.tenant_id = %s AND response.wave_id = %s AND response.is_counted
        AND answer.question_id = ANY(%s::uuid[])
        AND (answer.score BETWEEN asked.low AND asked.high OR answer.choices <> '{}' OR answer.words <> '')
    GROUP BY GROUPING SETS (
        (answer.question_id, response.unit_id, response.segment),
        (answer.question_id, response.unit_id, answer.score, answer.choices),
        (answer.question_id, response.segment, answer.score, answer.choices))
"""
_BY_UNIT, _BY_SEGMENT = 1, 2


@dataclass(frozen=True, slots=True)
class Said:
    """What one answer says: its place in the counts (several of a choice), its score, and on which side it is."""

    places: tuple[int, ...]
    score: int
    is_favourable: bool
    is_unfavourable: bool


@dataclass(frozen=True, slots=True)
class Cell(Generic[K]):
    """So many people of one unit, or of one segment, say the same; with the sums of their weights and the squares."""

    key: K
    people: int
    said: Said
    weight: int
    squares: int


@dataclass(frozen=True)
class Counted:
    """The valid answers to one question: how many by unit and segment, and what is said by either."""

    people: dict[tuple[UUID, str], int]
    by_unit: list[Cell[UUID]]
    by_segment: list[Cell[str]]


@dataclass(slots=True)
class Tally:
    """The sums of a group: of people, and (in units of 1 / `WEIGHT_SCALE`, the squares of its square) of weights."""

    counts: list[int]
    people: int = 0
    favourable: int = 0
    unfavourable: int = 0
    score: int = 0
    weight: int = 0
    squares: int = 0
    weight_favourable: int = 0
    weight_unfavourable: int = 0
    weight_score: int = 0

    def add(self, cell: Cell[Any]) -> None:
        said, people, weight = cell.said, cell.people, cell.weight
        self.people += people
        self.score += said.score * people
        self.weight += weight
        self.squares += cell.squares
        self.weight_score += said.score * weight
        for place in said.places:
            self.counts[place] += people
        if said.is_favourable:
            self.favourable += people
            self.weight_favourable += weight
        elif said.is_unfavourable:
            self.unfavourable += people
            self.weight_unfavourable += weight


_SUMS = [each.name for each in fields(Tally) if each.name != "counts"]


def counted_in(wave: Wave, questions: Sequence[Question]) -> dict[UUID, Counted]:
    """By question: its valid answers among the responses that count. "Don't know" and a blank are none."""
    readers = {question.pk: _Reader(question) for question in questions}
    found = {question.pk: Counted({}, [], []) for question in questions}
    # The others have no score: no number lies in their scale.
    scales = [SCALES.get(question.kind, (1, 0)) for question in questions]
    lows, highs = [low for low, _ in scales], [high for _, high in scales]
    with connection.cursor() as cursor:
        # All is read once, and never all answers for each response, as it is planned where the statistics lag behind a
        # large import.
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(_CELLS, [list(found), lows, highs, current_tenant_id(), wave.pk, list(found)])
        rows = cursor.fetchall()
        cursor.execute("SET LOCAL enable_nestloop = on")
        for question, grouping, unit, segment, score, choices, people, weight, squares in rows:
            into = found[question]
            if grouping not in (_BY_UNIT, _BY_SEGMENT):
                into.people[unit, segment] = people
                continue
            said = readers[question].read(score, tuple(choices))
            sums = int(weight * WEIGHT_SCALE), int(squares * WEIGHT_SCALE**2)
            if grouping == _BY_UNIT:
                into.by_unit.append(Cell(unit, people, said, *sums))
            else:
                into.by_segment.append(Cell(segment, people, said, *sums))
    return found


def width_of(question: Question) -> int:
    """How many counts its answers fill."""
    if question.kind in SCALES:
        low, high = SCALES[question.kind]
        return high - low + 1
    return len(question.options.all())


def together(tallies: Iterable[Tally], width: int) -> Tally:
    """The sums of several groups."""
    whole = Tally([0] * width)
    for tally in tallies:
        whole.counts = [a + b for a, b in zip(whole.counts, tally.counts, strict=True)]
        for name in _SUMS:
            setattr(whole, name, getattr(whole, name) + getattr(tally, name))
    return whole


class _Reader:
    """Reads what an answer to one question says; the same answers once."""

    def __init__(self, question: Question) -> None:
        self.kind = question.kind
        options = sorted(question.options.all(), key=lambda option: (option.position, option.pk))
        self.places = {option.code: place for place, option in enumerate(options)}
        self.prices = {option.code for option in options if option.is_price}
        self.asks_for_reasons = question.asks_for == Question.AsksFor.REASONS
        self.known: dict[tuple[int | None, tuple[str, ...]], Said] = {}

    def read(self, score: int | None, choices: tuple[str, ...]) -> Said:
        key = score, choices
        if key not in self.known:
            self.known[key] = self._score(score) if score is not None else self._other(choices)
        return self.known[key]

    def _score(self, score: int) -> Said:
        low, _ = SCALES[self.kind]
        most_unfavourable, least_favourable = SIDES[self.kind]
        return Said((score - low,), score, score >= least_favourable, score <= most_unfavourable)

    def _other(self, choices: tuple[str, ...]) -> Said:
        chosen = [choice for choice in choices if choice in self.places]
        is_price_alone = self.asks_for_reasons and bool(chosen) and self.prices.issuperset(chosen)
        return Said(tuple(self.places[choice] for choice in chosen), 0, is_price_alone, False)
