"""Tenants and their members: created, given a role, ended."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied

from tenants import audit
from tenants.models import Actor, Membership, Tenant, User
from tenants.roles import Can, Role
from tenants.scope import user_scope


def create_tenant(slug: str, name: str, time_zone: str) -> Tenant:
    """A new, empty workspace; raises ValidationError for a taken or reserved slug or an unknown time zone."""
    tenant = Tenant(slug=slug, name=name, time_zone=time_zone)
    tenant.full_clean()
    tenant.save(force_insert=True)
    return tenant


def add_member(user: User, role: Role, *, by: Actor | None) -> Membership:
    """Give a person a role in the current tenant; a former member comes back under the same membership."""
    _require_administrator(by)
    member, _ = Membership.objects.update_or_create(user=user, defaults={"role": role, "ended_at": None})
    audit.record(by, "add_member", user.email, role=role)
    return member


def end_membership(member: Membership, *, by: Actor | None, now: datetime) -> None:
    """From `now` on the person can do nothing here; what they did keeps their name."""
    _require_administrator(by)
    member.ended_at = now
    member.save(update_fields=["ended_at"])
    audit.record(by, "end_membership", member.user.email)


def memberships_of(user: User) -> list[Membership]:
    """The live memberships of one person, in all tenants, by the tenant's name; opens its own scope."""
    with user_scope(user):
        rows = Membership.everywhere.filter(user=user, ended_at=None)
        return list(rows.select_related("tenant").order_by("tenant__name"))


def _require_administrator(by: Actor | None) -> None:
    if by is not None and not by.can(Can.ADMINISTER):
        raise PermissionDenied
