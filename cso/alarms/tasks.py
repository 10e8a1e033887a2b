"""Celery's leaves of alarms: which tenants have one due, and ring them."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from celery import shared_task
from django.db import OperationalError, connection
from django.utils import timezone

from cso.alarms.actions import ring_alarms
from cso.alarms.models import Alarm
from tenants.models import Tenant
from tenants.work import tenants_with

logger = logging.getLogger(__name__)

TENANTS_PER_MESSAGE = 100
MESSAGE_LIVES = 10  # seconds; the dispatch of the next second says it again


@shared_task(name="alarms.dispatch")
def dispatch() -> None:
    due = tenants_with(Alarm)
    for start in range(0, len(due), TENANTS_PER_MESSAGE):
        ring.apply_async((due[start : start + TENANTS_PER_MESSAGE],), expires=MESSAGE_LIVES)


@shared_task(name="alarms.ring")
def ring(tenant_ids: Sequence[int]) -> None:
    for tenant in Tenant.objects.filter(pk__in=tenant_ids).order_by("pk"):
        try:
            more = ring_alarms(tenant, now=timezone.now())
        except OperationalError:
            # Its alarms wait for the next message; the tenants after it shall not.
            logger.exception("The alarms of %s wait", tenant.slug)
            connection.close_if_unusable_or_obsolete()
            continue
        if more:
            ring.apply_async(([tenant.pk],), expires=MESSAGE_LIVES)
