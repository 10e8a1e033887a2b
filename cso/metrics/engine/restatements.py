"""What changed after it was final: kept in the transaction that writes over it."""

from __future__ import annotations

from typing import Any

from django.db import connection

from cso.metrics.periods import FINAL_AFTER
from tenants.scope import current_tenant, current_tenant_id


def record_restatements(new: str, **parameters: Any) -> None:
    """Keep what the totals of final months were, before they are written over.

    new: a table or subselect of cells to come, with family, grain, period, unit_id and total. A cell that changed
    within the last day is still being filled, as by a first load of history; a total of another width counts other
    things.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO metrics_restatement (tenant_id, family, grain, period, unit_id, before, after)
            SELECT c.tenant_id, c.family, c.grain, c.period, c.unit_id, c.total, r.total
            FROM {new} r JOIN metrics_cell c ON c.tenant_id = %(tenant)s AND c.family = r.family
                AND c.grain = r.grain AND c.period = r.period AND c.unit_id = r.unit_id
            WHERE r.grain = 'month' AND c.total <> r.total AND cardinality(c.total) = cardinality(r.total)
            AND c.as_of < now() - INTERVAL '1 day'
            AND (c.period + INTERVAL '1 month') AT TIME ZONE %(zone)s + make_interval(secs => %(final_after)s) <= now()
            """,
            {
                **parameters,
                "tenant": current_tenant_id(),
                "zone": current_tenant().time_zone,
                "final_after": FINAL_AFTER.total_seconds(),
            },
        )
