"""How long somebody was present; plain values in, seconds out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

# Attended is who was present for so much of a session, or more.
SHARE_NEEDED = (3, 4)
_SECOND = timedelta(seconds=1)


def seconds_between(start: datetime, end: datetime) -> int:
    """Whole seconds."""
    return (end - start) // _SECOND


def seconds_present(stays: Iterable[tuple[datetime, datetime]], start: datetime, end: datetime) -> int:
    """The whole seconds of [start, end) that are covered by `stays` (from, until), each counted once.

    Stays may overlap (two devices in one call), begin before the start and last beyond the end.
    """
    present, reached = timedelta(), start
    for joined, left in sorted(stays):
        begins, ends = max(joined, reached), min(left, end)
        if ends > begins:
            present += ends - begins
            reached = ends
    return present // _SECOND


def has_attended(present: int, whole: int) -> bool:
    """Whether `present` of a session's `whole` seconds are enough; the database judges by the same rule."""
    part, of = SHARE_NEEDED
    return present * of >= whole * part
