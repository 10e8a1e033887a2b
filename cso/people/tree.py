"""The org tree's closure: every unit with every unit above it.

Whoever adds a unit or changes its parent calls `hang_new` or `rehang` in the same transaction. Writers of one tenant's
tree take turns by an advisory lock, so that two moves at once cannot make a ring.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Max

from cso.errors import ConflictError, InvalidFieldsError
from cso.people.models import MAX_DEPTH, Unit, UnitAncestor
from tenants.scope import current_tenant_id

_TOO_DEEP = f"The tree may be {MAX_DEPTH} levels deep at most."


class RingError(ConflictError):
    """The new parent is the unit itself or below it."""

    code = "ring"


def lock_tree() -> None:
    """Hold the current tenant's tree still for other writers until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('tree', %s))", [current_tenant_id()])


def hang_new(units: Sequence[Unit]) -> None:
    """Enter new units, parents before children, below their parents."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE added AS (
                SELECT id, parent_id FROM people_unit WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s)
            ), way AS (
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
            raise InvalidFieldsError.of("parent", "too_deep", _TOO_DEEP)


def rehang(unit: Unit, parent: Unit | None) -> None:
    """Move the whole subtree of `unit` below `parent`. A refusal (`RingError`, too deep) leaves it where it is."""
    if parent is not None:
        _check_place(unit, parent)
    parameters: dict[str, Any] = {
        "tenant": current_tenant_id(),
        "unit": unit.pk,
        "parent": parent.pk if parent else None,
    }
    with connection.cursor() as cursor:
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


def _check_place(unit: Unit, parent: Unit) -> None:
    if UnitAncestor.objects.filter(unit=parent, ancestor=unit).exists():
        raise RingError(f"{parent.name} is part of {unit.name}, so it cannot become its parent.")
    height = UnitAncestor.objects.filter(ancestor=unit).aggregate(most=Max("distance"))["most"] or 0
    depth = UnitAncestor.objects.filter(unit=parent).aggregate(most=Max("distance"))["most"] or 0
    if depth + 1 + height >= MAX_DEPTH:
        raise InvalidFieldsError.of("parent", "too_deep", _TOO_DEEP)
