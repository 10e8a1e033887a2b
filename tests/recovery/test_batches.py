"""Loads as jobs: in order, in bounded chunks, and given up at last."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from cso.recovery.loading import batches
from cso.recovery.loading.batches import ATTEMPTS, chunks_of, load_next_chunk, queue_batch
from cso.recovery.loading.rows import Reading
from cso.recovery.models import Batch, BatchChunk, BatchRefusal, Case
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company

ROW = {"external_id": "a", "unit": "south", "reported_at": "2026-03-01T10:00:00Z"}


def queue(acme: Company, *rows: Any) -> Batch:
    with tenant_scope(acme.tenant):
        return queue_batch(iter(list(enumerate(rows, 1))), Reading(), by=acme.member(Role.CSO))


@pytest.mark.django_db(transaction=True)
def test_a_newer_job_waits_while_a_worker_is_inside_the_older(acme: Company) -> None:
    older, newer = queue(acme, ROW | {"summary": "first"}), queue(acme, ROW | {"summary": "corrected"})

    def another_worker() -> bool:
        try:
            return load_next_chunk(acme.tenant, now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with tenant_scope(acme.tenant):
            list(Batch.objects.select_for_update().filter(pk=older.pk))
            assert pool.submit(another_worker).result(20) is False
            assert BatchChunk.objects.count() == 2
        assert [pool.submit(another_worker).result(20) for _ in range(3)] == [True, True, False]
    with tenant_scope(acme.tenant):
        assert Case.objects.get().summary == "corrected"
        assert [batch.status for batch in Batch.objects.filter(pk__in=[older.pk, newer.pk])] == ["done", "done"]


@pytest.mark.django_db
def test_a_chunk_that_kills_its_worker_is_given_up_and_the_next_is_loaded(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    killer, good = queue(acme, ROW), queue(acme, ROW)

    class Killed(BaseException):
        """What no handler of errors sees, like the end of the process."""

    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as deadly:
        deadly.setattr(batches, "_load", die)
        for _ in range(ATTEMPTS):
            with pytest.raises(Killed):
                load_next_chunk(acme.tenant, now=NOW)
        assert load_next_chunk(acme.tenant, now=NOW)
    with tenant_scope(acme.tenant):
        given_up = Batch.objects.get(pk=killer.pk)
        assert (given_up.status, given_up.refused) == ("done", 1)
        assert BatchRefusal.objects.get().code == "failed"
    assert load_next_chunk(acme.tenant, now=NOW)
    assert not load_next_chunk(acme.tenant, now=NOW)
    with tenant_scope(acme.tenant):
        assert Batch.objects.get(pk=good.pk).created == 1


@pytest.mark.django_db
def test_a_chunk_that_fails_is_given_up_with_its_reason(acme: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    queue(acme, ROW)

    def fail(*_: Any) -> None:
        raise ValueError("No room")

    monkeypatch.setattr(batches, "_load", fail)
    assert [load_next_chunk(acme.tenant, now=NOW) for _ in range(ATTEMPTS + 1)] == [True] * ATTEMPTS + [False]
    with tenant_scope(acme.tenant):
        assert BatchRefusal.objects.get().message.endswith("failed together: No room")
        assert Batch.objects.get().refused == 1


@pytest.mark.django_db
def test_a_batch_without_rows_holds_up_nobody(acme: Company) -> None:
    queue(acme)
    queue(acme, ROW)
    assert load_next_chunk(acme.tenant, now=NOW)
    with tenant_scope(acme.tenant):
        assert Case.objects.count() == 1


@pytest.mark.django_db
def test_a_chunk_ends_at_its_size_too(acme: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "CHARACTERS_AT_ONCE", 10_000)
    queue(acme, *(ROW | {"external_id": str(number), "summary": "x" * 4_000} for number in range(5)))
    with tenant_scope(acme.tenant):
        first_lines = BatchChunk.objects.order_by("first_line").values_list("first_line", flat=True)
        assert list(first_lines) == [1, 3, 5]


def test_what_is_too_long_is_cut_to_what_refuses_it() -> None:
    rows = [ROW | {"summary": "x" * 10**6, "note": [["deep"] * 10**5]}, "no row" * 10**6, ["a"] * 10**6, ROW]
    (chunk,) = chunks_of(iter(list(enumerate(rows, 1))))
    assert len(json.dumps(chunk)) < 6_000
    assert chunk[3] == (4, ROW)


@pytest.mark.django_db
def test_a_cut_row_is_refused_like_the_whole_one(acme: Company) -> None:
    queue(acme, ROW | {"summary": "x" * 10**6}, ROW | {"unit": ["a"]}, "no row", ROW)
    assert load_next_chunk(acme.tenant, now=NOW)
    with tenant_scope(acme.tenant):
        found = BatchRefusal.objects.order_by("line").values_list("line", "field", "code")
        assert list(found) == [(1, "summary", "too_long"), (2, "unit", "not_text"), (3, "row", "unreadable")]
        assert Case.objects.count() == 1
