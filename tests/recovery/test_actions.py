"""What people do with a case: who may, what is refused, what is logged."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from cso.errors import ConflictError, DomainError, InvalidFieldsError, NotAllowedError
from cso.recovery import actions
from cso.recovery.models import Case
from cso.recovery.queries import case_log
from tenants.models import AuditEntry
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case

HOUR = timedelta(hours=1)
REPORTED = NOW - 100 * HOUR


def codes(refused: pytest.ExceptionInfo[InvalidFieldsError]) -> list[tuple[str, str]]:
    return [(error.field, error.code) for error in refused.value.errors]


def test_a_case_is_logged_by_a_member_with_all_it_has(acme: Company) -> None:
    frontline = acme.member(Role.FRONTLINE)
    with tenant_scope(acme.tenant):
        case = actions.open_case(
            by=frontline,
            unit=acme.units["north-1"],
            reported_at=REPORTED,
            occurred_at=REPORTED - HOUR,
            summary="Bag left in Oslo",
            channel="phone",
            cause="No spare bags",
            external_id="B-1",
            now=NOW,
        )
        case.refresh_from_db()
        assert (case.opened_by, case.recorded_at, case.revision, case.external_id) == (frontline, NOW, 1, "B-1")
        assert (case.clock_start, case.is_open, case.reference) == (REPORTED - HOUR, True, "B-1")


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"summary": "a\x00b"}, ("summary", "nul")),
        ({"summary": "x" * 5_001}, ("summary", "too_long")),
        ({"summary": "\ud800"}, ("summary", "not_utf8")),
        ({"channel": "pigeon"}, ("channel", "unknown")),
        ({"external_id": "x" * 101}, ("external_id", "too_long")),
    ],
)
def test_a_bad_value_is_refused_by_its_field(acme: Company, values: dict[str, Any], found: tuple[str, str]) -> None:
    with tenant_scope(acme.tenant):
        with pytest.raises(InvalidFieldsError) as refused:
            actions.open_case(by=None, unit=acme.units["south"], reported_at=REPORTED, now=NOW, **values)
        assert codes(refused) == [found]
        assert not Case.objects.exists()


def test_an_external_id_in_use_is_refused_and_the_scope_goes_on(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        one: dict[str, Any] = {"unit": acme.units["south"], "reported_at": REPORTED, "external_id": "T-1"}
        actions.open_case(by=None, now=NOW, **one)
        with pytest.raises(ConflictError) as refused:
            actions.open_case(by=None, now=NOW, **one)
        assert refused.value.code == "external_id_in_use"
        assert Case.objects.count() == 1


def test_an_auditor_may_look_and_not_touch(acme: Company) -> None:
    auditor = acme.member(Role.AUDITOR)
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], REPORTED, fixed_after=HOUR)
        with pytest.raises(PermissionDenied):
            actions.open_case(by=auditor, unit=acme.units["south"], reported_at=REPORTED, now=NOW)
        with pytest.raises(PermissionDenied):
            actions.reopen_case(case, by=auditor, at=NOW, now=NOW, note="x")
        with pytest.raises(PermissionDenied):
            actions.correct_case(case, by=auditor, now=NOW, summary="x")


def test_a_fix_and_its_undoing_follow_each_other(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], REPORTED)
        assert _refusal(actions.reopen_case, case, at=NOW, note="x") == "already_open"
        assert _refusal(actions.fix_case, case, at=REPORTED - timedelta(microseconds=1)) == "before_opened"
        assert _refusal(actions.fix_case, case, at=NOW + timedelta(seconds=61)) == "in_the_future"
        case = actions.fix_case(case, by=None, at=REPORTED + HOUR, now=NOW)
        assert _refusal(actions.fix_case, case, at=NOW) == "already_fixed"
        assert _refusal(actions.dispute_case, case, at=REPORTED, note="x") == "before_fixed"
        assert _refusal(actions.dispute_case, case, at=NOW, note=" ") == "required"
        assert _refusal(actions.dispute_case, case, at=NOW, note="x" * 2_001) == "too_long"
        case = actions.dispute_case(case, by=None, at=REPORTED + 2 * HOUR, now=NOW, note="Still broken.")
        assert _refusal(actions.fix_case, case, at=REPORTED + HOUR) == "before_reopened"
        case = actions.fix_case(case, by=None, at=REPORTED + 2 * HOUR, now=NOW)
        assert (case.fixed_at, case.revision) == (REPORTED + 2 * HOUR, 4)


def _refusal(act: Any, case: Case, **values: Any) -> str:
    """The code of the refusal; a refused act leaves the case as it was."""
    before = Case.objects.filter(pk=case.pk).values().get()
    with pytest.raises(DomainError) as refused:
        act(case, by=None, now=NOW, **values)
    assert Case.objects.filter(pk=case.pk).values().get() == before
    error = refused.value
    return error.errors[0].code if isinstance(error, InvalidFieldsError) else error.code


def test_an_act_on_a_stale_copy_is_judged_by_the_case_as_it_is(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        stale = log_case(acme.units["south"], REPORTED)
        actions.fix_case(Case.objects.get(), by=None, at=REPORTED + HOUR, now=NOW)
        with pytest.raises(ConflictError):
            actions.fix_case(stale, by=None, at=REPORTED + 2 * HOUR, now=NOW)


def test_a_correction_is_logged_with_what_it_was_and_what_it_is(acme: Company) -> None:
    cso = acme.member(Role.CSO)
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], REPORTED, summary="Bag lost")
        case = actions.correct_case(
            case, by=cso, now=NOW, occurred_at=REPORTED - HOUR, summary="Bag delayed", cause="Misrouted", channel=""
        )
        line = case_log(case)[-1]
        assert (line.kind, line.by, line.at) == ("corrected", "Acme Chief Serving Officer", NOW)
        assert line.changes == {
            "occurred_at": [None, (REPORTED - HOUR).isoformat()],
            "summary": ["Bag lost", "Bag delayed"],
            "cause": [None, "Misrouted"],
        }
        assert (case.summary, str(case.cause), case.clock_start) == ("Bag delayed", "Misrouted", REPORTED - HOUR)


def test_a_correction_that_changes_nothing_is_no_act(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], REPORTED, summary="Bag lost")
        assert actions.correct_case(case, by=None, now=NOW, summary="Bag lost").revision == 1
        assert len(case_log(case)) == 1


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"occurred_at": REPORTED + HOUR}, [("occurred_at", "after_reported")]),
        ({"reported_at": None}, [("reported_at", "required")]),
        ({"reported_at": REPORTED + 2 * HOUR}, [("fixed_at", "before_opened"), ("reported_at", "after_recorded")]),
        ({"summary": "a\x00"}, [("summary", "nul")]),
        ({"channel": "pigeon"}, [("channel", "unknown")]),
    ],
)
def test_a_correction_must_leave_a_case_that_could_be(
    acme: Company, values: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], REPORTED, fixed_after=HOUR)
        with pytest.raises(InvalidFieldsError) as refused:
            actions.correct_case(case, by=None, now=NOW, **values)
        assert codes(refused) == found


def test_a_case_moves_with_its_clock_and_the_log_tells_from_where_to_where(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], REPORTED)
        case = actions.move_case(case, acme.units["north"], by=None, now=NOW, note="Theirs")
        assert (case.unit, case.clock_start) == (acme.units["north"], REPORTED)
        line = case_log(case)[-1]
        assert (line.kind, line.note, line.changes) == ("moved", "Theirs", {"unit": ["south", "north"]})
        assert actions.move_case(case, acme.units["north"], by=None, now=NOW).revision == case.revision


def test_a_case_leaves_the_figures_only_when_a_second_person_agrees(acme: Company) -> None:
    executive, cso = acme.member(Role.EXECUTIVE), acme.member(Role.CSO)
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], REPORTED)
        with pytest.raises(NotAllowedError):
            actions.confirm_exclusion(case, by=cso, now=NOW)
        case = actions.propose_exclusion(case, "not_our_failure", "Weather", by=executive, now=NOW)
        assert case.is_valid
        with pytest.raises(NotAllowedError):
            actions.confirm_exclusion(case, by=executive, now=NOW)
        with pytest.raises(NotAllowedError):
            actions.propose_exclusion(case, "spam", "Again", by=cso, now=NOW)
        case = actions.confirm_exclusion(case, by=cso, now=NOW)
        assert not case.is_valid
        assert AuditEntry.objects.filter(act="exclude_case").values_list("member", "details").get() == (
            cso.pk,
            {"reason": "not_our_failure", "note": "Weather"},
        )
        case = actions.withdraw_exclusion(case, by=executive, now=NOW)
        assert (case.is_valid, case.excluded_as, case.excluded_by) == (True, "", None)
        assert [line.kind for line in case_log(case)] == [
            "opened",
            "exclusion_proposed",
            "exclusion_confirmed",
            "exclusion_withdrawn",
        ]


@pytest.mark.parametrize(
    ("reason", "note", "code"),
    [("weather", "x", "unknown"), ("spam", " ", "required"), ("spam", "x" * 501, "too_long")],
)
def test_an_exclusion_needs_a_known_reason_and_a_note(acme: Company, reason: str, note: str, code: str) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], REPORTED)
        with pytest.raises(InvalidFieldsError) as refused:
            actions.propose_exclusion(case, reason, note, by=acme.member(Role.CSO), now=NOW)
        assert refused.value.errors[0].code == code


def test_the_frontline_may_not_exclude(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["north-1"], REPORTED)
        with pytest.raises(NotAllowedError):
            actions.propose_exclusion(case, "spam", "x", by=acme.member(Role.FRONTLINE), now=NOW)


def test_the_log_tells_the_whole_story_in_order(acme: Company) -> None:
    frontline = acme.member(Role.FRONTLINE)
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], REPORTED)
        case = actions.fix_case(case, by=frontline, at=REPORTED + HOUR, now=NOW, note="Bag delivered")
        case = actions.reopen_case(case, by=None, at=REPORTED + 2 * HOUR, now=NOW, note="Wrong bag")
        case = actions.fix_case(case, by=frontline, at=REPORTED + 3 * HOUR, now=NOW)
        assert [(line.kind, line.at - REPORTED, line.by, line.note) for line in case_log(case)] == [
            ("opened", timedelta(0), "", ""),
            ("fixed", HOUR, "Acme Frontline", "Bag delivered"),
            ("reopened", 2 * HOUR, "", "Wrong bag"),
            ("fixed", 3 * HOUR, "Acme Frontline", ""),
        ]
