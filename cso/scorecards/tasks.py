"""Celery's leaves: the digest for who came to lead since the last time."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from celery import shared_task
from django.db import OperationalError, connection
from django.utils import timezone

from cso.scorecards.digest.mail import give_digests
from tenants.models import Tenant
from tenants.scope import tenant_scope

logger = logging.getLogger(__name__)

TENANTS_PER_MESSAGE = 100
GIVEN_BY = 3_600  # seconds; the next round gives it too


@shared_task(name="scorecards.give_digests_to_all")
def give_digests_to_all() -> None:
    tenants = list(Tenant.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(tenants), TENANTS_PER_MESSAGE):
        give_to_tenants.apply_async((tenants[start : start + TENANTS_PER_MESSAGE],), expires=GIVEN_BY)


@shared_task(name="scorecards.give_digests")
def give_to_tenants(tenant_ids: Sequence[int]) -> None:
    for tenant in Tenant.objects.filter(pk__in=tenant_ids).order_by("pk"):
        try:
            with tenant_scope(tenant):
                give_digests(now=timezone.now())
        except OperationalError:
            logger.exception("The digests of %s wait", tenant.slug)
            connection.close_if_unusable_or_obsolete()
