"""Cells in the database: read, added to, written. Callers hold the tenant's engine lock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from cso.metrics.counting import EMPTY, Tally
from cso.metrics.engine.restatements import record_restatements
from cso.metrics.formulas.histograms import Histogram
from cso.metrics.models import Grain
from tenants.scope import current_tenant_id


class CellKey(NamedTuple):
    family: str
    grain: str
    period: date
    unit: UUID


@dataclass(frozen=True)
class CellValue:
    """What a unit has on its own, and in total with all units below."""

    own: Tally
    total: Tally


def lock_engine() -> bool:
    """Take the current tenant's engine lock until the transaction ends; False when another process holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('engine', %s))", [current_tenant_id()])
        return bool(cursor.fetchone()[0])


def wait_for_engine_lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('engine', %s))", [current_tenant_id()])


def zero(width: int) -> Tally:
    return Tally((0,) * width, EMPTY)


def plus(a: Tally, b: Tally) -> Tally:
    return Tally(tuple(x + y for x, y in zip(a.counts, b.counts, strict=True)), a.histogram + b.histogram)


def minus(a: Tally, b: Tally) -> Tally:
    return Tally(tuple(x - y for x, y in zip(a.counts, b.counts, strict=True)), a.histogram - b.histogram)


def is_zero(tally: Tally) -> bool:
    return not any(tally.counts) and not tally.histogram.buckets.size


_COLUMNS = "own, own_buckets, own_bucket_counts, total, total_buckets, total_bucket_counts"
# Histograms of large cells have a thousand buckets: as bytes they are read in a third of the time.
_READ_OWN = "own, array_send(own_buckets), array_send(own_bucket_counts)"
_READ = f"{_READ_OWN}, total, array_send(total_buckets), array_send(total_bucket_counts)"


def read_cells(keys: Sequence[CellKey]) -> dict[CellKey, CellValue]:
    """The cells that exist among `keys`."""
    return dict(_cell(row) for row in _read(_READ, keys))


def read_own(keys: Sequence[CellKey]) -> dict[CellKey, Tally]:
    """The own parts of the cells that exist among `keys`."""
    return {CellKey(*row[:4]): _tally(*row[4:]) for row in _read(_READ_OWN, keys)}


def _read(columns: str, keys: Sequence[CellKey]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT c.family, c.grain, c.period, c.unit_id, {columns}
            FROM unnest(%s::text[], %s::text[], %s::date[], %s::uuid[]) AS k(family, grain, period, unit_id)
            JOIN metrics_cell c ON c.tenant_id = %s AND c.family = k.family AND c.grain = k.grain
                AND c.period = k.period AND c.unit_id = k.unit_id
            """,
            [*_columns_of(keys), current_tenant_id()],
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


class Block(NamedTuple):
    """The cells of one family and grain whose periods begin in [first, after)."""

    family: str
    grain: str
    first: date
    after: date


def bounds_of_cells(family: str, grain: str) -> tuple[date | None, date | None]:
    """The first and the last period of which there is a cell; None where there is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(period), max(period) FROM metrics_cell WHERE tenant_id = %s AND family = %s AND grain = %s",
            [current_tenant_id(), family, grain],
        )
        first, last = cursor.fetchone()
        return first, last


def read_block(unit: UUID, block: Block) -> dict[CellKey, CellValue]:
    """The cells of one unit in a block."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT family, grain, period, unit_id, {_READ} FROM metrics_cell c"
            f" WHERE {_IN_BLOCK} AND unit_id = %(unit)s",
            _block_parameters(unit, block),
        )
        return dict(_cell(row) for row in cursor.fetchall())


def sum_block(unit: UUID, children: Sequence[UUID], block: Block) -> dict[CellKey, Tally]:
    """A unit's own part and its children's totals, summed by the database: children may be many."""
    # As values, not as a join: no plan can then walk over all children for each cell.
    parameters = _block_parameters(unit, block) | {"children": list(children)}
    buckets: dict[date, list[tuple[int, int]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT period, bucket, sum(bucket_count)::bigint
            FROM ({_PARTS}) part, unnest(buckets, bucket_counts) AS h(bucket, bucket_count)
            GROUP BY period, bucket HAVING sum(bucket_count) <> 0
            """,
            parameters,
        )
        for period, bucket, count in cursor.fetchall():
            buckets[period].append((bucket, count))
        cursor.execute(
            f"""
            SELECT period, array_agg(number ORDER BY position) FROM (
                SELECT period, position, sum(number)::bigint AS number
                FROM ({_PARTS}) part, unnest(counts) WITH ORDINALITY AS c(number, position)
                GROUP BY period, position
            ) summed GROUP BY period
            """,
            parameters,
        )
        return {
            CellKey(block.family, block.grain, period, unit): Tally(
                tuple(counts), Histogram.of(*zip(*buckets[period], strict=True)) if buckets[period] else EMPTY
            )
            for period, counts in cursor.fetchall()
        }


_IN_BLOCK = """c.tenant_id = %(tenant)s AND c.family = %(family)s AND c.grain = %(grain)s
    AND c.period >= %(first)s AND c.period < %(after)s"""
_PARTS = f"""
    SELECT c.period, c.own AS counts, c.own_buckets AS buckets, c.own_bucket_counts AS bucket_counts
    FROM metrics_cell c WHERE {_IN_BLOCK} AND c.unit_id = %(unit)s
    UNION ALL
    SELECT c.period, c.total, c.total_buckets, c.total_bucket_counts
    FROM metrics_cell c WHERE {_IN_BLOCK} AND c.unit_id = ANY(%(children)s::uuid[])
"""


def _block_parameters(unit: UUID, block: Block) -> dict[str, Any]:
    return {**block._asdict(), "tenant": current_tenant_id(), "unit": unit}


def write_cells(values: Mapping[CellKey, CellValue]) -> None:
    """Insert or replace the given cells; each written one gains a revision.

    A cell in which nothing is left stays, all zero, so that its revision never goes back.
    """
    if not values:
        return
    _keep_what_was({key: value for key, value in values.items() if key.grain == Grain.MONTH})
    with connection.cursor() as cursor:
        # One statement for all rows: planned one by one they took a fifth of a refresh. A list of lists of different
        # lengths is no array, so each travels as text.
        cursor.execute(
            f"""
            INSERT INTO metrics_cell (tenant_id, family, grain, period, unit_id, {_COLUMNS}, revision, as_of)
            SELECT %s, family, grain, period, unit_id, own::bigint[], own_buckets::smallint[],
                   own_bucket_counts::int[], total::bigint[], total_buckets::smallint[], total_bucket_counts::int[],
                   1, now()
            FROM unnest(%s::text[], %s::text[], %s::date[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[],
                        %s::text[], %s::text[]) AS given(family, grain, period, unit_id, {_COLUMNS})
            ON CONFLICT (tenant_id, family, grain, period, unit_id) DO UPDATE SET
                (own, own_buckets, own_bucket_counts, total, total_buckets, total_bucket_counts)
                = ROW(EXCLUDED.own, EXCLUDED.own_buckets, EXCLUDED.own_bucket_counts, EXCLUDED.total,
                      EXCLUDED.total_buckets, EXCLUDED.total_bucket_counts),
                revision = metrics_cell.revision + 1, as_of = now()
            """,
            [
                current_tenant_id(),
                *_columns_of(list(values)),
                *(f"{{{','.join(column)}}}" for column in zip(*map(_arrays, values.values()), strict=True)),
            ],
        )


def _keep_what_was(values: Mapping[CellKey, CellValue]) -> None:
    """values: of months alone; a week is never restated."""
    if values:
        record_restatements(
            """(
                SELECT family, grain, period, unit_id, total::bigint[] FROM unnest(
                    %(families)s::text[], %(grains)s::text[], %(periods)s::date[], %(units)s::uuid[], %(totals)s::text[]
                ) AS given(family, grain, period, unit_id, total)
            )""",
            **dict(zip(("families", "grains", "periods", "units"), map(list, zip(*values, strict=True)), strict=True)),
            totals=[f"{{{','.join(map(str, value.total.counts))}}}" for value in values.values()],
        )


def _columns_of(keys: Sequence[CellKey]) -> list[str]:
    """Each column of the keys as PostgreSQL writes an array: none of them holds a comma, a quote or a brace."""
    return [f"{{{','.join(str(key[column]) for key in keys)}}}" for column in range(len(CellKey._fields))]


def _arrays(value: CellValue) -> tuple[str, ...]:
    return (*_tally_arrays(value.own), *_tally_arrays(value.total))


def _tally_arrays(tally: Tally) -> tuple[str, ...]:
    """As elements of an array of texts, each as PostgreSQL writes arrays; adapting lists costs the driver far more."""
    arrays = tally.counts, tally.histogram.buckets.tolist(), tally.histogram.counts.tolist()
    return tuple(f'"{{{str(list(numbers))[1:-1]}}}"' for numbers in arrays)


def _cell(row: Sequence[Any]) -> tuple[CellKey, CellValue]:
    family, grain, period, unit, *arrays = row
    return CellKey(family, grain, period, unit), CellValue(_tally(*arrays[:3]), _tally(*arrays[3:]))


def _tally(counts: list[int], buckets: bytes, bucket_counts: bytes) -> Tally:
    histogram = Histogram(_numbers(buckets, 2).astype(np.int16), _numbers(bucket_counts, 4).astype(np.int64))
    return Tally(tuple(counts), histogram if histogram.buckets.size else EMPTY)


def _numbers(array: bytes, width: int) -> NDArray[np.signedinteger[Any]]:
    """Of an array as PostgreSQL sends it: 20 bytes of head (12 of an empty one), then each number behind its width."""
    element = np.dtype([("width", ">i4"), ("number", f">i{width}")])
    numbers: NDArray[np.signedinteger[Any]] = np.frombuffer(array[20:], element)["number"]
    return numbers
