"""How a unit's customers were recovered: what they said, what was promised, who waits, what is at risk."""

from __future__ import annotations

from dataclasses import dataclass

from cso.metrics.queries.beside import Response, Worth, response_of, worth_currency, worth_of
from cso.metrics.queries.breakdown import Slice, breakdown
from cso.metrics.queries.figures import HEADLINE, Figure
from cso.metrics.queries.unit_figures import UnitFigures
from cso.metrics.registry import METRICS
from tenants.models import Actor

SURPRISED, DAZZLED = METRICS["surprised"], METRICS["dazzled"]
DOUBLE_DEVIATION, PROMISE_KEPT = METRICS["double_deviation"], METRICS["promise_kept"]
SILENT, AT_RISK = METRICS["silent"], METRICS["value_at_risk"]


@dataclass(frozen=True)
class RecoveryReport:
    """Of a unit with all below it. silent, at_risk, customers_at_risk: as it stands now.

    channels: the 24-hour figure by channel, the most cases first.
    """

    surprised: Figure
    response: Response | None
    dazzled: Figure
    double_deviation: Figure
    promises: Figure
    silent: int
    customers_at_risk: int
    at_risk: Worth
    channels: list[Slice]


def recovery_report(viewer: Actor, figures: UnitFigures) -> RecoveryReport:
    dazzled = figures.of(DAZZLED)
    # Of the same family, so of the same counts.
    counts = dazzled.counts
    surprised = Figure(SURPRISED, counts[SURPRISED.numerator], counts[SURPRISED.denominator], 0, dazzled.status, counts)
    standing, now = figures.states[AT_RISK.key], figures.now
    at_risk = worth_of(AT_RISK, standing, worth_currency())
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
        channels=breakdown(
            viewer, HEADLINE, None, figures.period, "channel", now=now, between=figures.between, within=figures.below
        ),
    )
