"""One row of a bulk load: read from JSON or CSV, checked field by field, without the database.

A row either becomes clean values or a list of field errors; it never harms its neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from cso.errors import FieldError
from cso.recovery.causes import cause_errors
from cso.recovery.clocks import instant_errors
from cso.recovery.models import MAX_SUMMARY, Channel
from cso.texts import shown, text_errors

TEXTS: dict[str, int] = {
    "external_id": 100,
    "unit": 100,
    "customer": 100,
    "cause": 120,
    "channel": 10,
    "summary": MAX_SUMMARY,
}
INSTANTS = ("occurred_at", "reported_at", "fixed_at")
FIELDS = (*TEXTS, *INSTANTS)

# Keys of other systems, which some of them send as numbers.
_KEYS = frozenset({"external_id", "unit", "customer"})
_CHANNELS = frozenset(Channel.values)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")


@dataclass(frozen=True)
class Reading:
    """How a file is to be read.

    zone: the zone of times without an offset; None refuses them. time_format: for `datetime.strptime`; None means
    ISO 8601. columns: field -> the file's own column name, for fields that are called otherwise there.
    """

    zone: ZoneInfo | None = None
    time_format: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Row:
    """Clean values of one line; None where the line does not say. `unit` and `customer` are codes and external ids."""

    line: int
    external_id: str | None = None
    unit: str | None = None
    customer: str | None = None
    cause: str | None = None
    channel: str | None = None
    summary: str | None = None
    occurred_at: datetime | None = None
    reported_at: datetime | None = None
    fixed_at: datetime | None = None


@dataclass
class Refusal:
    """A line that does not go in, and why, by field."""

    line: int
    external_id: str
    errors: list[FieldError]


def read_row(line: int, raw: Any, reading: Reading, now: datetime) -> Row | Refusal:
    """Check one decoded line, a mapping of field (or column) to value; an empty or missing value says nothing."""
    if not isinstance(raw, Mapping):
        return Refusal(line, "", [FieldError("row", "unreadable", "This line is not a row of named fields.")])
    told, errors = _by_field(raw, reading)
    row = Row(line)
    for name, value in told.items():
        if value is None or value == "":
            continue
        read = _read_text(name, value) if name in TEXTS else read_instant(name, value, reading)
        if isinstance(read, FieldError):
            errors.append(read)
        else:
            setattr(row, name, read)
    errors += check_row(row, reading, now)
    if errors:
        return Refusal(line, _shown_id(told.get("external_id")), errors)
    return row


def check_row(row: Row, reading: Reading, now: datetime) -> list[FieldError]:
    """What the values of one row say against each other; settles which instant an ambiguous wall time means."""
    _settle_repeated_hour(row, reading)
    return _meaning_errors(row, now)


def _read_text(name: str, value: Any) -> str | FieldError | None:
    if isinstance(value, int) and not isinstance(value, bool) and name in _KEYS:
        value = str(value)
    if not isinstance(value, str):
        return FieldError(name, "not_text", "This must be text.")
    if problems := text_errors(name, value, TEXTS[name]):
        return problems[0]
    return value if name == "summary" else " ".join(value.split()) or None


def _by_field(raw: Mapping[Any, Any], reading: Reading) -> tuple[dict[str, Any], list[FieldError]]:
    if reading.columns:
        # A mapped file brings columns of its own that are nobody's mistake.
        return {name: raw.get(column) for name, column in reading.columns.items()}, []
    unknown = [
        FieldError(shown(str(name), 60), "unknown", "There is no such field.") for name in raw if name not in FIELDS
    ]
    return {name: raw[name] for name in FIELDS if name in raw}, unknown


def _meaning_errors(row: Row, now: datetime) -> list[FieldError]:
    errors = []
    if row.channel is not None and row.channel not in _CHANNELS:
        errors.append(FieldError("channel", "unknown", f"Use one of: {', '.join(Channel.values)}."))
    if row.cause is not None:
        errors += cause_errors(row.cause)
    return errors + instant_errors(
        occurred_at=row.occurred_at, reported_at=row.reported_at, first_fixed_at=row.fixed_at, now=now
    )


def read_instant(name: str, value: Any, reading: Reading) -> datetime | FieldError:
    """An instant in UTC from text, in the reading's format and zone."""
    if not isinstance(value, str):
        return FieldError(name, "not_a_time", gettext("Write a time as text, such as 2026-03-08T09:30:00Z."))
    try:
        instant = _parse(value.strip(), reading.time_format)
        if instant.tzinfo is None:
            if reading.zone is None:
                message = gettext("Give the time an offset (…Z or …-05:00), or the load a time_zone.")
                return FieldError(name, "no_zone", message)
            instant = instant.replace(tzinfo=reading.zone)
            if _is_skipped(instant, reading.zone):
                message = gettext("%(time)s does not exist in %(zone)s: the clocks went forward over it.")
                words = {"time": shown(value, 40), "zone": reading.zone.key}
                return FieldError(name, "skipped_by_clocks", message % words)
        return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        example = reading.time_format or "2026-03-08T09:30:00Z"
        message = gettext("“%(time)s” is not a time like %(example)s.")
        return FieldError(name, "not_a_time", message % {"time": shown(value, 40), "example": example})


def _parse(text: str, time_format: str | None) -> datetime:
    if time_format is not None:
        return datetime.strptime(text, time_format)  # noqa: DTZ007 (the reading's zone comes after)
    if not _ISO.match(text):
        raise ValueError
    return datetime.fromisoformat(text)


def _is_skipped(instant: datetime, zone: ZoneInfo) -> bool:
    return instant.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != instant.replace(tzinfo=None)


_HOUR = timedelta(hours=1)


def _settle_repeated_hour(row: Row, reading: Reading) -> None:
    """Where clocks went back a wall time names two instants: take the later for a fix that would precede its report."""
    if reading.zone is None or row.fixed_at is None or row.reported_at is None:
        return
    start = row.occurred_at or row.reported_at
    if row.fixed_at < start:
        try:
            later = row.fixed_at.astimezone(reading.zone).replace(fold=1).astimezone(UTC)
        except OverflowError:
            return  # At the calendar's edge, which `instant_errors` refuses.
        if later >= start and later - row.fixed_at <= _HOUR:
            row.fixed_at = later


def _shown_id(value: Any) -> str:
    return shown(str(value), 100) if value not in (None, "") else ""
