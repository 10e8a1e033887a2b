"""What stands beside a figure: who answered at all, what its facts are worth, and what chance leaves open."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from uuid import UUID

from django.db.models import BigIntegerField, Sum, Value

from cso.committees.effect import effect_of
from cso.intervals import net_interval
from cso.metrics.queries.figures import Figure
from cso.metrics.registry import Metric
from cso.people.queries import among
from cso.recovery.models import RecoverySettings, Remedy


@dataclass(frozen=True)
class Response:
    """How many of those asked answered, and between which shares the figure would lie if all had."""

    answered: int
    asked: int
    worst: Fraction
    best: Fraction

    @property
    def rate(self) -> Fraction:
        return Fraction(self.answered, self.asked)


def response_of(figure: Figure) -> Response | None:
    """None where nobody was asked, and for a figure that no answer decides.

    worst: all who are silent would have said no; best: they would have said yes.
    """
    asked = figure.counts[figure.metric.asked] if figure.metric.asked else 0
    if not asked:
        return None
    silent = asked - figure.denominator
    worst, best = Fraction(figure.numerator, asked), Fraction(figure.numerator + silent, asked)
    # For what is better low, all silent customers saying yes is the worst.
    return Response(figure.denominator, asked, *((best, worst) if figure.metric.better == "lower" else (worst, best)))


@dataclass(frozen=True)
class Ratio:
    """How often something happened after, for each time before: `value`, and the 95 % interval of the rates' ratio.

    low and high are None where there are too few to tell; high alone where nothing bounds it.
    """

    value: Fraction
    low: float | None
    high: float | None


def ratio_of(figure: Figure) -> Ratio | None:
    """None for a figure that is no ratio, and where nothing happened before."""
    if figure.metric.kind != "ratio" or figure.share is None:
        return None
    effect = effect_of(figure.denominator, figure.numerator)
    high = None if effect.high is None or math.isinf(effect.high) else effect.high
    return Ratio(figure.share, effect.low, high)


@dataclass(frozen=True)
class Net:
    """How many more are for it than against it, of all: `value` from -1 to 1, with its 95 % interval."""

    value: Fraction
    low: float
    high: float


def net_of(figure: Figure) -> Net | None:
    """None for a figure that is not net, and without answers."""
    if figure.metric.against is None or not figure.denominator:
        return None
    against = figure.counts[figure.metric.against]
    interval = net_interval(figure.numerator, against, figure.denominator)
    assert interval is not None, "there are answers"
    return Net(Fraction(figure.numerator - against, figure.denominator), interval.low, interval.high)


@dataclass(frozen=True)
class Worth:
    """Minor units of `currency`, from low to high; `unknown` rows of the denominator add nothing to either."""

    currency: str
    low: int
    high: int
    whole_low: int
    whole_high: int
    unknown: int


def worth_of(metric: Metric, counts: Mapping[str, int], currency: str) -> Worth | None:
    """What the facts of the numerator are worth, and all of the denominator; None for what is not money."""
    if metric.money is None:
        return None
    low, high = (counts[name] for name in metric.money.numerator)
    whole_low, whole_high = (counts[name] for name in metric.money.denominator)
    return Worth(currency, low, high, whole_low, whole_high, counts[metric.money.unknown])


def worth_currency() -> str:
    """The currency in which worth is summed."""
    found = RecoverySettings.objects.values_list("currency", flat=True).first()
    return found or _default_currency()


def given_among(units: Sequence[UUID], start: datetime, end: datetime) -> tuple[dict[str, int], str]:
    """What `units` themselves gave in [start, end), minor units by currency, and the currency in which worth is summed;
    one query."""
    remedies = Remedy.objects.filter(among(units, "unit"), given_at__gte=start, given_at__lt=end, amount_minor__gt=0)
    given = remedies.values_list("currency").annotate(minor=Sum("amount_minor"))
    settings = RecoverySettings.objects.values_list("currency", Value(None, BigIntegerField()))
    rows = list(settings.order_by().union(given.order_by(), all=True).order_by("currency"))
    sums = {currency: minor for currency, minor in rows if minor is not None}
    return sums, next((currency for currency, minor in rows if minor is None), _default_currency())


def _default_currency() -> str:
    return str(RecoverySettings._meta.get_field("currency").default)
