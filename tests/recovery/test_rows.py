"""One line of a load, read without the database."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from cso.recovery.loading.rows import Reading, Refusal, Row, read_row
from tests.personas import NOW


@pytest.mark.parametrize(
    ("zone", "reported_at", "fixed_at"),
    [
        ("America/New_York", "2026-03-01T10:00:00Z", "0001-01-01T00:00:00Z"),
        ("Asia/Tokyo", "9999-12-31T23:30:00Z", "9999-12-31T23:00:00Z"),
    ],
)
def test_an_instant_at_the_edge_of_the_calendar_is_refused(zone: str, reported_at: str, fixed_at: str) -> None:
    row = read_row(1, {"reported_at": reported_at, "fixed_at": fixed_at}, Reading(ZoneInfo(zone)), NOW)
    assert isinstance(row, Refusal)
    assert ("fixed_at", "before_opened") in [(error.field, error.code) for error in row.errors]


def test_a_repeated_hour_is_settled_by_the_report() -> None:
    told = {"reported_at": "2025-11-02T05:50:00Z", "fixed_at": "2025-11-02T01:10:00"}
    row = read_row(1, told, Reading(ZoneInfo("America/New_York")), NOW)
    assert isinstance(row, Row)
    assert row.fixed_at == datetime(2025, 11, 2, 6, 10, tzinfo=UTC)
