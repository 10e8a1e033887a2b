"""Whatever is wrong with a request, the answer is a problem document that says so."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from api.problems import KINDS
from tests.api.conftest import Integration, errors, problem


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"{", "application/json", (400, "malformed", "malformed")),
        (b"\xff\xfe", "application/json", (400, "malformed", "malformed")),
        (b'{"unit": NaN}', "application/json", (400, "malformed", "malformed")),
        (b"[" * 5_000, "application/json", (400, "malformed", "malformed")),
        (b"", "application/json", (400, "invalid", "invalid")),
        (b"[]", "application/json", (400, "invalid", "invalid")),
        (b"7", "application/json", (400, "invalid", "invalid")),
        (b"unit=top", "application/x-www-form-urlencoded", (415, "unsupported-media-type", "unsupported-media-type")),
        (b"x", "text/plain", (415, "unsupported-media-type", "unsupported-media-type")),
        (b"x" * (11 * 1024 * 1024), "application/json", (413, "too-large", "too-large")),
    ],
)
def test_bodies_that_cannot_be_read(api: Integration, body: bytes, content_type: str, expected: Any) -> None:
    assert problem(api.post("cases", body, content_type)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, [("unit", "required")]),
        ({"unit": "nowhere"}, [("unit", "unknown")]),
        ({"unit": 7}, [("unit", "invalid")]),
        ({"unit": None}, [("unit", "null")]),
        ({"unit": "to\x00p"}, [("unit", "null_characters_not_allowed")]),
        ({"unit": "top", "colour": "red"}, [("colour", "unknown_field")]),
        ({"unit": "nowhere", "colour": "red"}, [("unit", "unknown"), ("colour", "unknown_field")]),
        ({"unit": "top", "summary": "a\x00b"}, [("summary", "null_characters_not_allowed")]),
        ({"unit": "top", "summary": "x" * 5_001}, [("summary", "max_length")]),
        ({"unit": "top", "channel": "pigeon"}, [("channel", "invalid_choice")]),
        ({"unit": "top", "cause": "Bad attitude"}, [("cause", "blames_people")]),
        ({"unit": "top", "customer": "nobody"}, [("customer", "unknown")]),
        ({"unit": "top", "reported_at": "2026-03-18T12:00:00"}, [("reported_at", "invalid")]),
        ({"unit": "top", "reported_at": "yesterday"}, [("reported_at", "invalid")]),
        ({"unit": "top", "reported_at": "0001-01-01T00:00:00+14:00"}, [("reported_at", "invalid")]),
        ({"unit": "top", "reported_at": "1066-10-14T09:00:00Z"}, [("reported_at", "too_early")]),
        ({"unit": "top", "reported_at": "2999-01-01T00:00:00Z"}, [("reported_at", "in_the_future")]),
        (
            {"unit": "top", "occurred_at": "2026-03-18T12:00:01Z", "reported_at": "2026-03-18T12:00:00Z"},
            [("occurred_at", "after_reported")],
        ),
    ],
)
def test_fields_are_refused_by_name(api: Integration, body: Any, expected: list[tuple[str, str]]) -> None:
    assert errors(api.post("cases", body)) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("colour=red", [("colour", "unknown_parameter")]),
        ("state=odd", [("state", "invalid_choice")]),
        ("unit=nowhere", [("unit", "unknown")]),
        ("unit=%00", [("unit", "null_characters_not_allowed")]),
        ("cause=%00", [("cause", "null_characters_not_allowed")]),
        ("reported_from=2026-03-18", [("reported_from", "invalid")]),
        ("reported_from=2026-03-18T00:00:00+02:00", [("reported_from", "invalid")]),
        ("limit=0", [("limit", "out_of_range")]),
        ("limit=1001", [("limit", "out_of_range")]),
        ("limit=ten", [("limit", "out_of_range")]),
        ("limit=%D9%A1", [("limit", "out_of_range")]),
    ],
)
def test_parameters_are_refused_by_name(api: Integration, query: str, expected: list[tuple[str, str]]) -> None:
    assert errors(api.get(f"cases?{query}")) == expected


def test_wrong_methods_and_addresses(api: Integration) -> None:
    response = api.client.put("/api/v1/cases", {}, content_type="application/json")
    assert problem(response)[:2] == (405, "method-not-allowed")
    assert response["Allow"] == "GET, POST, HEAD"
    assert problem(api.client.options("/api/v1/cases"))[0] == 405
    for path in ("nothing", "cases/", "cases/7", "cases/%00", "metrics/no_such/values?period=2026-03"):
        assert problem(api.get(path)) == (404, "not-found", "not-found")


def test_the_accept_header_turns_nobody_away(api: Integration) -> None:
    assert api.get("me", Accept="text/html")["Content-Type"] == "application/json"


def test_a_fault_of_ours_is_a_problem_too(api: Integration, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("api.v1.me.current_tenant", fail)
    api.client.raise_request_exception = False
    response = api.get("me")
    assert problem(response) == (500, "internal", "internal")
    assert b"secret" not in response.content


def test_a_failure_before_any_view_is_a_problem_too(api: Integration, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr("tenants.middleware.tenant_scope", fail)
    api.client.raise_request_exception = False
    assert problem(api.get("me")) == (500, "internal", "internal")


@pytest.mark.usefixtures("plain_static_files")
def test_every_type_leads_to_a_page(db: None) -> None:
    for kind in KINDS.values():
        page = Client().get(kind.type)
        assert page.status_code == 200
        assert kind.title in page.content.decode()
    assert Client().get("/api/docs/problems").content.count(b"<article") == len(KINDS)
