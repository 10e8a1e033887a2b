"""Code lists: which column of a survey's file is about what, and what its codes mean.

A file has hundreds of columns; those that the list does not name are nobody's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

from cso.errors import FieldError, InvalidFieldsError
from cso.panels.answering import options_of
from cso.panels.importing.codings import BLANK, Coding, Said, text_of
from cso.panels.models import MAX_SEGMENT, Question, Wave
from cso.people.models import Unit, UnitAncestor
from cso.recovery.loading.rows import Reading, read_instant
from cso.texts import shown, text_errors
from tenants.models import validate_time_zone

PARTS = ("response", "questions", "segment", "unit", "weight", "submitted_at", "language")
LANGUAGES = ("en", "fr-ca")
MOST_SEGMENT_COLUMNS = 5


@dataclass(frozen=True)
class Column:
    """codes: code -> what it says; None: a cell says it itself."""

    name: str
    codes: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Instant:
    """When a response was given: always `at`, or as its column says; neither: when the wave opened."""

    at: datetime | None = None
    column: str | None = None
    reading: Reading = field(default_factory=Reading)


@dataclass(frozen=True)
class CodeList:
    """A code list that fits a wave. `units`: the units of the wave by their codes."""

    response: str
    questions: tuple[Coding, ...]
    segment: tuple[Column, ...]
    unit: Column | None
    weight: str | None
    submitted_at: Instant
    language: Column | None
    units: Mapping[str, UUID]

    @property
    def columns(self) -> dict[str, str]:
        """Each column that is read -> where the list names it first."""
        named = [(self.response, "response"), (self.weight, "weight"), (self.submitted_at.column, "submitted_at")]
        named += [(column.name, "segment") for column in self.segment]
        named += [(column.name, part) for column, part in ((self.unit, "unit"), (self.language, "language")) if column]
        named += [(column, f"questions.{each.question.code}") for each in self.questions for column in each.columns]
        found: dict[str, str] = {}
        for column, part in named:
            if column is not None:
                found.setdefault(column, part)
        return found


def read_code_list(wave: Wave, told: Any) -> CodeList:
    """The code list of an import into `wave`, from its JSON form (`docs/panels.md`).

    Raises `InvalidFieldsError`, each error named by where it stands, such as `code_list.questions.q7a.codes.6`.
    """
    reader = _Reader()
    parts = reader.mapping(told, "", PARTS)
    inside = list(UnitAncestor.objects.filter(ancestor=wave.unit_id).values_list("unit_id", flat=True))
    units = dict(Unit.objects.filter(pk__in=inside).values_list("code", "pk"))
    found = CodeList(
        response=reader.name(parts.get("response"), "response"),
        questions=tuple(_codings(reader, wave, parts.get("questions"))),
        segment=tuple(_segment(reader, parts.get("segment"))),
        unit=_known(reader, parts.get("unit"), "unit", units, "There is no unit with this code in the wave's."),
        weight=None if parts.get("weight") is None else reader.name(parts["weight"], "weight"),
        submitted_at=_instant(reader, parts.get("submitted_at")),
        language=_known(reader, parts.get("language"), "language", LANGUAGES, f"Use {' or '.join(LANGUAGES)}."),
        units=units,
    )
    _check_weights(reader, wave, found)
    if reader.errors:
        raise InvalidFieldsError(reader.errors)
    return found


class _Reader:
    """Reads parts of a code list, and collects what is wrong with them."""

    def __init__(self) -> None:
        self.errors: list[FieldError] = []

    def refuse(self, where: str, code: str, message: str) -> None:
        self.errors.append(FieldError(shown(f"code_list.{where}".strip("."), 100), code, message))

    def mapping(self, told: Any, where: str, known: Iterable[str] | None = None) -> Mapping[str, Any]:
        if not isinstance(told, Mapping):
            self.refuse(where, "not_an_object", "This must be an object.")
            return {}
        names = told if known is None else known
        for name in sorted(set(map(str, told)) - set(names)):
            self.refuse(f"{where}.{name}".strip("."), "unknown", f"Known here: {', '.join(names)}.")
        return told

    def name(self, told: Any, where: str) -> str:
        """The name of a column, without the blanks around it, as in a file's head."""
        if isinstance(told, str) and told.strip() and not text_errors(where, told, 200):
            return told.strip()
        self.refuse(where, "required", "Name the column.")
        return ""

    def column(self, told: Any, where: str) -> Column:
        """A column's name, or an object with `column` and maybe `codes`; each code says a text, "" or "blank" none."""
        if isinstance(told, str):
            return Column(self.name(told, where))
        parts = self.mapping(told, where, ("column", "codes"))
        name = self.name(parts.get("column"), f"{where}.column")
        if parts.get("codes") is None:
            return Column(name)
        codes = {}
        for code, said in self.codes(parts["codes"], f"{where}.codes").items():
            text = text_of(said)
            if text is None or text_errors(where, text, MAX_SEGMENT):
                self.refuse(f"{where}.codes.{code}", "not_text", f"Say a text of up to {MAX_SEGMENT} characters.")
            codes[code] = "" if text in {None, BLANK} else " ".join(str(text).split())
        return Column(name, codes)

    def codes(self, told: Any, where: str) -> dict[str, Any]:
        """Codes as cells are compared with them: 5, 5.0 and "5" are one."""
        found: dict[str, Any] = {}
        for code, said in self.mapping(told, where).items():
            text = text_of(code) or ""
            if text in found:
                self.refuse(f"{where}.{code}", "twice", "This code stands here twice.")
            found[text] = said
        return found


def _codings(reader: _Reader, wave: Wave, told: Any) -> Iterable[Coding]:
    asked = {question.code: question for question in Question.objects.filter(wave=wave).order_by("position")}
    options = options_of(asked.values())
    parts = reader.mapping(told, "questions")
    if not parts:
        reader.refuse("questions", "required", "Say in which column each question was answered.")
    for code, one in parts.items():
        where, question = f"questions.{code}", asked.get(str(code))
        if question is None:
            reader.refuse(where, "unknown", "The wave does not ask this.")
        else:
            known = frozenset(option.code for option in options[question.pk])
            yield _coding(reader, Coding(question, (), {}, known), one, where)


def _coding(reader: _Reader, coding: Coding, told: Any, where: str) -> Coding:
    if isinstance(told, str):
        return replace(coding, columns=(reader.name(told, where),))
    parts = reader.mapping(told, where, ("column", "columns", "codes"))
    columns = _columns(reader, coding, parts, where)
    means: dict[str, Said] = {}
    codes = reader.codes(parts["codes"], f"{where}.codes") if parts.get("codes") is not None else {}
    for code, said in codes.items():
        meaning = coding.meaning(said)
        if meaning is None:
            message = f"Say {coding.answers}, “blank” or “dont_know”."
            reader.refuse(f"{where}.codes.{code}", "unknown_meaning", message)
        else:
            means[code] = meaning
    return replace(coding, columns=columns, means=means)


def _columns(reader: _Reader, coding: Coding, parts: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """One; several for a choice that takes several, of which each says one."""
    several = parts.get("columns")
    if several is None:
        return (reader.name(parts.get("column"), f"{where}.column"),)
    if not isinstance(several, list) or not several or "column" in parts or not coding.question.takes_several:
        message = "Only a choice that takes several may have a list of columns, in place of one column."
        reader.refuse(f"{where}.columns", "not_several", message)
        return ()
    return tuple(reader.name(one, f"{where}.columns.{number}") for number, one in enumerate(several))


def _segment(reader: _Reader, told: Any) -> Iterable[Column]:
    if told is None:
        return []
    several = told if isinstance(told, list) else [told]
    if not 1 <= len(several) <= MOST_SEGMENT_COLUMNS:
        reader.refuse("segment", "out_of_range", f"Combine 1 to {MOST_SEGMENT_COLUMNS} columns.")
        return []
    is_list = isinstance(told, list)
    return [reader.column(one, f"segment.{number}" if is_list else "segment") for number, one in enumerate(several)]


def _known(reader: _Reader, told: Any, where: str, known: Iterable[str], message: str) -> Column | None:
    if told is None:
        return None
    column = reader.column(told, where)
    for code, said in (column.codes or {}).items():
        if said and said not in known:
            reader.refuse(f"{where}.codes.{code}", "unknown", message)
    return column


def _instant(reader: _Reader, told: Any) -> Instant:
    if told is None:
        return Instant()
    if isinstance(told, str):
        at = read_instant("submitted_at", told, Reading())
        if isinstance(at, FieldError):
            reader.refuse(at.field, at.code, at.message)
            return Instant()
        return Instant(at=at)
    where = "submitted_at"
    parts = reader.mapping(told, where, ("column", "time_format", "time_zone"))
    for name in ("time_format", "time_zone"):
        if not isinstance(parts.get(name, ""), str):
            reader.refuse(f"{where}.{name}", "not_text", "This must be text.")
            return Instant()
    reading = Reading(_zone(reader, parts.get("time_zone")), parts.get("time_format"))
    return Instant(column=reader.name(parts.get("column"), f"{where}.column"), reading=reading)


def _zone(reader: _Reader, name: str | None) -> ZoneInfo | None:
    if name is None:
        return None
    try:
        validate_time_zone(name)
    except ValidationError:
        reader.refuse("submitted_at.time_zone", "unknown", "This is not an IANA time zone.")
        return None
    return ZoneInfo(name)


def _check_weights(reader: _Reader, wave: Wave, found: CodeList) -> None:
    if wave.weighting == Wave.Weighting.GIVEN and found.weight is None:
        reader.refuse("weight", "required", "The wave is weighted as its responses say: name the column.")
    if wave.weighting == Wave.Weighting.SEGMENTS and not found.segment:
        reader.refuse("segment", "required", "The wave is weighted by segments: name the column.")
