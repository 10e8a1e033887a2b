"""All cells of a tenant from nothing: the facts as one binary stream per source, counted in arrays.

For a new family or counter, for a changed time zone, and for `verify`, which builds aside and compares: the incremental
engine and this one share the registry's conditions and the table of buckets, and nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from cso.metrics.engine.cells import CellKey, wait_for_engine_lock
from cso.metrics.engine.refresh import Work, refresh, stale_keys
from cso.metrics.engine.restatements import record_restatements
from cso.metrics.formulas.histograms import BUCKET_BOUNDS, bucket_of
from cso.metrics.models import Discrepancy, Mark, QuarantinedMark
from cso.metrics.periods import period_of
from cso.metrics.registry import Family, Source, kept
from cso.people.models import Unit, UnitAncestor
from cso.people.tree import lock_tree
from tenants.scope import current_tenant, current_tenant_id

Ints = NDArray[np.int64]

_COUNTS = ["own", "total", "own_buckets", "own_bucket_counts", "total_buckets", "total_bucket_counts"]
_CELLS = ", ".join(["family", "grain", "unit_id", "period", *_COUNTS])
# PostgreSQL counts microseconds from here; a NULL instant travels as the smallest number, before every period.
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_ROWS_AT_ONCE = 262_144
_LINES_AT_ONCE = 2_000
_BUCKETS = len(BUCKET_BOUNDS)


def rebuild() -> int:
    """Make every cell of the current tenant what its facts say now; returns how many cells that changed.

    A cell that was right keeps its revision. Marks made before, and those in quarantine, are worked off with it.
    Writers go on; what they change meanwhile is marked and refreshed after.
    """
    wait_for_engine_lock()
    tenant = {"tenant": current_tenant_id()}
    with connection.cursor() as cursor:
        # What is marked by now is counted below; the facts are read after, so they are at least as new.
        cursor.execute("DROP TABLE IF EXISTS pg_temp.seen")
        cursor.execute(
            "CREATE TEMPORARY TABLE seen ON COMMIT DROP AS SELECT id FROM metrics_mark WHERE tenant_id = %(tenant)s",
            tenant,
        )
        build_aside()
        record_restatements("pg_temp.rebuilt")
        cursor.execute(_REPLACE, tenant)
        changed: int = cursor.rowcount
        cursor.execute(
            "DELETE FROM metrics_mark m USING pg_temp.seen WHERE m.tenant_id = %(tenant)s AND m.id = seen.id", tenant
        )
    # Only who holds the engine lock sets marks aside.
    QuarantinedMark.objects.all().delete()
    Discrepancy.objects.all().delete()
    return changed


_NEW_COUNTS = ", ".join(f"r.{name}" for name in _COUNTS)
_REPLACE = f"""
MERGE INTO metrics_cell c USING pg_temp.rebuilt r
ON c.tenant_id = %(tenant)s AND c.family = r.family AND c.grain = r.grain AND c.period = r.period
    AND c.unit_id = r.unit_id
WHEN MATCHED AND ROW({", ".join(f"c.{name}" for name in _COUNTS)}) IS DISTINCT FROM ROW({_NEW_COUNTS}) THEN
    UPDATE SET {", ".join(f"{name} = r.{name}" for name in _COUNTS)}, revision = c.revision + 1, as_of = now()
WHEN NOT MATCHED BY TARGET THEN
    INSERT (tenant_id, {_CELLS}) VALUES (%(tenant)s, r.family, r.grain, r.unit_id, r.period, {_NEW_COUNTS})
WHEN NOT MATCHED BY SOURCE AND c.tenant_id = %(tenant)s THEN DELETE
"""


@dataclass(frozen=True)
class Difference:
    """A cell that is not what its facts say: totals as kept and as rebuilt; None where one side has no such cell."""

    family: str
    grain: str
    unit: str
    period: date
    kept: list[int] | None
    rebuilt: list[int] | None


def verify() -> list[Difference]:
    """Rebuild aside and compare with the cells as they are kept; repairs nothing.

    Waiting marks are worked off first, as any worker would. Writers go on: cells that they make stale meanwhile are
    left out, because those may rightly differ until the next refresh.
    """
    wait_for_engine_lock()
    while (refreshed := refresh()) and refreshed.more:
        pass
    build_aside()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH kept AS (SELECT {_CELLS} FROM metrics_cell WHERE tenant_id = %(tenant)s),
            only_kept AS (SELECT * FROM kept EXCEPT ALL SELECT {_CELLS} FROM pg_temp.rebuilt),
            only_rebuilt AS (SELECT {_CELLS} FROM pg_temp.rebuilt EXCEPT ALL SELECT * FROM kept)
            SELECT unit_id, family, grain, u.code, period, k.total, r.total
            FROM only_kept k FULL JOIN only_rebuilt r USING (family, grain, unit_id, period)
            JOIN people_unit u ON u.tenant_id = %(tenant)s AND u.id = unit_id
            ORDER BY family, grain, u.code, period
            """,
            {"tenant": current_tenant_id()},
        )
        found = [(unit, Difference(*rest)) for unit, *rest in cursor.fetchall()]
    stale = _stale_by_now() if found else set()
    return [each for unit, each in found if CellKey(each.family, each.grain, each.period, unit) not in stale]


def _stale_by_now() -> set[CellKey]:
    """The cells of the marks that wait, and the same cells of all units above."""
    keys = stale_keys(Work(*facts) for facts in Mark.objects.values_list("source", "unit_id", "day").distinct())
    above = defaultdict(list)
    units = {key.unit for key in keys}
    for unit, ancestor in UnitAncestor.objects.filter(unit__in=units).values_list("unit_id", "ancestor_id"):
        above[unit].append(ancestor)
    return {key._replace(unit=ancestor) for key in keys for ancestor in above[key.unit]}


def build_aside() -> None:
    """Compute every cell of the current tenant into the temporary table `rebuilt`; kept ones without a fact as zero.

    The tree is held still for its writers until the transaction ends: units are counted by their number in it.
    """
    lock_tree()
    tree = _Tree.read()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.rebuilt")
        cursor.execute(
            f"CREATE TEMPORARY TABLE rebuilt ON COMMIT DROP AS SELECT {_CELLS} FROM metrics_cell WITH NO DATA"
        )
        # All is read once, and never by a walk over all units for each case, as it is planned where the statistics lag
        # behind a large first load.
        cursor.execute("SET LOCAL enable_nestloop = off")
        for source in {family.source.key: family.source for family in kept().values()}.values():
            families = [family for family in kept().values() if family.source.key == source.key]
            counts = _count(source, families, tree)
            with cursor.copy(f"COPY pg_temp.rebuilt ({_CELLS}) FROM STDIN") as copy:
                for each in counts:
                    lines = each.lines(tree)
                    # Many at a time: one by one the driver takes longer than the database.
                    while part := "".join(islice(lines, _LINES_AT_ONCE)):
                        copy.write(part)
        # What has nothing left is kept as zero: a cell never goes.
        cursor.execute(
            f"""
            INSERT INTO pg_temp.rebuilt ({_CELLS})
            SELECT c.family, c.grain, c.unit_id, c.period, none, none, '{{}}', '{{}}', '{{}}', '{{}}'
            FROM metrics_cell c JOIN unnest(%s::text[], %s::int[]) AS known(family, width) USING (family),
                 array_fill(0::bigint, ARRAY[width]) AS none
            WHERE c.tenant_id = %s AND NOT EXISTS (
                SELECT FROM pg_temp.rebuilt r WHERE r.family = c.family AND r.grain = c.grain
                AND r.unit_id = c.unit_id AND r.period = c.period)
            """,
            [list(kept()), [len(family.counters) for family in kept().values()], current_tenant_id()],
        )
        cursor.execute("SET LOCAL enable_nestloop = on")


@dataclass(frozen=True)
class _Tree:
    """Units by number. names: their ids. parents: the number of each unit's, -1 at the top. levels: from the top."""

    names: list[str]
    parents: Ints
    levels: list[Ints]

    @classmethod
    def read(cls) -> _Tree:
        rows = list(Unit.objects.order_by("id").values_list("id", "parent_id"))
        number = {unit: n for n, (unit, _) in enumerate(rows)}
        parents = np.array([number.get(parent, -1) for _, parent in rows], dtype=np.int64)
        levels: list[Ints] = []
        level = np.flatnonzero(parents == -1)
        while level.size:
            levels.append(level)
            level = np.flatnonzero(np.isin(parents, level))
        return cls([str(unit) for unit, _ in rows], parents, levels)


class _Calendar:
    """The periods of one grain that cover a range of instants, with their bounds in microseconds."""

    def __init__(self, grain: str, first: datetime, last: datetime) -> None:
        zone = current_tenant().zone
        period = period_of(first, grain, zone)  # type: ignore[arg-type]
        periods = [period]
        while period.bounds(zone)[1] <= last:
            period = period.next()
            periods.append(period)
        self.grain = grain
        self.starts: list[date] = [each.first for each in periods]
        self.bounds: Ints = np.array([_microseconds(each.bounds(zone)[0]) for each in periods], dtype=np.int64)
        self._end = _microseconds(periods[-1].bounds(zone)[1])

    def __len__(self) -> int:
        return len(self.starts)

    def covers(self, instants: Ints) -> NDArray[np.bool_]:
        inside: NDArray[np.bool_] = (instants >= self.bounds[0]) & (instants < self._end)
        return inside

    def numbers(self, instants: Ints) -> Ints:
        return np.searchsorted(self.bounds, instants, side="right") - 1


class _Counts:
    """The counts of one family and grain, in arrays that grow with the periods that occur.

    A cell's number is `slot of its period * units + unit`; `own[cell, counter]`. The histogram is kept as keys, `cell *
    buckets + bucket`, and their counts.
    """

    def __init__(self, family: Family, calendar: _Calendar, units: int) -> None:
        self.family, self.calendar, self.units = family, calendar, units
        # Half the room where rows are counted only; sums of money need the whole.
        self.own = np.zeros((0, len(family.counters)), dtype=np.int64 if family.measures else np.int32)
        self._slots = np.full(len(calendar), -1, dtype=np.int64)
        self._periods: list[int] = []
        self._keys: list[Ints] = []
        self._key_counts: list[Ints] = []

    def add(
        self,
        units: Ints,
        instants: Ints,
        flags: Ints,
        bits: Sequence[int],
        amounts: Sequence[Ints | None],
        seconds: Ints | None,
    ) -> None:
        """Facts, with their units' numbers. bits, amounts: of each counter, its flag and what it sums (None: rows)."""
        periods = self.calendar.numbers(instants)
        self._make_room(np.unique(periods))
        cells = self._slots[periods] * self.units + units
        for column, (bit, amount) in enumerate(zip(bits, amounts, strict=True)):
            inside = (flags >> bit) & 1 == 1
            if amount is None:
                counted = np.bincount(cells[inside], minlength=len(self.own))
                self.own[:, column] += counted.astype(self.own.dtype)
            else:
                # Not by weights of bincount: those are floats, which lose cents above 2**53.
                np.add.at(self.own[:, column], cells[inside], amount[inside])
        if seconds is not None:
            known = seconds >= 0
            keys = cells[known] * _BUCKETS + bucket_of(seconds[known])
            distinct, counts = np.unique(keys, return_counts=True)
            self._keys.append(distinct)
            self._key_counts.append(counts.astype(np.int64))

    def _make_room(self, periods: Ints) -> None:
        new = periods[self._slots[periods] == -1]
        self._slots[new] = np.arange(len(self._periods), len(self._periods) + new.size)
        self._periods += new.tolist()
        self.own = np.concatenate(
            [self.own, np.zeros((new.size * self.units, self.own.shape[1]), dtype=self.own.dtype)]
        )

    def lines(self, tree: _Tree) -> Iterator[str]:
        """The cells that hold anything, as lines of `_CELLS` for COPY.

        Written as text here: adapting each array by the driver took half of a rebuild.
        """
        own = self.own.reshape(len(self._periods), self.units, len(self.family.counters))
        total = own.astype(np.int64)
        own_keys, own_counts = _summed(self._keys, self._key_counts)
        total_keys, total_counts = own_keys, own_counts
        for level in reversed(tree.levels[1:]):
            # Slots stand aside while children are added to their parents, several to one.
            np.add.at(total.swapaxes(0, 1), tree.parents[level], total.swapaxes(0, 1)[level])
            units = total_keys // _BUCKETS % self.units
            here = np.isin(units, level)
            lifted = total_keys[here] + (tree.parents[units[here]] - units[here]) * _BUCKETS
            total_keys, total_counts = _summed([total_keys, lifted], [total_counts, total_counts[here]])
        slots, units = np.nonzero(total.any(axis=2))
        cells = slots * self.units + units
        starts = [self.calendar.starts[period].isoformat() for period in self._periods]
        columns = [
            own[slots, units].tolist(),
            total[slots, units].tolist(),
            *_histograms(own_keys, own_counts, cells),
            *_histograms(total_keys, total_counts, cells),
        ]
        for slot, unit, *counts in zip(slots.tolist(), units.tolist(), *columns, strict=True):
            arrays = "\t".join([f"{{{str(numbers)[1:-1]}}}" for numbers in counts])
            yield f"{self.family.key}\t{self.calendar.grain}\t{tree.names[unit]}\t{starts[slot]}\t{arrays}\n"


def _summed(keys: Sequence[Ints], counts: Sequence[Ints]) -> tuple[Ints, Ints]:
    if not keys:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    distinct, where = np.unique(np.concatenate(keys), return_inverse=True)
    summed = np.zeros(distinct.size, dtype=np.int64)
    np.add.at(summed, where, np.concatenate(counts))
    return distinct, summed


def _histograms(keys: Ints, counts: Ints, cells: Ints) -> tuple[list[list[int]], list[list[int]]]:
    """Of each of the cells its buckets, and their counts."""
    if not keys.size:
        return [[]] * len(cells), [[]] * len(cells)
    firsts = np.searchsorted(keys, cells * _BUCKETS).tolist()
    afters = np.searchsorted(keys, (cells + 1) * _BUCKETS).tolist()
    buckets, numbers = (keys % _BUCKETS).tolist(), counts.tolist()
    spans = list(zip(firsts, afters, strict=True))
    return [buckets[first:after] for first, after in spans], [numbers[first:after] for first, after in spans]


def _count(source: Source, families: Sequence[Family], tree: _Tree) -> list[_Counts]:
    """Read the facts of a source once and count them for all its families, by month and by week."""
    columns = sorted({family.column for family in families})
    conditions = sorted({sql for family in families for sql in (family.base_condition, *family.conditions.values())})
    times = {family.seconds for family in families if family.seconds}
    measures = sorted(times | {measure for family in families for measure in family.measures.values()})
    first, last = _range(source, columns)
    if first is None or last is None:
        return []
    counts = [
        _Counts(family, _Calendar(grain, first + family.delay, last + family.delay), len(tree.names))
        for family in families
        for grain in ("month", "week")
    ]
    for block in _blocks(source, columns, conditions, measures):
        for each in counts:
            family = each.family
            instants = block[family.column] + int(family.delay / timedelta(microseconds=1))
            # No instant, or a case of the last moment that lies outside what was there at the start: it is marked.
            known = each.calendar.covers(instants) & (
                block["flags"] >> conditions.index(family.base_condition) & 1 == 1
            )
            each.add(
                block["unit"][known],
                instants[known],
                block["flags"][known],
                [conditions.index(sql) for sql in family.conditions.values()],
                [block[family.measures[name]][known] if name in family.measures else None for name in family.counters],
                block[family.seconds][known] if family.seconds else None,
            )
    return counts


def _range(source: Source, columns: Sequence[str]) -> tuple[datetime | None, datetime | None]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT least({", ".join(f"min({column})" for column in columns)}),
                   greatest({", ".join(f"max({column})" for column in columns)})
            FROM {source.table} WHERE tenant_id = %s
            """,
            [current_tenant_id()],
        )
        first, last = cursor.fetchone()
        return first, last


def _blocks(
    source: Source, columns: Sequence[str], conditions: Sequence[str], measures: Sequence[str]
) -> Iterator[dict[str, Ints]]:
    """The facts in blocks of arrays by name: `unit` (its number), each instant, each measure (-1: none), `flags`."""
    names = ["unit", *columns, *measures, "flags"]
    flags = " | ".join(f"({sql}::int << {bit})" for bit, sql in enumerate(conditions))
    wanted = [
        "numbered.number",
        *(f"COALESCE({source.table}.{column}, '-infinity')" for column in columns),
        *(f"COALESCE({source.table}.{measure}, -1)::bigint" for measure in measures),
        f"({flags})::bigint",
    ]
    query = f"""
        COPY (
            SELECT {", ".join(wanted)} FROM {source.table}
            JOIN (
                SELECT id, row_number() OVER (ORDER BY id) - 1 AS number FROM people_unit WHERE tenant_id = %s
            ) numbered ON numbered.id = {source.table}.unit_id
            WHERE {source.table}.tenant_id = %s
        ) TO STDOUT (FORMAT binary)
    """
    # A row: the number of fields, then for each its length and its eight bytes, all big-endian.
    record = np.dtype([("fields", ">i2"), *((f"{part}{n}", kind) for n in range(len(names)) for part, kind in _FIELD)])
    with connection.cursor() as cursor, cursor.copy(query, [current_tenant_id()] * 2) as copy:
        for data in _records(iter(copy), record.itemsize):
            rows = np.frombuffer(data, dtype=record)
            yield {name: rows[f"value{n}"].astype(np.int64) for n, name in enumerate(names)}


_FIELD = (("length", ">i4"), ("value", ">i8"))
_HEADER_BYTES = 19


def _records(stream: Iterator[Any], size: int) -> Iterator[bytes]:
    """The stream's records, many at a time, without its header and its two closing bytes."""
    pending: list[bytes] = [bytes(next(stream, b""))[_HEADER_BYTES:]]
    for count, data in enumerate(stream, 1):
        pending.append(bytes(data))
        if count % _ROWS_AT_ONCE == 0:
            joined = b"".join(pending)
            whole = len(joined) // size * size
            yield joined[:whole]
            pending = [joined[whole:]]
    joined = b"".join(pending)
    yield joined[: len(joined) // size * size]


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1)
