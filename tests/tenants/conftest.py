"""Two tenants whose rows are committed, so that scopes, aborts and other connections are the real ones."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase, override_settings
from pytest_django.plugin import DjangoDbBlocker

from tests.servers import with_database
from tests.tenants.rows import Home, make_home

HERE = UUID("01900000-0000-7000-8000-00000000aaaa")
THERE = UUID("01900000-0000-7000-8000-00000000bbbb")


@dataclass(frozen=True)
class World:
    """We are `here`; what is `there` belongs to another tenant."""

    here: Home
    there: Home


def database() -> str:
    return urlsplit(os.environ["DATABASE_URL"]).path.lstrip("/")


@pytest.fixture(scope="module")
def committed(django_db_blocker: DjangoDbBlocker, _flush_as_superuser: None) -> Iterator[None]:
    """The tests of the module write for good; everything is emptied behind them."""
    with django_db_blocker.unblock():
        try:
            yield
        finally:
            connection.close()
            TransactionTestCase._fixture_teardown(TransactionTestCase())  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def world(committed: None) -> World:
    return World(make_home("here", HERE), make_home("there", THERE))


@pytest.fixture
def pages() -> Iterator[None]:
    """Pages are made, though style sheets are not collected for tests."""
    plain = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    with override_settings(STORAGES=settings.STORAGES | plain):
        yield


@pytest.fixture
def admin() -> Iterator[psycopg.Connection]:
    """The superuser in the tests' database; each statement commits."""
    with psycopg.connect(with_database(os.environ["ADMIN_DATABASE_URL"], database()), autocommit=True) as found:
        yield found


@pytest.fixture
def migrator() -> Iterator[psycopg.Connection]:
    """The migrator, acting as the tables' owner; each statement commits."""
    with psycopg.connect(os.environ["MIGRATOR_DATABASE_URL"], autocommit=True) as found:
        yield found
