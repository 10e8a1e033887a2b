"""Whose period it was: the days on which a plan's leader led its unit, and what of them is counted."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from uuid import UUID

from cso.metrics.counting import Window
from cso.metrics.periods import Period, day_start
from cso.people.models import Leadership
from tenants.scope import current_tenant, day_of

Days = tuple[date, date]


@dataclass(frozen=True)
class Span:
    """The part of `period` for which a leader answers: [first, end) pieces, in their order, without overlap.

    The last piece of who leads today reaches to the period's end. today: of the tenant, at the instant asked for.
    """

    period: Period
    pieces: tuple[Days, ...]
    today: date

    @property
    def is_whole(self) -> bool:
        return self.pieces == ((self.period.first, self.period.after),)

    @property
    def since(self) -> date | None:
        """Their first day, where it is not the period's."""
        return self.pieces[0][0] if self.pieces[0][0] > self.period.first else None

    @property
    def until(self) -> date | None:
        """The day after their last, where it is not the period's."""
        return self.pieces[-1][1] if self.pieces[-1][1] < self.period.after else None

    def windows(self, unit: UUID) -> list[Window]:
        zone = current_tenant().zone
        return [Window(unit, day_start(first, zone), day_start(end, zone)) for first, end in self.pieces]

    def months_passed(self) -> Fraction:
        """How many months of it have passed, with today, by their days: what adds up is held against so many."""
        tomorrow = self.today + timedelta(days=1)
        months = Fraction(0)
        for month in self.period.cells():
            days = sum(_overlap(piece, (month, min(tomorrow, _next(month)))) for piece in self.pieces)
            months += Fraction(days, _length(month))
        return months

    def months_led(self) -> list[date]:
        """The months that have begun and of which at least half of the days are theirs; a month's figure is told as
        one, so it is nobody's part."""
        return [
            month
            for month in self.period.cells()
            if month <= self.today
            and 2 * sum(_overlap(piece, (month, _next(month))) for piece in self.pieces) >= _length(month)
        ]


def span_of(period: Period, begins: date, person: UUID, led: Iterable[Leadership], *, now: datetime) -> Span | None:
    """The part of a period from the day `begins` on in which `person` led; None where there is none by now.

    led: leaderships of the one unit, by their start.
    """
    today = day_of(now)
    elapsed = min(period.after, today + timedelta(days=1))
    pieces: list[Days] = []
    for each in led:
        first = max(each.starts_on, begins, period.first)
        until = min(each.ends_on or elapsed, elapsed)
        if each.person_id != person or first >= until:
            continue
        if until == elapsed and (each.ends_on is None or each.ends_on > today):
            until = min(each.ends_on or period.after, period.after)
        if pieces and pieces[-1][1] == first:
            pieces[-1] = (pieces[-1][0], until)
        else:
            pieces.append((first, until))
    return Span(period, tuple(pieces), today) if pieces else None


def of_unit(led: Sequence[Leadership], unit: UUID) -> list[Leadership]:
    return [each for each in led if each.unit_id == unit]


def _overlap(one: Days, two: Days) -> int:
    return max(0, (min(one[1], two[1]) - max(one[0], two[0])).days)


def _next(month: date) -> date:
    return Period("month", month).after


def _length(month: date) -> int:
    return monthrange(month.year, month.month)[1]
