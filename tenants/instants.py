"""Instants out of the database, quickly.

Django reads each timestamptz by a regular expression in Python, because it wants every one in the same zone; a list of
100 cases has 600 of them, and they took half of its time. Sessions here speak UTC, so the standard library's own reader
gives the same values.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from psycopg.types.datetime import TimestamptzLoader


class InstantLoader(TimestamptzLoader):
    """`2026-03-18 15:00:00+00` as an aware datetime."""

    # Django compares this with the zone it wants, and leaves a loader of the same zone in place.
    timezone = UTC

    def load(self, data: Any) -> datetime:
        try:
            return datetime.fromisoformat(bytes(data).decode())
        except ValueError:
            # Not a time of Python's calendar (infinity, BC): the driver says so.
            return super().load(data)


def read_instants_quickly(connection: Any, **_: Any) -> None:
    """Receiver of Django's `connection_created`."""
    connection.connection.adapters.register_loader("timestamptz", InstantLoader)
