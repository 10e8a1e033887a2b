"""Who may do what with a case. The API, the portal and the templates ask here."""

from __future__ import annotations

from cso.recovery.models import Case
from tenants.models import Actor, Membership
from tenants.roles import Can


def can_log_case(actor: Actor) -> bool:
    return actor.can(Can.LOG_CASE)


def can_work_case(actor: Actor, case: Case) -> bool:
    """Fix, reopen, dispute, move or correct a case that the actor can see (`queries.visible_cases`)."""
    return actor.can(Can.WORK_CASE)


def can_propose_exclusion(actor: Actor, case: Case) -> bool:
    return isinstance(actor, Membership) and actor.can(Can.EXCLUDE_CASE) and not case.excluded_as


def can_confirm_exclusion(actor: Actor, case: Case) -> bool:
    """A second person: never the one who proposed it."""
    return (
        isinstance(actor, Membership)
        and actor.can(Can.EXCLUDE_CASE)
        and bool(case.excluded_as)
        and case.is_valid
        and case.excluded_by_id != actor.pk
    )


def can_withdraw_exclusion(actor: Actor, case: Case) -> bool:
    return isinstance(actor, Membership) and actor.can(Can.EXCLUDE_CASE) and bool(case.excluded_as)
