"""Bulk: many cases at once, as JSON, JSON lines or CSV; a few at once are answered row by row, more become a job."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from django.core.exceptions import ValidationError
from django.urls import reverse
from rest_framework import serializers
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from api.columns import columns_of, map_parameter
from api.fields import Body, Text
from api.filters import ListFilters
from api.idempotency import idempotent
from api.pagination import Listing, page
from api.problems import ProblemError
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, endpoint
from api.v1.shapes import Shape
from cso.errors import InvalidFieldsError
from cso.recovery.loading.batches import chunks_of, queue_batch
from cso.recovery.loading.cases import Outcome, load_cases
from cso.recovery.loading.files import LONGEST_LINE, Lines, csv_lines, json_lines
from cso.recovery.loading.rows import FIELDS, Reading
from cso.recovery.models import Batch
from tenants.models import validate_time_zone
from tenants.roles import Can

MAX_BYTES = 1024**3
# A JSON array is decoded as one; larger loads come as lines.
MAX_ARRAY_BYTES = 32 * 1024**2
_IN_MEMORY = 4 * 1024**2
_PIECE = 256 * 1024
_READ_AFTER_REFUSAL = 256 * 1024**2
_FORMATS = ("application/json", "application/x-ndjson", "text/csv")
_EXAMPLE_TIME = datetime(2026, 3, 18, 15, 0, tzinfo=UTC)
STATUSES = ("created", "updated", "unchanged", "superseded", "refused")


class BatchQuery(Body):
    time_zone = Text(required=False, help_text="IANA zone of times without an offset, such as America/New_York.")
    time_format = Text(
        required=False, max_length=100, help_text="As in strptime, such as %m/%d/%Y %I:%M:%S %p; else ISO 8601."
    )

    def validate_time_zone(self, name: str) -> ZoneInfo:
        try:
            validate_time_zone(name)
        except ValidationError as error:
            raise serializers.ValidationError(" ".join(error.messages), code="unknown") from error
        return ZoneInfo(name)

    def validate_time_format(self, wording: str) -> str:
        try:
            datetime.strptime(_EXAMPLE_TIME.strftime(wording), wording)  # noqa: DTZ007 (only the format is tried)
        except (ValueError, re.error) as error:
            raise serializers.ValidationError("This is not a format for strptime.", code="invalid") from error
        return wording


class RowErrorShape(Shape):
    field = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class ResultShape(Shape):
    line = serializers.IntegerField(help_text="From 1; in a CSV file the first line names the columns.")
    status = serializers.ChoiceField(STATUSES)
    external_id = serializers.CharField(allow_null=True)
    id = serializers.UUIDField(allow_null=True)
    errors = RowErrorShape(many=True)  # type: ignore[assignment]


class _Counts(Shape):
    rows = serializers.IntegerField()
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    superseded = serializers.IntegerField(help_text="A later row with the same external id was merged over it.")
    refused = serializers.IntegerField()


class ReportShape(_Counts):
    results = ResultShape(many=True)


class BatchShape(_Counts):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(Batch.Status.choices)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class RefusalShape(Shape):
    line = serializers.IntegerField()
    external_id = serializers.CharField(allow_null=True)
    field = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class CaseRow(Shape):
    """Known cases, by external id, are changed; others are added. What is left out or empty stays as it is."""

    external_id = serializers.CharField(required=False)
    unit = serializers.CharField(required=False, help_text="Code; needed for a new case.")
    customer = serializers.CharField(required=False, help_text="External id; added when new.")
    cause = serializers.CharField(required=False, help_text="Name; added when new.")
    channel = serializers.CharField(required=False)
    summary = serializers.CharField(required=False)
    occurred_at = serializers.CharField(required=False)
    reported_at = serializers.CharField(required=False, help_text="Needed for a new case.")
    fixed_at = serializers.CharField(required=False)


BATCHES = Listing(("-id",), ("id", "status", "rows", *STATUSES, "created_at", "finished_at"), dict)
_REFUSAL_FIELDS = ("line", "external_id", "field", "code", "message")
REFUSALS = Listing(
    ("line", "id"),
    ("id", *_REFUSAL_FIELDS),
    lambda row: {name: row[name] for name in _REFUSAL_FIELDS} | {"external_id": row["external_id"] or None},
)


class CaseBatches(Resource):
    acts = {"POST": (Can.IMPORT_CASES,)}
    streams_body = True
    _spooled: IO[bytes] | None = None

    @endpoint(
        "load_cases",
        "Load many cases at once",
        body={"application/json": CaseRow(many=True), "application/x-ndjson": CaseRow, "text/csv": str},
        answer={200: ReportShape, 202: BatchShape},
        parameters=[BatchQuery, map_parameter(FIELDS), IDEMPOTENCY_KEY],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Up to 5,000 rows (or 8 MB) are loaded at once and answered row by row (200); more become a job (202).

        Jobs are loaded one after the other, in the order in which they were sent. Rows that are loaded at once do not
        wait for a job that is queued: to correct what a job brings, send the correction when it is done.

        A wrong row is refused by line and field, and the rest goes in. The same rows may be sent again: what says
        nothing new changes nothing.
        """
        reading = self._reading()
        chunks = chunks_of(self._lines(reading.columns))
        first, second = next(chunks, []), next(chunks, None)
        if second is not None:
            return self._queue(chain.from_iterable(chain([first, second], chunks)), reading)
        outcomes = load_cases(first, reading, by=self.key, now=self.now)
        counts: Counter[str] = Counter(outcome.status for outcome in outcomes)
        report = {"rows": len(first)} | {status: counts[status] for status in STATUSES}
        return Response(report | {"results": [_result(outcome) for outcome in outcomes]})

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        # A client that is still sending a large body when it is refused would see a broken pipe and not the reason.
        left = _READ_AFTER_REFUSAL
        while left > 0 and (piece := request._request.read(_PIECE)):
            left -= len(piece)
        return super().finalize_response(request, response, *args, **kwargs)

    def body_digest(self) -> bytes:
        digest, body = hashlib.sha256(), self._body()
        for piece in iter(lambda: body.read(_PIECE), b""):
            digest.update(piece)
        return digest.digest()

    def _queue(self, lines: Iterable[tuple[int, Any]], reading: Reading) -> Response:
        batch = queue_batch(iter(lines), reading, by=self.key)
        location = reverse("api:batch", args=[batch.pk])
        return self.show(Batch.objects.filter(pk=batch.pk), BATCHES, status=202, location=location)

    def _lines(self, columns: Mapping[str, str]) -> Lines:
        sent = (self.request.content_type or "").partition(";")[0].strip().lower()
        if sent not in _FORMATS:
            raise UnsupportedMediaType(sent, f"Send one of: {', '.join(_FORMATS)}.")
        if sent == "application/json":
            return _array(self._body())
        lines = _bounded_lines(self._body())
        return csv_lines(lines, columns) if sent == "text/csv" else json_lines(lines)

    def _reading(self) -> Reading:
        parameters = self.request.query_params
        form = BatchQuery(data={name: parameters[name] for name in parameters if name != "map"})
        form.is_valid(raise_exception=True)
        columns = columns_of(self.request, FIELDS)
        return Reading(form.validated_data.get("time_zone"), form.validated_data.get("time_format"), columns)

    def _body(self) -> IO[bytes]:
        """The body from its start; on disk when it is large, because it is read twice under an Idempotency-Key."""
        if self._spooled is None:
            self._spooled = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 (goes with the view)
            request, size = self.request._request, 0
            for piece in iter(lambda: request.read(_PIECE), b""):
                size += len(piece)
                if size > MAX_BYTES:
                    raise ProblemError("too-large", f"A load may have {MAX_BYTES // 1024**2:,} MB at most.")
                self._spooled.write(piece)
        self._spooled.seek(0)
        return self._spooled


class OneBatch(Resource):
    acts = {"GET": (Can.IMPORT_CASES,)}

    @endpoint("read_batch", "How far a job is", answer=BatchShape)
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(Batch.objects.filter(pk=pk), BATCHES)


class RefusalFilters(ListFilters):
    """None; a list takes no other parameters than those of paging."""


class BatchRefusals(Resource):
    acts = {"GET": (Can.IMPORT_CASES,)}

    @endpoint("list_refusals", "Which rows of a job were refused, and why", answer=RefusalShape, filters=RefusalFilters)
    def get(self, request: Request, pk: UUID) -> Response:
        batch: Batch = only(Batch.objects.filter(pk=pk))
        return page(request, RefusalFilters(request, batch.refusals.all(), now=self.now).rows(), REFUSALS)


def _bounded_lines(body: IO[bytes]) -> Iterator[bytes]:
    for line in iter(lambda: body.readline(LONGEST_LINE + 1), b""):
        if len(line) > LONGEST_LINE:
            raise ProblemError("too-large", f"A line may have {LONGEST_LINE // 1024**2} MB at most.")
        yield line


def _array(body: IO[bytes]) -> Iterator[tuple[int, Any]]:
    text = body.read(MAX_ARRAY_BYTES + 1)
    if len(text) > MAX_ARRAY_BYTES:
        raise ProblemError(
            "too-large",
            f"A JSON array may have {MAX_ARRAY_BYTES // 1024**2} MB at most; send application/x-ndjson instead.",
        )
    try:
        rows = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ParseError(f"This is not JSON: {error}.") from error
    if not isinstance(rows, list):
        raise InvalidFieldsError.of("body", "not_an_array", "Send an array of rows.")
    return iter(list(enumerate(rows, 1)))


def _result(outcome: Outcome) -> dict[str, Any]:
    return {
        "line": outcome.line,
        "status": outcome.status,
        "external_id": outcome.external_id or None,
        "id": outcome.id,
        "errors": [{"field": e.field, "code": e.code, "message": e.message} for e in outcome.errors],
    }
