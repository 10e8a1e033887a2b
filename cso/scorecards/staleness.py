"""When scores are counted anew: soon after something they rest on changed, and when a period moves on."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from cso.alarms.actions import set_alarm
from cso.alarms.models import Alarm

# One alarm each for a whole tenant, which stands for no row.
STALE, CALENDAR = "scorecards.stale", "scorecards.calendar"
TENANT = UUID(int=0)
# So long what happens is gathered before it is counted.
GATHERED_FOR = timedelta(seconds=15)


def scores_are_stale(now: datetime) -> None:
    """Something changed that scores may rest on: they are counted within seconds, once for all that came together."""
    if not Alarm.objects.filter(kind=STALE, subject=TENANT, rings_at__lte=now + GATHERED_FOR).exists():
        set_alarm(STALE, TENANT, now + GATHERED_FOR)
