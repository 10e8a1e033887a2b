"""Who may do what with a case. The API, the portal and the templates ask here."""

from __future__ import annotations

from cso.recovery.models import Case
from tenants.models import Actor, Membership
from tenants.roles import Can


def can_work_case(actor: Actor, case: Case) -> bool:
    """Work on a case that the actor can see (`queries.visible_cases`): move or correct it, and what follows below.

    A duplicate takes no act: what it was merged into does.
    """
    return actor.can(Can.WORK_CASE) and case.merged_into_id is None


def can_fix_case(actor: Actor | None, case: Case) -> bool:
    """While it is open. None is the product itself (an import, the demo)."""
    return (actor is None or can_work_case(actor, case)) and case.is_open


def can_undo_fix(actor: Actor | None, case: Case) -> bool:
    """Reopen or dispute, while it is fixed."""
    return (actor is None or can_work_case(actor, case)) and not case.is_open


def can_close_case(actor: Actor | None, case: Case) -> bool:
    """Once, until it is reopened; an open case is fixed by it."""
    return (actor is None or can_work_case(actor, case)) and case.closed_at is None


def can_take_case(actor: Actor, case: Case) -> bool:
    """A member, while nobody has taken it who is still here."""
    is_free = case.owner is None or case.owner.ended_at is not None
    return isinstance(actor, Membership) and can_work_case(actor, case) and is_free


def can_take_punch(actor: Actor, case: Case) -> bool:
    """A member, while another has it."""
    return isinstance(actor, Membership) and can_work_case(actor, case) and case.owner_id not in {None, actor.pk}


def can_write_support_note(actor: Actor, case: Case) -> bool:
    """Whoever works on cases, on whatever they can see; never an integration, which has no feelings to keep."""
    return isinstance(actor, Membership) and actor.can(Can.WORK_CASE)


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
