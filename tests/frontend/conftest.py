"""Visits to the portal by the personas of `tests.personas`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from tenants.roles import Role
from tests.frontend.browser import chromium, company, open_page, server, static_root
from tests.personas import NOW, Company

# Fixtures of the tests in a browser.
__all__ = ["chromium", "company", "open_page", "server", "static_root"]

Visit = Callable[[Company, Role], Client]


@pytest.fixture(autouse=True)
def plain_static_files(request: pytest.FixtureRequest, settings: Settings) -> None:
    """Static files are looked up by name: no test of a view waits for them to be collected and compressed."""
    if "server" in request.fixturenames:
        return
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}


@pytest.fixture
def still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is `NOW`, for the product and for the test.

    For forms that say when: else one is now and then sent in the hour that autumn repeats, or on the eve of a month.
    """
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def visit() -> Visit:
    """A browser in which the member of a company with a role is signed in."""

    def sign_in(company: Company, role: Role) -> Client:
        client = Client()
        client.force_login(company.member(role).user)
        return client

    return sign_in


def reads(captured: list[dict[str, str]]) -> list[str]:
    """The statements that read rows, without those that open transactions and scopes."""
    statements = (query["sql"].strip() for query in captured)
    return [sql for sql in statements if sql.startswith(("SELECT", "WITH", "(SELECT")) and "set_config" not in sql]
