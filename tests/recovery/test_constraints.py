"""What the database itself refuses, however a row gets there."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction

from cso.recovery.models import Case
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case

HOUR = timedelta(hours=1)
CSO = "(SELECT id FROM tenants_membership WHERE role = 'cso')"
EXECUTIVE = "(SELECT id FROM tenants_membership WHERE role = 'executive')"


def assert_refused(
    company: Company, kind: type[DatabaseError], words: str, statement: str, *values: UUID | int | str
) -> None:
    """The database itself says no to the application's own role."""
    with tenant_scope(company.tenant), pytest.raises(kind, match=words), transaction.atomic():
        connection.cursor().execute(statement, values)


@pytest.fixture
def fixed_case(acme: Company) -> Case:
    with tenant_scope(acme.tenant):
        return log_case(acme.units["south"], NOW - 30 * HOUR, fixed_after=HOUR)


@pytest.mark.parametrize(
    ("assignments", "rule"),
    [
        ("occurred_at = reported_at + INTERVAL '1 microsecond'", "reported_after_it_occurred"),
        (
            "reported_at = recorded_at + INTERVAL '61 seconds', first_fixed_at = NULL, fixed_at = NULL",
            "not_reported_in_the_future",
        ),
        (
            "first_fixed_at = reported_at - INTERVAL '1 microsecond', fixed_at = reported_at",
            "fixed_after_the_clock_started",
        ),
        ("fixed_at = first_fixed_at - INTERVAL '1 microsecond'", "no_fix_before_the_first"),
        ("first_fixed_at = NULL", "a_fix_has_a_first_fix"),
        ("fixed_at = NULL", "open_again_only_when_undone"),
        (
            "first_undone_at = first_fixed_at - INTERVAL '1 microsecond', times_undone = 1",
            "undone_after_the_first_fix",
        ),
        ("first_undone_at = first_fixed_at, times_undone = 0", "undone_after_the_first_fix"),
        ("times_undone = 1", "undone_after_the_first_fix"),
        ("summary = repeat('a', 5001)", "summary_is_short"),
        ("excluded_as = 'spam'", "exclusion_has_a_reason_and_a_person"),
        (f"excluded_as = 'spam', excluded_by_id = {CSO}", "exclusion_has_a_reason_and_a_person"),
        (f"exclusion_confirmed_by_id = {CSO}", "exclusion_has_a_reason_and_a_person"),
        (
            f"excluded_as = 'spam', exclusion_note = 'x', excluded_by_id = {CSO}, exclusion_confirmed_by_id = {CSO}",
            "exclusion_needs_a_second_person",
        ),
    ],
)
def test_a_case_against_a_rule_is_refused_by_its_name(
    acme: Company, fixed_case: Case, assignments: str, rule: str
) -> None:
    change = f"UPDATE recovery_case SET {assignments} WHERE id = %s"
    assert_refused(acme, IntegrityError, rule, change, fixed_case.pk)


def test_a_second_person_may_confirm(acme: Company, fixed_case: Case) -> None:
    with tenant_scope(acme.tenant), connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE recovery_case SET excluded_as = 'spam', exclusion_note = 'x', excluded_by_id = {CSO},
                exclusion_confirmed_by_id = {EXECUTIVE}
            WHERE id = %s RETURNING is_valid
            """,
            [fixed_case.pk],
        )
        assert cursor.fetchall() == [(False,)]


def test_two_cases_cannot_have_one_external_id_and_two_tenants_can(acme: Company, other: Company) -> None:
    log = "INSERT INTO recovery_case (tenant_id, unit_id, reported_at, external_id, channel, summary) "
    log += "SELECT tenant_id, id, now(), 'T-1', '', '' FROM people_unit WHERE code = 'south'"
    for company in (acme, other):
        with tenant_scope(company.tenant):
            connection.cursor().execute(log)
    assert_refused(acme, IntegrityError, "one_case_per_external_id", log)


@pytest.mark.parametrize("name", ["attitude", "Staff ATTITUDE", "an attitude problem"])
def test_attitude_is_not_a_cause(acme: Company, name: str) -> None:
    add = "INSERT INTO recovery_cause (tenant_id, name) VALUES (%s, %s)"
    assert_refused(acme, IntegrityError, "attitude_is_not_a_cause", add, acme.tenant.pk, name)


@pytest.mark.parametrize("statement", ["UPDATE recovery_caseevent SET note = 'x'", "DELETE FROM recovery_caseevent"])
def test_the_log_can_only_grow(acme: Company, fixed_case: Case, statement: str) -> None:
    assert_refused(acme, ProgrammingError, "permission denied", statement)


@pytest.mark.parametrize("column", ["clock_start", "is_valid", "recovered_24h", "undone_in_14d", "seconds_to_recover"])
def test_a_verdict_cannot_be_written(acme: Company, fixed_case: Case, column: str) -> None:
    change = f"UPDATE recovery_case SET {column} = {column} WHERE id = %s"
    assert_refused(acme, ProgrammingError, "can only be updated to DEFAULT", change, fixed_case.pk)
