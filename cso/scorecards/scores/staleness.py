"""When scores are counted anew: soon after something they rest on changed, and when a period moves on."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from cso.alarms.actions import set_alarm
from tenants.scope import current_tenant_id

# One alarm each for a whole tenant, which stands for no row.
STALE, CALENDAR = "scorecards.stale", "scorecards.calendar"
TENANT = UUID(int=0)
# So long what happens is gathered before it is counted.
GATHERED_FOR = timedelta(seconds=15)


def scores_are_stale(now: datetime) -> None:
    """Something changed that scores may rest on: they are counted within seconds, once for all that came together."""
    if not _will_ring(now + GATHERED_FOR):
        set_alarm(STALE, TENANT, now + GATHERED_FOR)


def _will_ring(by: datetime) -> bool:
    """Whether the alarm rings by then, and not before this transaction has ended.

    One that has begun to ring may have read what this transaction is changing before it changed, so it is none; one
    that has not is kept from it by this lock, which others may share. Ringing skips what is locked, and comes back.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM alarms_alarm WHERE tenant_id = %s AND kind = %s AND subject = %s"
            " AND attempts = 0 AND rings_at <= %s FOR KEY SHARE",
            [current_tenant_id(), STALE, TENANT, by],
        )
        return cursor.fetchone() is not None
