"""Tenants and their members: created, given a role, ended."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.utils.translation import gettext

from tenants import audit
from tenants.errors import ConflictError
from tenants.models import Actor, Membership, Tenant, User
from tenants.permissions import require
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
    require(by, Can.ADMINISTER)
    member, _ = Membership.objects.update_or_create(user=user, defaults={"role": role, "ended_at": None})
    audit.record(by, "add_member", user.email, role=role)
    return member


def enroll(email: str, name: str, role: Role, *, by: Actor | None) -> tuple[Membership, str | None]:
    """Give the person of an e-mail address a role here, and an account when there is none yet.

    Returns the membership and the first password, which is shown this once; None for someone who has an account
    already and signs in with their own password.
    """
    require(by, Can.ADMINISTER)
    user = User.objects.filter(email=email.strip().lower()).first()
    password = None
    if user is None:
        password = secrets.token_urlsafe(12)
        user = User.objects.create_user(email, password, name=name)
    return add_member(user, role, by=by), password


def change_role(member: Membership, role: Role, *, by: Actor | None) -> None:
    """What the person may do here changes at once. Raises `ConflictError` for the last administrator."""
    require(by, Can.ADMINISTER)
    if role != Role.ADMINISTRATOR:
        _require_another_administrator(member)
    before, member.role = member.role, role
    member.save(update_fields=["role"])
    audit.record(by, "change_role", member.user.email, before=before, after=role)


def end_membership(member: Membership, *, by: Actor | None, now: datetime) -> None:
    """From `now` on the person can do nothing here; what they did keeps their name. The first end counts.

    Raises `ConflictError` for the last administrator.
    """
    require(by, Can.ADMINISTER)
    if member.ended_at is None:
        _require_another_administrator(member)
        member.ended_at = now
        member.save(update_fields=["ended_at"])
        audit.record(by, "end_membership", member.user.email)


def _require_another_administrator(member: Membership) -> None:
    """A workspace keeps one who can let others in; two who go at once take turns here."""
    serving = Membership.objects.filter(role=Role.ADMINISTRATOR, ended_at=None)
    administrators = set(serving.select_for_update().order_by("id").values_list("pk", flat=True))
    if administrators == {member.pk}:
        message = gettext("%(name)s is the only administrator: make another one first.") % {"name": member.label}
        raise ConflictError(message, code="last_administrator")


def memberships_of(user: User) -> list[Membership]:
    """The live memberships of one person, in all tenants, by the tenant's name; opens its own scope."""
    with user_scope(user):
        rows = Membership.everywhere.filter(user=user, ended_at=None)
        return list(rows.select_related("tenant").order_by("tenant__name"))
