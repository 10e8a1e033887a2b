"""The org tree's closure: every unit with every unit above it.

Whoever adds a unit or changes its parent calls `hang_new`, `rehang` or an `Outline` in the same transaction. Writers of
one tenant's tree take turns by an advisory lock, so that two moves at once cannot make a ring.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Max
from django.utils.translation import gettext as _

from cso.errors import ConflictError, InvalidFieldsError
from cso.people.models import MAX_DEPTH, Unit, UnitAncestor
from tenants.scope import current_tenant_id


class RingError(ConflictError):
    """The new parent is the unit itself or below it."""

    code = "ring"


def lock_tree() -> None:
    """Hold the current tenant's tree still for other writers until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('tree', %s))", [current_tenant_id()])


def hang_new(units: Sequence[Unit]) -> None:
    """Enter new units, parents before children, below their parents.

    Walked here and not by a recursive query: that is planned by statistics, which a large first load is ahead of.
    """
    new = {unit.pk for unit in units}
    ways: dict[UUID | None, list[UUID]] = defaultdict(list)
    known = UnitAncestor.objects.filter(unit__in={unit.parent_id for unit in units} - new - {None})
    for unit_id, ancestor in known.order_by("distance").values_list("unit_id", "ancestor_id"):
        ways[unit_id].append(ancestor)
    for unit in units:
        ways[unit.pk] = [unit.pk, *ways[unit.parent_id]]
        if len(ways[unit.pk]) > MAX_DEPTH:
            raise _too_deep()
    _enter(ways[unit.pk] for unit in units)


class Outline:
    """The tree in memory, for many moves at once: `move` refuses what `rehang` refuses, `hang` writes the closure."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._parents = {unit.pk: unit.parent_id for unit in units}
        self._children: dict[UUID | None, set[UUID]] = defaultdict(set)
        for unit, parent in self._parents.items():
            self._children[parent].add(unit)

    def move(self, unit: Unit, parent: Unit) -> None:
        way = self.way_up(parent.pk)
        if unit.pk in way:
            raise _ring(unit, parent)
        if len(way) + self._levels(unit.pk) > MAX_DEPTH:
            raise _too_deep()
        self._children[self._parents[unit.pk]].remove(unit.pk)
        self._children[parent.pk].add(unit.pk)
        self._parents[unit.pk] = parent.pk

    def way_up(self, unit: UUID) -> list[UUID]:
        """The unit itself and all above it."""
        way = [unit]
        while (above := self._parents[way[-1]]) is not None:
            way.append(above)
        return way

    def hang(self) -> None:
        """Write the closure of the whole tree anew."""
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM people_unitancestor WHERE tenant_id = %s", [current_tenant_id()])
        _enter(self.way_up(unit) for unit in self._parents)

    def _levels(self, unit: UUID) -> int:
        return 1 + max((self._levels(child) for child in self._children[unit]), default=0)


def _enter(ways: Iterable[list[UUID]]) -> None:
    rows = [(way[0], ancestor, distance) for way in ways for distance, ancestor in enumerate(way)]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO people_unitancestor (tenant_id, unit_id, ancestor_id, distance)
            SELECT %s, * FROM unnest(%s::uuid[], %s::uuid[], %s::smallint[])
            """,
            [current_tenant_id(), *([list(column) for column in zip(*rows, strict=True)] or [[], [], []])],
        )


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
        raise _ring(unit, parent)
    height = UnitAncestor.objects.filter(ancestor=unit).aggregate(most=Max("distance"))["most"] or 0
    depth = UnitAncestor.objects.filter(unit=parent).aggregate(most=Max("distance"))["most"] or 0
    if depth + 1 + height >= MAX_DEPTH:
        raise _too_deep()


def _ring(unit: Unit, parent: Unit) -> RingError:
    return RingError(f"{parent.name} is part of {unit.name}, so it cannot become its parent.")


def _too_deep() -> InvalidFieldsError:
    return InvalidFieldsError.of(
        "parent", "too_deep", _("The tree may be %(most)s levels deep at most.") % {"most": MAX_DEPTH}
    )
