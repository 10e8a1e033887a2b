"""The answers of a wave, counted by the database as finely as their groups need, and added up to those."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from cso.panels.models import Question, Wave
from cso.panels.scales import SCALES
from cso.panels.scores import SIDES
from tenants.scope import current_tenant_id

# Weights have eight decimals; in whole numbers their sums, and those of their squares, are exact.
WEIGHT_SCALE = 10**8
_CELLS = """
    SELECT answer.question_id, response.unit_id, response.segment, answer.score, answer.choices, count(*),
        COALESCE(sum(response.weight), 0), COALESCE(sum(response.weight * response.weight), 0)
    FROM panels_response response JOIN panels_answer answer
        ON answer.tenant_id = response.tenant_id AND answer.response_id = response.id
    WHERE response.tenant_id = %s AND response.wave_id = %s AND response.is_counted
        AND (answer.score IS NOT NULL OR answer.choices <> '{}' OR answer.words <> '')
    GROUP BY answer.question_id, response.unit_id, response.segment, answer.score, answer.choices
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What one answer says: its place in the counts (several of a choice), its score, and on which side it is."""

    places: tuple[int, ...]
    score: int
    is_favourable: bool
    is_unfavourable: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """So many people of one unit and one segment say the same; with the sum of their weights, and of its squares."""

    unit: UUID
    segment: str
    people: int
    said: Said
    weight: int
    squares: int


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

    def add(self, cell: Cell) -> None:
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


def cells_of(wave: Wave, questions: Sequence[Question]) -> dict[UUID, list[Cell]]:
    """By question: its valid answers among the responses that count. "Don't know" and a blank are none."""
    readers = {question.pk: _Reader(question) for question in questions}
    found: dict[UUID, list[Cell]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_CELLS, [current_tenant_id(), wave.pk])
        for question, unit, segment, score, choices, people, weight, squares in cursor.fetchall():
            said = readers[question].read(score, tuple(choices))
            if said is not None:
                sums = int(weight * WEIGHT_SCALE), int(squares * WEIGHT_SCALE**2)
                found[question].append(Cell(unit, segment, people, said, *sums))
    return found


def width_of(question: Question) -> int:
    """How many counts its answers fill."""
    if question.kind in SCALES:
        low, high = SCALES[question.kind]
        return high - low + 1
    return len(question.options.all())


def add_up(cells: Iterable[Cell], width: int) -> Tally:
    tally = Tally([0] * width)
    for cell in cells:
        tally.add(cell)
    return tally


class _Reader:
    """Reads what an answer to one question says; the same answers once."""

    def __init__(self, question: Question) -> None:
        self.kind = question.kind
        options = sorted(question.options.all(), key=lambda option: (option.position, option.pk))
        self.places = {option.code: place for place, option in enumerate(options)}
        self.prices = {option.code for option in options if option.is_price}
        self.asks_for_reasons = question.asks_for == Question.AsksFor.REASONS
        self.known: dict[tuple[int | None, tuple[str, ...]], Said | None] = {}

    def read(self, score: int | None, choices: tuple[str, ...]) -> Said | None:
        """None for what is no valid answer."""
        key = score, choices
        if key not in self.known:
            self.known[key] = self._score(score) if self.kind in SCALES else self._other(choices)
        return self.known[key]

    def _score(self, score: int | None) -> Said | None:
        low, high = SCALES[self.kind]
        if score is None or not low <= score <= high:
            return None
        most_unfavourable, least_favourable = SIDES[self.kind]
        return Said((score - low,), score, score >= least_favourable, score <= most_unfavourable)

    def _other(self, choices: tuple[str, ...]) -> Said | None:
        if self.kind == Question.Kind.WORDS:
            return Said((), 0, False, False)
        chosen = [choice for choice in choices if choice in self.places]
        if not chosen:
            return None
        is_price_alone = self.asks_for_reasons and self.prices.issuperset(chosen)
        return Said(tuple(self.places[choice] for choice in chosen), 0, is_price_alone, False)
