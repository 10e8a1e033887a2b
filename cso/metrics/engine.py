"""One tenant's turn of the engine: count the attempt, refresh, and set poison aside.

An attempt is counted in a commit of its own before the work, so that a worker killed in mid-refresh leaves a trace.
After each failure fewer marks are tried at once; a single mark that still fails is quarantined, visibly, and the rest
goes on.
"""

from __future__ import annotations

import logging

from django.db import OperationalError
from django.db.models.functions import Now

from cso.metrics.cells import lock_engine
from cso.metrics.models import EngineState, Mark, QuarantinedMark
from cso.metrics.refresh import Refreshed, refresh, waiting_marks
from tenants.models import Tenant
from tenants.scope import tenant_scope

logger = logging.getLogger(__name__)

# How many marks the nth attempt in a row takes.
LIMITS = (5_000, 300, 20, 1, 1)
# So many attempts without a success or an error: the worker was killed each time, so the mark itself may kill it.
KILLED_BY = 12


def run(tenant: Tenant) -> bool:
    """Work off one chunk of the tenant's marks; True when more are waiting.

    Raises OperationalError when the database is out of reach: that is nobody's poison, the marks wait.
    """
    attempt = _begin(tenant)
    if attempt is None:
        return False
    try:
        refreshed = _refresh(tenant, LIMITS[min(attempt, len(LIMITS)) - 1])
    except OperationalError:
        raise
    except Exception as error:
        logger.exception("Refresh of %s failed, attempt %s", tenant.slug, attempt)
        _fail(tenant, f"{type(error).__name__}: {error}"[:500], give_up=attempt >= len(LIMITS))
        return True
    return refreshed is not None and refreshed.more


def _begin(tenant: Tenant) -> int | None:
    """Count an attempt and return its number; None when another worker is at this tenant."""
    with tenant_scope(tenant):
        if not lock_engine():
            return None
        state, _ = EngineState.objects.get_or_create()
        if state.attempts >= KILLED_BY:
            _quarantine(state.last_error or "No worker survived this mark.")
            state.attempts = len(LIMITS) - 2
        state.attempts += 1
        state.save(update_fields=["attempts"])
        return state.attempts


def _refresh(tenant: Tenant, limit: int) -> Refreshed | None:
    with tenant_scope(tenant):
        refreshed = refresh(limit)
        if refreshed is not None:
            EngineState.objects.update(attempts=0, last_error="", refreshed_at=Now())
        return refreshed


def _fail(tenant: Tenant, reason: str, *, give_up: bool) -> None:
    with tenant_scope(tenant):
        EngineState.objects.update(last_error=reason)
        if give_up and lock_engine():
            _quarantine(reason)
            EngineState.objects.update(attempts=len(LIMITS) - 2)


def _quarantine(reason: str) -> None:
    """Set the oldest mark aside: the one that an attempt of a single mark takes."""
    for mark in waiting_marks(1):
        logger.error("Quarantined %s: %s", mark, reason)
        QuarantinedMark.objects.create(source=mark.source, unit_id=mark.unit, day=mark.day, error=reason)
        Mark.objects.filter(pk=mark.id).delete()
