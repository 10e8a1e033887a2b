"""From marks to cells, incrementally: recount what is stale, add the difference to every unit above.

The result depends on the facts alone, never on how often, in which order or by how many workers it is computed: a cell
is recounted from its facts, and only the recount's difference to what stood there moves the totals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from cso.metrics.counting import Tally, Window, count_together, counted_alike
from cso.metrics.engine.cells import (
    Block,
    CellKey,
    CellValue,
    bounds_of_cells,
    is_zero,
    lock_engine,
    minus,
    plus,
    read_block,
    read_cells,
    read_own,
    sum_block,
    write_cells,
    zero,
)
from cso.metrics.models import Grain, Mark
from cso.metrics.periods import Grain as PeriodGrain
from cso.metrics.periods import Period, cells_touching
from cso.metrics.registry import FAMILIES, kept
from cso.people.models import Unit, UnitAncestor
from tenants.scope import current_tenant, current_tenant_id

# The source of marks that say "this unit lost or gained a unit below it".
TREE = "tree"
# So much of a family and grain is summed by one statement.
_BLOCK = timedelta(days=366)
# One transaction's work. A mark makes about a dozen cells stale, and one of the tree counts as one.
CELLS_AT_ONCE = 5_000
_MARKS_READ = 5_000


class Work(NamedTuple):
    """What any number of marks say alike."""

    source: str
    unit: UUID
    day: date


@dataclass(frozen=True)
class Refreshed:
    """marks: how many were worked off. more: whether others wait."""

    marks: int
    more: bool


def refresh(most_cells: int = CELLS_AT_ONCE, *, alone: UUID | None = None) -> Refreshed | None:
    """Work off marks of the current tenant, oldest first, until about `most_cells` cells are stale by them.

    At least one mark, and with each all others that say the same. None when another process is at it. alone: the mark
    to take instead of the oldest ones.

    Marks, cells and the deletion of exactly those marks are one transaction: killed at any moment it leaves the marks.
    """
    if not lock_engine():
        return None
    works = oldest_work(most_cells) if alone is None else _work_of(alone)
    seen = _marks_of(works)
    if works:
        work_off(works)
        Mark.objects.filter(pk__in=seen).delete()
    return Refreshed(len(seen), more=Mark.objects.exists())


def work_off(works: Sequence[Work]) -> None:
    """Make the cells right in which the given facts count."""
    refresh_cells(stale_keys(works))
    if moved := {work.unit for work in works if work.source == TREE}:
        retotal(moved)


def oldest_work(most_cells: int) -> list[Work]:
    """What the oldest marks say, each once, until about `most_cells` are stale by it; at least one if any waits."""
    rows = Mark.objects.order_by("id").values_list("source", "unit_id", "day")[:_MARKS_READ]
    chosen: list[Work] = []
    cells = 0
    for work in dict.fromkeys(Work(*row) for row in rows):
        chosen.append(work)
        cells += max(1, len(stale_keys([work])))
        if cells >= most_cells:
            break
    return chosen


def _work_of(mark: UUID) -> list[Work]:
    return [Work(*row) for row in Mark.objects.filter(pk=mark).values_list("source", "unit_id", "day")]


def _marks_of(works: Sequence[Work]) -> list[UUID]:
    """The marks that say so by now; the facts are counted after, so they are at least as new."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT m.id FROM metrics_mark m JOIN unnest(%s::text[], %s::uuid[], %s::date[]) AS w(source, unit_id, day)
                USING (source, unit_id, day)
            WHERE m.tenant_id = %s
            """,
            [*(list(column) for column in zip(*works, strict=True)), current_tenant_id()] if works else [[]] * 3 + [0],
        )
        return [pk for (pk,) in cursor.fetchall()]


def stale_keys(works: Iterable[Work]) -> set[CellKey]:
    """Every cell that the facts behind the marks can stand in."""
    zone = current_tenant().zone
    units_by_day: dict[tuple[str, date], set[UUID]] = defaultdict(set)
    for work in works:
        units_by_day[work.source, work.day].add(work.unit)
    keys: set[CellKey] = set()
    for (source, day), units in units_by_day.items():
        for family in kept().values():
            if family.source.key != source:
                continue
            for grain in Grain.values:
                for period in cells_touching(day, family.delay, cast(PeriodGrain, grain), zone):
                    keys |= {CellKey(family.key, grain, period, unit) for unit in units}
    return keys


def refresh_cells(keys: Iterable[CellKey]) -> None:
    """Recount the own part of each cell from the facts; carry differences to the totals of the unit and all above."""
    wanted = sorted(keys)
    counted = _count(wanted)
    stored = read_own(wanted)
    differences = {}
    for key in wanted:
        nothing = zero(len(FAMILIES[key.family].counters))
        difference = minus(counted[key], stored.get(key, nothing))
        if not is_zero(difference):
            differences[key] = difference
    _apply(differences)


def _count(keys: Sequence[CellKey]) -> dict[CellKey, Tally]:
    """What the facts say of each cell. Families that are counted alike are counted together, by one statement."""
    zone = current_tenant().zone
    groups: dict[tuple[object, ...], dict[str, list[CellKey]]] = defaultdict(lambda: defaultdict(list))
    for key in keys:
        groups[counted_alike(FAMILIES[key.family])][key.family].append(key)
    counted: dict[CellKey, Tally] = {}
    for by_family in groups.values():
        asked = [(FAMILIES[name], [_window(key, zone) for key in cells]) for name, cells in by_family.items()]
        for cells, tallies in zip(by_family.values(), count_together(asked), strict=True):
            counted |= zip(cells, tallies, strict=True)
    return counted


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
        if is_zero(difference) and key not in differences:
            continue  # what a child lost another gained
        nothing = zero(len(difference.counts))
        before = stored.get(key, CellValue(nothing, nothing))
        own = plus(before.own, differences[key]) if key in differences else before.own
        values[key] = CellValue(own, plus(before.total, difference))
    write_cells(values)


def retotal(units: Iterable[UUID]) -> None:
    """Sum anew the totals of the given units and of all above them, from their own part and their children's totals.

    For reorganizations: a unit that moved is right in itself; those that it left and those that it joined are not.
    """
    blocks = list(_blocks())
    for unit in _upwards(units):
        children = list(Unit.objects.filter(parent=unit).values_list("pk", flat=True))
        for block in blocks:
            stored = read_block(unit, block)
            changed = {}
            for key, total in sum_block(unit, children, block).items():
                nothing = zero(len(total.counts))
                before = stored.get(key, CellValue(nothing, nothing))
                if not is_zero(minus(total, before.total)):
                    changed[key] = CellValue(before.own, total)
            write_cells(changed)


def _blocks() -> Iterator[Block]:
    """The tenant's cells, cut into blocks of one family and grain and at most a year."""
    for family in kept():
        for grain in Grain.values:
            first, last = bounds_of_cells(family, grain)
            while first is not None and last is not None and first <= last:
                yield Block(family, grain, first, first + _BLOCK)
                first += _BLOCK


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
