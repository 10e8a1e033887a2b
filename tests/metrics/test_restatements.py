"""What changes after it was final is told, whoever writes the cell; a first load of history is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import ProgrammingError, connection, transaction

from cso.metrics.engine.rebuild import rebuild
from cso.metrics.engine.refresh import CELLS_AT_ONCE, oldest_work, refresh, stale_keys
from cso.metrics.models import Cell, Mark, Restatement
from cso.metrics.periods import parse_period
from cso.metrics.queries.figures import HEADLINE, Figure, figures
from cso.metrics.registry import METRICS
from cso.people import actions as people
from cso.recovery.models import Case
from tenants.scope import tenant_scope
from tests.metrics.naive import assert_cells_equal_the_cases
from tests.personas import Company, log_case

HOUR = timedelta(hours=1)
OLD, MONTH = datetime(2025, 5, 7, 12, tzinfo=UTC), parse_period("2025-05")
LATER = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def final(acme: Company) -> Company:
    """A case in a month that is long over, counted two days ago."""
    with tenant_scope(acme.tenant):
        log_case(acme.units["south"], OLD, fixed_after=HOUR)
        refresh()
        _two_days_pass()
    return acme


def _two_days_pass() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE metrics_cell SET as_of = as_of - INTERVAL '2 days'")


def headline(company: Company, unit: str = "top", metric: str = HEADLINE.key) -> Figure:
    return figures(METRICS[metric], {1: [company.units[unit].pk]}, [MONTH], now=LATER)[1, MONTH]


def test_a_late_case_restates_the_final_month_of_its_unit_and_all_above(final: Company) -> None:
    with tenant_scope(final.tenant):
        assert headline(final).restated_at is None
        log_case(final.units["south"], OLD)
        refresh()
        told = Restatement.objects.filter(family="due").values_list("unit__code", "period", "before", "after")
        assert sorted(told) == [(code, MONTH.first, [1, 1, 0, 0], [2, 1, 1, 0]) for code in ("south", "top")]
        restated = headline(final)
        assert (restated.numerator, restated.denominator, restated.restated_at is not None) == (1, 2, True)
        assert headline(final, "north").restated_at is None


def test_a_rebuild_restates_too(final: Company) -> None:
    with tenant_scope(final.tenant):
        Case.objects.update(first_fixed_at=OLD + 30 * HOUR, fixed_at=OLD + 30 * HOUR)
        rebuild()
        assert headline(final).restated_at is not None
        assert not Mark.objects.exists()


def test_a_counter_that_the_figure_does_not_show_restates_nothing_of_it(final: Company) -> None:
    with tenant_scope(final.tenant):
        Case.objects.update(occurred_at=OLD)
        refresh()
        assert Restatement.objects.filter(family="due").exists()
        assert headline(final).restated_at is None


def test_a_load_of_history_in_many_chunks_is_no_restatement(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        for _ in range(3):
            log_case(acme.units["south"], OLD, fixed_after=HOUR)
            refresh()
        assert not Restatement.objects.exists()
        assert headline(acme).restated_at is None


def test_a_month_that_is_not_final_is_not_restated(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        now = datetime.now(UTC)
        log_case(acme.units["south"], now - 72 * HOUR, fixed_after=HOUR)
        refresh()
        _two_days_pass()
        log_case(acme.units["south"], now - 72 * HOUR)
        refresh()
        assert not Restatement.objects.exists()


def test_what_was_told_cannot_be_taken_back(final: Company) -> None:
    with tenant_scope(final.tenant):
        log_case(final.units["south"], OLD)
        refresh()
        for act in ("DELETE FROM metrics_restatement", "UPDATE metrics_restatement SET before = after"):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                connection.cursor().execute(act)


def test_a_refresh_takes_little_work_and_all_marks_that_say_the_same(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        for days in range(6):
            log_case(acme.units["south"], OLD + timedelta(days=7 * days))
            log_case(acme.units["south"], OLD)
        assert Mark.objects.count() == 12
        first = oldest_work(1)
        assert len(first) == 1
        assert len(oldest_work(len(stale_keys(first)) + 1)) == 2
        assert len(oldest_work(CELLS_AT_ONCE)) == 6
        refreshed = refresh(1)
        assert refreshed is not None
        assert (refreshed.marks, refreshed.more) == (7, True)


def test_the_totals_of_a_reorganization_are_summed_by_the_database_over_many_years(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        for year in (2001, 2013, 2025):
            for code in ("north-1", "north-2"):
                log_case(acme.units[code], OLD.replace(year=year), fixed_after=year * HOUR / 100)
        refresh()
        people.move_unit(acme.units["north-1"], acme.units["south"], by=None)
        refresh()
        assert_cells_equal_the_cases()
        assert Cell.objects.filter(unit=acme.units["north"], total__0=1, family="due", grain="month").count() == 3
