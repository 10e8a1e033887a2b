"""The people of the tests: the same cast in each workspace, so that a test reads like a scene."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password

from cso.people import actions as people
from cso.people.models import Person, Unit
from cso.recovery import actions as recovery
from cso.recovery.models import Case
from tenants.members import create_tenant
from tenants.models import Membership, Tenant, User
from tenants.roles import Role
from tenants.scope import tenant_scope

NOW = datetime(2026, 3, 18, 15, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Company:
    """A workspace with one member of each role and a small tree: top -> (north -> (north-1, north-2), south)."""

    tenant: Tenant
    members: dict[str, Membership]
    units: dict[str, Unit]
    leader: Person

    def member(self, role: Role) -> Membership:
        return self.members[role]


@functools.cache
def _hashed(password: str) -> str:
    """Hashed once for all: a hash is slow by design, and each test has seven people or more."""
    return make_password(password)


def _members(slug: str) -> dict[str, Membership]:
    """One person of each role, written at once: two thousand tests begin with them."""
    users = [
        User(email=f"{role}@{slug}.example", name=f"{slug.title()} {role.label}", password=_hashed(PASSWORD))
        for role in Role
    ]
    User.objects.bulk_create(users)
    Membership.objects.bulk_create(Membership(user=user, role=role) for user, role in zip(users, Role, strict=True))
    return {member.role: member for member in Membership.objects.select_related("user")}


def make_company(slug: str, time_zone: str = "America/Toronto") -> Company:
    """A workspace as its administrator would set it up; the leader leads `north` since 2024."""
    tenant = create_tenant(slug, slug.title(), time_zone)
    with tenant_scope(tenant):
        members = _members(slug)
        units: dict[str, Unit] = {}
        for code, parent in [
            ("top", None),
            ("north", "top"),
            ("south", "top"),
            ("north-1", "north"),
            ("north-2", "north"),
        ]:
            units[code] = people.add_unit(code, code.title(), units[parent] if parent else None, by=None)
        leader = people.add_person("Lea North", by=None, position="Director", member=members[Role.LEADER])
        people.name_leader(units["north"], leader, date(2024, 1, 1), by=None)
        people.add_person("Fran Line", by=None, unit=units["north-1"], member=members[Role.FRONTLINE])
    return Company(tenant, members, units, leader)


def log_case(unit: Unit, reported_at: datetime, *, fixed_after: timedelta | None = None, **fields: Any) -> Case:
    """A case in the current scope, fixed so long after its report; recorded when it was reported."""
    case = recovery.open_case(
        by=None, unit=unit, reported_at=reported_at, now=reported_at, external_id=f"case-{next(_numbers)}", **fields
    )
    if fixed_after is not None:
        fixed_at = reported_at + fixed_after
        case = recovery.fix_case(case, by=None, at=fixed_at, now=fixed_at)
    return case
