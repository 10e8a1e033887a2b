"""Periods in calendars that skip, repeat and shift hours."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cso.metrics.periods import (
    Grain,
    Period,
    cells_touching,
    last_weeks,
    parse_period,
    part_bounds,
    period_of,
    status,
)

TORONTO = ZoneInfo("America/Toronto")
ZONE_NAMES = [
    "UTC",
    "America/Toronto",
    "America/New_York",
    "Asia/Kathmandu",
    "Pacific/Chatham",
    "Australia/Lord_Howe",
    "Pacific/Apia",  # left out 30 December 2011
    "America/Asuncion",  # clocks changed at midnight
    "America/St_Johns",  # and a minute past it
    "Africa/Casablanca",
]
GRAINS: list[Grain] = ["month", "week", "quarter", "year"]
ZONES = st.sampled_from(ZONE_NAMES).map(ZoneInfo)
INSTANTS = st.datetimes(datetime(1905, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
PERIODS = st.builds(
    lambda instant, grain, count: Period(grain, period_of(instant, grain, ZoneInfo("UTC")).first, count),
    INSTANTS,
    st.sampled_from(GRAINS),
    st.integers(1, 14),
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("key", "grain", "first", "count", "after"),
    [
        ("2026-10", "month", date(2026, 10, 1), 1, date(2026, 11, 1)),
        ("2026-12", "month", date(2026, 12, 1), 1, date(2027, 1, 1)),
        ("2026-W43", "week", date(2026, 10, 19), 1, date(2026, 10, 26)),
        ("2026-W01", "week", date(2025, 12, 29), 1, date(2026, 1, 5)),
        ("2026-W53", "week", date(2026, 12, 28), 1, date(2027, 1, 4)),
        ("2026-Q3", "quarter", date(2026, 7, 1), 1, date(2026, 10, 1)),
        ("2026", "year", date(2026, 1, 1), 1, date(2027, 1, 1)),
        ("2026-W44..2026-W47", "week", date(2026, 10, 26), 4, date(2026, 11, 23)),
        ("2026-W53..2027-W01", "week", date(2026, 12, 28), 2, date(2027, 1, 11)),
        ("2025-11..2026-02", "month", date(2025, 11, 1), 4, date(2026, 3, 1)),
        ("2025-Q4..2026-Q1", "quarter", date(2025, 10, 1), 2, date(2026, 4, 1)),
        ("2024..2026", "year", date(2024, 1, 1), 3, date(2027, 1, 1)),
    ],
)
def test_parse_period(key: str, grain: Grain, first: date, count: int, after: date) -> None:
    period = parse_period(key)
    assert period == Period(grain, first, count)
    assert period.after == after
    assert period.key == key


def test_a_range_of_one_is_one() -> None:
    assert parse_period("2026-10..2026-10").key == "2026-10"


@pytest.mark.parametrize(
    "text",
    [
        *("", "26", "2026-1", "2026-13", "2026-00", "2026-10-01", "2026-10\n", "last month", "２０２６"),
        *("2025-W53", "2026-W00", "2026-w43", "2026-Q5", "2026-Q0", "1899", "3000"),
        *("2026-10..", "..2026-10", "2026-10..2026-W44", "2026-11..2026-10", "2026-10..2026-11..2026-12"),
    ],
)
def test_parse_period_says_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match=r"^A period is a month \(2026-10\), a week .* not '"):
        parse_period(text)


@pytest.mark.parametrize(("grain", "first", "count"), [("month", date(2026, 10, 2), 1), ("week", date(2026, 10, 1), 1)])
def test_a_period_starts_at_its_start(grain: Grain, first: date, count: int) -> None:
    with pytest.raises(ValueError, match="starts on"):
        Period(grain, first, count)
    with pytest.raises(ValueError, match="empty"):
        Period("year", date(2026, 1, 1), 0)


def test_cells() -> None:
    assert parse_period("2026-10").cells() == [date(2026, 10, 1)]
    assert parse_period("2026-Q4").cells() == [date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)]
    assert parse_period("2026").cells() == [date(2026, month, 1) for month in range(1, 13)]
    assert parse_period("2026-W44..2026-W46").cells() == [
        date(2026, 10, 26),
        date(2026, 11, 2),
        date(2026, 11, 9),
    ]
    assert parse_period("2026-W44").cell_grain == "week"
    assert parse_period("2026-Q4").cell_grain == "month"


@pytest.mark.parametrize(
    ("key", "zone", "start", "end"),
    [
        ("2026-10", "UTC", "2026-10-01T00:00", "2026-11-01T00:00"),
        ("2025-03", "America/Toronto", "2025-03-01T05:00", "2025-04-01T04:00"),
        ("2025-11", "America/Toronto", "2025-11-01T04:00", "2025-12-01T05:00"),
        ("2025-W10", "America/Toronto", "2025-03-03T05:00", "2025-03-10T04:00"),
        ("2026-10", "Asia/Kathmandu", "2026-09-30T18:15", "2026-10-31T18:15"),
        ("2026-04", "Pacific/Chatham", "2026-03-31T10:15", "2026-04-30T11:15"),
        ("2026-04", "Australia/Lord_Howe", "2026-03-31T13:00", "2026-04-30T13:30"),
        # No midnight: 00:00 became 01:00 on 1 October 2017.
        ("2017-10", "America/Asuncion", "2017-10-01T04:00", "2017-11-01T03:00"),
        # Midnight twice: 00:01 on 1 November 2009 became 23:01 on the 31st; the first one counts.
        ("2009-11", "America/St_Johns", "2009-11-01T02:30", "2009-12-01T03:30"),
        # A day that never was: Friday 30 December 2011.
        ("2011-W52", "Pacific/Apia", "2011-12-26T10:00", "2012-01-01T10:00"),
    ],
)
def test_bounds(key: str, zone: str, start: str, end: str) -> None:
    assert parse_period(key).bounds(ZoneInfo(zone)) == (utc(start), utc(end))


def test_a_week_that_begins_with_a_skipped_midnight() -> None:
    """In Toronto 23:30 on 30 March 1919 became 00:30 on the 31st."""
    week = Period("week", date(1919, 3, 31))
    assert week.bounds(TORONTO) == (utc("1919-03-31T04:30"), utc("1919-04-07T04:00"))


@pytest.mark.parametrize("key", ["1970..2019", "1970-01..2019-12", "2200-12", "1970-W02..2019-W52"])
def test_fifty_years_are_read(key: str) -> None:
    assert parse_period(key).key == key


@pytest.mark.parametrize(
    "key", ["1900..2999", "1970..2020", "1970-01..2020-02", "1970-W02..2022-W01", "1969", "2201-01"]
)
def test_longer_ones_and_other_centuries_are_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r"50 years long at most|within the years 1970 to 2200"):
        parse_period(key)


def test_a_part_of_a_period_has_its_own_instants() -> None:
    march = parse_period("2026-03")
    middle = utc("2026-03-10T04:00")
    assert part_bounds(march, date(2026, 3, 10), None, TORONTO) == (middle, march.bounds(TORONTO)[1])
    assert part_bounds(march, date(2020, 1, 1), date(2026, 3, 10), TORONTO) == (march.bounds(TORONTO)[0], middle)
    for since, until in [(date(2026, 4, 1), None), (None, date(2026, 3, 1)), (date(2026, 3, 10), date(2026, 3, 10))]:
        with pytest.raises(ValueError, match="No day of 2026-03"):
            part_bounds(march, since, until, TORONTO)


def test_neighbours_keep_their_length() -> None:
    assert parse_period("2026-01").previous().key == "2025-12"
    assert parse_period("2026-12").next().key == "2027-01"
    assert parse_period("2026-W44..2026-W47").previous().key == "2026-W40..2026-W43"
    assert parse_period("2026-Q4").next().key == "2027-Q1"


@pytest.mark.parametrize(
    ("instant", "grain", "key"),
    [
        ("2026-11-01T03:59:59.999999", "month", "2026-10"),  # 23:59:59 in Toronto, still summer time
        ("2026-11-01T04:00", "month", "2026-11"),
        ("2026-10-26T03:59", "week", "2026-W43"),
        ("2026-10-26T04:00", "week", "2026-W44"),
        ("2027-01-01T05:00", "year", "2027"),
        ("2027-01-01T04:59", "quarter", "2026-Q4"),
    ],
)
def test_period_of(instant: str, grain: Grain, key: str) -> None:
    assert period_of(utc(instant), grain, TORONTO).key == key


def test_last_weeks_end_with_the_running_one() -> None:
    assert last_weeks(4, utc("2026-11-18T12:00"), TORONTO).key == "2026-W44..2026-W47"
    assert last_weeks(1, utc("2026-11-16T04:59"), TORONTO).key == "2026-W46"


def test_status() -> None:
    october = parse_period("2026-10")
    end = utc("2026-11-01T04:00")
    tick = timedelta(microseconds=1)
    assert status(october, end - tick, TORONTO) == "running"
    assert status(october, end, TORONTO) == "provisional"
    assert status(october, end + timedelta(days=45) - tick, TORONTO) == "provisional"
    assert status(october, end + timedelta(days=45), TORONTO) == "final"


@pytest.mark.parametrize("grain", GRAINS)
def test_an_instant_without_an_offset_is_refused(grain: Grain) -> None:
    naive = datetime(2026, 10, 1)  # noqa: DTZ001
    with pytest.raises(ValueError, match="offset"):
        period_of(naive, grain, TORONTO)
    with pytest.raises(ValueError, match="offset"):
        status(parse_period("2026-10"), naive, TORONTO)


@pytest.mark.parametrize(
    ("day", "hours", "grain", "zone", "expected"),
    [
        (date(2026, 10, 31), 0, "month", "UTC", {date(2026, 10, 1)}),
        (date(2026, 10, 31), 24, "month", "UTC", {date(2026, 11, 1)}),
        (date(2026, 10, 31), 1, "month", "UTC", {date(2026, 10, 1), date(2026, 11, 1)}),
        (date(2026, 11, 1), 0, "month", "America/Toronto", {date(2026, 10, 1), date(2026, 11, 1)}),
        (date(2026, 11, 1), 4, "month", "America/Toronto", {date(2026, 11, 1)}),
        (date(2026, 10, 31), 4, "month", "America/Toronto", {date(2026, 10, 1)}),
        (date(2026, 10, 25), 0, "week", "Asia/Kathmandu", {date(2026, 10, 19), date(2026, 10, 26)}),
        (date(2026, 10, 25), -24, "week", "Asia/Kathmandu", {date(2026, 10, 19)}),
    ],
)
def test_cells_touching(day: date, hours: int, grain: Grain, zone: str, expected: set[date]) -> None:
    assert cells_touching(day, timedelta(hours=hours), grain, ZoneInfo(zone)) == expected


@given(PERIODS, ZONES)
def test_periods_tile_the_time_line(period: Period, zone: ZoneInfo) -> None:
    start, end = period.bounds(zone)
    assert start < end
    assert period.next().bounds(zone)[0] == end
    assert period.previous().bounds(zone)[1] == start
    assert period.next().previous() == period


@given(INSTANTS, st.sampled_from(GRAINS), ZONES)
def test_an_instant_is_in_one_period(instant: datetime, grain: Grain, zone: ZoneInfo) -> None:
    start, end = period_of(instant, grain, zone).bounds(zone)
    assert start <= instant < end


@given(PERIODS, ZONES)
def test_both_ends_belong_where_they_should(period: Period, zone: ZoneInfo) -> None:
    start, end = period.bounds(zone)
    single = Period(period.grain, period.first)
    assert period_of(start, period.grain, zone) == single
    assert period_of(start - timedelta(microseconds=1), period.grain, zone) == single.previous()
    assert period_of(end, period.grain, zone).first == period.after


@given(PERIODS)
def test_keys_read_back(period: Period) -> None:
    if period.first.year < 1971 or period.after - period.first > timedelta(days=50 * 366):
        return
    assert parse_period(period.key) == period


@given(PERIODS)
def test_cells_tile_their_period(period: Period) -> None:
    cells = [Period(period.cell_grain, first) for first in period.cells()]
    assert cells[0].first == period.first
    assert cells[-1].after == period.after
    assert all(a.next() == b for a, b in pairwise(cells))


@settings(deadline=None)
@given(
    st.dates(date(1990, 1, 1), date(2060, 1, 1)),
    st.integers(-60, 60).map(lambda hours: timedelta(hours=hours)),
    st.sampled_from(GRAINS),
    ZONES,
)
def test_cells_touching_against_every_quarter_of_an_hour(
    day: date, shift: timedelta, grain: Grain, zone: ZoneInfo
) -> None:
    start = datetime.combine(day, datetime.min.time(), UTC) + shift
    quarters = [start + timedelta(minutes=15 * i) for i in range(96)]
    assert cells_touching(day, shift, grain, zone) == {period_of(q, grain, zone).first for q in quarters}
