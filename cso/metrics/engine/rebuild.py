"""All cells of a tenant from nothing: the facts as one binary stream per table, counted in arrays.

For a new family or counter, for a changed time zone, and for `verify`, which builds aside and compares: the incremental
engine and this one share the registry's conditions and the table of buckets, and nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

import numpy as np
from django.db import connection

from cso.metrics.engine.arrays import Calendar, Counts, Ints, Tree
from cso.metrics.engine.cells import CellKey, wait_for_engine_lock
from cso.metrics.engine.refresh import Work, refresh, stale_keys
from cso.metrics.engine.restatements import record_restatements
from cso.metrics.models import Discrepancy, Mark, QuarantinedMark
from cso.metrics.registry import Family, kept
from cso.people.models import UnitAncestor
from cso.people.tree import lock_tree
from tenants.scope import current_tenant_id

_COUNTS = ["own", "total", "own_buckets", "own_bucket_counts", "total_buckets", "total_bucket_counts"]
_CELLS = ", ".join(["family", "grain", "unit_id", "period", *_COUNTS])
_ROWS_AT_ONCE = 262_144
_LINES_AT_ONCE = 2_000


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
    tree = Tree.read()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.rebuilt")
        cursor.execute(
            f"CREATE TEMPORARY TABLE rebuilt ON COMMIT DROP AS SELECT {_CELLS} FROM metrics_cell WITH NO DATA"
        )
        # All is read once, and never by a walk over all units for each case, as it is planned where the statistics lag
        # behind a large first load.
        cursor.execute("SET LOCAL enable_nestloop = off")
        for table in dict.fromkeys(family.source.table for family in kept().values()):
            counts = _count(table, [family for family in kept().values() if family.source.table == table], tree)
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


def _count(table: str, families: Sequence[Family], tree: Tree) -> list[Counts]:
    """Read a table of facts once and count them for all its families, by month and by week."""
    columns = sorted({family.column for family in families})
    conditions = sorted({sql for family in families for sql in (family.base_condition, *family.conditions.values())})
    times = {family.seconds for family in families if family.seconds}
    measures = sorted(times | {measure for family in families for measure in family.measures.values()})
    first, last = _range(table, columns)
    if first is None or last is None:
        return []
    calendars = {
        (grain, delay): Calendar(grain, first + delay, last + delay)
        for grain in ("month", "week")
        for delay in {family.delay for family in families}
    }
    counts = [
        Counts(family, calendar, len(tree.names))
        for family in families
        for (_, delay), calendar in calendars.items()
        if delay == family.delay
    ]
    for block in _blocks(table, columns, conditions, measures):
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


def _range(table: str, columns: Sequence[str]) -> tuple[datetime | None, datetime | None]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT least({", ".join(f"min({column})" for column in columns)}),
                   greatest({", ".join(f"max({column})" for column in columns)})
            FROM {table} WHERE tenant_id = %s
            """,
            [current_tenant_id()],
        )
        first, last = cursor.fetchone()
        return first, last


def _blocks(
    table: str, columns: Sequence[str], conditions: Sequence[str], measures: Sequence[str]
) -> Iterator[dict[str, Ints]]:
    """The facts in blocks of arrays by name: `unit` (its number), each instant, each measure (-1: none), `flags`."""
    names = ["unit", *columns, *measures, "flags"]
    flags = " | ".join(f"({sql}::int << {bit})" for bit, sql in enumerate(conditions))
    wanted = [
        "numbered.number",
        *(f"COALESCE({table}.{column}, '-infinity')" for column in columns),
        *(f"COALESCE({table}.{measure}, -1)::bigint" for measure in measures),
        f"({flags})::bigint",
    ]
    query = f"""
        COPY (
            SELECT {", ".join(wanted)} FROM {table}
            JOIN (
                SELECT id, row_number() OVER (ORDER BY id) - 1 AS number FROM people_unit WHERE tenant_id = %s
            ) numbered ON numbered.id = {table}.unit_id
            WHERE {table}.tenant_id = %s
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
