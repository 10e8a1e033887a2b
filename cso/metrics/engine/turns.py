"""One tenant's turn of the engine: count the attempt, refresh, and set poison aside.

An attempt is counted in a commit of its own before the work, so that a worker killed in mid-refresh leaves a trace.
After each failure less is tried at once, and later; what fails when it is tried alone is quarantined, visibly, and the
rest goes on. Quarantine is not for ever: a fault that passed must not cost a figure.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import OperationalError
from django.db.models import F
from django.db.models.functions import Now
from psycopg.errors import QueryCanceled

from cso.metrics.engine.cells import lock_engine, wait_for_engine_lock
from cso.metrics.engine.rebuild import rebuild
from cso.metrics.engine.refresh import CELLS_AT_ONCE, Refreshed, Work, refresh, work_off
from cso.metrics.models import EngineState, Mark, QuarantinedMark
from tenants.models import Tenant
from tenants.scope import tenant_scope

logger = logging.getLogger(__name__)

# How many cells the nth attempt in a row takes; the last ones take what one mark says, alone.
LIMITS = (CELLS_AT_ONCE, 500, 50, 1, 1)
_FIRST_ALONE = len(LIMITS) - 1
# How long the next attempt waits after the nth.
BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 5, 15, 1))
# So many attempts without a success or an error: the worker was killed each time, so the mark itself may kill it.
KILLED_BY = 12
# So many at most while other tenants wait for the same worker: a second's work for them all, whatever one has to do.
CELLS_BESIDE_OTHERS = 250
# Above so many waiting marks all cells are made anew, which takes seconds for a million cases.
MANY_MARKS = 100_000

_followers: list[Callable[[], None]] = []


def when_refreshed(follower: Callable[[], None]) -> Callable[[], None]:
    """Register what is done after figures of a tenant changed, in its scope and in the transaction that changed them.

    It is to take no time: it says that there is work, and leaves the work to an alarm.
    """
    _followers.append(follower)
    return follower


def take_turn(tenant: Tenant, *, others_wait: bool = False) -> bool:
    """Work off one chunk of the tenant's marks; True when more are waiting that may be tried at once.

    A small chunk, where others wait for their turn after it.
    Raises OperationalError when the database is out of reach: that is nobody's poison, the marks wait.
    """
    attempt = _begin(tenant)
    if attempt is None:
        return False
    try:
        refreshed = _refresh(tenant, attempt, others_wait)
    except Exception as error:
        # A statement that takes too long is the work's own fault: less of it may do.
        if isinstance(error, OperationalError) and not isinstance(error.__cause__, QueryCanceled):
            with suppress(OperationalError):
                _take_back(tenant)
            raise
        logger.exception("Refresh of %s failed, attempt %s", tenant.slug, attempt)
        _fail(tenant, attempt, _reason(error))
        return False
    return refreshed is not None and refreshed.more


@dataclass(frozen=True)
class Stuck:
    """units: how many have figures that could not be computed. since, error: of the first of them."""

    units: int
    since: datetime
    error: str


def stuck() -> Stuck | None:
    """What is in quarantine in the current tenant; None when nothing is."""
    marks = list(QuarantinedMark.objects.order_by("quarantined_at").values_list("unit_id", "quarantined_at", "error"))
    return Stuck(len({unit for unit, _, _ in marks}), *marks[0][1:]) if marks else None


def retry_quarantined(tenant: Tenant, older_than: timedelta) -> int:
    """Try each mark in quarantine once more that was not tried within `older_than`; returns how many are right now."""
    with tenant_scope(tenant):
        waiting = list(QuarantinedMark.objects.filter(tried_at__lt=Now() - older_than).order_by("tried_at"))
    return sum(_retry(tenant, mark) for mark in waiting)


def _retry(tenant: Tenant, mark: QuarantinedMark) -> bool:
    with tenant_scope(tenant):
        # In a commit of its own: what kills the worker must not be tried again by the next one at once.
        QuarantinedMark.objects.filter(pk=mark.pk).update(tried_at=Now())
    try:
        with tenant_scope(tenant):
            wait_for_engine_lock()
            work_off([Work(mark.source, mark.unit_id, mark.day)])
            QuarantinedMark.objects.filter(pk=mark.pk).delete()
    except Exception as error:
        if isinstance(error, OperationalError) and not isinstance(error.__cause__, QueryCanceled):
            raise
        logger.exception("%s stays in quarantine", mark)
        with tenant_scope(tenant):
            QuarantinedMark.objects.filter(pk=mark.pk).update(error=_reason(error))
        return False
    return True


def _begin(tenant: Tenant) -> int | None:
    """Count an attempt and return its number; None when another worker is at this tenant, or when it is too early."""
    with tenant_scope(tenant):
        if not lock_engine():
            return None
        state, _ = EngineState.objects.get_or_create()
        if EngineState.objects.filter(next_try_at__gt=Now()).exists():
            return None
        if state.attempts >= KILLED_BY:
            _quarantine(state, state.last_error or "No worker survived this mark.")
        state.attempts += 1
        if state.attempts < _FIRST_ALONE:
            state.alone = None
        elif state.alone is None or not Mark.objects.filter(pk=state.alone).exists():
            # Whichever is the oldest later, this one is tried again, and set aside when it fails again.
            state.alone = Mark.objects.order_by("id").values_list("pk", flat=True).first()
            state.attempts = min(state.attempts, _FIRST_ALONE)
        state.save(update_fields=["attempts", "alone"])
        return state.attempts


def _refresh(tenant: Tenant, attempt: int, others_wait: bool) -> Refreshed | None:
    with tenant_scope(tenant):
        if attempt == 1 and not others_wait and Mark.objects.order_by("id")[MANY_MARKS : MANY_MARKS + 1].exists():
            rebuild()
            refreshed: Refreshed | None = Refreshed(MANY_MARKS, more=Mark.objects.exists())
        else:
            alone = EngineState.objects.values_list("alone", flat=True).get()
            limit = LIMITS[min(attempt, len(LIMITS)) - 1]
            refreshed = refresh(min(limit, CELLS_BESIDE_OTHERS) if others_wait else limit, alone=alone)
        if refreshed is not None:
            EngineState.objects.update(attempts=0, alone=None, next_try_at=None, last_error="", refreshed_at=Now())
            for follower in _followers:
                follower()
        return refreshed


def _take_back(tenant: Tenant) -> None:
    """An attempt that the database did not let begin was none."""
    with tenant_scope(tenant):
        EngineState.objects.filter(attempts__gt=0).update(attempts=F("attempts") - 1)


def _fail(tenant: Tenant, attempt: int, reason: str) -> None:
    with tenant_scope(tenant):
        wait_for_engine_lock()
        state = EngineState.objects.get()
        state.last_error = reason
        if attempt >= len(LIMITS):
            _quarantine(state, reason)
        state.save(update_fields=["last_error", "attempts", "alone"])
        EngineState.objects.update(next_try_at=Now() + BACK_OFF[min(attempt, len(BACK_OFF)) - 1])


def _quarantine(state: EngineState, reason: str) -> None:
    """Set aside the mark that was tried alone, with all that say the same; the next is tried alone too."""
    tried = [] if state.alone is None else [state.alone]
    for source, unit, day in Mark.objects.filter(pk__in=tried).values_list("source", "unit_id", "day"):
        logger.error("Quarantined %s %s %s: %s", source, unit, day, reason)
        QuarantinedMark.objects.update_or_create(
            source=source, unit_id=unit, day=day, defaults={"error": reason, "tried_at": Now()}
        )
        Mark.objects.filter(source=source, unit=unit, day=day).delete()
    state.alone = None
    state.attempts = _FIRST_ALONE - 1


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
