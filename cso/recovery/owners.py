"""Who owns a case: exactly one member, always.

Whoever took it, while they are a member here. Else whoever takes in the cases of its unit, or of the nearest unit above
that names such a one; else whoever leads the unit, or the nearest above, and can sign in; else the CSO, and in the end
the administrator, of longest standing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Protocol
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from cso.people.queries import among
from tenants.models import Membership
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
    holders = _holders(units={case.unit_id for case in cases})
    wanted = {case.owner_id for case in cases if case.owner_id} | set(holders.values())
    members = {member.pk: member for member in Membership.objects.filter(pk__in=wanted).select_related("user")}
    found = {}
    for case in cases:
        owner = members.get(case.owner_id) if case.owner_id else None
        if (owner is None or owner.ended_at is not None) and case.unit_id in holders:
            owner = members.get(holders[case.unit_id])
        if owner is not None:
            found[case.id] = owner
    return found


def held_by(member: Membership) -> Q:
    """Of cases: those that a member owns, by the same rules."""
    if member.ended_at is not None:
        return Q(pk__in=[])
    units = _holders(member=member)
    if not units:
        return Q(owner=member)
    former = list(Membership.objects.exclude(ended_at=None).values_list("pk", flat=True))
    return Q(owner=member) | (Q(owner=None) | Q(owner__in=former)) & among(units, "unit")


# Who holds what nobody took in a unit. Set by set: a list shows a hundred cases, and a tree has ten thousand units.
_HOLDERS = """
WITH named AS (
    SELECT unit.id AS unit_id, unit.intake_owner_id AS member_id, 1 AS rank
    FROM people_unit unit WHERE unit.tenant_id = %(tenant)s AND unit.intake_owner_id IS NOT NULL
    UNION ALL
    SELECT leads.unit_id, person.member_id, 2
    FROM people_leadership leads
    JOIN people_person person ON person.tenant_id = leads.tenant_id AND person.id = leads.person_id
    WHERE leads.tenant_id = %(tenant)s AND leads.starts_on <= %(today)s
    AND (leads.ends_on IS NULL OR leads.ends_on > %(today)s)
), nearest AS (
    SELECT DISTINCT ON (way.unit_id) way.unit_id, named.member_id
    FROM people_unitancestor way
    JOIN named ON named.unit_id = way.ancestor_id
    JOIN tenants_membership member
        ON member.tenant_id = %(tenant)s AND member.id = named.member_id AND member.ended_at IS NULL
    WHERE way.tenant_id = %(tenant)s AND (%(units)s::uuid[] IS NULL OR way.unit_id = ANY(%(units)s::uuid[]))
    ORDER BY way.unit_id, named.rank, way.distance
)
SELECT unit_id, member_id FROM (
    SELECT unit.id AS unit_id, COALESCE(nearest.member_id, (
        SELECT id FROM tenants_membership
        WHERE tenant_id = %(tenant)s AND ended_at IS NULL AND role IN ('cso', 'administrator')
        ORDER BY role = 'administrator', created_at, id LIMIT 1
    )) AS member_id
    FROM people_unit unit LEFT JOIN nearest ON nearest.unit_id = unit.id
    WHERE unit.tenant_id = %(tenant)s AND (%(units)s::uuid[] IS NULL OR unit.id = ANY(%(units)s::uuid[]))
) holder WHERE member_id IS NOT NULL AND (%(member)s::uuid IS NULL OR member_id = %(member)s::uuid)
"""


def _holders(*, units: Collection[UUID] | None = None, member: Membership | None = None) -> dict[UUID, UUID]:
    """Unit -> member who holds what nobody took there; of `units` alone, or of `member` alone."""
    parameters: dict[str, Any] = {
        "tenant": current_tenant_id(),
        # Like what somebody may see: by the real clock.
        "today": day_of(timezone.now()),
        "units": None if units is None else list(units),
        "member": member.pk if member else None,
    }
    with connection.cursor() as cursor:
        cursor.execute(_HOLDERS, parameters)
        return dict(cursor.fetchall())
