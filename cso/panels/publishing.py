"""Closing a wave: its answers are counted into groups, its words become remarks, once and for all.

Nothing but this module reads answers to tell others of them.
"""

from __future__ import annotations

from datetime import datetime

from cso.errors import ConflictError
from cso.panels.models import LEAST_GROUP, ListeningSettings, Wave


def publish(wave: Wave, *, now: datetime) -> Wave:
    """Count an open (or imported) wave and mark it closed; the wave as it is then.

    The caller holds the wave's row alone, so that nobody answers meanwhile (`cso.panels.holding`). Raises
    `ConflictError` with the code `closed` or `cancelled`.
    """
    if wave.status in {Wave.Status.CLOSED, Wave.Status.CANCELLED}:
        raise ConflictError("This wave has ended already.", code=str(wave.status))
    wave.smallest_group = _smallest_group()
    wave.status, wave.closed_at = Wave.Status.CLOSED, now
    wave.save(update_fields=["smallest_group", "status", "closed_at"])
    return wave


def _smallest_group() -> int:
    found = ListeningSettings.objects.values_list("smallest_group", flat=True).first()
    default: int = ListeningSettings._meta.get_field("smallest_group").default
    return max(found or default, LEAST_GROUP)
