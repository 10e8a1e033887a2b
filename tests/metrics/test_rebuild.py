"""All cells from nothing equal the incremental ones, and a check finds what was tampered with, and repairs nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from cso.metrics.engine.rebuild import Difference, rebuild, verify
from cso.metrics.engine.refresh import refresh
from cso.metrics.models import Cell, Mark, QuarantinedMark
from cso.people import actions as people
from tenants.scope import tenant_scope
from tests.metrics.naive import assert_cells_equal_the_cases, stored_cells
from tests.personas import NOW, Company, log_case

HOUR = timedelta(hours=1)


def log_some(company: Company) -> None:
    for number, code in enumerate(["north-1", "north-1", "north-2", "south", "top"]):
        fixed_after = None if number == 3 else timedelta(hours=10 * (number + 1))
        log_case(company.units[code], NOW - timedelta(days=9 * number), fixed_after=fixed_after)


def revisions() -> list[tuple[object, ...]]:
    return list(Cell.objects.order_by("id").values_list("id", "revision", "as_of"))


def test_a_rebuild_from_nothing_equals_the_cases_and_works_the_marks_off(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        log_some(acme)
        rebuild()
        assert_cells_equal_the_cases()
        assert not Mark.objects.exists()


def test_a_rebuild_empties_the_quarantine(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        QuarantinedMark.objects.create(source="case", unit=acme.units["south"], day=NOW.date(), error="was poison")
        rebuild()
        assert not QuarantinedMark.objects.exists()


def test_a_rebuild_of_what_is_right_writes_nothing(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        log_some(acme)
        refresh()
        before = revisions()
        assert rebuild() == 0
        assert revisions() == before


def test_a_rebuild_mends_cells_that_are_wrong_missing_or_too_many(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        log_some(acme)
        refresh()
        first, second = Cell.objects.filter(family="due")[:2]
        Cell.objects.filter(pk=first.pk).update(total=[9, 9, 9, 9])
        second.delete()
        Cell.objects.create(
            family="due",
            grain="month",
            unit=acme.units["south"],
            period=date(2001, 1, 1),
            own=[1, 1, 1, 1],
            total=[1] * 4,
        )
        assert rebuild() == 3
        assert_cells_equal_the_cases()
        assert Cell.objects.get(pk=first.pk).revision == first.revision + 1


def test_a_family_without_a_fact_has_no_cells(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        log_case(acme.units["south"], NOW)
        rebuild()
        assert not Cell.objects.filter(family="first_fixed").exists()
        assert_cells_equal_the_cases()


def test_a_tenant_without_cases_has_no_cells_and_nothing_to_find(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        assert rebuild() == 0
        assert verify() == []


def test_verify_reports_a_tampered_cell_and_leaves_it(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        log_some(acme)
        refresh()
        cell = Cell.objects.get(family="due", grain="month", unit=acme.units["north-2"])
        tampered = [cell.total[0] + 1, *cell.total[1:]]
        Cell.objects.filter(pk=cell.pk).update(total=tampered)
        assert verify() == [Difference("due", "month", "north-2", cell.period, tampered, cell.total)]
        assert Cell.objects.get(pk=cell.pk).total == tampered


def test_verify_sees_a_histogram_that_was_tampered_with(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        log_some(acme)
        refresh()
        cell = Cell.objects.get(family="started", grain="week", unit=acme.units["north-2"])
        Cell.objects.filter(pk=cell.pk).update(total_buckets=[cell.total_buckets[0] + 1])
        assert [(each.family, each.unit) for each in verify()] == [("started", "north-2")]


def test_verify_works_waiting_marks_off_and_does_not_take_them_for_faults(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        log_some(acme)
        people.move_unit(acme.units["north-2"], acme.units["south"], by=None)
        assert verify() == []
        assert_cells_equal_the_cases()


def test_the_command_says_which_workspace_is_wrong_and_a_rebuild_mends_it(acme: Company, other: Company) -> None:
    for company in (acme, other):
        with tenant_scope(company.tenant):
            log_some(company)
            refresh()
    with tenant_scope(other.tenant):
        Cell.objects.filter(family="reported", grain="week").update(own=[7, 7])
        QuarantinedMark.objects.create(source="case", unit=other.units["south"], day=NOW.date(), error="was poison")
    call_command("metrics", "verify", tenant="acme")
    with pytest.raises(CommandError, match="cells are not what their cases say; nothing was changed"):
        call_command("metrics", "verify")
    call_command("metrics", "rebuild", tenant="other")
    call_command("metrics", "verify")
    with tenant_scope(other.tenant):
        assert not QuarantinedMark.objects.exists()


def test_a_zone_changed_in_mid_month_moves_cases_over_the_months_edge_at_the_rebuild(acme: Company) -> None:
    """Due on 31 March at 22:30 in Toronto, which is 1 April in Tokyo."""
    with tenant_scope(acme.tenant):
        log_case(acme.units["south"], datetime(2026, 3, 31, 2, 30, tzinfo=UTC), fixed_after=HOUR)
        refresh()
        assert _months("due") == [date(2026, 3, 1)]
        acme.tenant.time_zone = "Asia/Tokyo"
        acme.tenant.save(update_fields=["time_zone"])
        rebuild()
        assert _months("due") == [date(2026, 4, 1)]
        assert_cells_equal_the_cases()
        # From then on the engine counts in the new zone too.
        log_case(acme.units["south"], datetime(2026, 3, 30, 14, 59, tzinfo=UTC), fixed_after=HOUR)
        refresh()
        assert _months("due") == [date(2026, 3, 1), date(2026, 4, 1)]
        assert verify() == []


def _months(family: str) -> list[date]:
    cells = Cell.objects.filter(family=family, grain="month", unit__code="south").exclude(total__0=0)
    return list(cells.order_by("period").values_list("period", flat=True))


def test_a_case_that_arrives_after_the_range_was_read_is_left_to_its_mark(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first case of a new month, committed between two statements of the rebuild."""
    from cso.metrics.engine import rebuild as module

    with tenant_scope(acme.tenant):
        log_case(acme.units["south"], NOW - 48 * HOUR)
        read_range = module._range

        def then_a_case_arrives(*arguments: object) -> object:
            found = read_range(*arguments)  # type: ignore[arg-type]
            log_case(acme.units["south"], NOW + timedelta(days=40))
            log_case(acme.units["south"], NOW - timedelta(days=400))
            return found

        monkeypatch.setattr(module, "_range", then_a_case_arrives)
        rebuild()
        monkeypatch.undo()
        refresh()
        assert_cells_equal_the_cases()
        assert stored_cells()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted")
            assert cursor.fetchone(), "the tree is held still while its units are counted by number"
