"""Who works on the strategy: the Chief Serving Officer on all of it, every owner on their own."""

from __future__ import annotations

from cso.people.models import Person
from cso.strategy.models import Blocker, Initiative, Outcome
from tenants.models import Actor, Membership
from tenants.roles import Can


def may_set(by: Actor | None) -> bool:
    """Everything; None is the product itself."""
    return by is None or by.can(Can.SET_STRATEGY)


def is_owner(by: Actor | None, owner: Person) -> bool:
    return isinstance(by, Membership) and by.ended_at is None and owner.member_id == by.pk


def may_keep(by: Actor | None, outcome: Outcome) -> bool:
    """Review it, and start initiatives for it."""
    return may_set(by) or is_owner(by, outcome.owner)


def may_run(by: Actor | None, initiative: Initiative) -> bool:
    """Change it, and say that it is over."""
    return may_keep(by, initiative.outcome) or is_owner(by, initiative.owner)


def may_clear(by: Actor | None, blocker: Blocker) -> bool:
    """Say that it is gone, and hand it over."""
    return may_set(by) or is_owner(by, blocker.owner)


def may_reopen(by: Actor | None, blocker: Blocker) -> bool:
    """Say that it still stands: who raised it sees that too."""
    raised_it = isinstance(by, Membership) and by.ended_at is None and blocker.raised_by_id == by.pk
    return raised_it or may_clear(by, blocker)
