"""The second clock of a case: which contact its customer is owed next, and by when.

One rule in two forms: `clocks.contact_owed` for the case at hand, and the same in SQL for many cases at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Max, Q

from cso.customers.models import Customer
from cso.recovery.clocks import ContactsMade, contact_owed
from cso.recovery.models import Case, ContactKind, EventKind
from cso.recovery.settings import recovery_settings
from tenants.scope import current_tenant_id

UNDONE = (EventKind.REOPENED, EventKind.DISPUTED)


def contact_times() -> dict[str, timedelta]:
    """How long each contact may take in this workspace, by its kind."""
    settings = recovery_settings()
    return {kind: timedelta(minutes=getattr(settings, f"{kind}_minutes")) for kind in ContactKind.values}


def start_contact_clock(case: Case) -> None:
    """Set what is owed in a case that is about to be logged."""
    if case.customer_id is not None:
        case.next_contact = ContactKind.ACKNOWLEDGE
        case.next_contact_due_at = case.reported_at + contact_times()[ContactKind.ACKNOWLEDGE]


def reset_contact_clock(case: Case) -> None:
    """Set `next_contact` and `next_contact_due_at` of a locked case by what holds of it, and stands in its log, now.

    `save_case` calls it whenever something changes that the clock runs by, and writes what it sets.
    """
    owed = _owed(case)
    case.next_contact, case.next_contact_due_at = owed or ("", None)


def _owed(case: Case) -> tuple[ContactKind, datetime] | None:
    # Nobody can be told anything who is not known, or not known any more.
    if case.customer_id is None or not Customer.objects.filter(pk=case.customer_id, erased_at=None).exists():
        return None
    log = case.events.aggregate(
        undone_at=Max("at", filter=Q(kind__in=UNDONE)), fixes=Count("id", filter=Q(kind=EventKind.FIXED))
    )
    made = case.contacts.aggregate(
        last_at=Max("at"),
        resolution_at=Max("at", filter=Q(kind=ContactKind.RESOLUTION)),
        follow_up_at=Max("at", filter=Q(kind=ContactKind.FOLLOW_UP)),
    )
    return contact_owed(
        reported_at=case.reported_at,
        fixed_at=case.fixed_at,
        fixed_here=log["fixes"] > 0,
        undone_at=log["undone_at"],
        made=ContactsMade(**made),
        answered_at=case.answered_at,
        times=contact_times(),
    )


_RESET = """
WITH asked AS (
    SELECT c.id, c.customer_id, c.reported_at, c.fixed_at, c.answered_at FROM recovery_case c
    WHERE c.tenant_id = %(tenant)s
    AND CASE WHEN %(ids)s::uuid[] IS NULL THEN c.fixed_at IS NULL OR c.next_contact_due_at IS NOT NULL
        ELSE c.id = ANY(%(ids)s::uuid[]) END
    ORDER BY c.id FOR UPDATE  -- in the order in which a bulk load takes them
), owed AS (
    SELECT asked.id, told.kind, CASE told.kind
        WHEN 'acknowledge' THEN asked.reported_at + %(acknowledge)s
        WHEN 'status' THEN GREATEST(made.last_at, log.undone_at) + %(status)s
        WHEN 'resolution' THEN asked.fixed_at + %(resolution)s
        WHEN 'follow_up' THEN asked.fixed_at + %(follow_up)s END AS due_at
    FROM asked
    LEFT JOIN customers_customer customer
        ON customer.tenant_id = %(tenant)s AND customer.id = asked.customer_id AND customer.erased_at IS NULL
    CROSS JOIN LATERAL (
        SELECT max(at) AS last_at, max(at) FILTER (WHERE kind = 'resolution') AS resolution_at,
            max(at) FILTER (WHERE kind = 'follow_up') AS follow_up_at
        FROM recovery_contact WHERE tenant_id = %(tenant)s AND case_id = asked.id
    ) made
    CROSS JOIN LATERAL (
        SELECT max(at) FILTER (WHERE kind IN ('reopened', 'disputed')) AS undone_at,
            count(*) FILTER (WHERE kind = 'fixed') > 0 AS fixed_here
        FROM recovery_caseevent WHERE tenant_id = %(tenant)s AND case_id = asked.id
    ) log
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN customer.id IS NULL THEN ''
            WHEN asked.fixed_at IS NULL AND GREATEST(made.last_at, log.undone_at) IS NULL THEN 'acknowledge'
            WHEN asked.fixed_at IS NULL THEN 'status'
            WHEN NOT log.fixed_here OR GREATEST(made.follow_up_at, asked.answered_at) >= asked.fixed_at THEN ''
            WHEN made.resolution_at >= asked.fixed_at THEN 'follow_up'
            ELSE 'resolution' END AS kind
    ) told
)
UPDATE recovery_case c SET next_contact = owed.kind, next_contact_due_at = owed.due_at
FROM owed WHERE c.tenant_id = %(tenant)s AND c.id = owed.id
AND (c.next_contact, c.next_contact_due_at) IS DISTINCT FROM (owed.kind, owed.due_at)
"""


def reset_contact_clocks(cases: Sequence[UUID]) -> None:
    """Reset those of many cases, by their ids, and write them."""
    _reset(list(cases))


def reset_all_contact_clocks() -> None:
    """Reset those of all cases that are open or owe a contact, and write them: the workspace promises other times."""
    _reset(None)


def _reset(ids: list[UUID] | None) -> None:
    parameters: dict[str, Any] = {"tenant": current_tenant_id(), "ids": ids} | contact_times()
    with connection.cursor() as cursor:
        cursor.execute(_RESET, parameters)
