"""Whether this process can serve: the parts that it stands on, each asked for itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import redis
from django.conf import settings
from django.db import DatabaseError, connection

from cso.metrics.models import Discrepancy, QuarantinedMark, WorkerHeartbeat
from tenants.base import TenantModel
from tenants.guard import violations
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tenants.work import tenants_with

HEARTBEAT_WITHIN = timedelta(seconds=30)
# The guard reads the whole catalogue; a probe every second must not.
_GUARD_KEPT_SECONDS = 60.0
_WORKSPACES_NAMED = 20
_guard: tuple[float, list[str]] | None = None


def readiness(*, now: datetime) -> dict[str, str]:
    """Each part by its name with "ok" or a sentence that says what is wrong with it."""
    parts: dict[str, Callable[[], str]] = {
        "database": _database,
        "redis": _redis,
        "guard": _tenants_apart,
        "worker": lambda: _worker(now),
    }
    return {name: _answer(ask) for name, ask in parts.items()}


def warnings() -> list[str]:
    """What somebody must look at although the product serves, by workspace: figures that could not be computed, and
    such that are not what their facts say."""
    try:
        return [*map(_quarantine, _workspaces(QuarantinedMark)), *map(_discrepancies, _workspaces(Discrepancy))]
    except DatabaseError:
        return []  # `readiness` says so


def _workspaces(model: type[TenantModel]) -> Iterable[Tenant]:
    return Tenant.objects.filter(pk__in=tenants_with(model)).order_by("slug")[:_WORKSPACES_NAMED]


def _discrepancies(tenant: Tenant) -> str:
    with tenant_scope(tenant):
        found = Discrepancy.objects.count()
    return f"{tenant.slug}: {found} kept figures are not what their facts say; “metrics rebuild” mends them."


def _quarantine(tenant: Tenant) -> str:
    with tenant_scope(tenant):
        errors = list(QuarantinedMark.objects.order_by("quarantined_at").values_list("error", flat=True))
    # The kind alone, here too; who may read the audit log reads the rest in the portal.
    kinds = ", ".join(sorted({error.partition(":")[0] for error in errors}))
    return f"{tenant.slug}: {len(errors)} marks could not be refreshed ({kinds})."


def _answer(ask: Callable[[], str]) -> str:
    try:
        return ask() or "ok"
    except (DatabaseError, redis.RedisError) as error:
        # The kind alone: an address or a password in the message is nobody's business.
        return f"Does not answer ({type(error).__name__})."


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _redis() -> str:
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
        client.ping()
    return ""


def _tenants_apart() -> str:
    global _guard
    if _guard is None or time.monotonic() - _guard[0] > _GUARD_KEPT_SECONDS:
        _guard = (time.monotonic(), violations())
    return " ".join(_guard[1])


def _worker(now: datetime) -> str:
    beat_at = WorkerHeartbeat.objects.values_list("beat_at", flat=True).first()
    if beat_at is None:
        return "No worker has run yet."
    if now - beat_at > HEARTBEAT_WITHIN:
        return f"The last sign of life came at {beat_at:%Y-%m-%d %H:%M:%S} UTC."
    return ""
