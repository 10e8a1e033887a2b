"""An integration of the tests: a client with a key."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from tenants.keys import create_api_key
from tenants.roles import SCOPE_GRANTS
from tenants.scope import tenant_scope
from tests.personas import Company

_numbers = itertools.count(1)


class Integration:
    """Speaks JSON with a key of one workspace; `scopes` None: all of them."""

    def __init__(self, company: Company, *scopes: str) -> None:
        with tenant_scope(company.tenant):
            granted = scopes or tuple(SCOPE_GRANTS)
            self.key, self.secret = create_api_key(company.tenant, f"key {next(_numbers)}", granted, by=None)
        self.client = Client(headers={"Authorization": f"Bearer {self.secret}"})

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(f"/api/v1/{path}", headers=_names(headers))

    def post(self, path: str, body: Any = None, content_type: str = "application/json", **headers: str) -> Any:
        data = {} if body is None else body
        return self.client.post(f"/api/v1/{path}", data, content_type=content_type, headers=_names(headers))

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self.client.patch(f"/api/v1/{path}", body, content_type="application/json", headers=_names(headers))


def _names(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def problem(response: Any) -> tuple[int, str, str]:
    """(status, kind, code) of a problem document; fails when the response is none."""
    assert response["Content-Type"] == "application/problem+json", response.content
    body = response.json()
    assert body["status"] == response.status_code
    return response.status_code, body["type"].removeprefix("/api/docs/problems/"), body["code"]


def errors(response: Any) -> list[tuple[str, str]]:
    """(field, code) of each field that a problem names."""
    problem(response)
    return [(error["field"], error["code"]) for error in response.json()["errors"]]


@pytest.fixture
def api(acme: Company) -> Integration:
    return Integration(acme)


@pytest.fixture
def key_with(acme: Company) -> Callable[..., Integration]:
    return lambda *scopes: Integration(acme, *scopes)


@pytest.fixture
def plain_static_files(settings: Settings) -> None:
    """Pages name static files as they are: tests collect none."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}


@pytest.fixture(autouse=True)
def _fresh_counts() -> None:
    cache.clear()
