"""Figures that others count: defined once, told month by month, and never written over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal
from uuid import UUID

from django.utils.translation import gettext

from cso.errors import ConflictError, FieldError, InvalidFieldsError
from cso.metrics.periods import YEARS, Period
from cso.people.models import Unit
from cso.recovery.loading.rows import Reading, read_instant
from cso.scorecards.models import Measure, MeasureFigure
from cso.scorecards.plans.categories import check_code
from cso.texts import counted, shown, text_errors
from tenants import audit
from tenants.locks import hold_names
from tenants.models import Actor, ApiKey, Membership
from tenants.permissions import require
from tenants.roles import Can
from tenants.scope import current_tenant

MAX_SOURCE = 200
# What one transaction takes in; send more in several.
MOST_ROWS = 1_000
FIELDS = ("measure", "unit", "month", "numerator", "denominator", "source", "as_of")
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_SIZE = Decimal(10) ** 16
_STEP = Decimal("0.0001")


def define_measure(
    code: str,
    name: str,
    *,
    rollup: Measure.Rollup | str,
    source: str,
    by: Actor | None,
    better: Measure.Better | str = Measure.Better.HIGHER,
    nature: Measure.Nature | str = Measure.Nature.OUTCOME,
    unit_word: str = "",
) -> Measure:
    """A figure that this product does not count. Raises `ConflictError` for a code in use.

    source: who counts it, and where it can be looked up. What it is never changes: its figures would change with it.
    """
    require(by, Can.SET_PLANS)
    check_code(code)
    errors = [
        FieldError(each, "required", gettext("This is required.")) for each, v in _texts(name, source) if not v.strip()
    ]
    for each, value, longest in (("name", name, 120), ("source", source, MAX_SOURCE), ("unit_word", unit_word, 20)):
        errors += text_errors(each, value, longest)
    for each, value, choices in (
        ("rollup", rollup, Measure.Rollup.values),
        ("better", better, Measure.Better.values),
        ("nature", nature, Measure.Nature.values),
    ):
        if value not in choices:
            errors.append(
                FieldError(each, "unknown", gettext("Use one of: %(choices)s.") % {"choices": ", ".join(choices)})
            )
    if errors:
        raise InvalidFieldsError(errors)
    hold_names("measures")
    if Measure.objects.filter(code=code).exists():
        raise ConflictError(
            gettext("A measure with the code “%(code)s” exists already.") % {"code": code}, code="code_in_use"
        )
    measure = Measure.objects.create(
        code=code,
        name=name.strip(),
        rollup=rollup,
        source=source.strip(),
        better=better,
        nature=nature,
        unit_word=unit_word.strip(),
    )
    audit.record(by, "define_measure", code, name=measure.name, rollup=str(rollup), nature=str(nature))
    return measure


def _texts(name: str, source: str) -> tuple[tuple[str, str], ...]:
    return ("name", name), ("source", source)


@dataclass(frozen=True)
class FigureOutcome:
    """What became of a line. `unchanged`: the figure in force says so already."""

    line: int
    status: Literal["recorded", "unchanged", "refused"]
    figure: UUID | None = None
    errors: list[FieldError] = field(default_factory=list)


def record_figures(
    rows: Iterable[tuple[int, Any]], *, by: Actor | None, now: datetime, reading: Reading | None = None
) -> list[FigureOutcome]:
    """Tell figures of measures; a line is recorded as a whole, or refused with all its errors, and harms no other.

    rows: (line number, mapping of `FIELDS`), as `json_lines` and `csv_rows` give them: `measure` and `unit` are codes,
    `month` is 2026-03, numbers are numbers or texts with a point. An empty denominator is 1, an empty source that of
    the measure. `as_of` is the instant at which the source had it: within the month or later, and not in the future; it
    has an offset, unless `reading` says in which zone it is. What was told before stays readable; the figure recorded
    last is in force.

    Raises `InvalidFieldsError` of `rows` for more than `MOST_ROWS`.
    """
    require(by, Can.RECORD_FIGURES)
    lines = list(rows)
    if len(lines) > MOST_ROWS:
        raise InvalidFieldsError.of(
            "rows", "too_many", gettext("Send %(most)s lines at most at a time.") % {"most": counted(MOST_ROWS)}
        )
    hold_names("measures")
    known = _Known(
        {measure.code: measure for measure in Measure.objects.all()},
        {unit.code: unit for unit in Unit.objects.all()},
        reading or Reading(),
        now,
    )
    read = [(line, _read(raw, known)) for line, raw in lines]
    told = [figure for _, figure in read if isinstance(figure, MeasureFigure)]
    before = {key: _said(figure) for key, figure in figures_in_force(told).items()}
    new = []
    outcomes = []
    for line, figure in read:
        if not isinstance(figure, MeasureFigure):
            outcomes.append(FigureOutcome(line, "refused", errors=figure))
        elif before.get(_key(figure)) == _said(figure):
            outcomes.append(FigureOutcome(line, "unchanged"))
        else:
            before[_key(figure)] = _said(figure)
            figure.recorded_by = by if isinstance(by, Membership) else None
            figure.api_key = by if isinstance(by, ApiKey) else None
            new.append((line, figure))
    MeasureFigure.objects.bulk_create(figure for _, figure in new)
    outcomes += [FigureOutcome(line, "recorded", figure.pk) for line, figure in new]
    codes = sorted({figure.measure.code for _, figure in new})
    audit.record(by, "record_figures", ", ".join(codes), lines=len(lines), recorded=len(new))
    return sorted(outcomes, key=lambda outcome: outcome.line)


Key = tuple[UUID, UUID, date]


def figures_in_force(wanted: Sequence[MeasureFigure]) -> dict[Key, MeasureFigure]:
    """Of the same measures, units and months as any of `wanted`: the figure recorded last; one query."""
    return in_force(
        {figure.measure_id for figure in wanted},
        {figure.unit_id for figure in wanted},
        {figure.month for figure in wanted},
    )


def in_force(measures: Iterable[UUID], units: Iterable[UUID], months: Iterable[date]) -> dict[Key, MeasureFigure]:
    """The figure in force of each of `measures` in each of `units` and `months` that has one; one query."""
    found = (
        MeasureFigure.objects.filter(measure__in=list(measures), unit__in=list(units), month__in=list(months))
        .order_by("measure_id", "unit_id", "month", "-recorded_at", "-id")
        .distinct("measure_id", "unit_id", "month")
    )
    return {_key(figure): figure for figure in found}


def _key(figure: MeasureFigure) -> Key:
    return figure.measure_id, figure.unit_id, figure.month


def _said(figure: MeasureFigure) -> tuple[Decimal, Decimal, str, datetime]:
    return figure.numerator, figure.denominator, figure.source, figure.as_of


@dataclass(frozen=True)
class _Known:
    measures: Mapping[str, Measure]
    units: Mapping[str, Unit]
    reading: Reading
    now: datetime


def _read(raw: Any, known: _Known) -> MeasureFigure | list[FieldError]:
    """The figure that a line tells, not written yet; or all that is wrong with it."""
    if not isinstance(raw, Mapping):
        return [FieldError("row", "unreadable", gettext("This line is not a row of named fields."))]
    errors = [
        FieldError(shown(str(name), 60), "unknown", gettext("There is no such field."))
        for name in raw
        if name not in FIELDS
    ]
    told: dict[str, Any] = {}
    for name in FIELDS:
        value = _read_field(name, raw.get(name), known)
        if isinstance(value, FieldError):
            errors.append(value)
        told[name] = value
    if not errors:
        errors = _as_of_errors(told["month"], told["as_of"], known.now)
        if told["measure"].rollup == Measure.Rollup.SUM and told["denominator"] != 1:
            errors.append(
                FieldError("denominator", "adds_up", gettext("What is added up has no denominator: leave it out."))
            )
    if errors:
        return errors
    told["source"] = told["source"] or told["measure"].source
    return MeasureFigure(**told)


def _read_field(name: str, value: Any, known: _Known) -> Any:
    """The value of a field, or the `FieldError` that says what is wrong with it."""
    if name in ("numerator", "denominator"):
        return _read_number(name, value)
    text = "" if value is None else value
    if not isinstance(text, str):
        return FieldError(name, "not_text", gettext("This must be text."))
    if errors := text_errors(name, text, MAX_SOURCE):
        return errors[0]
    text = text.strip()
    if not text and name != "source":
        return FieldError(name, "required", gettext("This is required."))
    if name == "measure":
        return known.measures.get(text) or FieldError(
            name, "unknown", gettext("There is no measure “%(code)s”.") % {"code": text[:60]}
        )
    if name == "unit":
        return known.units.get(text) or FieldError(
            name, "unknown", gettext("There is no unit “%(code)s”.") % {"code": text[:60]}
        )
    if name == "month":
        return _read_month(text)
    return read_instant(name, text, known.reading) if name == "as_of" else text


def _read_month(text: str) -> date | FieldError:
    found = _MONTH.fullmatch(text)
    if found and int(found[1]) in YEARS and 1 <= int(found[2]) <= 12:
        return date(int(found[1]), int(found[2]), 1)
    return FieldError("month", "not_a_month", gettext("Write a month as 2026-03."))


def _read_number(name: str, value: Any) -> Decimal | FieldError:
    if value is None or value == "":
        if name == "denominator":
            return Decimal(1)
        return FieldError(name, "required", gettext("This is required."))
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return FieldError(name, "not_a_number", gettext("Write a number, such as 1234.5."))
    try:
        number = Decimal(str(value).strip())
        kept = number.quantize(_STEP) if number.is_finite() and abs(number) < _SIZE else None
    except InvalidOperation:
        return FieldError(name, "not_a_number", gettext("Write a number, such as 1234.5."))
    if kept is None or kept != number:
        return FieldError(name, "out_of_range", gettext("Use a number below 10^16 with four decimals at most."))
    if name == "denominator" and kept <= 0:
        return FieldError(name, "out_of_range", gettext("A denominator is above 0."))
    return kept


def _as_of_errors(month: date, as_of: datetime, now: datetime) -> list[FieldError]:
    starts_at, _ = Period("month", month).bounds(current_tenant().zone)
    if as_of > now:
        return [FieldError("as_of", "in_future", gettext("This lies in the future."))]
    if as_of < starts_at:
        return [FieldError("as_of", "before_month", gettext("Nobody had a month's figure before the month began."))]
    return []
