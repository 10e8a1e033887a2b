"""Holding a ballot's row: shared by who votes, alone by who opens, extends, closes or cancels."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cso.clock import database_now
from cso.committees.models import Ballot, Committee, RollEntry, SeatTenure
from cso.errors import ConflictError, NotAllowedError
from tenants.models import Actor, ApiKey, Membership
from tenants.roles import Can
from tenants.scope import current_tenant_id


def hold(ballot: UUID, *, alone: bool) -> tuple[Ballot, datetime]:
    """The ballot as it is once we hold its row, and the database's clock read after that."""
    lock = "FOR UPDATE" if alone else "FOR SHARE"
    with connection.cursor() as cursor:
        query = "SELECT id FROM committees_ballot WHERE tenant_id = %s AND id = %s "
        cursor.execute(query + lock, [current_tenant_id(), ballot])
    held = Ballot.objects.select_related("motion__rule", "motion__committee", "charter").get(pk=ballot)
    return held, database_now()


def hold_standing(committee: Committee) -> Committee:
    """The committee as it is once we hold it against being dissolved; before motions, rules and nominations.

    Raises `ConflictError` with the code `dissolved` where it is no more.
    """
    held = Committee.objects.select_for_update(no_key=True).get(pk=committee.pk)
    if held.dissolved_at is not None:
        raise ConflictError(_("This committee was dissolved."), code="dissolved")
    return held


def save(ballot: Ballot, *fields: str) -> None:
    ballot.version += 1
    ballot.save(update_fields=[*fields, "version"])


def chair_of(ballot: Ballot) -> RollEntry | None:
    """The chair's entry, where there is one who is not recused."""
    return ballot.roll.filter(is_chair=True, status=RollEntry.Status.ELIGIBLE).first()


def may_chair(committee: UUID, by: Actor | None) -> bool:
    """Whether `by` holds the chair of the committee, runs all of them, or is the product itself."""
    if by is None or by.can(Can.RUN_COMMITTEES):
        return True
    if not isinstance(by, Membership) or by.ended_at is not None:
        return False
    return held_now().filter(seat__committee=committee, seat__is_chair=True, member=by).exists()


def require_chair(committee: UUID, by: Actor | None) -> None:
    if not may_chair(committee, by):
        raise NotAllowedError(_("Only the chair of the committee does this."))


def held_now() -> QuerySet[SeatTenure]:
    """The tenures of seats that are not retired, by people who are still here."""
    return SeatTenure.objects.filter(ends_at=None, seat__retired_at=None, member__ended_at=None)


def actor(by: Actor | None) -> dict[str, Membership | ApiKey | None]:
    """The fields that say who it was."""
    return {
        "member": by if isinstance(by, Membership) else None,
        "api_key": by if isinstance(by, ApiKey) else None,
    }
