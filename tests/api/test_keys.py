"""Who may ask: keys, scopes, limits; and what nobody is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client
from pytest_django import Settings

from tenants.keys import revoke_api_key
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, problem
from tests.personas import NOW, Company, log_case


def test_me_tells_whose_key_it_is(acme: Company) -> None:
    api = Integration(acme, "cases:read", "metrics:read")
    assert api.get("me").json() == {
        "tenant": {"slug": "acme", "name": "Acme", "time_zone": "America/Toronto"},
        "key": {
            "name": api.key.name,
            "key_id": api.key.key_id,
            "scopes": ["cases:read", "metrics:read"],
            "expires_at": None,
        },
    }


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer nonsense",
        "Basic YTpi",
        "Bearer cso_acme_000000000000_" + "x" * 43,
        "Bearer cso_nobody_000000000000_" + "x" * 43,
        "Bearer cso_acme_000000000000_" + "x" * 43 + "\x00",
    ],
)
def test_a_missing_malformed_or_unknown_key_is_a_401(acme: Company, header: str | None) -> None:
    client = Client(headers={} if header is None else {"Authorization": header})
    response = client.get("/api/v1/cases")
    assert problem(response) == (401, "unauthenticated", "unauthenticated")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_revoked_key_is_a_401(api: Integration, acme: Company) -> None:
    with tenant_scope(acme.tenant):
        revoke_api_key(api.key, by=None, now=datetime.now(UTC))
    assert problem(api.get("me"))[0] == 401


def test_a_key_of_another_workspace_with_this_ones_name_is_a_401(acme: Company, other: Company) -> None:
    stranger = Integration(other)
    forged = stranger.secret.replace("cso_other_", "cso_acme_")
    assert problem(Client(headers={"Authorization": f"Bearer {forged}"}).get("/api/v1/me"))[0] == 401


@pytest.mark.parametrize(
    ("scope", "path", "missing"),
    [
        ("metrics:read", "cases", "cases:read"),
        ("cases:read", "metrics", "metrics:read"),
        ("cases:read", "customers", "customers:read"),
        ("cases:read", "units", "people:read"),
        ("metrics:read", "metrics/recovered_24h/cases?period=2026-03", "cases:read"),
    ],
)
def test_a_lacking_scope_is_named(key_with: Callable[..., Integration], scope: str, path: str, missing: str) -> None:
    response = key_with(scope).get(path)
    assert problem(response) == (403, "missing-scope", "missing-scope")
    assert response.json()["scope"] == missing


def test_reading_does_not_allow_writing(key_with: Callable[..., Integration]) -> None:
    assert key_with("cases:read").post("cases", {"unit": "top"}).json()["scope"] == "cases:write"
    assert key_with("metrics:read").post("targets", {}).json()["scope"] == "targets:write"


def test_another_workspaces_id_is_as_missing_as_none(api: Integration, other: Company) -> None:
    with tenant_scope(other.tenant):
        theirs = log_case(other.units["south"], NOW).pk
    nobodys = "01999999-0000-7000-8000-000000000000"
    for path in ("cases/{}", "cases/{}/log", "units/{}", "customers/{}", "leaders/{}", "people/{}", "cases/batch/{}"):
        missing, foreign = api.get(path.format(nobodys)), api.get(path.format(theirs))
        assert missing.status_code == foreign.status_code == 404
        assert missing.content == foreign.content
    assert problem(api.post(f"cases/{theirs}/fix", {}))[0] == 404
    assert problem(api.patch(f"cases/{theirs}", {}, If_Match="*"))[0] == 404


def test_a_key_has_so_many_requests_a_minute(api: Integration, settings: Settings) -> None:
    settings.API_REQUESTS_PER_MINUTE = 2
    first, second, third = api.get("me"), api.get("me"), api.get("me")
    assert first["RateLimit-Policy"] == '"key";q=2;w=60'
    assert [r["RateLimit"].split(";")[1] for r in (first, second)] == ["r=1", "r=0"]
    assert problem(third) == (429, "rate-limited", "rate-limited")
    assert 1 <= int(third["Retry-After"]) <= 60


def test_limits_are_each_keys_own(api: Integration, acme: Company, settings: Settings) -> None:
    settings.API_REQUESTS_PER_MINUTE = 1
    api.get("me")
    assert Integration(acme).get("me").status_code == 200


def test_without_redis_requests_pass(api: Integration, settings: Settings) -> None:
    settings.API_REQUESTS_PER_MINUTE = 1
    settings.CACHES = {
        "default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"},
    }
    assert [api.get("me").status_code for _ in range(3)] == [200, 200, 200]
