"""Rotation: a member whose term has ended makes room for a new voice."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Min

from cso.alarms.actions import set_alarm, when_ringing
from cso.panels.models import Panel, PanelMember

ROTATES = "rotate_panel"


def rotate_soon(panel: Panel) -> None:
    """Let the next term that ends be noticed."""
    ends_at = _next_end(panel.pk)
    if ends_at is not None:
        set_alarm(ROTATES, panel.pk, ends_at)


@when_ringing(ROTATES)
def rotate_members(subject: UUID, *, now: datetime) -> None:
    """Those whose term has ended leave. What they were asked until then they may still answer, and it counts."""
    due = PanelMember.objects.filter(panel=subject, left_at=None, term_ends_at__lte=now)
    due.update(left_at=now, left_because=PanelMember.LeftBecause.ROTATED)
    ends_at = _next_end(subject)
    if ends_at is not None:
        set_alarm(ROTATES, subject, ends_at)


def _next_end(panel: UUID) -> datetime | None:
    staying = PanelMember.objects.filter(panel=panel, left_at=None)
    found: datetime | None = staying.aggregate(ends_at=Min("term_ends_at"))["ends_at"]
    return found
