"""Bulk loads: JSON, JSON lines and CSV; refusals by line and field; large loads as jobs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from cso.recovery.loading import batches
from cso.recovery.models import Case
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors, problem
from tests.personas import Company

ROWS = [
    {"external_id": "a", "unit": "north", "reported_at": "2026-03-01T10:00:00Z", "fixed_at": "2026-03-01T12:00:00Z"},
    {"external_id": "b", "unit": "nowhere", "reported_at": "2026-03-01T10:00:00Z"},
    {"external_id": "c", "unit": "south", "reported_at": "2026-03-01T10:00:00Z", "fixed_at": "2026-02-28T12:00:00Z"},
]
NEW_YORK = urlencode(
    {
        "time_zone": "America/New_York",
        "time_format": "%m/%d/%Y %I:%M:%S %p",
        "map": ["external_id=Unique Key", "unit=Agency", "reported_at=Created Date", "fixed_at=Closed Date"],
    },
    doseq=True,
)
CSV = (
    "Unique Key,Created Date,Closed Date,Agency\r\n"
    "1,03/01/2026 11:30:00 PM,03/02/2026 09:00:00 AM,north\r\n"
    "2,03/08/2026 02:30:00 AM,,north\r\n"
)


def counts(report: dict[str, Any]) -> tuple[int, ...]:
    return tuple(report[name] for name in ("rows", "created", "updated", "unchanged", "superseded", "refused"))


def test_a_json_array_is_answered_row_by_row(api: Integration, acme: Company) -> None:
    response = api.post("cases/batch", ROWS)
    assert response.status_code == 200
    report = response.json()
    assert counts(report) == (3, 1, 0, 0, 0, 2)
    with tenant_scope(acme.tenant):
        made = Case.objects.get()
    assert report["results"][0] == {
        "line": 1,
        "status": "created",
        "external_id": "a",
        "id": str(made.pk),
        "errors": [],
    }
    wrong = [(r["line"], e["field"], e["code"]) for r in report["results"] for e in r["errors"]]
    assert wrong == [(2, "unit", "unknown"), (3, "fixed_at", "before_opened")]
    assert counts(api.post("cases/batch", ROWS).json()) == (3, 0, 0, 1, 0, 2)


def test_json_lines_are_loaded(api: Integration) -> None:
    body = "\n".join([json.dumps(ROWS[0]), "", "{broken", json.dumps(ROWS[0] | {"summary": "Late"})])
    report = api.post("cases/batch", body, "application/x-ndjson").json()
    assert counts(report) == (3, 1, 0, 0, 1, 1)
    assert [(r["line"], r["status"]) for r in report["results"]] == [(1, "superseded"), (3, "refused"), (4, "created")]


def test_csv_with_its_own_columns_zone_and_format_is_loaded(api: Integration) -> None:
    report = api.post(f"cases/batch?{NEW_YORK}", CSV, "text/csv; charset=utf-8").json()
    assert counts(report) == (2, 1, 0, 0, 0, 1)
    assert report["results"][1]["errors"][0]["code"] == "skipped_by_clocks"
    case = api.get(f"cases/{report['results'][0]['id']}").json()
    assert (case["reported_at"], case["first_fixed_at"]) == ("2026-03-02T04:30:00Z", "2026-03-02T14:00:00Z")


def test_more_rows_than_a_request_may_hold_become_a_job(
    api: Integration, acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cso.recovery.loading.batches.ROWS_AT_ONCE", 2)
    queued = api.post("cases/batch", ROWS)
    assert queued.status_code == 202
    batch = queued.json()
    assert (batch["status"], counts(batch), batch["finished_at"]) == ("queued", (3, 0, 0, 0, 0, 0), None)
    while batches.load_next_chunk(Tenant.objects.get(slug="acme"), now=datetime.now(UTC)):
        pass
    done = api.client.get(queued["Location"]).json()
    assert (done["status"], counts(done)) == ("done", (3, 1, 0, 0, 0, 2))
    refusals = api.get(f"cases/batch/{batch['id']}/refusals?limit=1").json()
    assert refusals["data"] == [
        {
            "line": 2,
            "external_id": "b",
            "field": "unit",
            "code": "unknown",
            "message": refusals["data"][0]["message"],
        }
    ]
    second = api.get(refusals["next"].partition("/api/v1/")[2]).json()
    assert [(row["line"], row["field"]) for row in second["data"]] == [(3, "fixed_at")]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("query", "body", "content_type", "expected"),
    [
        ("time_zone=Mars/Olympus", "", "text/csv", ("time_zone", "unknown")),
        ("time_format=%25", "", "text/csv", ("time_format", "invalid")),
        ("time_format=%25Y%25Y", "", "text/csv", ("time_format", "invalid")),
        ("colour=red", "", "text/csv", ("colour", "unknown_field")),
        ("map=unit", "", "text/csv", ("map", "malformed")),
        ("map=colour%3Dx", "", "text/csv", ("map", "malformed")),
        ("map=unit%3DAgency", "a,b\n", "text/csv", ("map", "missing_column")),
        ("", "\n", "text/csv", ("file", "empty")),
        ("", "unit\nnorth\rsouth\n", "text/csv", ("file", "not_csv")),
        ("", "un\udcffit\n", "text/csv", ("file", "unknown_column")),
        ("", "colour\nred\n", "text/csv", ("file", "unknown_column")),
        ("", "{}", "application/json", ("body", "not_an_array")),
    ],
)
def test_a_load_that_cannot_be_read_is_refused_whole(
    api: Integration, query: str, body: str, content_type: str, expected: tuple[str, str]
) -> None:
    sent = body.encode(errors="surrogateescape")
    assert errors(api.post(f"cases/batch?{query}", sent, content_type)) == [expected]


def test_hostile_rows_are_refused_alone(api: Integration) -> None:
    good = '{"external_id": "a", "unit": "north", "reported_at": "2026-03-01T10:00:00Z"}'
    hostile = [
        '{"external_id": "n", "unit": "north", "reported_at": "2026-03-01T10:00:00Z", "summary": "a\\u0000b"}',
        '{"external_id": "s", "unit": "north", "reported_at": "2026-03-01T10:00:00Z", "summary": "\\ud800"}',
        json.dumps(
            {"external_id": "l", "unit": "north", "reported_at": "2026-03-01T10:00:00Z", "summary": "x" * 10**6}
        ),
        '{"external_id": "d", "unit": "north", "reported_at": "0001-01-01T00:00:00+14:00"}',
        '{"external_id": "f", "unit": "north", "reported_at": "2999-01-01T00:00:00Z"}',
        '{"external_id": {}, "unit": [], "reported_at": 7}',
        '{"external_id": "\\ud800", "unit": "north", "x\\u0000y\\ud800": 1, "reported_at": "\\ud800"}',
        "null",
        "\ufffe",
        "[" * 100_000,
    ]
    report = api.post("cases/batch", "\n".join([*hostile, good]), "application/x-ndjson").json()
    assert [r["status"] for r in report["results"]] == ["refused"] * len(hostile) + ["created"]
    late = api.post("cases/batch", [{"external_id": "a", "fixed_at": "2999-01-01T00:00:00Z"}]).json()
    assert late["results"][0]["errors"][0]["code"] == "in_the_future"


def test_hostile_rows_are_refused_alone_by_a_job_too(api: Integration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cso.recovery.loading.batches.ROWS_AT_ONCE", 1)
    rows = [
        '{"external_id": "\\ud800", "x\\u0000y\\ud800": 1, "reported_at": "\\u0000\\ud800"}',
        '{"external_id": "a", "unit": "north", "reported_at": "2026-03-01T10:00:00Z"}',
    ]
    queued = api.post("cases/batch", "\n".join(rows), "application/x-ndjson")
    while batches.load_next_chunk(Tenant.objects.get(slug="acme"), now=datetime.now(UTC)):
        pass
    done = api.client.get(queued["Location"]).json()
    assert (done["status"], counts(done)) == ("done", (2, 1, 0, 0, 0, 1))


@pytest.mark.parametrize(
    ("body", "content_type", "kind"),
    [
        (b"[{", "application/json", "malformed"),
        (b"x", "text/plain", "unsupported-media-type"),
        (b"[" + b" " * (33 * 1024 * 1024), "application/json", "too-large"),
        (b" " * (17 * 1024 * 1024), "application/x-ndjson", "too-large"),
    ],
)
def test_a_body_that_is_no_load_is_a_problem(api: Integration, body: bytes, content_type: str, kind: str) -> None:
    assert problem(api.post("cases/batch", body, content_type))[1] == kind


def test_a_row_may_contain_separators_of_unicode(api: Integration) -> None:
    text = "external_id,unit,reported_at,summary\n1,north,2026-03-01T10:00:00Z,one\u2028two\x85three\x0bfour\n"
    report = api.post("cases/batch", text.encode(), "text/csv").json()
    assert counts(report) == (1, 1, 0, 0, 0, 0)
    assert api.get(f"cases/{report['results'][0]['id']}").json()["summary"] == "one\u2028two\x85three\x0bfour"
