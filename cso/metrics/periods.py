"""Months, ISO weeks, quarters and years as a tenant's calendar has them.

A period is half-open. It begins with the first instant of its first day in the tenant's zone, also
where the clocks skip or repeat midnight. Zones are arguments; there is no current one.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

Grain = Literal["month", "week", "quarter", "year"]
Status = Literal["running", "provisional", "final"]

FINAL_AFTER = timedelta(days=45)
YEARS = range(1970, 2201)
# A range is the sum of its weeks or months; more of them than this asks for nothing that anybody reads.
MOST_YEARS = 50

_MONTHS: dict[Grain, int] = {"month": 1, "quarter": 3, "year": 12}
_KEY = re.compile(r"(?P<year>[0-9]{4})(-(?P<month>[0-9]{2})|-W(?P<week>[0-9]{2})|-Q(?P<quarter>[0-9]))?")
_ALLOWED = (
    "A period is a month (2026-10), a week (2026-W43), a quarter (2026-Q3), a year (2026), "
    "or a range from one to a later one of the same kind (2026-W44..2026-W47)"
)


@dataclass(frozen=True)
class Period:
    """`count` whole months, weeks, quarters or years in a row, from the day `first` on."""

    grain: Grain
    first: date
    count: int = 1

    def __post_init__(self) -> None:
        if self.count < 1 or self.first != _floor(self.grain, self.first):
            raise ValueError(f"No {self.grain} starts on {self.first}, or it is empty ({self.count}).")

    @property
    def key(self) -> str:
        """The way to write it, which `parse_period` reads: 2026-10, 2026-W44..2026-W47."""
        key = _key_of(self.grain, self.first)
        if self.count == 1:
            return key
        return f"{key}..{_key_of(self.grain, _step(self.grain, self.first, self.count - 1))}"

    @property
    def after(self) -> date:
        """The first day that no longer belongs to it."""
        return _step(self.grain, self.first, self.count)

    @property
    def cell_grain(self) -> Literal["month", "week"]:
        """What its cells are: weeks for weeks, months for everything else."""
        return "week" if self.grain == "week" else "month"

    def cells(self) -> list[date]:
        """The first days of the weeks or months whose sum it is."""
        starts = [self.first]
        while (following := _step(self.cell_grain, starts[-1], 1)) < self.after:
            starts.append(following)
        return starts

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Its start and its end, which is outside, as instants in UTC."""
        return day_start(self.first, zone), day_start(self.after, zone)

    def previous(self) -> "Period":
        """As many of the same grain, just before."""
        return Period(self.grain, _step(self.grain, self.first, -self.count), self.count)

    def next(self) -> "Period":
        """As many of the same grain, just after."""
        return Period(self.grain, self.after, self.count)


def parse_period(text: str) -> Period:
    """Read `Period.key`. Raises ValueError with a sentence that says what is allowed."""
    first, dots, last = text.partition("..")
    start = _parse_one(first, text)
    if not dots:
        return start
    end = _parse_one(last, text)
    if start.grain != end.grain or end.first < start.first:
        raise _not_a_period(text)
    period = Period(start.grain, start.first, _distance(start.grain, start.first, end.first) + 1)
    if period.after - period.first > timedelta(days=366 * MOST_YEARS):
        raise ValueError(f"A period is {MOST_YEARS} years long at most; not {text[:60]!r}.")
    return period


def part_bounds(period: Period, since: date | None, until: date | None, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants of the part of a period from the day `since` on and before the day `until` (None: its own ends).

    Raises ValueError when that is nothing.
    """
    first, end = max(since or period.first, period.first), min(until or period.after, period.after)
    if first >= end:
        raise ValueError(f"No day of {period.key} lies in that part of it.")
    return day_start(first, zone), day_start(end, zone)


def period_of(instant: datetime, grain: Grain, zone: ZoneInfo) -> Period:
    """The one period of the grain that holds an aware instant."""
    period = Period(grain, _floor(grain, _aware(instant).astimezone(zone).date()))
    # Where the clocks fall back over midnight (St. John's until 2011) the last day shows up once more.
    return period if instant < period.bounds(zone)[1] else period.next()


def last_weeks(n: int, now: datetime, zone: ZoneInfo) -> Period:
    """The n weeks up to and including the one that is running."""
    current = period_of(now, "week", zone)
    return Period("week", _step("week", current.first, 1 - n), n)


def status(period: Period, now: datetime, zone: ZoneInfo) -> Status:
    """Running until its end, then provisional, and final from 45 days (of 24 h) after it."""
    return status_at(period.bounds(zone)[1], now)


def status_at(end: datetime, now: datetime) -> Status:
    """The same for whatever ends at `end`."""
    if _aware(now) < end:
        return "running"
    return "provisional" if now < end + FINAL_AFTER else "final"


def cells_touching(day: date, shift: timedelta, grain: Grain, zone: ZoneInfo) -> set[date]:
    """First days of the periods that the instants of a UTC day, each moved by `shift`, can fall into."""
    start = datetime.combine(day, time(), UTC) + shift
    end = start + timedelta(days=1)
    period = period_of(start, grain, zone)
    touched = {period.first}
    while period.bounds(zone)[1] < end:
        period = period.next()
        touched.add(period.first)
    return touched


def _parse_one(key: str, text: str) -> Period:
    match = _KEY.fullmatch(key)
    if not match or int(match["year"]) not in YEARS:
        raise _not_a_period(text)
    year = int(match["year"])
    try:
        if match["week"]:
            return Period("week", date.fromisocalendar(year, int(match["week"]), 1))
        if match["quarter"]:
            return Period("quarter", date(year, 3 * int(match["quarter"]) - 2, 1))
        if match["month"]:
            return Period("month", date(year, int(match["month"]), 1))
    except ValueError:  # a 13th month, a 53rd week in a year of 52
        raise _not_a_period(text) from None
    return Period("year", date(year, 1, 1))


def _not_a_period(text: str) -> ValueError:
    return ValueError(f"{_ALLOWED}, within the years {YEARS[0]} to {YEARS[-1]}; not {text[:60]!r}.")


def _key_of(grain: Grain, first: date) -> str:
    if grain == "week":
        year, week, _ = first.isocalendar()
        return f"{year:04}-W{week:02}"
    if grain == "quarter":
        return f"{first.year:04}-Q{(first.month + 2) // 3}"
    return f"{first.year:04}" if grain == "year" else f"{first.year:04}-{first.month:02}"


def _floor(grain: Grain, day: date) -> date:
    if grain == "week":
        return day - timedelta(days=day.weekday())
    months = _MONTHS[grain]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def _step(grain: Grain, first: date, n: int) -> date:
    if grain == "week":
        return first + timedelta(weeks=n)
    year, month = divmod(_month_number(first) + n * _MONTHS[grain], 12)
    return date(year, month + 1, 1)


def _distance(grain: Grain, first: date, last: date) -> int:
    if grain == "week":
        return (last - first).days // 7
    return (_month_number(last) - _month_number(first)) // _MONTHS[grain]


def _month_number(day: date) -> int:
    return day.year * 12 + day.month - 1


@lru_cache(maxsize=8_192)  # asked hundreds of times for each refresh and page; a zone's rules stay while we run
def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day in a zone: midnight, or where clocks skip it, the instant of the change."""
    midnight = datetime.combine(day, time())
    start = midnight.replace(tzinfo=zone).astimezone(UTC)
    if _local(start, zone) == midnight:
        return start
    # With the offset after the change a skipped midnight reads too early, with the one before too late.
    early = midnight.replace(tzinfo=zone, fold=1).astimezone(UTC)
    skipped = [early + timedelta(seconds=s) for s in range(int((start - early).total_seconds()) + 1)]
    return skipped[bisect_left(skipped, midnight, key=lambda instant: _local(instant, zone))]


def _local(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("An instant needs its offset from UTC.")
    return instant
