"""Bringing a rule back that was killed, is being killed, or expired."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F

from cso.committees.models import KillOrder
from cso.rules.models import Rule
from tenants.scope import day_of


def revive_rule(rule: Rule, *, now: datetime, because: str) -> None:
    """The rule holds again, and no order to kill it stands. Nothing changes for a rule that simply holds."""
    standing = KillOrder.objects.filter(rule=rule).exclude(status=KillOrder.Status.REINSTATED)
    standing.update(
        status=KillOrder.Status.REINSTATED,
        reinstated_at=now,
        reinstated_because=because[:500],
        revision=F("revision") + 1,
    )
    held = Rule.objects.select_for_update().get(pk=rule.pk)
    if held.status not in {Rule.Status.KILLED, Rule.Status.EXPIRED}:
        return
    held.status, held.withdrawn_at, held.withdrawn_because = Rule.Status.REINSTATED, None, ""
    if held.sunset_on is not None and held.sunset_on <= day_of(now):
        held.sunset_on = None
    held.revision += 1
    held.save(update_fields=["status", "withdrawn_at", "withdrawn_because", "sunset_on", "revision"])
