"""Several people at one case in the same instant, each in a transaction of their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cso.recovery import actions
from cso.recovery.loading.cases import load_cases
from cso.recovery.loading.rows import Reading
from cso.recovery.models import Case, CaseEvent
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case
from tests.threads import at_once_sorted

HOUR = timedelta(hours=1)
REPORTED = NOW - 100 * HOUR

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_fixes_at_once_one_wins(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], REPORTED)

    def fix(hours: int) -> Callable[[], Any]:
        return lambda: actions.fix_case(case, by=None, at=REPORTED + hours * HOUR, now=NOW)

    assert at_once_sorted(acme, *(fix(hours) for hours in (1, 2, 3, 4))) == ["already_fixed"] * 3 + ["done"]
    with tenant_scope(acme.tenant):
        now = Case.objects.get()
        assert (now.revision, now.first_fixed_at) == (2, now.fixed_at)
        assert CaseEvent.objects.get().at == now.fixed_at


def test_of_two_disputes_at_once_one_counts(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], REPORTED, fixed_after=HOUR)

    def dispute() -> None:
        actions.dispute_case(case, by=None, at=REPORTED + 2 * HOUR, now=NOW, note="No.")

    assert at_once_sorted(acme, dispute, dispute, dispute) == ["already_open"] * 2 + ["done"]
    with tenant_scope(acme.tenant):
        assert Case.objects.get().times_undone == 1


def test_a_correction_and_a_move_at_once_both_hold(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], REPORTED)
    outcome = at_once_sorted(
        acme,
        lambda: actions.correct_case(case, by=None, now=NOW, summary="Corrected"),
        lambda: actions.move_case(case, acme.units["north"], by=None, now=NOW),
    )
    assert outcome == ["done", "done"]
    with tenant_scope(acme.tenant):
        now = Case.objects.get()
        assert (now.summary, now.unit_id, now.revision) == ("Corrected", acme.units["north"].pk, 3)


def test_one_external_id_logged_twice_at_once_makes_one_case(acme: Company) -> None:
    def log() -> None:
        actions.open_case(by=None, unit=acme.units["south"], reported_at=REPORTED, external_id="T-1", now=NOW)

    assert at_once_sorted(acme, log, log, log) == ["done"] + ["external_id_in_use"] * 2
    with tenant_scope(acme.tenant):
        assert Case.objects.count() == 1


def test_a_second_person_who_withdraws_while_another_confirms(acme: Company) -> None:
    executive, cso = acme.member(Role.EXECUTIVE), acme.member(Role.CSO)
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], REPORTED)
        actions.propose_exclusion(case, "spam", "A test", by=executive, now=NOW)
    outcome = at_once_sorted(
        acme,
        lambda: actions.confirm_exclusion(case, by=cso, now=NOW),
        lambda: actions.withdraw_exclusion(case, by=executive, now=NOW),
    )
    assert outcome in (["done", "done"], ["done", "not_allowed"])
    with tenant_scope(acme.tenant):
        now = Case.objects.get()
        assert (now.is_valid, now.excluded_as) == (True, "")


def test_the_same_file_loaded_twice_at_once_makes_each_case_once(acme: Company) -> None:
    rows = [
        (line, {"external_id": f"T-{line}", "unit": "south", "reported_at": "2026-03-01T08:00:00Z"})
        for line in range(1, 301)
    ]
    statuses: list[str] = []

    def load() -> None:
        statuses.extend(outcome.status for outcome in load_cases(rows, Reading(), by=None, now=NOW))

    assert at_once_sorted(acme, load, load, load) == ["done"] * 3
    assert sorted(statuses) == ["created"] * 300 + ["unchanged"] * 600
    with tenant_scope(acme.tenant):
        assert Case.objects.count() == 300
