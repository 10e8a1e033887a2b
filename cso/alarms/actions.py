"""Setting alarms, and doing what they are for when they ring."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import OperationalError

from cso.alarms.models import Alarm
from tenants.models import Tenant
from tenants.scope import tenant_scope

logger = logging.getLogger(__name__)

Handler = Callable[..., None]
_handlers: dict[str, Handler] = {}

AT_ONCE = 100
# How long after a failure the next try waits; the last one repeats for as long as it fails.
BACK_OFF = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))


def when_ringing(kind: str) -> Callable[[Handler], Handler]:
    """Register what an alarm of that kind does: `handler(subject, now=...)`, in the tenant's scope.

    It runs in the transaction that removes the alarm: all of it happens, or none and it rings again. A subject that is
    gone, or no longer wants it, is a reason to do nothing; a handler may set its own alarm anew.
    """

    def register(handler: Handler) -> Handler:
        _handlers[kind] = handler
        return handler

    return register


def set_alarm(kind: str, subject: UUID, rings_at: datetime) -> None:
    """Let it ring once at that instant, instead of whenever it was set to before."""
    Alarm.objects.bulk_create(
        [Alarm(kind=kind, subject=subject, rings_at=rings_at)],
        update_conflicts=True,
        unique_fields=["tenant", "kind", "subject"],
        update_fields=["rings_at", "attempts", "last_error"],
    )


def cancel_alarm(kind: str, subject: UUID) -> None:
    Alarm.objects.filter(kind=kind, subject=subject).delete()


def ring_alarms(tenant: Tenant, *, now: datetime) -> bool:
    """Do what is due by `now` in one tenant, each alarm in a transaction of its own; True while more may be due."""
    with tenant_scope(tenant):
        due = list(Alarm.objects.filter(rings_at__lte=now).order_by("rings_at").values_list("pk", flat=True)[:AT_ONCE])
    for pk in due:
        _ring(tenant, pk, now)
    return len(due) == AT_ONCE


def _ring(tenant: Tenant, pk: UUID, now: datetime) -> None:
    with tenant_scope(tenant):
        # In a commit of its own: what kills the worker is counted, and waits before it is tried again.
        begun = Alarm.objects.select_for_update(skip_locked=True).filter(pk=pk, rings_at__lte=now).first()
        if begun is None:
            return
        begun.attempts += 1
        begun.rings_at = now + BACK_OFF[min(begun.attempts, len(BACK_OFF)) - 1]
        begun.save(update_fields=["attempts", "rings_at"])
    try:
        with tenant_scope(tenant):
            # Set anew or cancelled meanwhile, it is not this alarm's turn.
            alarm = Alarm.objects.select_for_update(skip_locked=True).filter(pk=pk, rings_at=begun.rings_at).first()
            if alarm is not None:
                alarm.delete()
                _handlers[alarm.kind](alarm.subject, now=now)
    except Exception as error:
        if isinstance(error, OperationalError):
            raise
        logger.exception("Alarm %s of %s failed", begun, tenant.slug)
        with tenant_scope(tenant):
            message = f"{type(error).__name__}: {error}"[:500].replace("\x00", "")
            Alarm.objects.filter(pk=pk).update(last_error=message)
