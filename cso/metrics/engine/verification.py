"""Every night: are the kept figures still what their facts say? Told where somebody looks, and never repaired."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from cso.alarms.actions import set_alarm, when_ringing
from cso.alarms.models import Alarm
from cso.metrics.engine.rebuild import Difference, rebuild, verify
from cso.metrics.models import Discrepancy, EngineState
from cso.people.models import Unit
from tenants import audit
from tenants.models import Actor, Tenant
from tenants.permissions import require
from tenants.roles import Can
from tenants.scope import current_tenant, tenant_scope

logger = logging.getLogger(__name__)

# Cells of a workspace where nothing happens cannot go wrong by themselves; a disk can.
VERIFIED_FOR = timedelta(days=7)
# Who must be told of more than so many needs no list of them.
MOST_KEPT = 1_000
# One alarm for a whole tenant, which stands for no row.
_RECOUNTS, _TENANT = "metrics.recount", UUID(int=0)


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


def recount(*, by: Actor | None, now: datetime) -> None:
    """Let a worker make every cell of the current tenant what its facts say now; nothing is in doubt afterwards.

    The audit log keeps how many cells were, and the last of them; what changes of a final month is a restatement.
    """
    require(by, Can.ADMINISTER)
    found = Discrepancy.objects.order_by("-period", "unit__code", "family")
    # Which they were, and no figures: who reads this log may read none of them.
    last = [f"{row.family} {row.unit.code} {row.grain} {row.period}" for row in found.select_related("unit")[:5]]
    audit.record(by, "recount_figures", current_tenant().name, cells=found.count(), last=last)
    set_alarm(_RECOUNTS, _TENANT, now)


def is_recounting() -> bool:
    """Whether that was asked for and is not done."""
    return Alarm.objects.filter(kind=_RECOUNTS).exists()


@when_ringing(_RECOUNTS)
def _recount(_: UUID, *, now: datetime) -> None:
    rebuild()
