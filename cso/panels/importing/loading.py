"""Loading responses into an imported wave: thousands of rows with tens of questions in seconds.

A response that is sent again replaces what was sent before, whether or not it says the same, so that nobody learns by
sending guesses what somebody answered; after the close nothing is replaced, nor is it told whether it was there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.db import connection

from cso.errors import ConflictError, FieldError, InvalidFieldsError
from cso.panels.holding import hold_wave
from cso.panels.importing.code_lists import CodeList
from cso.panels.importing.rows import Given, read_row
from cso.panels.models import Response, Wave
from cso.texts import shown
from tenants import audit
from tenants.models import Actor
from tenants.permissions import require
from tenants.roles import Can
from tenants.scope import current_tenant_id

# What one transaction loads.
ROWS_AT_ONCE = 5_000
STATUSES = ("created", "replaced", "superseded", "late", "refused")
# What a response is known by, and what is replaced where it is sent again.
_KEY = ("tenant", "wave", "external_id")
_REPLACED = ("segment", "unit", "weight", "language", "started_at", "submitted_at", "is_late")
Status = Literal["created", "replaced", "superseded", "late", "refused"]


@dataclass(frozen=True)
class Outcome:
    """What became of one line.

    superseded: a later line has the same external id. late: given after the wave's close, or sent after it; a new one
    is kept and not counted, and one that was there stays as it was.
    """

    line: int
    status: Status
    external_id: str = ""
    errors: list[FieldError] = field(default_factory=list)


def import_responses(
    wave: Wave, rows: Iterable[tuple[int, Any]], codes: CodeList, *, by: Actor | None, now: datetime
) -> list[Outcome]:
    """Load decoded lines (number, mapping of column to cell) in the current transaction; outcomes by line.

    A wrong line is refused by its columns and the others go in. Raises `InvalidFieldsError` where no line has a column
    that the code list names; `ConflictError` with the code `not_imported` (people are asked in this wave), `not_open`
    or `cancelled`.
    """
    require(by, Can.IMPORT_RESPONSES)
    wave, _ = hold_wave(wave.pk, alone=True)
    _refuse_wave(wave)
    lines = list(rows)
    _refuse_missing_columns(lines, codes)
    outcomes: list[Outcome] = []
    given: dict[str, Given] = {}
    for line, raw in lines:
        read = read_row(line, raw, codes, wave)
        if not isinstance(read, Given):
            outcomes.append(Outcome(line, "refused", read[0], read[1]))
            continue
        if (earlier := given.pop(read.external_id, None)) is not None:
            outcomes.append(Outcome(earlier.line, "superseded", earlier.external_id))
        given[read.external_id] = read
    outcomes += _load(wave, given, now)
    told = dict(Counter(outcome.status for outcome in outcomes))
    audit.record(by, "import_responses", wave.name, wave=str(wave.pk), rows=len(lines), **told)
    return sorted(outcomes, key=lambda outcome: outcome.line)


def _refuse_wave(wave: Wave) -> None:
    if not wave.is_imported:
        raise ConflictError("People are asked in this wave: only they answer it.", code="not_imported")
    if wave.status == Wave.Status.CANCELLED:
        raise ConflictError("This wave was called off.", code="cancelled")
    if wave.status == Wave.Status.DRAFT:
        raise ConflictError("Open the wave first: from then on no question changes.", code="not_open")


def _refuse_missing_columns(lines: Sequence[tuple[int, Any]], codes: CodeList) -> None:
    there = {name for _, raw in lines if isinstance(raw, dict) for name in raw}
    errors = [
        FieldError(f"code_list.{part}"[:100], "missing_column", f"The file has no column “{shown(column, 100)}”.")
        for column, part in codes.columns.items()
        if column not in there
    ]
    if lines and errors:
        raise InvalidFieldsError(errors)


def _load(wave: Wave, given: dict[str, Given], now: datetime) -> list[Outcome]:
    found = Response.objects.filter(wave=wave, external_id__in=list(given)).values_list("external_id", "pk")
    known = {external_id: pk for external_id, pk in found if external_id is not None}
    is_closed = wave.status == Wave.Status.CLOSED
    if is_closed:
        wanted = [one for one in given.values() if one.external_id not in known]
    else:
        wanted = list(given.values())
        _remove_answers([*known.values()])
    responses = [_response(wave, one, is_closed) for one in wanted]
    for response in responses:
        if response.external_id in known:
            response.pk = known[response.external_id]
    Response.objects.bulk_create(
        responses, batch_size=1_000, update_conflicts=True, unique_fields=_KEY, update_fields=_REPLACED
    )
    _write_answers(responses, wanted)
    late = {one.external_id for one in responses if one.is_late} | (set(known) if is_closed else set())

    def status(one: Given) -> Status:
        if one.external_id in late:
            return "late"
        return "replaced" if one.external_id in known else "created"

    return [Outcome(one.line, status(one), one.external_id) for one in given.values()]


def _response(wave: Wave, one: Given, is_closed: bool) -> Response:
    submitted_at = one.submitted_at or wave.opens_at
    return Response(
        wave=wave,
        external_id=one.external_id,
        segment=one.segment,
        unit_id=one.unit or wave.unit_id,
        weight=one.weight,
        language=one.language,
        started_at=submitted_at,
        submitted_at=submitted_at,
        is_late=is_closed or submitted_at >= wave.closes_at,
    )


def _remove_answers(responses: list[Any]) -> None:
    """By hand: nothing hangs on answers until the wave has closed."""
    with connection.cursor() as cursor:
        query = "DELETE FROM panels_answer WHERE tenant_id = %s AND response_id = ANY(%s)"
        cursor.execute(query, [current_tenant_id(), responses])


_STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS given_answers (
    response_id uuid, question_id uuid, score smallint, choices text[], words text, does_not_know boolean
) ON COMMIT DROP
"""
_INSERT = """
INSERT INTO panels_answer (tenant_id, response_id, question_id, score, choices, words, does_not_know)
SELECT %s, response_id, question_id, score, choices, words, does_not_know FROM pg_temp.given_answers
"""


def _write_answers(responses: Sequence[Response], given: Sequence[Given]) -> None:
    """By COPY, through a table of this transaction: none goes straight into a table with row-level security."""
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        cursor.execute("TRUNCATE pg_temp.given_answers")
        with cursor.copy("COPY pg_temp.given_answers FROM STDIN") as copy:
            for response, one in zip(responses, given, strict=True):
                for answer in one.answers:
                    copy.write_row((response.pk, *answer))
        cursor.execute(_INSERT, [current_tenant_id()])
