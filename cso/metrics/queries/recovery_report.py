"""How a unit's customers were recovered: what they said, what was promised, who waits, what is at risk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cso.metrics.periods import Period
from cso.metrics.queries.beside import Response, Worth, response_of, worth_currency, worth_of
from cso.metrics.queries.breakdown import Slice, breakdown
from cso.metrics.queries.figures import HEADLINE, Figure, figure_of
from cso.metrics.queries.states import count_state, state_counts
from cso.metrics.registry import METRICS
from cso.people.models import Unit
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


def recovery_report(
    viewer: Actor,
    unit: Unit,
    period: Period,
    *,
    now: datetime,
    between: tuple[datetime, datetime] | None = None,
) -> RecoveryReport:
    """The report of a unit that the viewer was let in to see (`cso.people.queries.visible_units`).

    between: the part of the period that is reported on instead of the whole.
    """
    units, group = [unit.pk], {None: [unit.pk]}
    dazzled = figure_of(DAZZLED, units, period, now=now, between=between)
    # Of the same family, so of the same counts.
    counts = dazzled.counts
    surprised = Figure(SURPRISED, counts[SURPRISED.numerator], counts[SURPRISED.denominator], 0, dazzled.status, counts)
    standing = state_counts(AT_RISK, group, now=now)[None]
    at_risk = worth_of(AT_RISK, standing, worth_currency())
    assert at_risk is not None, "it is money"
    return RecoveryReport(
        surprised=surprised,
        response=response_of(surprised),
        dazzled=dazzled,
        double_deviation=figure_of(DOUBLE_DEVIATION, units, period, now=now, between=between),
        promises=figure_of(PROMISE_KEPT, units, period, now=now, between=between),
        silent=count_state(SILENT, group, now=now)[None],
        customers_at_risk=standing[AT_RISK.numerator],
        at_risk=at_risk,
        channels=breakdown(viewer, HEADLINE, units, period, "channel", now=now, between=between),
    )
