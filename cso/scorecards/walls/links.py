"""Walls: screens that everybody in a place passes. Each has a link that only reads, and that its owners can end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cso.errors import ConflictError, InvalidFieldsError
from cso.people.models import Unit
from cso.scorecards.models import Wall
from cso.scorecards.models.walls import MAX_NAME
from cso.signing import signed, signed_id
from cso.texts import text_errors
from tenants import audit
from tenants.locks import hold_names
from tenants.models import Actor, AuditEntry, Membership
from tenants.permissions import require
from tenants.roles import Can
from tenants.scope import current_tenant

_PURPOSE = "cso.scorecards.walls"


def make_wall(name: str, unit: Unit | None = None, *, by: Actor | None, now: datetime) -> Wall:
    """Put one up for `unit` with all below it, or for the whole company. Its link opens from now on.

    Raises `InvalidFieldsError` for a name that another wall has; one that was revoked has none any more.
    """
    require(by, Can.PUT_UP_WALLS)
    name = " ".join(name.split())
    if not name:
        raise InvalidFieldsError.of("name", "required", _("Give it a name, such as where it hangs."))
    if errors := text_errors("name", name, MAX_NAME):
        raise InvalidFieldsError(errors)
    hold_names("walls")
    if Wall.objects.filter(name=name, revoked_at=None).exists():
        message = _("There is a wall called “%(name)s” already.") % {"name": name}
        raise InvalidFieldsError.of("name", "in_use", message)
    wall = Wall.objects.create(name=name, unit=unit, made_by=by if isinstance(by, Membership) else None, made_at=now)
    audit.record(by, "make_wall", name, wall=str(wall.pk), unit=unit.code if unit else "")
    return wall


def renew_link(wall: Wall, *, by: Actor | None) -> Wall:
    """Give it another link; the one before opens nothing from now on. Raises `ConflictError` for a revoked wall."""
    require(by, Can.PUT_UP_WALLS)
    wall = Wall.objects.select_for_update(of=("self",)).get(pk=wall.pk)
    if wall.revoked_at is not None:
        raise ConflictError(_("This wall was taken down; put up another."), code="revoked")
    wall.link = uuid4()
    wall.save(update_fields=["link"])
    audit.record(by, "renew_wall_link", wall.name, wall=str(wall.pk))
    return wall


def revoke_wall(wall: Wall, *, by: Actor | None, now: datetime) -> Wall:
    """Take it down for good: its link opens nothing, and screens that show it go empty."""
    require(by, Can.PUT_UP_WALLS)
    wall = Wall.objects.select_for_update(of=("self",)).get(pk=wall.pk)
    if wall.revoked_at is None:
        wall.revoked_at = now
        wall.save(update_fields=["revoked_at"])
        audit.record(by, "revoke_wall", wall.name, wall=str(wall.pk))
    return wall


def walls(viewer: Actor) -> QuerySet[Wall]:
    """All of them, for who may put them up: whoever has a link sees what it shows."""
    require(viewer, Can.PUT_UP_WALLS)
    return Wall.objects.select_related("unit", "made_by__user")


@dataclass(frozen=True)
class TakenDown:
    """A wall that hangs no more, and who ended it."""

    wall: Wall
    by: str


def taken_down(viewer: Actor, *, most: int) -> list[TakenDown]:
    """The last ones, the latest first: figures that nobody passes any more are taken down by somebody."""
    gone = list(walls(viewer).exclude(revoked_at=None).order_by("-revoked_at", "-id")[:most])
    if not gone:
        return []
    entries = AuditEntry.objects.filter(act="revoke_wall", details__wall__in=[str(wall.pk) for wall in gone])
    who = {entry.details["wall"]: entry.member or entry.api_key for entry in entries.select_related("member__user")}
    return [TakenDown(wall, actor.label if (actor := who.get(str(wall.pk))) else "") for wall in gone]


def wall_path(link: UUID) -> str:
    """Where a wall with this `link` opens, on this server."""
    return f"/{current_tenant().slug}/w/{signed(link, _PURPOSE)}/"


def wall_link(link: UUID) -> str:
    """The whole address of the same."""
    return f"{settings.PUBLIC_URL}{wall_path(link)}"


def wall_by_token(token: str) -> Wall:
    """The wall that a link shows, with its unit.

    Raises `Wall.DoesNotExist` for a token that is none, is another tenant's, was renewed or revoked, all alike.
    """
    return Wall.objects.select_related("unit").get(link=signed_id(token, _PURPOSE), revoked_at=None)
