"""How a unit's customers were recovered: what they said, what was promised, who waits, what is at risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cso.metrics.queries.beside import Response, Worth, given_among, response_of, worth_of
from cso.metrics.queries.figures import Figure
from cso.metrics.queries.unit_figures import UnitFigures
from cso.metrics.queries.why import OfChannel
from cso.metrics.registry import METRICS
from tenants.scope import current_tenant

SURPRISED, DAZZLED = METRICS["surprised"], METRICS["dazzled"]
DOUBLE_DEVIATION, PROMISE_KEPT = METRICS["double_deviation"], METRICS["promise_kept"]
SILENT, AT_RISK = METRICS["silent"], METRICS["value_at_risk"]


@dataclass(frozen=True)
class RecoveryReport:
    """Of a unit with all below it. silent, at_risk, customers_at_risk: as it stands now.

    given: minor units by currency. channels: the 24-hour figure by channel, the most cases first.
    """

    surprised: Figure
    response: Response | None
    dazzled: Figure
    double_deviation: Figure
    promises: Figure
    silent: int
    customers_at_risk: int
    at_risk: Worth
    given: dict[str, int]
    channels: Sequence[OfChannel]


def recovery_report(figures: UnitFigures) -> RecoveryReport:
    dazzled = figures.of(DAZZLED)
    # Of the same family, so of the same counts.
    counts = dazzled.counts
    surprised = Figure(SURPRISED, counts[SURPRISED.numerator], counts[SURPRISED.denominator], 0, dazzled.status, counts)
    standing = figures.states[AT_RISK.key]
    start, end = figures.between or figures.period.bounds(current_tenant().zone)
    given, currency = given_among(figures.below, start, end)
    at_risk = worth_of(AT_RISK, standing, currency)
    assert at_risk is not None, "it is money"
    return RecoveryReport(
        surprised=surprised,
        response=response_of(surprised),
        dazzled=dazzled,
        double_deviation=figures.of(DOUBLE_DEVIATION),
        promises=figures.of(PROMISE_KEPT),
        silent=figures.states[SILENT.key][SILENT.numerator],
        customers_at_risk=standing[AT_RISK.numerator],
        at_risk=at_risk,
        given=given,
        channels=figures.why.channels,
    )
