"""From marks to cells, incrementally: recount what is stale, add the difference to every unit above.

The result depends on the facts alone, never on how often, in which order or by how many workers it is computed: a cell
is recounted from its facts, and only the recount's difference to what stood there moves the totals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from cso.metrics.cells import (
    CellKey,
    CellValue,
    is_zero,
    lock_engine,
    minus,
    plus,
    read_cells,
    read_cells_of,
    write_cells,
    zero,
)
from cso.metrics.counting import Tally, Window, count_windows
from cso.metrics.models import Grain, Mark
from cso.metrics.periods import Grain as PeriodGrain
from cso.metrics.periods import Period, cells_touching
from cso.metrics.registry import FAMILIES, Family
from cso.people.models import Unit, UnitAncestor
from tenants.scope import current_tenant, current_tenant_id

# The source of marks that say "this unit lost or gained a unit below it".
TREE = "tree"
MARKS_AT_ONCE = 5_000


class MarkRow(NamedTuple):
    id: UUID
    source: str
    unit: UUID
    day: date


@dataclass(frozen=True)
class Refreshed:
    """marks: how many were worked off. more: whether others were still waiting."""

    marks: int
    more: bool


def refresh(limit: int = MARKS_AT_ONCE) -> Refreshed | None:
    """Work off up to `limit` marks of the current tenant, oldest first; None when another process is at it.

    Marks, cells and the deletion of exactly those marks are one transaction: killed at any moment it leaves the marks.
    """
    if not lock_engine():
        return None
    marks = waiting_marks(limit)
    if marks:
        refresh_cells(stale_keys(marks))
        retotal({mark.unit for mark in marks if mark.source == TREE})
        Mark.objects.filter(pk__in=[mark.id for mark in marks]).delete()
    return Refreshed(len(marks), more=len(marks) == limit)


def waiting_marks(limit: int) -> list[MarkRow]:
    rows = Mark.objects.order_by("id").values_list("id", "source", "unit_id", "day")
    return [MarkRow(*row) for row in rows[:limit]]


def stale_keys(marks: Iterable[MarkRow]) -> set[CellKey]:
    """Every cell that the facts behind the marks can stand in."""
    zone = current_tenant().zone
    units_by_day: dict[tuple[str, date], set[UUID]] = defaultdict(set)
    for mark in marks:
        units_by_day[mark.source, mark.day].add(mark.unit)
    keys: set[CellKey] = set()
    for (source, day), units in units_by_day.items():
        for family in FAMILIES.values():
            if family.source.key != source:
                continue
            for grain in Grain.values:
                for period in cells_touching(day, family.delay, cast(PeriodGrain, grain), zone):
                    keys |= {CellKey(family.key, grain, period, unit) for unit in units}
    return keys


def refresh_cells(keys: Iterable[CellKey]) -> None:
    """Recount the own part of each cell from the facts; carry differences to the totals of the unit and all above."""
    by_family: dict[str, list[CellKey]] = defaultdict(list)
    for key in keys:
        by_family[key.family].append(key)
    differences: dict[CellKey, Tally] = {}
    for name, family_keys in by_family.items():
        differences |= _own_differences(FAMILIES[name], sorted(family_keys))
    _apply(differences)


def _own_differences(family: Family, keys: Sequence[CellKey]) -> dict[CellKey, Tally]:
    zone = current_tenant().zone
    stored = read_cells(keys)
    nothing = zero(len(family.counters))
    counted = count_windows(family, [_window(key, zone) for key in keys])
    differences = {}
    for key, tally in zip(keys, counted, strict=True):
        difference = minus(tally, stored[key].own if key in stored else nothing)
        if not is_zero(difference):
            differences[key] = difference
    return differences


def _window(key: CellKey, zone: ZoneInfo) -> Window:
    start, end = Period(cast(PeriodGrain, key.grain), key.period).bounds(zone)
    return Window(key.unit, start, end)


def _apply(differences: dict[CellKey, Tally]) -> None:
    if not differences:
        return
    above: dict[UUID, list[UUID]] = defaultdict(list)
    units = {key.unit for key in differences}
    for unit, ancestor in UnitAncestor.objects.filter(unit__in=units).values_list("unit_id", "ancestor_id"):
        above[unit].append(ancestor)
    total_differences: dict[CellKey, Tally] = {}
    for key, difference in differences.items():
        for ancestor in above[key.unit]:
            target = key._replace(unit=ancestor)
            known = total_differences.get(target)
            total_differences[target] = plus(known, difference) if known else difference
    stored = read_cells(sorted(total_differences))
    values = {}
    for key, difference in total_differences.items():
        nothing = zero(len(difference.counts))
        before = stored.get(key, CellValue(nothing, nothing))
        own = plus(before.own, differences[key]) if key in differences else before.own
        values[key] = CellValue(own, plus(before.total, difference))
    write_cells(values)


def retotal(units: Iterable[UUID]) -> None:
    """Sum anew the totals of the given units and of all above them, from their own part and their children's totals.

    For reorganizations: a unit that moved is right in itself; those that it left and those that it joined are not.
    """
    for unit in _upwards(units):
        children = list(Unit.objects.filter(parent=unit).values_list("pk", flat=True))
        stored = read_cells_of([unit])
        sums: dict[CellKey, Tally] = {key: value.own for key, value in stored.items()}
        for key, value in read_cells_of(children).items():
            target = key._replace(unit=unit)
            known = sums.get(target)
            sums[target] = plus(known, value.total) if known else value.total
        changed = {}
        for key, total in sums.items():
            own = stored[key].own if key in stored else zero(len(total.counts))
            if key not in stored or not is_zero(minus(total, stored[key].total)):
                changed[key] = CellValue(own, total)
        write_cells(changed)


def _upwards(units: Iterable[UUID]) -> list[UUID]:
    """The given units and all above them, deepest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT stale.ancestor_id
            FROM (
                SELECT DISTINCT ancestor_id FROM people_unitancestor
                WHERE tenant_id = %(tenant)s AND unit_id = ANY(%(units)s)
            ) stale
            JOIN people_unitancestor way ON way.tenant_id = %(tenant)s AND way.unit_id = stale.ancestor_id
            GROUP BY stale.ancestor_id ORDER BY count(*) DESC, stale.ancestor_id
            """,
            {"tenant": current_tenant_id(), "units": list(units)},
        )
        return [unit for (unit,) in cursor.fetchall()]
