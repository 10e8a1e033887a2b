"""Celery's leaves of recovery: loading the rows that wait, and reading mailboxes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from cso.alarms.actions import set_alarm, when_ringing
from cso.recovery.loading import batches
from cso.recovery.mail import polling
from cso.recovery.mail.boxes import POLL
from cso.recovery.models import BatchChunk, MailBox
from tenants.models import Tenant
from tenants.scope import current_tenant, tenant_scope
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


@when_ringing(POLL)
def poll_soon(subject: UUID, *, now: datetime) -> None:
    """After the commit: neither a transaction nor another alarm waits for somebody else's server."""
    if MailBox.objects.filter(pk=subject, is_active=True).exists():
        # Should that poll come to nothing, this is the next try.
        set_alarm(POLL, subject, now + polling.EVERY)
        transaction.on_commit(partial(poll_mailbox.delay, current_tenant().pk, str(subject)))


@shared_task(name="recovery.poll_mailbox", expires=60)
def poll_mailbox(tenant_id: int, mailbox_id: str) -> None:
    with tenant_scope(Tenant.objects.get(pk=tenant_id)):
        mailbox = MailBox.objects.select_related("tenant").filter(pk=mailbox_id, is_active=True).first()
    if mailbox is not None:
        polling.poll_mailbox(mailbox, now=timezone.now())
