"""What recovering brought back for what was given: more with less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from uuid import UUID

from django.db import connection

from cso.metrics.queries.beside import Worth
from cso.metrics.registry.families import RETURN_TIME
from tenants.scope import current_tenant_id


@dataclass(frozen=True)
class Returned:
    """`given`, in minor units of `currency`, to all who were at risk, and what is saved of their worth, low to high.

    Whoever was lost, or is of unknown worth, was given to as well: that is part of the price.
    """

    currency: str
    given: int
    saved_low: int
    saved_high: int

    @property
    def ratio(self) -> tuple[Fraction, Fraction] | None:
        """How much was saved for each one given, from low to high; None where nothing was given."""
        if not self.given:
            return None
        return Fraction(self.saved_low, self.given), Fraction(self.saved_high, self.given)


def returned(saved: Worth, units: Sequence[UUID], bounds: tuple[datetime, datetime], *, now: datetime) -> Returned:
    """Beside the value saved of disjoint subtrees in a period: what was given on the cases of the very same customers.

    Of those whose 90 days ended within `bounds`, and by now; money in the currency of worth, whenever it was given. One
    statement.
    """
    start, end = bounds
    with connection.cursor() as cursor:
        cursor.execute(
            _GIVEN,
            {
                "tenant": current_tenant_id(),
                "units": list(units),
                "start": start - RETURN_TIME,
                "end": min(end, now) - RETURN_TIME,
                "currency": saved.currency,
            },
        )
        [(given,)] = cursor.fetchall()
    return Returned(saved.currency, int(given), saved.low, saved.high)


# The times of a customer's cases that overlap or touch are one risk, so each case lies in one: that of its report.
_GIVEN = """
SELECT COALESCE(sum(remedy.amount_minor), 0)
FROM recovery_remedy remedy
JOIN recovery_case c ON c.tenant_id = remedy.tenant_id AND c.id = remedy.case_id
JOIN recovery_exposure risk ON risk.tenant_id = remedy.tenant_id AND risk.customer_id = c.customer_id
    AND c.reported_at >= risk.at_risk_since AND (risk.ended_at IS NULL OR c.reported_at <= risk.ended_at)
WHERE remedy.tenant_id = %(tenant)s AND remedy.status = 'given' AND remedy.currency = %(currency)s
    AND risk.at_risk_since >= %(start)s AND risk.at_risk_since < %(end)s
    AND EXISTS (SELECT FROM people_unitancestor line WHERE line.tenant_id = risk.tenant_id
        AND line.unit_id = risk.unit_id AND line.ancestor_id = ANY(%(units)s))
"""
