"""The org tree's closure: every unit with every unit above it.

Whoever changes a parent calls `hang` in the same transaction. Writers of one tenant's tree take turns by an advisory
lock, so that two moves at once cannot make a ring.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from cso.errors import ConflictError, InvalidFieldsError
from cso.people.models import MAX_DEPTH, Unit
from tenants.scope import current_tenant_id


def lock_tree() -> None:
    """Hold the current tenant's tree still for other writers until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('tree', %s))", [current_tenant_id()])


def hang_new(units: Sequence[Unit]) -> None:
    """Enter new units, parents before children, below their parents."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE added AS (SELECT id, parent_id FROM people_unit WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s)),
            way AS (
                SELECT id AS unit_id, id AS ancestor_id, parent_id AS next, 0 AS distance FROM added
                UNION ALL
                SELECT way.unit_id, up.id, up.parent_id, way.distance + 1
                FROM way JOIN people_unit up ON up.tenant_id = %(tenant)s AND up.id = way.next
                WHERE way.distance <= %(deepest)s
            )
            INSERT INTO people_unitancestor (tenant_id, unit_id, ancestor_id, distance)
            SELECT %(tenant)s, unit_id, ancestor_id, distance FROM way
            """,
            {"tenant": current_tenant_id(), "ids": [unit.pk for unit in units], "deepest": MAX_DEPTH},
        )
        cursor.execute(
            "SELECT 1 FROM people_unitancestor WHERE tenant_id = %s AND unit_id = ANY(%s) AND distance >= %s LIMIT 1",
            [current_tenant_id(), [unit.pk for unit in units], MAX_DEPTH],
        )
        if cursor.fetchone():
            raise InvalidFieldsError.of("parent", "too_deep", f"The tree may be {MAX_DEPTH} levels deep at most.")


def rehang(unit: Unit, parent: Unit | None) -> None:
    """Move the whole subtree of `unit` below `parent`. Raises `ConflictError` when `parent` is inside it."""
    parameters = {"tenant": current_tenant_id(), "unit": unit.pk, "parent": parent.pk if parent else None}
    with connection.cursor() as cursor:
        if parent is not None and _is_below(parent.pk, unit.pk):
            raise ConflictError(f"{parent.name} is part of {unit.name}, so it cannot become its parent.", code="ring")
        cursor.execute(
            """
            DELETE FROM people_unitancestor gone USING people_unitancestor inside
            WHERE gone.tenant_id = %(tenant)s AND inside.tenant_id = %(tenant)s
            AND inside.ancestor_id = %(unit)s AND gone.unit_id = inside.unit_id AND gone.distance > inside.distance
            """,
            parameters,
        )
        cursor.execute(
            """
            INSERT INTO people_unitancestor (tenant_id, unit_id, ancestor_id, distance)
            SELECT %(tenant)s, inside.unit_id, above.ancestor_id, inside.distance + above.distance + 1
            FROM people_unitancestor inside, people_unitancestor above
            WHERE inside.tenant_id = %(tenant)s AND above.tenant_id = %(tenant)s
            AND inside.ancestor_id = %(unit)s AND above.unit_id = %(parent)s
            """,
            parameters,
        )
        cursor.execute(
            """
            SELECT 1 FROM people_unitancestor inside JOIN people_unitancestor way USING (tenant_id, unit_id)
            WHERE inside.tenant_id = %(tenant)s AND inside.ancestor_id = %(unit)s AND way.distance >= %(deepest)s LIMIT 1
            """,
            parameters | {"deepest": MAX_DEPTH},
        )
        if cursor.fetchone():
            raise InvalidFieldsError.of("parent", "too_deep", f"The tree may be {MAX_DEPTH} levels deep at most.")


def _is_below(unit: UUID, ancestor: UUID) -> bool:
    from cso.people.models import UnitAncestor

    return UnitAncestor.objects.filter(unit_id=unit, ancestor_id=ancestor).exists()
