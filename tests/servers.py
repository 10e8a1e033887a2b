"""Pytest plugin (`-p tests.servers`): a real PostgreSQL and a real Redis before Django reads its settings.

The first process starts the servers in a folder of its own and migrates a template database; each pytest-xdist worker
copies that and works as the application's role, behind row-level security. Nothing is left behind.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "cso_template"
_servers = ExitStack()


def with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _start_servers() -> None:
    from embedded.servers import embedded_servers

    folder = Path(tempfile.mkdtemp(prefix="cso-tests-"))
    _servers.callback(shutil.rmtree, folder, ignore_errors=True)
    servers = _servers.enter_context(embedded_servers(folder, durable=False))
    os.environ.update(servers.environment())
    # Empty, but there: else each client of the tests warns.
    Path(os.environ["STATIC_ROOT"]).mkdir()
    os.environ["CSO_TEST_SERVERS"] = str(folder)
    for name in ("DATABASE_URL", "MIGRATOR_DATABASE_URL"):
        os.environ[name] = with_database(os.environ[name], TEMPLATE)
    _prepare_database()
    environment = os.environ | {"DATABASE_URL": os.environ["MIGRATOR_DATABASE_URL"]}
    migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    subprocess.run(migrate, cwd=ROOT, env=environment, check=True)


def _prepare_database() -> None:
    from tenants.database import prepare_database

    prepare_database(*(os.environ[f"{name}DATABASE_URL"] for name in ("ADMIN_", "", "MIGRATOR_")))


def _copy_database(name: str) -> None:
    with psycopg.connect(os.environ["ADMIN_DATABASE_URL"], autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER cso_owner").format(
                sql.Identifier(name), sql.Identifier(TEMPLATE)
            )
        )
    for variable in ("DATABASE_URL", "MIGRATOR_DATABASE_URL"):
        os.environ[variable] = with_database(os.environ[variable], name)
    # Grants on a database are not copied with it.
    _prepare_database()


if "CSO_TEST_SERVERS" not in os.environ:
    _start_servers()
if ("-n" not in sys.argv and "--numprocesses" not in sys.argv) or "PYTEST_XDIST_WORKER" in os.environ:
    _copy_database(f"cso_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")


def pytest_unconfigure() -> None:
    _servers.close()
