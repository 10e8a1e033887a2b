"""Every night: are the kept figures still what their facts say? Told where somebody looks, and never repaired."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from cso.metrics.engine.rebuild import Difference, verify
from cso.metrics.models import Discrepancy, EngineState
from cso.people.models import Unit
from tenants.models import Tenant
from tenants.scope import tenant_scope

logger = logging.getLogger(__name__)

# Cells of a workspace where nothing happens cannot go wrong by themselves; a disk can.
VERIFIED_FOR = timedelta(days=7)
# Who must be told of more than so many needs no list of them.
MOST_KEPT = 1_000


def verify_tenant(tenant: Tenant, *, now: datetime) -> int | None:
    """Compare its cells with a recomputation and keep what differs, in place of what was found before.

    Returns how many cells differ; None where nothing has changed since the last comparison, which was a week ago at
    most.
    """
    with tenant_scope(tenant):
        state = EngineState.objects.first()
        if state is None or not _is_due(state, now):
            return None
        found = verify()
        Discrepancy.objects.all().delete()
        _keep(found[:MOST_KEPT], now)
        EngineState.objects.update(verified_at=now)
    if found:
        logger.error("%s: %s kept figures are not what their facts say, such as %s", tenant.slug, len(found), found[0])
    return len(found)


def _is_due(state: EngineState, now: datetime) -> bool:
    if state.verified_at is None or now - state.verified_at >= VERIFIED_FOR:
        return True
    return state.refreshed_at is not None and state.refreshed_at >= state.verified_at


def _keep(found: list[Difference], now: datetime) -> None:
    units = dict(Unit.objects.filter(code__in={each.unit for each in found}).values_list("code", "pk"))
    Discrepancy.objects.bulk_create(
        Discrepancy(
            family=each.family,
            grain=each.grain,
            unit_id=units[each.unit],
            period=each.period,
            kept=each.kept,
            rebuilt=each.rebuilt,
            found_at=now,
        )
        for each in found
    )
