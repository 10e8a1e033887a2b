"""Figures of others over the months of a span."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from cso.metrics.periods import Period, status
from cso.scorecards.models import Measure, MeasureFigure
from cso.scorecards.plans.measures import Key
from cso.scorecards.scores.spans import Span
from tenants.scope import current_tenant


@dataclass(frozen=True)
class Rolled:
    """A figure over a span. months: how many months of floor and target it is held against; 1 for what does not add up.

    actual is None without data, and where the figure of a month lacks that must be there.
    """

    numerator: Decimal | int | None
    denominator: Decimal | int | None
    actual: Fraction | None
    months: Fraction


NOTHING = Rolled(None, None, None, Fraction(1))


def roll_up(measure: Measure, unit: UUID, span: Span, figures: Mapping[Key, MeasureFigure], *, now: datetime) -> Rolled:
    """A measure of one unit over the months that its leader led.

    A month that is over must have its figure; only while the period runs may one lack that is not yet final. What the
    source had before a month's end is no figure of the month once that is over, so closing early closes nothing.
    """
    told: list[MeasureFigure] = []
    for month in span.months_led():
        figure = figures.get((measure.pk, unit, month))
        if figure is not None and _counts(figure, month, now):
            told.append(figure)
        elif _must_be_there(month, span.period, now):
            return NOTHING
    if not told:
        return NOTHING
    if measure.rollup == Measure.Rollup.LAST:
        told = told[-1:]
    numerator, denominator = (sum((getattr(figure, name) for figure in told), Decimal(0)) for name in _PARTS)
    if measure.rollup == Measure.Rollup.SUM:
        return Rolled(numerator, None, Fraction(numerator), Fraction(len(told)))
    return Rolled(numerator, denominator, Fraction(numerator) / Fraction(denominator), Fraction(1))


_PARTS = ("numerator", "denominator")


def _counts(figure: MeasureFigure, month: date, now: datetime) -> bool:
    end = Period("month", month).bounds(current_tenant().zone)[1]
    return figure.as_of >= end or now < end


def _must_be_there(month: date, period: Period, now: datetime) -> bool:
    zone = current_tenant().zone
    of_month = status(Period("month", month), now, zone)
    return of_month == "final" or (of_month == "provisional" and status(period, now, zone) != "running")
