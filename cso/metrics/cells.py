"""Cells in the database: read, added to, written. Callers hold the tenant's engine lock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from django.db import connection

from cso.metrics.counting import EMPTY, Tally
from cso.metrics.histograms import Histogram
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


def read_cells(keys: Sequence[CellKey]) -> dict[CellKey, CellValue]:
    """The cells that exist among `keys`."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT c.family, c.grain, c.period, c.unit_id, {_COLUMNS}
            FROM unnest(%s::text[], %s::text[], %s::date[], %s::uuid[]) AS k(family, grain, period, unit_id)
            JOIN metrics_cell c ON c.tenant_id = %s AND c.family = k.family AND c.grain = k.grain
                AND c.period = k.period AND c.unit_id = k.unit_id
            """,
            [*(list(column) for column in zip(*keys, strict=True)), current_tenant_id()] if keys else [[]] * 4 + [0],
        )
        return dict(_cell(row) for row in cursor.fetchall())


def read_cells_of(units: Iterable[UUID]) -> dict[CellKey, CellValue]:
    """Every cell of the given units."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT family, grain, period, unit_id, {_COLUMNS} FROM metrics_cell"
            " WHERE tenant_id = %s AND unit_id = ANY(%s)",
            [current_tenant_id(), list(units)],
        )
        return dict(_cell(row) for row in cursor.fetchall())


def write_cells(values: Mapping[CellKey, CellValue]) -> None:
    """Insert, replace or, where nothing is left, delete the given cells; each written one gains a revision."""
    tenant = current_tenant_id()
    gone = [key for key, value in values.items() if is_zero(value.own) and is_zero(value.total)]
    kept = [(tenant, *key, *_arrays(value)) for key, value in values.items() if key not in set(gone)]
    with connection.cursor() as cursor:
        if gone:
            cursor.execute(
                """
                DELETE FROM metrics_cell c
                USING unnest(%s::text[], %s::text[], %s::date[], %s::uuid[]) AS k(family, grain, period, unit_id)
                WHERE c.tenant_id = %s AND c.family = k.family AND c.grain = k.grain AND c.period = k.period
                AND c.unit_id = k.unit_id
                """,
                [*(list(column) for column in zip(*gone, strict=True)), tenant],
            )
        if kept:
            cursor.executemany(
                f"""
                INSERT INTO metrics_cell (tenant_id, family, grain, period, unit_id, {_COLUMNS}, revision, as_of)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 1, now())
                ON CONFLICT (tenant_id, family, grain, period, unit_id) DO UPDATE SET
                    (own, own_buckets, own_bucket_counts, total, total_buckets, total_bucket_counts)
                    = ROW(EXCLUDED.own, EXCLUDED.own_buckets, EXCLUDED.own_bucket_counts, EXCLUDED.total,
                          EXCLUDED.total_buckets, EXCLUDED.total_bucket_counts),
                    revision = metrics_cell.revision + 1, as_of = now()
                """,
                kept,
            )


def _arrays(value: CellValue) -> tuple[Any, ...]:
    return (*_tally_arrays(value.own), *_tally_arrays(value.total))


def _tally_arrays(tally: Tally) -> tuple[list[int], list[int], list[int]]:
    return list(tally.counts), tally.histogram.buckets.tolist(), tally.histogram.counts.tolist()


def _cell(row: Sequence[Any]) -> tuple[CellKey, CellValue]:
    family, grain, period, unit, *arrays = row
    return CellKey(family, grain, period, unit), CellValue(_tally(*arrays[:3]), _tally(*arrays[3:]))


def _tally(counts: list[int], buckets: list[int], bucket_counts: list[int]) -> Tally:
    histogram = (
        Histogram(np.array(buckets, dtype=np.int16), np.array(bucket_counts, dtype=np.int64)) if buckets else EMPTY
    )
    return Tally(tuple(counts), histogram)
