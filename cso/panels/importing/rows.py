"""One row of a survey's file: checked cell by cell, without the database; a wrong one never harms its neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from cso.errors import FieldError
from cso.panels.importing.code_lists import LANGUAGES, CodeList, Column
from cso.panels.importing.codings import NOTHING, Coding, Said, text_of
from cso.panels.models import MAX_SEGMENT, Wave
from cso.recovery.loading.rows import read_instant
from cso.texts import shown, text_errors

MAX_EXTERNAL_ID = 100
# As many digits behind the point as a weight is kept with; more are rounded.
_WEIGHT_UNIT = Decimal("0.00000001")
_WEIGHT_BELOW = Decimal(10) ** 6
# Between the parts of a segment of several columns.
BESIDE = " / "


@dataclass
class Given:
    """A response as a row gives it. answers: question -> (score, choices, words, does not know), without blanks."""

    line: int
    external_id: str
    segment: str = ""
    unit: UUID | None = None
    weight: Decimal | None = None
    language: str = LANGUAGES[0]
    submitted_at: datetime | None = None
    answers: list[tuple[UUID, int | None, list[str], str, bool]] = field(default_factory=list)


def read_row(line: int, raw: Any, codes: CodeList, wave: Wave) -> Given | tuple[str, list[FieldError]]:
    """The response of a row, a mapping of column to cell; else its external id and what is wrong, by column."""
    if not isinstance(raw, Mapping):
        return "", [FieldError("row", "unreadable", "This line has not as many cells as the head, or is no row.")]
    row = _Row(raw, codes, wave)
    given = Given(
        line,
        row.external_id(),
        segment=row.segment(),
        unit=row.unit(),
        weight=row.weight(),
        language=row.language(),
        submitted_at=row.submitted_at(),
    )
    for coding in codes.questions:
        row.answer(coding, given)
    return (given.external_id, row.errors) if row.errors else given


class _Row:
    def __init__(self, raw: Mapping[Any, Any], codes: CodeList, wave: Wave) -> None:
        self.raw, self.codes, self.wave = raw, codes, wave
        self.errors: list[FieldError] = []

    def refuse(self, column: str, code: str, message: str) -> None:
        self.errors.append(FieldError(shown(column, 100), code, message))

    def cell(self, column: str) -> str:
        text = text_of(self.raw.get(column))
        if text is None:
            self.refuse(column, "not_text", "A cell is a text or a number.")
        return text or ""

    def text(self, column: str, longest: int) -> str:
        text = " ".join(self.cell(column).split())
        self.errors += text_errors(shown(column, 100), text, longest)
        return shown(text, longest)

    def external_id(self) -> str:
        found = self.text(self.codes.response, MAX_EXTERNAL_ID)
        if not found:
            self.refuse(self.codes.response, "required", "Each response needs its own id.")
        return found

    def told(self, column: Column | None) -> str:
        """What a coded cell says; "" for nothing."""
        if column is None:
            return ""
        if column.codes is None:
            return self.text(column.name, MAX_SEGMENT)
        text = self.cell(column.name)
        said = column.codes.get(text, None if text else "")
        if said is None:
            self.refuse(column.name, "unknown_code", f"“{shown(text, 40)}” is not in the code list.")
        return said or ""

    def language(self) -> str:
        said = self.told(self.codes.language) or LANGUAGES[0]
        if said not in LANGUAGES:
            assert self.codes.language is not None
            self.refuse(self.codes.language.name, "unknown", f"Use {' or '.join(LANGUAGES)}.")
        return said

    def segment(self) -> str:
        """Of several columns what all of them say; not known where one of them says nothing."""
        parts = [self.told(column) for column in self.codes.segment]
        segment = BESIDE.join(parts) if all(parts) else ""
        if len(segment) > MAX_SEGMENT:
            message = f"“{shown(segment, 80)}” is longer than {MAX_SEGMENT} characters."
            self.refuse(self.codes.segment[0].name, "too_long", message)
        return segment

    def unit(self) -> UUID | None:
        """None for the wave's."""
        code = self.told(self.codes.unit)
        if code and code not in self.codes.units:
            assert self.codes.unit is not None
            message = f"The wave's units have none with the code “{shown(code, 60)}”."
            self.refuse(self.codes.unit.name, "unknown", message)
        return self.codes.units.get(code)

    def weight(self) -> Decimal | None:
        column = self.codes.weight
        if column is None:
            return None
        text = self.cell(column)
        if not text:
            if self.wave.weighting == Wave.Weighting.GIVEN:
                self.refuse(column, "required", "The wave is weighted as its responses say.")
            return None
        try:
            weight = Decimal(text)
        except InvalidOperation:
            weight = Decimal(0)
        if not (weight.is_finite() and 0 < weight < _WEIGHT_BELOW and (kept := weight.quantize(_WEIGHT_UNIT)) > 0):
            self.refuse(column, "not_a_weight", f"“{shown(text, 40)}” is not a number above 0, such as 1.25.")
            return None
        return kept

    def submitted_at(self) -> datetime | None:
        instant = self.codes.submitted_at
        at: datetime | FieldError | None = instant.at
        if instant.column is not None and (text := self.cell(instant.column)):
            at = read_instant(shown(instant.column, 100), text, instant.reading)
        if isinstance(at, FieldError):
            self.errors.append(at)
            return None
        if at is not None and at < self.wave.opens_at:
            message = f"{at:%Y-%m-%d %H:%M} UTC is before the wave opened."
            self.refuse(instant.column or "submitted_at", "before_the_wave", message)
        return at

    def answer(self, coding: Coding, given: Given) -> None:
        said: list[Said] = []
        for column in coding.columns:
            one = coding.read(column, self.cell(column))
            if isinstance(one, FieldError):
                # The same cell may have been read in another column.
                self.refuse(column, one.code, one.message)
            elif one != NOTHING:
                said.append(one)
        if not said:
            return
        choices = list(dict.fromkeys(one.choice for one in said if one.choice))
        first = said[0]
        does_not_know = first.does_not_know and not choices
        given.answers.append((coding.question.pk, first.score, choices, first.words, does_not_know))
