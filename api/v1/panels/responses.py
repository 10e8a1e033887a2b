"""Responses that were given elsewhere, loaded by a code list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from io import BytesIO
from itertools import islice
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Text
from api.idempotency import idempotent
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, endpoint
from api.v1.cases.batch import RowErrorShape
from api.v1.shapes import Shape
from cso.errors import InvalidFieldsError
from cso.panels.importing.code_lists import read_code_list
from cso.panels.importing.files import survey_rows
from cso.panels.importing.loading import ROWS_AT_ONCE, STATUSES, Outcome, import_responses
from cso.panels.models import Wave
from tenants.roles import Can


class CodeListBody(Body):
    """See docs/panels.md. What it means is checked with the wave."""

    response = Text(max_length=200, help_text="The column with the key of each response.")
    questions = serializers.DictField(
        help_text="Code of a question -> its column, or an object with `column` and `codes`: code -> a score, the code"
        " of an option, `blank` or `dont_know`. A choice that takes several may have `columns`."
    )
    segment = serializers.JSONField(
        required=False, help_text="A column, or an object with `column` and `codes`; or a list of these, combined."
    )
    unit = serializers.JSONField(required=False, help_text="Likewise; codes say codes of units. Else the wave's.")
    weight = Text(max_length=200, required=False, allow_null=True, help_text="The column with the weights.")
    submitted_at = serializers.JSONField(
        required=False,
        help_text="An instant for all, or an object with `column`, `time_format` and `time_zone`. Else the opening.",
    )
    language = serializers.JSONField(required=False, help_text="A column whose codes say en or fr-ca.")


class ResponsesBody(Body):
    code_list = CodeListBody()
    rows = serializers.ListField(
        required=False, max_length=ROWS_AT_ONCE, help_text="Objects of column and cell, with any other columns too."
    )
    csv = Text(
        required=False,
        trim_whitespace=False,
        help_text="In place of rows: a CSV file, its first line names the columns.",
    )


class ResponseResultShape(Shape):
    line = serializers.IntegerField(help_text="From 1; in a CSV file the first line names the columns.")
    status = serializers.ChoiceField(STATUSES)
    external_id = serializers.CharField(allow_null=True)
    errors = RowErrorShape(many=True)  # type: ignore[assignment]


class ResponsesShape(Shape):
    rows = serializers.IntegerField()
    created = serializers.IntegerField()
    replaced = serializers.IntegerField(help_text="Sent before under the same key, whether or not it says the same.")
    superseded = serializers.IntegerField(help_text="A later row has the same key.")
    late = serializers.IntegerField(help_text="Given or sent after the close: kept where it is new, and not counted.")
    refused = serializers.IntegerField()
    results = ResponseResultShape(many=True)


class Responses(Resource):
    acts = {"POST": (Can.IMPORT_RESPONSES,)}

    @endpoint(
        "load_responses",
        "Load responses into an imported wave, by a code list",
        body=ResponsesBody,
        answer=ResponsesShape,
        parameters=[IDEMPOTENCY_KEY],
        example={
            "code_list": {
                "response": "RESPNUM",
                "segment": {"column": "INTDOM", "codes": {"1": "International", "2": "Domestic"}},
                "weight": "WEIGHT",
                "questions": {
                    "nps": {"column": "NETPRO", "codes": {"98": "dont_know", "99": "blank"}},
                    "signs": {"column": "Q7SIGNS", "codes": {"0": "blank", "6": "dont_know"}},
                },
            },
            "rows": [{"RESPNUM": 1, "INTDOM": 2, "WEIGHT": 1.173, "NETPRO": 9, "Q7SIGNS": 4, "GATE": "B4"}],
        },
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Up to 5,000 rows, into a wave that is open. A wrong row is refused by line and column, and the rest goes in.

        A cell that the code list does not know is wrong; an empty one is a blank. Where no code of a question means a
        score or an option, the column holds the scores or the options' codes themselves.
        """
        wave: Wave = only(Wave.objects.filter(pk=pk).select_related("panel", "unit"))
        body = self.read(ResponsesBody)
        codes = read_code_list(wave, body["code_list"])
        outcomes = import_responses(wave, _rows(body), codes, by=self.key, now=self.now)
        counts: Counter[str] = Counter(outcome.status for outcome in outcomes)
        report: dict[str, Any] = {"rows": len(outcomes)} | {status: counts[status] for status in STATUSES}
        return Response(report | {"results": [_result(outcome) for outcome in outcomes]})


def _rows(body: dict[str, Any]) -> Iterable[tuple[int, Any]]:
    if ("rows" in body) == ("csv" in body):
        raise InvalidFieldsError.of("rows", "required", "Send rows, or csv in place of them.")
    if "rows" in body:
        return list(enumerate(body["rows"], 1))
    found = list(islice(survey_rows(BytesIO(body["csv"].encode(errors="surrogatepass"))), ROWS_AT_ONCE + 1))
    if len(found) > ROWS_AT_ONCE:
        raise InvalidFieldsError.of("csv", "too_many", f"Send {ROWS_AT_ONCE:,} rows at most at a time.")
    return found


def _result(outcome: Outcome) -> dict[str, Any]:
    return {
        "line": outcome.line,
        "status": outcome.status,
        "external_id": outcome.external_id or None,
        "errors": [{"field": e.field, "code": e.code, "message": e.message} for e in outcome.errors],
    }
