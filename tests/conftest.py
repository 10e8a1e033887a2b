"""Fixtures of all tests. Servers and databases are started by `tests.servers`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.servers import with_database

if TYPE_CHECKING:
    from tests.personas import Company


# The files that take longest go first, so that no worker begins one when the other has nothing left to do. Those that
# start the whole product stand apart, so that seldom two of them share the machine.
LONGEST = (
    "tests/embedded/test_up.py",
    "tests/tenants/test_addresses.py",
    "tests/frontend/test_browser_quality.py",
    "tests/metrics/test_resilience.py",
    "tests/frontend/test_browser_journeys.py",
    "tests/frontend/test_browser_listening.py",
    "tests/demo/test_telling.py",
    "tests/embedded/test_deployment.py",
    "tests/frontend/test_browser_committees.py",
    "tests/tenants/test_guard.py",
    "tests/frontend/test_closing.py",
    "tests/api/test_schema.py",
    "tests/metrics/test_random_histories.py",
    "tests/people/test_tree.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.nodeid.partition("::")[0], len(LONGEST)))


@pytest.fixture(scope="session")
def django_db_setup() -> None:
    """The database stands already; see above."""


@pytest.fixture(scope="session", autouse=True)
def _flush_as_superuser() -> Iterator[None]:
    """Django empties tables after a transactional test by TRUNCATE, which the application's role may not do."""
    from django.test import TransactionTestCase

    def empty_tables(_: TransactionTestCase) -> None:
        kept = ["django_migrations", "django_content_type", "auth_permission"]
        url = with_database(os.environ["ADMIN_DATABASE_URL"], urlsplit(os.environ["DATABASE_URL"]).path.lstrip("/"))
        with psycopg.connect(url, autocommit=True) as admin:
            rows = admin.execute(
                "SELECT format('%%I', tablename) FROM pg_tables WHERE schemaname = 'public' AND tablename <> ALL(%s)",
                [kept],
            )
            tables = ", ".join(name for (name,) in rows)
            admin.execute(f"TRUNCATE {tables} RESTART IDENTITY")

    # Django's own hook, which its type stubs do not know.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_tables)
        yield


@pytest.fixture
def acme(db: None) -> Company:
    from tests.personas import make_company

    return make_company("acme")


@pytest.fixture
def other(db: None) -> Company:
    from tests.personas import make_company

    return make_company("other", "Asia/Kathmandu")
