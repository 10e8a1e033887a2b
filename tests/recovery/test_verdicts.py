"""The verdicts of a case, which the database computes from its instants: each edge to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cso.errors import InvalidFieldsError
from cso.recovery import actions
from cso.recovery.models import Case
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case

TORONTO = ZoneInfo("America/Toronto")
HOUR, DAY, MICROSECOND = timedelta(hours=1), timedelta(hours=24), timedelta(microseconds=1)
REPORTED = NOW - timedelta(days=40)


def opened(company: Company, *, reported_at: datetime = REPORTED, occurred_at: datetime | None = None) -> Case:
    return log_case(company.units["south"], reported_at, occurred_at=occurred_at)


def fixed(case: Case, at: datetime) -> Case:
    return actions.fix_case(case, by=None, at=at, now=NOW)


def reopened(case: Case, at: datetime) -> Case:
    return actions.reopen_case(case, by=None, at=at, now=NOW, note="It came back.")


@pytest.mark.parametrize(
    ("took", "in_time", "seconds"),
    [
        (timedelta(0), True, 0),
        (MICROSECOND, True, 1),
        (DAY - MICROSECOND, True, 86_400),
        (DAY, True, 86_400),
        (DAY + MICROSECOND, False, 86_401),
        (DAY + timedelta(seconds=1), False, 86_401),
    ],
)
def test_exactly_24_hours_is_in_time_and_a_microsecond_more_is_not(
    acme: Company, took: timedelta, in_time: bool, seconds: int
) -> None:
    with tenant_scope(acme.tenant):
        case = fixed(opened(acme), REPORTED + took)
        assert (case.recovered_24h, case.recovered_24h_reported) == (in_time, in_time)
        assert case.seconds_to_recover == seconds


def test_an_open_case_is_not_recovered_and_has_no_time(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = opened(acme)
        case.refresh_from_db()
        assert (case.recovered_24h, case.undone_in_14d, case.seconds_to_recover) == (False, False, None)


def test_the_clock_starts_when_it_occurred_and_else_at_the_report(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        known = fixed(opened(acme, occurred_at=REPORTED - 2 * HOUR), REPORTED + 23 * HOUR)
        unknown = fixed(opened(acme), REPORTED + 23 * HOUR)
        assert (known.clock_start, known.recovered_24h, known.recovered_24h_reported) == (
            REPORTED - 2 * HOUR,
            False,
            True,
        )
        assert (unknown.clock_start, unknown.occurrence_known, unknown.recovered_24h) == (REPORTED, False, True)


def test_a_case_may_be_fixed_before_the_customer_calls(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = fixed(opened(acme, occurred_at=REPORTED - 5 * HOUR), REPORTED - HOUR)
        assert (case.recovered_24h, case.recovered_24h_reported, case.seconds_to_recover) == (True, True, 4 * 3600)


@pytest.mark.parametrize(
    ("start", "due"),
    [
        (datetime(2025, 3, 8, 12, tzinfo=TORONTO), datetime(2025, 3, 9, 13, tzinfo=TORONTO)),
        (datetime(2025, 11, 1, 12, tzinfo=TORONTO), datetime(2025, 11, 2, 11, tzinfo=TORONTO)),
        (datetime(2025, 11, 2, 1, 30, tzinfo=TORONTO, fold=1), datetime(2025, 11, 3, 1, 30, tzinfo=TORONTO)),
    ],
)
def test_24_hours_are_elapsed_hours_when_the_clocks_change(acme: Company, start: datetime, due: datetime) -> None:
    with tenant_scope(acme.tenant):
        in_time, late = (opened(acme, reported_at=start.astimezone(UTC)) for _ in range(2))
        assert in_time.due_at == due
        assert fixed(in_time, due.astimezone(UTC)).recovered_24h is True
        assert fixed(late, due.astimezone(UTC) + MICROSECOND).recovered_24h is False


@pytest.mark.parametrize(
    ("after", "holds"),
    [
        (timedelta(days=13), False),
        (timedelta(days=14) - MICROSECOND, False),
        (timedelta(days=14), False),
        (timedelta(days=14) + MICROSECOND, True),
        (timedelta(days=15), True),
    ],
)
def test_a_fix_that_is_undone_within_14_days_of_it_did_not_recover(
    acme: Company, after: timedelta, holds: bool
) -> None:
    with tenant_scope(acme.tenant):
        first_fix = REPORTED + HOUR
        case = reopened(fixed(opened(acme), first_fix), first_fix + after)
        assert (case.recovered_24h, case.recovered_24h_reported, case.undone_in_14d) == (holds, holds, not holds)
        assert case.seconds_to_recover is None, "the fix that held is still to come"


def test_fixed_disputed_fixed_is_a_miss_and_takes_until_the_second_fix(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = fixed(opened(acme), REPORTED + HOUR)
        case = actions.dispute_case(case, by=None, at=REPORTED + 2 * HOUR, now=NOW, note="Not fixed at all.")
        case = fixed(case, REPORTED + 3 * HOUR)
        assert (case.first_fixed_at, case.fixed_at) == (REPORTED + HOUR, REPORTED + 3 * HOUR)
        assert (case.recovered_24h, case.undone_in_14d) == (False, True)
        assert case.seconds_to_recover == 3 * 3600


def test_only_the_first_undoing_decides_and_three_make_one_case(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = fixed(opened(acme), REPORTED + HOUR)
        for days in (15, 16, 17):
            case = fixed(reopened(case, REPORTED + timedelta(days=days)), REPORTED + timedelta(days=days, hours=1))
        assert (case.times_undone, case.first_undone_at) == (3, REPORTED + timedelta(days=15))
        assert (case.recovered_24h, case.undone_in_14d) == (True, False)


@pytest.mark.parametrize(
    ("occurred_after", "field", "code"),
    [(MICROSECOND, "occurred_at", "after_reported"), (timedelta(days=50), "occurred_at", "in_the_future")],
)
def test_a_mistake_after_its_report_or_in_the_future_is_refused(
    acme: Company, occurred_after: timedelta, field: str, code: str
) -> None:
    with tenant_scope(acme.tenant), pytest.raises(InvalidFieldsError) as refused:
        actions.open_case(
            by=None, unit=acme.units["south"], reported_at=REPORTED, occurred_at=REPORTED + occurred_after, now=NOW
        )
    assert code in [error.code for error in refused.value.by_field()[field]]


@pytest.mark.parametrize(("ahead", "accepted"), [(60, True), (61, False)])
def test_a_callers_clock_may_run_a_minute_ahead(acme: Company, ahead: int, accepted: bool) -> None:
    reported_at = NOW + timedelta(seconds=ahead)
    with tenant_scope(acme.tenant):
        if accepted:
            case = actions.open_case(by=None, unit=acme.units["south"], reported_at=reported_at, now=NOW)
            assert (case.reported_at, case.recorded_at) == (reported_at, NOW)
        else:
            with pytest.raises(InvalidFieldsError, match="in the future"):
                actions.open_case(by=None, unit=acme.units["south"], reported_at=reported_at, now=NOW)


def test_a_correction_judges_a_case_anew(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = fixed(opened(acme, occurred_at=REPORTED - 30 * HOUR), REPORTED)
        assert case.recovered_24h is False
        case = actions.correct_case(case, by=None, now=NOW, occurred_at=REPORTED - DAY)
        assert (case.recovered_24h, case.seconds_to_recover) == (True, 86_400)
        case = actions.correct_case(case, by=None, now=NOW, occurred_at=None)
        assert (case.occurrence_known, case.clock_start, case.seconds_to_recover) == (False, REPORTED, 0)
