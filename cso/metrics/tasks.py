"""Celery's leaves: who has work, and do it. A message carries ids of tenants only, so losing one loses nothing."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from celery import shared_task
from django.db import OperationalError, connection
from django.utils import timezone

from cso.metrics.engine import turns
from cso.metrics.engine.verification import verify_tenant
from cso.metrics.models import Mark, QuarantinedMark
from tenants.models import Tenant
from tenants.work import tenants_with

logger = logging.getLogger(__name__)

# One message for many tenants: 10,000 one by one take 18 s to send, by 100 about 1 s.
TENANTS_PER_MESSAGE = 100
MESSAGE_LIVES = 10  # seconds; the dispatch of the next second says it again
# A worker that starts may bring the mend; one that a mark kills starts often.
QUARANTINE_LASTS = timedelta(minutes=10)
VERIFY_BY = 6 * 3_600  # seconds; what was not verified by the morning is verified in the next night


@shared_task(name="metrics.dispatch")
def dispatch() -> None:
    note_heartbeat()
    busy = tenants_with(Mark)
    for start in range(0, len(busy), TENANTS_PER_MESSAGE):
        refresh_tenants.apply_async((busy[start : start + TENANTS_PER_MESSAGE],), expires=MESSAGE_LIVES)


@shared_task(name="metrics.refresh_tenants")
def refresh_tenants(tenant_ids: Sequence[int]) -> None:
    for tenant in Tenant.objects.filter(pk__in=tenant_ids).order_by("pk"):
        try:
            more = turns.take_turn(tenant, others_wait=len(tenant_ids) > 1)
        except OperationalError:
            # Its marks wait for the next message; the tenants after it shall not.
            logger.exception("Refresh of %s stopped", tenant.slug)
            connection.close_if_unusable_or_obsolete()
            continue
        if more:
            # The next chunk waits behind everybody else's first.
            refresh_tenants.apply_async(([tenant.pk],), expires=MESSAGE_LIVES)


@shared_task(name="metrics.retry_quarantined")
def retry_quarantined() -> None:
    """Every hour, and when a worker starts."""
    for tenant in Tenant.objects.filter(pk__in=tenants_with(QuarantinedMark)).order_by("pk"):
        try:
            turns.retry_quarantined(tenant, QUARANTINE_LASTS)
        except OperationalError:
            logger.exception("The quarantine of %s waits", tenant.slug)
            connection.close_if_unusable_or_obsolete()


@shared_task(name="metrics.verify_all")
def verify_all() -> None:
    """Every night; see `verify_tenants`."""
    tenants = list(Tenant.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(tenants), TENANTS_PER_MESSAGE):
        verify_tenants.apply_async((tenants[start : start + TENANTS_PER_MESSAGE],), expires=VERIFY_BY)


@shared_task(name="metrics.verify_tenants")
def verify_tenants(tenant_ids: Sequence[int]) -> None:
    """Compare kept figures with a recomputation, where any changed since they were compared; repair nothing."""
    for tenant in Tenant.objects.filter(pk__in=tenant_ids).order_by("pk"):
        try:
            verify_tenant(tenant, now=timezone.now())
        except OperationalError:
            logger.exception("The figures of %s were not verified", tenant.slug)
            connection.close_if_unusable_or_obsolete()


def note_heartbeat() -> None:
    """A worker lives; written every few seconds at most."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO metrics_workerheartbeat (id, beat_at) VALUES (1, now())
            ON CONFLICT (id) DO UPDATE SET beat_at = now()
            WHERE metrics_workerheartbeat.beat_at < now() - INTERVAL '5 seconds'
            """
        )
