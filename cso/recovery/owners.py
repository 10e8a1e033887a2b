"""Who owns a case: exactly one member, always.

Whoever took it, while they are a member here. Else whoever takes in the cases of its unit, or of the nearest unit above
that names such a one; else whoever leads the unit, or the nearest above, and can sign in; else the CSO, and in the end
the administrator, of longest standing.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from cso.people.queries import among
from tenants.models import Membership
from tenants.roles import Role
from tenants.scope import current_tenant_id, day_of


class Owned(Protocol):
    """A case, or as much of one as decides who owns it."""

    @property
    def id(self) -> UUID: ...
    @property
    def owner_id(self) -> UUID | None: ...
    @property
    def unit_id(self) -> UUID: ...


def owner_of(case: Owned) -> Membership | None:
    """Who owns a case, with the user; None only in a workspace without a CSO or an administrator."""
    return owners_of([case]).get(case.id)


def owners_of(cases: Iterable[Owned]) -> dict[UUID, Membership]:
    """The owner of each case by its id, with the users, in two queries however many there are."""
    cases = list(cases)
    if not cases:
        return {}
    tree = _tree({case.unit_id for case in cases})
    wanted = {case.owner_id for case in cases} | {*tree.takers.values(), *tree.leaders.values()}
    known = list(Membership.objects.filter(Q(pk__in=wanted - {None}) | _LAST_RESORT).select_related("user"))
    members = {member.pk: member for member in known if member.ended_at is None}
    last_resort = _longest_standing(known)
    found = {}
    for case in cases:
        owner = members.get(case.owner_id) if case.owner_id else None
        if owner is None:
            holder = tree.holder(case.unit_id, members)
            owner = members[holder] if holder else last_resort
        if owner is not None:
            found[case.id] = owner
    return found


def held_by(member: Membership) -> Q:
    """Of cases: those that a member owns, by the same rules."""
    if member.ended_at is not None:
        return Q(pk__in=[])
    last_resort = _longest_standing(Membership.objects.filter(_LAST_RESORT))
    own = {member.pk, None} if member == last_resort else {member.pk}
    everybody = dict(Membership.objects.values_list("pk", "ended_at"))
    here = {pk for pk, ended_at in everybody.items() if ended_at is None}
    tree = _tree(None)
    units = [unit for unit in tree.above if tree.holder(unit, here) in own]
    if not units:
        return Q(owner=member)
    former = list(everybody.keys() - here)
    return Q(owner=member) | (Q(owner=None) | Q(owner__in=former)) & among(units, "unit")


_LAST_RESORT = Q(role__in=[Role.CSO, Role.ADMINISTRATOR], ended_at=None)


def _longest_standing(members: Iterable[Membership]) -> Membership | None:
    """The first CSO of those serving among `members`, or else the first administrator."""
    serving = [member for member in members if member.ended_at is None]
    for role in (Role.CSO, Role.ADMINISTRATOR):
        of_role = [member for member in serving if member.role == role]
        if of_role:
            return min(of_role, key=lambda member: (member.created_at, member.pk))
    return None


@dataclass
class _Tree:
    """Each unit's parent, and who is named to take in or to lead: walked in Python, two tables read in one query.

    For a plan that joins the whole tree depends on statistics, which a large first load is ahead of.
    """

    above: dict[UUID, UUID | None] = field(default_factory=dict)
    takers: dict[UUID, UUID] = field(default_factory=dict)
    leaders: dict[UUID, UUID] = field(default_factory=dict)

    def holder(self, unit: UUID, serving: Container[UUID]) -> UUID | None:
        """Who of those `serving` holds what nobody took in a unit; None: the last resort does."""
        return self._nearest(unit, self.takers, serving) or self._nearest(unit, self.leaders, serving)

    def _nearest(self, start: UUID, named: dict[UUID, UUID], serving: Container[UUID]) -> UUID | None:
        unit: UUID | None = start
        while unit is not None:
            if unit in named and named[unit] in serving:
                return named[unit]
            unit = self.above[unit]
        return None


_UNITS = """
SELECT unit.id, unit.parent_id, unit.intake_owner_id, NULL::uuid FROM people_unit unit
WHERE unit.tenant_id = %(tenant)s
"""
_LEADERS = """
SELECT leads.unit_id, NULL, NULL, person.member_id FROM people_leadership leads
JOIN people_person person ON person.tenant_id = leads.tenant_id AND person.id = leads.person_id
WHERE leads.tenant_id = %(tenant)s AND leads.starts_on <= %(today)s
AND (leads.ends_on IS NULL OR leads.ends_on > %(today)s) AND person.member_id IS NOT NULL
"""
_ABOVE = """
IN (SELECT ancestor_id FROM people_unitancestor WHERE tenant_id = %(tenant)s AND unit_id = ANY(%(units)s::uuid[]))
"""
_OF_ALL = f"{_UNITS} UNION ALL {_LEADERS}"
_OF_SOME = f"{_UNITS} AND unit.id {_ABOVE} UNION ALL {_LEADERS} AND leads.unit_id {_ABOVE}"


def _tree(units: Collection[UUID] | None) -> _Tree:
    """The whole tree, or what stands above `units`, themselves included."""
    # Like what somebody may see: by the real clock.
    today = day_of(timezone.now())
    parameters: dict[str, Any] = {"tenant": current_tenant_id(), "today": today, "units": list(units or [])}
    tree = _Tree()
    with connection.cursor() as cursor:
        cursor.execute(_OF_ALL if units is None else _OF_SOME, parameters)
        for unit, parent, taker, leader in cursor.fetchall():
            if leader is not None:
                tree.leaders[unit] = leader
                continue
            tree.above[unit] = parent
            if taker is not None:
                tree.takers[unit] = taker
    return tree
