"""Loads larger than a request: kept in chunks in the database, worked off one transaction each.

A chunk, its cases, its refusals and the batch's counts change in one commit: a worker killed at any moment has either
loaded the whole chunk or nothing of it, and a chunk is never loaded twice. A tenant's batches are loaded one after the
other, in the order in which they were sent; what is small enough for a request waits for none of them.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import OperationalError
from django.db.models import F

from cso.recovery.loading.cases import Outcome, load_cases
from cso.recovery.loading.files import Lines
from cso.recovery.loading.rows import Reading
from cso.recovery.models import MAX_SUMMARY, Batch, BatchChunk, BatchRefusal
from tenants.models import Actor, ApiKey, Membership, Tenant
from tenants.permissions import require
from tenants.roles import Can
from tenants.scope import tenant_scope

logger = logging.getLogger(__name__)

# What one request answers row by row, and one transaction loads.
ROWS_AT_ONCE = 5_000
CHARACTERS_AT_ONCE = 8 * 1024**2
# Each is counted before it begins, so that a chunk that kills its worker is given up as well.
ATTEMPTS = 5
_WORKERS_DIED = "each attempt ended without a word, as when a process is killed"


def queue_batch(lines: Lines, reading: Reading, *, by: Actor) -> Batch:
    """Keep all lines for the workers; nothing is loaded yet."""
    require(by, Can.IMPORT_CASES)
    batch = Batch.objects.create(
        reading=_packed(reading),
        member=by if isinstance(by, Membership) else None,
        api_key=by if isinstance(by, ApiKey) else None,
    )
    for chunk in chunks_of(lines):
        BatchChunk.objects.create(batch=batch, first_line=chunk[0][0], lines=json.dumps(chunk).encode())
        batch.rows += len(chunk)
    batch.save(update_fields=["rows"])
    return batch


def chunks_of(lines: Lines) -> Iterator[list[tuple[int, Any]]]:
    """The lines by as many as one transaction loads: not too many, nor too long."""
    chunk: list[tuple[int, Any]] = []
    size = 0
    for line, row in lines:
        shortened = _shortened(row)
        length = _length(shortened) if shortened else 0
        if chunk and (len(chunk) == ROWS_AT_ONCE or size + length > CHARACTERS_AT_ONCE):
            yield chunk
            chunk, size = [], 0
        chunk.append((line, shortened))
        size += length
    if chunk:
        yield chunk


def _length(row: dict[str, Any]) -> int:
    return sum(map(len, row)) + sum(len(value) for value in row.values() if isinstance(value, str))


def _shortened(row: Any) -> dict[str, Any] | None:
    """A row without what no row may have: enough of a text that is too long to refuse it, None for what is no row."""
    if not isinstance(row, dict):
        return None
    too_long = {
        name: value[: MAX_SUMMARY + 1] if isinstance(value, str) else type(value)()
        for name, value in row.items()
        if isinstance(value, (dict, list)) or (isinstance(value, str) and len(value) > MAX_SUMMARY)
    }
    return row | too_long


def load_next_chunk(tenant: Tenant, *, now: datetime) -> bool:
    """Load the next chunk of the tenant's oldest batch; False when none waits, or another worker is at that batch."""
    with tenant_scope(tenant):
        chunk = _claim()
        if chunk is None:
            return False
        if chunk.attempts >= ATTEMPTS:
            _give_up(chunk, _WORKERS_DIED, now)
            return True
        chunk.attempts += 1
        chunk.save(update_fields=["attempts"])
    try:
        with tenant_scope(tenant):
            claimed = _claim()
            if claimed == chunk:
                _load(claimed, now)
    except OperationalError:
        raise
    except Exception as error:
        logger.exception("Chunk %s failed, attempt %s", chunk, chunk.attempts)
        if chunk.attempts >= ATTEMPTS:
            with tenant_scope(tenant):
                # Another worker may have given it up in between.
                if _claim() == chunk:
                    _give_up(chunk, str(error), now)
    return True


def _claim() -> BatchChunk | None:
    """The first chunk of the oldest batch, with the batch locked; None while another worker holds it.

    Never one of a newer batch instead: that may correct what the older brings.
    """
    waiting = BatchChunk.objects.order_by("batch_id", "first_line").values_list("batch_id", flat=True)
    oldest = waiting.first()
    if oldest is None:
        return None
    batch = Batch.objects.filter(pk=oldest).select_for_update(skip_locked=True).first()
    return batch.chunks.order_by("first_line").first() if batch else None


def _load(chunk: BatchChunk, now: datetime) -> None:
    lines: list[tuple[int, Any]] = [(line, row) for line, row in json.loads(bytes(chunk.lines))]
    batch = chunk.batch
    by = batch.member or batch.api_key
    outcomes = load_cases(lines, _unpacked(batch.reading), by=by, now=now)
    BatchRefusal.objects.bulk_create(list(_refusals(batch, outcomes)))
    _finish(chunk, Counter(outcome.status for outcome in outcomes), now)


def _refusals(batch: Batch, outcomes: list[Outcome]) -> Iterator[BatchRefusal]:
    for outcome in outcomes:
        for error in outcome.errors:
            yield BatchRefusal(
                batch=batch,
                line=outcome.line,
                external_id=outcome.external_id,
                field=error.field[:60],
                code=error.code,
                message=error.message[:500],
            )


def _finish(chunk: BatchChunk, counts: Counter[str], now: datetime) -> None:
    batch = Batch.objects.filter(pk=chunk.batch_id)
    batch.update(**{status: F(status) + count for status, count in counts.items()})
    chunk.delete()
    if not BatchChunk.objects.filter(batch=chunk.batch_id).exists():
        batch.update(status=Batch.Status.DONE, finished_at=now)


def _give_up(chunk: BatchChunk, reason: str, now: datetime) -> None:
    lines = json.loads(bytes(chunk.lines))
    BatchRefusal.objects.create(
        batch=chunk.batch,
        line=chunk.first_line,
        field="row",
        code="failed",
        message=f"The {len(lines)} rows from this line on failed together: {reason}"[:500],
    )
    _finish(chunk, Counter(refused=len(lines)), now)


def _packed(reading: Reading) -> dict[str, Any]:
    return asdict(reading) | {"zone": reading.zone.key if reading.zone else None}


def _unpacked(packed: dict[str, Any]) -> Reading:
    return Reading(**packed | {"zone": ZoneInfo(packed["zone"]) if packed["zone"] else None})
