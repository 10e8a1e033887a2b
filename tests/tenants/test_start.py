"""What a start wants: an environment that is whole, and a database that may be prepared again and again."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from psycopg import sql

from tenants.database import prepare_database
from tests.servers import ROOT, with_database
from tests.tenants.conftest import database
from tests.tenants.connections import PASSWORD, role


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", None),
        ("SECRET_KEY", ""),
        ("DATABASE_URL", None),
        ("DATABASE_URL", "localhost"),
        ("DATABASE_URL", "mysql://cso_app:secret@localhost/cso"),
        ("DATABASE_URL", "postgresql://localhost:5432"),
        ("REDIS_URL", None),
        ("REDIS_URL", "localhost:6379"),
        ("PUBLIC_URL", "cso.example.com"),
        ("PUBLIC_URL", "https://"),
        ("DATABASE_POOLED", "yes"),
        ("DATABASE_CONNECTION_SECONDS", "-1"),
    ],
)
def test_settings_name_the_variable_that_is_missing_or_malformed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=name) as refusal:
        runpy.run_path(str(ROOT / "cso" / "settings.py"))
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "command"),
    [("SECRET_KEY", ["-c", "import cso.wsgi"]), ("ADMIN_DATABASE_URL", ["manage.py", "prepare_database"])],
    ids=["web", "prepare"],
)
def test_a_missing_variable_stops_the_start(name: str, command: list[str]) -> None:
    environment = {known: value for known, value in os.environ.items() if known != name}
    ended = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode != 0
    assert name in ended.stderr.strip().splitlines()[-1]


def test_preparing_names_a_malformed_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGRATOR_DATABASE_URL", "postgresql://cso_migrator")
    with pytest.raises(ImproperlyConfigured, match="MIGRATOR_DATABASE_URL"):
        call_command("prepare_database")


@pytest.fixture
def fresh() -> Iterator[list[str]]:
    """The three URLs of a database that is not there yet; dropped at the end."""
    name = f"{database()}_fresh"
    yield [
        os.environ["ADMIN_DATABASE_URL"],
        *(with_database(os.environ[url], name) for url in ("DATABASE_URL", "MIGRATOR_DATABASE_URL")),
    ]
    with psycopg.connect(os.environ["ADMIN_DATABASE_URL"], autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def test_a_database_may_be_prepared_again_and_again(fresh: list[str]) -> None:
    for _ in range(3):
        prepare_database(*fresh)
    _, app, migrator = fresh
    with psycopg.connect(migrator) as owner:
        owner.execute("CREATE TABLE made (id int)")
        assert owner.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'made'").fetchone() == ("cso_owner",)
    prepare_database(*fresh)
    with psycopg.connect(app) as application:
        application.execute("INSERT INTO made VALUES (1)")
        assert application.execute("SELECT id FROM made").fetchall() == [(1,)]


def test_a_prepared_database_opens_to_its_own_roles_alone(fresh: list[str], admin: psycopg.Connection) -> None:
    prepare_database(*fresh)
    name = f"stranger_{database()}"
    with role(admin, name):
        parts = urlsplit(fresh[1])
        stranger = urlunsplit(parts._replace(netloc=f"{name}:{PASSWORD}@{parts.hostname or ''}"))
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(stranger)


@pytest.mark.parametrize(
    ("number", "before", "after", "reason"),
    [
        (1, "cso_app:", "postgres:", "must name the user cso_app"),
        (2, "cso_migrator:", "cso_app:", "MIGRATOR_DATABASE_URL cso_migrator"),
        (2, "_fresh", "_another", "must name the same database"),
    ],
)
def test_urls_that_do_not_fit_are_refused(fresh: list[str], number: int, before: str, after: str, reason: str) -> None:
    fresh[number] = fresh[number].replace(before, after)
    with pytest.raises(ValueError, match=reason):
        prepare_database(*fresh)


def test_a_role_without_a_password_is_refused(fresh: list[str]) -> None:
    parts = urlsplit(fresh[1])
    fresh[1] = urlunsplit(parts._replace(netloc="cso_app@"))
    with pytest.raises(ValueError, match="must carry a password"):
        prepare_database(*fresh)


def test_the_server_never_reads_a_password(fresh: list[str], admin: psycopg.Connection) -> None:
    prepare_database(*fresh)
    password = urlsplit(fresh[1]).password
    kept = admin.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'cso_app'").fetchone()
    assert kept is not None
    assert kept[0].startswith("SCRAM-SHA-256$")
    assert password not in kept[0]
