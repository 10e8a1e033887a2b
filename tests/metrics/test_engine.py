"""A tenant's turn: attempts are counted, poison is set aside, and nobody waits for somebody else's trouble."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import OperationalError, connection

from cso.metrics import tasks
from cso.metrics.counting import Tally, Window, count_together
from cso.metrics.engine import turns
from cso.metrics.engine.refresh import refresh
from cso.metrics.models import Cell, EngineState, Mark, QuarantinedMark
from cso.metrics.registry import Family
from cso.people import actions as people
from cso.people.models import Unit, UnitAncestor
from tenants.models import Tenant
from tenants.scope import current_tenant_id, tenant_scope
from tenants.work import tenants_with
from tests.metrics.naive import assert_cells_equal_the_cases
from tests.personas import NOW, Company, log_case

HOUR = timedelta(hours=1)


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> set[UUID]:
    """Units whose cells cannot be counted."""
    from cso.metrics.engine import refresh as module

    units: set[UUID] = set()

    def count_unless_poisoned(asked: Sequence[tuple[Family, Sequence[Window]]]) -> list[list[Tally]]:
        if any(window.unit in units for _, windows in asked for window in windows):
            raise ValueError("cannot be counted")
        return count_together(asked)

    monkeypatch.setattr(module, "count_together", count_unless_poisoned)
    return units


def run_to_the_end(tenant: Tenant) -> None:
    """As the dispatch does it each second, without the waits between attempts."""
    for _ in range(50):
        with tenant_scope(tenant):
            if not Mark.objects.exists():
                return
            EngineState.objects.update(next_try_at=None)
        turns.take_turn(tenant)
    raise AssertionError("marks still wait")


def test_a_turn_works_off_what_waits_and_says_when_there_is_no_more(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        log_case(acme.units["south"], NOW - 48 * HOUR, fixed_after=HOUR)
    assert turns.take_turn(acme.tenant) is False
    with tenant_scope(acme.tenant):
        assert not Mark.objects.exists()
        state = EngineState.objects.get()
        assert (state.attempts, state.last_error, state.refreshed_at is not None) == (0, "", True)
        assert_cells_equal_the_cases()


def test_poison_is_set_aside_and_shown_and_all_others_go_on(acme: Company, poison: set[UUID]) -> None:
    poison.add(acme.units["north-1"].pk)
    with tenant_scope(acme.tenant):
        log_case(acme.units["south"], NOW - 48 * HOUR, fixed_after=HOUR)
        log_case(acme.units["north-1"], NOW - 48 * HOUR, fixed_after=HOUR)
        log_case(acme.units["north-2"], NOW - 48 * HOUR, fixed_after=HOUR)
        assert Mark.objects.filter(unit=acme.units["north-1"]).count() > 1
    run_to_the_end(acme.tenant)
    with tenant_scope(acme.tenant):
        aside = QuarantinedMark.objects.order_by("source").values_list("unit__code", "source", "error")
        error = "ValueError: cannot be counted"
        assert list(aside) == [("north-1", "case", error), ("north-1", "first_fix", error)]
        assert not Mark.objects.exists()
        assert Cell.objects.get(family="due", grain="month", unit=acme.units["top"]).total == [2, 2, 0, 0]
        assert EngineState.objects.get().attempts == 0


def test_what_was_poison_counts_again_with_the_next_change(acme: Company, poison: set[UUID]) -> None:
    poison.add(acme.units["south"].pk)
    with tenant_scope(acme.tenant):
        log_case(acme.units["south"], NOW - 48 * HOUR)
    run_to_the_end(acme.tenant)
    poison.clear()
    with tenant_scope(acme.tenant):
        log_case(acme.units["south"], NOW - 47 * HOUR)
    run_to_the_end(acme.tenant)
    with tenant_scope(acme.tenant):
        assert_cells_equal_the_cases()


def test_a_mark_that_no_worker_survives_is_set_aside_too(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        log_case(acme.units["south"], NOW - 48 * HOUR)
        log_case(acme.units["north"], NOW - 48 * HOUR)
        first = Mark.objects.order_by("id").values_list("pk", flat=True)[0]
        EngineState.objects.create(attempts=turns.KILLED_BY, alone=first)
    run_to_the_end(acme.tenant)
    with tenant_scope(acme.tenant):
        aside = QuarantinedMark.objects.values_list("unit__code", "error")
        assert list(aside) == [("south", "No worker survived this mark.")]
        assert not Mark.objects.exists()
        assert Cell.objects.get(family="due", grain="month", unit=acme.units["top"]).total == [1, 0, 1, 0]


def test_a_database_out_of_reach_is_nobodys_poison(acme: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    with tenant_scope(acme.tenant):
        log_case(acme.units["south"], NOW - 48 * HOUR)

    def no_database(limit: int, *, alone: UUID | None) -> None:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(turns, "refresh", no_database)
    for _ in range(turns.KILLED_BY + 1):
        with pytest.raises(OperationalError):
            turns.take_turn(acme.tenant)
    monkeypatch.undo()
    with tenant_scope(acme.tenant):
        assert EngineState.objects.get().attempts == 0
    run_to_the_end(acme.tenant)
    with tenant_scope(acme.tenant):
        assert not QuarantinedMark.objects.exists()
        assert_cells_equal_the_cases()


@pytest.mark.django_db(transaction=True)
def test_one_tenant_fails_and_the_others_finish(acme: Company, other: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    for company in (acme, other):
        with tenant_scope(company.tenant):
            log_case(company.units["south"], NOW - 48 * HOUR)

    def only_for_others(limit: int, *, alone: UUID | None) -> object:
        if current_tenant_id() == acme.tenant.pk:
            raise OperationalError("canceling statement due to statement timeout")
        return refresh(limit, alone=alone)

    monkeypatch.setattr(turns, "refresh", only_for_others)
    tasks.refresh_tenants([acme.tenant.pk, other.tenant.pk])
    assert tenants_with(Mark) == [acme.tenant.pk]
    monkeypatch.undo()
    tasks.refresh_tenants([acme.tenant.pk, other.tenant.pk, acme.tenant.pk])
    for company in (acme, other):
        with tenant_scope(company.tenant):
            assert_cells_equal_the_cases()


def test_a_tenant_with_much_work_does_one_chunk_and_queues_again(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[object] = []
    monkeypatch.setattr(tasks.refresh_tenants, "apply_async", lambda arguments, **_: sent.append(arguments))
    monkeypatch.setattr(turns, "LIMITS", (10,))
    with tenant_scope(acme.tenant):
        for days in range(4):
            log_case(acme.units["south"], NOW - timedelta(days=days))
        assert Mark.objects.count() == 4
    tasks.refresh_tenants([acme.tenant.pk])
    assert sent == [([acme.tenant.pk],)]
    with tenant_scope(acme.tenant):
        assert 0 < Mark.objects.count() < 4


def test_a_tenant_with_much_work_takes_little_at_once_while_others_wait(
    acme: Company, other: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even a rebuild, which takes seconds; its own message brings that."""
    sent: list[object] = []
    monkeypatch.setattr(tasks.refresh_tenants, "apply_async", lambda arguments, **_: sent.append(arguments))
    monkeypatch.setattr(turns, "CELLS_BESIDE_OTHERS", 10)
    monkeypatch.setattr(turns, "MANY_MARKS", 3)
    for company, many in ((acme, 4), (other, 1)):
        with tenant_scope(company.tenant):
            for days in range(many):
                log_case(company.units["south"], NOW - timedelta(days=days))
    tasks.refresh_tenants([acme.tenant.pk, other.tenant.pk])
    assert sent == [([acme.tenant.pk],)]
    with tenant_scope(acme.tenant):
        assert 0 < Mark.objects.count() < 4
    with tenant_scope(other.tenant):
        assert not Mark.objects.exists()


def test_after_a_failure_the_next_second_does_not_try_again(acme: Company, poison: set[UUID]) -> None:
    poison.add(acme.units["south"].pk)
    with tenant_scope(acme.tenant):
        log_case(acme.units["south"], NOW - 48 * HOUR)
    for _ in range(10):
        assert turns.take_turn(acme.tenant) is False
    with tenant_scope(acme.tenant):
        state = EngineState.objects.get()
        assert state.attempts == 1
        assert state.next_try_at is not None


def test_the_mark_that_failed_alone_is_set_aside_whichever_is_the_oldest_by_then(
    acme: Company, poison: set[UUID]
) -> None:
    poison.add(acme.units["south"].pk)
    with tenant_scope(acme.tenant):
        log_case(acme.units["south"], NOW - 48 * HOUR)
    for _ in range(turns.LIMITS.index(1) + 1):
        turns.take_turn(acme.tenant)
        with tenant_scope(acme.tenant):
            EngineState.objects.update(next_try_at=None)
    with tenant_scope(acme.tenant):
        log_case(acme.units["north"], NOW - 48 * HOUR)
        # A writer that began long ago commits now: its mark is the older one.
        Mark.objects.filter(unit=acme.units["north"]).update(id="00000000-0000-7000-8000-000000000000")
    turns.take_turn(acme.tenant)
    with tenant_scope(acme.tenant):
        assert [mark.unit for mark in QuarantinedMark.objects.all()] == [acme.units["south"]]
        assert [mark.unit for mark in Mark.objects.all()] == [acme.units["north"]]


def test_a_statement_that_takes_too_long_makes_the_next_attempt_smaller(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenant_scope(acme.tenant):
        log_case(acme.units["south"], NOW - 48 * HOUR)

    def too_long(limit: int, *, alone: UUID | None) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 10")
            cursor.execute("SELECT pg_sleep(5)")

    monkeypatch.setattr(turns, "refresh", too_long)
    assert turns.take_turn(acme.tenant) is False
    with tenant_scope(acme.tenant):
        assert EngineState.objects.get().attempts == 1


def test_quarantine_is_tried_again_and_left_when_the_fault_has_passed(acme: Company, poison: set[UUID]) -> None:
    south = acme.units["south"]
    poison.add(south.pk)
    with tenant_scope(acme.tenant):
        log_case(south, NOW - 48 * HOUR)
    run_to_the_end(acme.tenant)
    no_time, hour = timedelta(0), timedelta(hours=1)
    with tenant_scope(acme.tenant):
        QuarantinedMark.objects.update(tried_at=NOW, quarantined_at=NOW)
    assert turns.retry_quarantined(acme.tenant, hour) == 0
    with tenant_scope(acme.tenant):
        aside = QuarantinedMark.objects.get()
        assert aside.quarantined_at == NOW < aside.tried_at
    poison.clear()
    assert turns.retry_quarantined(acme.tenant, hour) == 0  # it was tried just now
    with tenant_scope(acme.tenant):
        QuarantinedMark.objects.update(tried_at=NOW)
    assert turns.retry_quarantined(acme.tenant, no_time) == 1
    with tenant_scope(acme.tenant):
        assert not QuarantinedMark.objects.exists()
        assert_cells_equal_the_cases()


def test_very_many_marks_are_worked_off_by_a_rebuild(acme: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "MANY_MARKS", 3)
    monkeypatch.setattr(turns, "refresh", None)
    with tenant_scope(acme.tenant):
        for days in range(4):
            log_case(acme.units["south"], NOW - timedelta(days=days))
    assert turns.take_turn(acme.tenant) is False
    with tenant_scope(acme.tenant):
        assert not Mark.objects.exists()
        assert EngineState.objects.get().attempts == 0
        assert_cells_equal_the_cases()


def test_only_what_counts_is_marked(acme: Company) -> None:
    """A change of wording makes no work; a case at two days' edges makes one mark for each day."""
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], NOW, summary="Lost bag")
        refresh()
        type(case).objects.filter(pk=case.pk).update(summary="A lost bag", channel="phone")
        assert not Mark.objects.exists()
        type(case).objects.filter(pk=case.pk).update(occurred_at=NOW - 30 * HOUR)
        days = Mark.objects.order_by("day").values_list("day", flat=True)
        assert [str(day) for day in days] == ["2026-03-17", "2026-03-18"]


def test_a_unit_that_is_removed_takes_its_stale_share_with_it(acme: Company) -> None:
    """Its last case was moved away, and the unit is gone before the engine came by."""
    with tenant_scope(acme.tenant):
        leaf = people.add_unit("north-3", "North 3", acme.units["north"], by=None)
        case = log_case(leaf, NOW - 48 * HOUR)
        refresh()
        type(case).objects.filter(pk=case.pk).update(unit=acme.units["south"])
        leaf.delete()
        refresh()
        assert_cells_equal_the_cases()


def test_a_whole_branch_can_be_removed_in_one_statement(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        branch = people.add_unit("east", "East", acme.units["top"], by=None)
        leaf = people.add_unit("east-1", "East 1", branch, by=None)
        UnitAncestor.objects.filter(unit__in=[branch, leaf]).delete()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM people_unit WHERE code LIKE %s", ["east%"])
        assert list(Mark.objects.values_list("source", "unit__code")) == [("tree", "top")]
        assert not Unit.objects.filter(code__startswith="east").exists()
