"""The instants of random histories: where a figure could change, and a little beside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.metrics.naive import MICROSECOND

# Later than every instant of a story, so that no act lies in the future.
LATER = datetime(2026, 6, 20, 12, tzinfo=UTC)
ZONES = ["America/Toronto", "Asia/Kathmandu", "Pacific/Auckland"]
# Where months, weeks and clock changes are; in UTC, so that each zone is near some of them.
EDGES = [
    datetime(2025, 11, 1, 4, tzinfo=UTC),
    datetime(2025, 11, 2, 6, tzinfo=UTC),
    datetime(2026, 2, 28, 18, 15, tzinfo=UTC),
    datetime(2026, 3, 1, 5, tzinfo=UTC),
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 3, 16, 4, tzinfo=UTC),
    datetime(2026, 3, 31, 11, tzinfo=UTC),
]
DAY, FORTNIGHT = timedelta(hours=24), timedelta(days=14)
SHIFTS = [timedelta(0), MICROSECOND, -MICROSECOND, timedelta(hours=5), -timedelta(hours=7), timedelta(days=3)]
AFTER = [
    timedelta(0),
    timedelta(seconds=1),
    timedelta(minutes=90, microseconds=1),
    DAY - MICROSECOND,
    DAY,
    DAY + MICROSECOND,
    timedelta(days=13),
    FORTNIGHT,
    FORTNIGHT + MICROSECOND,
]
