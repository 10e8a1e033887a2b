"""The people of the tests: the same cast in each workspace, so that a test reads like a scene."""

from __future__ import annotations

import copy
import functools
import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import connection
from django.db.models.sql import InsertQuery

from cso.people import actions as people
from cso.people.models import Leadership, Person, Position, Unit, UnitAncestor
from cso.recovery import actions as recovery
from cso.recovery.models import Case
from tenants.base import TenantModel
from tenants.members import create_tenant
from tenants.models import AuditEntry, Membership, Tenant, User
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


def make_company(slug: str, time_zone: str = "America/Toronto") -> Company:
    """A workspace as its administrator would set it up; the leader leads `north` since 2024.

    Acted out the first time; after that the same rows are written at once, because thousands of tests begin with them.
    """
    if (slug, time_zone) in _known:
        return _known[slug, time_zone].again()
    company = act_out(slug, time_zone)
    _known[slug, time_zone] = _Remembered.of(company)
    return company


def act_out(slug: str, time_zone: str = "America/Toronto") -> Company:
    """The company of `make_company`, by the acts of its people."""
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


@functools.cache
def _hashed(password: str) -> str:
    """Hashed once for all: a hash is slow by design, and each test has seven people or more."""
    return make_password(password)


def _members(slug: str) -> dict[str, Membership]:
    """One person of each role."""
    users = [
        User(email=f"{role}@{slug}.example", name=f"{slug.title()} {role.label}", password=_hashed(PASSWORD))
        for role in Role
    ]
    User.objects.bulk_create(users)
    Membership.objects.bulk_create(Membership(user=user, role=role) for user, role in zip(users, Role, strict=True))
    return {member.role: member for member in Membership.objects.select_related("user")}


# Where a company's rows stand, each after those that it refers to.
_TABLES: list[type[TenantModel]] = [Membership, Unit, UnitAncestor, Position, Person, Leadership, AuditEntry]
# What stands for the tenant's id, and for those of its users, in rows that are remembered.
_TENANT, _FIRST_USER = -1, -2


@dataclass(frozen=True)
class _Remembered:
    """A company that was acted out: its objects, and its rows as one statement."""

    company: Company
    statement: str
    params: list[Any]

    @classmethod
    def of(cls, company: Company) -> _Remembered:
        remembered = cls(copy.deepcopy(company), "", [])
        with tenant_scope(company.tenant):
            written = [remembered._written(model) for model in _TABLES]
        statement = ";".join(statement for statement, _ in written)
        return cls(remembered.company, statement, [value for _, values in written for value in values])

    def _written(self, model: type[TenantModel]) -> tuple[str, tuple[Any, ...]]:
        """The model's rows as an INSERT; what the database says by itself of a new row, it says anew."""
        rows: list[Any] = list(model.objects.order_by("pk"))
        users = {user.pk: _FIRST_USER - n for n, user in enumerate(self._users())}
        for row in rows:
            row.tenant_id = _TENANT
            if isinstance(row, Membership):
                row.user_id = users[row.user_id]
        fields = model._meta.local_concrete_fields
        query = InsertQuery(model)
        query.insert_values([field for field in fields if field.primary_key or not field.has_db_default()], rows)
        [(statement, values)] = query.get_compiler(connection=connection).as_sql()
        return statement, values

    def _users(self) -> list[User]:
        return [member.user for member in self.company.members.values()]

    def again(self) -> Company:
        """The same company anew, which was never there or is gone: the ids of its tenant and users are new."""
        old = self.company.tenant
        tenant = Tenant.objects.create(slug=old.slug, name=old.name, time_zone=old.time_zone)
        users = [User(email=user.email, name=user.name, password=user.password) for user in self._users()]
        User.objects.bulk_create(users)
        ids = {_TENANT: tenant.pk} | {_FIRST_USER - n: user.pk for n, user in enumerate(users)}
        with tenant_scope(tenant), connection.cursor() as cursor:
            cursor.execute(self.statement, [_replaced(value, ids) for value in self.params])
        known: dict[int, Any] = {id(old): tenant} | {
            id(user): new for user, new in zip(self._users(), users, strict=True)
        }
        company = copy.deepcopy(self.company, known)
        for copied in known.values():
            if isinstance(copied, TenantModel):
                copied.tenant_id = tenant.pk
            if isinstance(copied, Membership):
                copied.user_id, copied.created_at = copied.user.pk, tenant.created_at
        return company


def _replaced(value: Any, ids: dict[int, int]) -> Any:
    """A value of a row, or a column of them, with what stands for ids replaced by them."""
    if isinstance(value, list):
        return [_replaced(one, ids) for one in value]
    return ids.get(value, value) if type(value) is int else value


_known: dict[tuple[str, str], _Remembered] = {}


def log_case(unit: Unit, reported_at: datetime, *, fixed_after: timedelta | None = None, **fields: Any) -> Case:
    """A case in the current scope, fixed so long after its report; recorded when it was reported."""
    case = recovery.open_case(
        by=None, unit=unit, reported_at=reported_at, now=reported_at, external_id=f"case-{next(_numbers)}", **fields
    )
    if fixed_after is not None:
        fixed_at = reported_at + fixed_after
        case = recovery.fix_case(case, by=None, at=fixed_at, now=fixed_at)
    return case
