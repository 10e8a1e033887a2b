"""Signing in to the database as somebody else, or by another way, for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection, connections
from psycopg import sql

PASSWORD = "only-for-a-test"


@contextmanager
def connected(**settings: Any) -> Iterator[None]:
    """Connections made in here, in every thread, use these of Django's settings (USER, HOST, OPTIONS, ...)."""
    shared = connections.settings["default"]
    before = dict(shared)
    connection.close()
    try:
        shared.update(settings)
        connection.settings_dict = dict(shared)
        yield
    finally:
        connection.close()
        if "pool" in connection.settings_dict["OPTIONS"]:
            connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's own
        shared.clear()
        shared.update(before)
        connection.settings_dict = shared


@contextmanager
def role(admin: psycopg.Connection, name: str, options: str = "") -> Iterator[sql.Identifier]:
    """A role of its own that may sign in: roles belong to the whole server, where other tests run as the app's."""
    found = sql.Identifier(name)
    admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(found))
    admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} {}").format(found, sql.Literal(PASSWORD), sql.SQL(options)))
    try:
        yield found
    finally:
        admin.execute(sql.SQL("DROP ROLE {}").format(found))
