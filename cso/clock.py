"""The clock by which ballots and waves open and close: the database's, one for all, whatever machine they come by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.db import connection

_told: ContextVar[datetime | None] = ContextVar("told", default=None)


def database_now() -> datetime:
    """The database's clock, now and not at the transaction's start."""
    if told := _told.get():
        return told
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (instant,) = cursor.fetchone()
    result: datetime = instant
    return result


@contextmanager
def telling(instant: datetime) -> Iterator[None]:
    """Within this the clock stands at `instant`, and no mail is written: for stories, which tell the past.

    No request and no worker ever does this.
    """
    token = _told.set(instant)
    try:
        yield
    finally:
        _told.reset(token)


def is_told() -> bool:
    """Whether a story is being told."""
    return _told.get() is not None
