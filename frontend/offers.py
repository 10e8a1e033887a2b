"""What a list of cases lets choose from: units, causes, owners and saved views, all in one read.

A list may ask the database eight times, however much it offers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast

from cso.people.models import Unit
from cso.recovery.models import Cause
from frontend.models import SavedView
from tenants.models import Membership
from tenants.roles import ROLE_GRANTS, Can

WORKERS = [role for role, grants in ROLE_GRANTS.items() if Can.WORK_CASE in grants]


@dataclass(frozen=True)
class Offer:
    """`more`: a unit's code, the query of a saved view; empty for the others."""

    id: UUID
    name: str
    more: str = ""


@dataclass(frozen=True)
class Offers:
    """Each by name. `owners` are those who may work on cases now; `views` those of the member alone."""

    units: list[Unit]
    causes: list[Offer]
    owners: list[Offer]
    views: list[Offer]


def offers_for(member: Membership, page: str) -> Offers:
    """What `member` may choose from on a list; `page` is the one whose saved views are wanted."""
    kinds: list[QuerySet[Any]] = [
        _of_kind("unit", Unit.objects.all(), "name", "code"),
        _of_kind("cause", Cause.objects.all(), "name"),
        _of_kind("owner", Membership.objects.filter(ended_at=None, role__in=WORKERS), "user__name"),
        _of_kind("view", SavedView.objects.filter(member=member, page=page), "name", "query"),
    ]
    found: dict[str, list[Offer]] = {"unit": [], "cause": [], "owner": [], "view": []}
    for kind, pk, name, more in kinds[0].union(*kinds[1:], all=True):
        found[kind].append(Offer(pk, name, more))
    for offers in found.values():
        offers.sort(key=lambda offer: (offer.name.lower(), offer.id))
    units = [Unit(id=offer.id, name=offer.name, code=offer.more) for offer in found["unit"]]
    return Offers(units, found["cause"], found["owner"], found["view"])


def _of_kind(kind: str, rows: QuerySet[Any], name: str, more: str = "") -> QuerySet[Any]:
    text = CharField()
    rest = F(more) if more else Value("")
    return rows.order_by().values_list(Value(kind, text), "pk", Cast(name, text), Cast(rest, text))
