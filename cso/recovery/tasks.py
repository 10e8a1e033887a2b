"""Celery's leaves of recovery: which tenants have rows waiting, and load them."""

from __future__ import annotations

from collections.abc import Sequence

from celery import shared_task
from django.utils import timezone

from cso.recovery.loading import batches
from cso.recovery.models import BatchChunk
from tenants.models import Tenant
from tenants.work import tenants_with

MESSAGE_LIVES = 10  # seconds; the dispatch of the next second says it again


@shared_task(name="recovery.dispatch_batches")
def dispatch_batches() -> None:
    for tenant_id in tenants_with(BatchChunk):
        load_batches.apply_async(([tenant_id],), expires=MESSAGE_LIVES)


@shared_task(name="recovery.load_batches")
def load_batches(tenant_ids: Sequence[int]) -> None:
    for tenant in Tenant.objects.filter(pk__in=tenant_ids).order_by("pk"):
        if batches.load_next_chunk(tenant, now=timezone.now()):
            # The next chunk waits behind everybody else's work.
            load_batches.apply_async(([tenant.pk],), expires=MESSAGE_LIVES)
