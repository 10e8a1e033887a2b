"""Closing: how it was solved. The fix decides the figures, and never the closing."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps

from cso.errors import DomainError, InvalidFieldsError
from cso.recovery import actions
from cso.recovery.closing import close_case, plan_surprise
from cso.recovery.models import ATTITUDE, Case
from cso.recovery.queries import case_log
from cso.rules.actions import find_or_register
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case

HOUR = timedelta(hours=1)
REPORTED = NOW - 100 * HOUR


def close(case: Case, hours: float, **values: Any) -> Case:
    told: dict[str, Any] = {"solution": "put_right", "by": None, "now": NOW} | values
    return close_case(case, at=REPORTED + hours * HOUR, **told)


def code_of(act: Any) -> str:
    with pytest.raises(DomainError) as refused:
        act()
    error = refused.value
    return error.errors[0].code if isinstance(error, InvalidFieldsError) else error.code


def test_an_open_case_is_fixed_by_its_closing(acme: Company) -> None:
    frontline = acme.member(Role.FRONTLINE)
    with tenant_scope(acme.tenant):
        case = plan_surprise(log_case(acme.units["north-1"], REPORTED), " A window seat ", by=frontline, now=NOW)
        assert (case.planned_surprise, case.surprise_was_planned) == ("A window seat", True)
        case = close(
            case,
            5,
            by=frontline,
            failed_right="time",
            given_surprise="A window seat and a coffee",
            change_idea="Load bags by hand when the belt stops",
            note="Rang her twice",
        )
        assert (case.fixed_at, case.first_fixed_at, case.closed_at) == (REPORTED + 5 * HOUR,) * 3
        assert (case.recovered_24h, case.solution, case.failed_right) == (True, "put_right", "time")
        assert case.given_surprise == "A window seat and a coffee"
        assert [(line.kind, line.by, line.note, line.changes) for line in case_log(case)[1:]] == [
            ("surprise_planned", "Acme Frontline", "", {"planned_surprise": [None, "A window seat"]}),
            ("fixed", "Acme Frontline", "", {}),
            ("closed", "Acme Frontline", "Rang her twice", {"solution": "put_right"}),
        ]


def test_a_late_closing_takes_nothing_from_a_fix_in_time_and_an_early_one_gives_nothing(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        in_time = close(log_case(acme.units["south"], REPORTED, fixed_after=3 * HOUR), 60)
        assert (in_time.recovered_24h, in_time.seconds_to_recover, in_time.fixed_at) == (
            True,
            3 * 3_600,
            REPORTED + 3 * HOUR,
        )
        late = close(log_case(acme.units["south"], REPORTED), 24 + 1e-6 / 3_600)
        assert late.recovered_24h is False
        on_the_second = close(log_case(acme.units["south"], REPORTED), 24)
        assert on_the_second.recovered_24h is True


def test_a_closing_that_cannot_be_changes_nothing(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        rule = find_or_register("No refund without the paper receipt", by=None, now=NOW)
        fixed = log_case(acme.units["south"], REPORTED, fixed_after=3 * HOUR)
        case = log_case(acme.units["south"], REPORTED)
        before = Case.objects.filter(pk=case.pk).values().get()
        assert code_of(lambda: close(case, 5, solution="attitude")) == "unknown"
        assert code_of(lambda: close(case, 5, failed_right="attitude")) == "unknown"
        assert code_of(lambda: close(case, 5, solution="policy_quoted")) == "required"
        assert code_of(lambda: close(case, 5, quoted_rule=rule)) == "not_quoted"
        assert code_of(lambda: close(case, 5, given_surprise="x" * 501)) == "too_long"
        assert code_of(lambda: close(case, 5, change_idea="a\x00b")) == "nul"
        assert code_of(lambda: close(case, 5, note="x" * 2_001)) == "too_long"
        assert code_of(lambda: close(case, -1)) == "before_opened"
        assert code_of(lambda: close(case, 101)) == "in_the_future"
        assert code_of(lambda: close(fixed, 2)) == "before_fixed"
        assert Case.objects.filter(pk=case.pk).values().get() == before
        closed = close(fixed, 3)
        assert code_of(lambda: close(closed, 4)) == "already_closed"
        assert code_of(lambda: plan_surprise(case, "x" * 501, by=None, now=NOW)) == "too_long"
        case = plan_surprise(plan_surprise(case, "A call", by=None, now=NOW), " ", by=None, now=NOW)
        assert (case.planned_surprise, plan_surprise(case, "", by=None, now=NOW).revision) == ("", case.revision)


def test_quoting_policy_names_the_rule_and_a_title_in_use_is_the_same_rule(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        rule = find_or_register("No refund without the paper receipt", by=acme.member(Role.FRONTLINE), now=NOW)
        again = find_or_register("no refund WITHOUT the paper receipt ", by=None, now=NOW)
        case = close(log_case(acme.units["south"], REPORTED), 2, solution="policy_quoted", quoted_rule=again)
        assert (case.quoted_rule, case.policy_quoted) == (rule, True)
        assert case_log(case)[-1].changes == {"solution": "policy_quoted", "rule": rule.title}


def test_reopening_takes_the_closing_back_and_the_log_keeps_how_it_was_solved(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        rule = find_or_register("Bags are searched for in the order of loss", by=None, now=NOW)
        case = log_case(acme.units["south"], REPORTED)
        told = {"failed_right": "time", "given_surprise": "A coffee", "change_idea": "Search by need"}
        case = close(case, 2, solution="policy_quoted", quoted_rule=rule, **told)
        # The customer said so before the closing, which knew nothing of it.
        case = actions.dispute_case(case, by=None, at=REPORTED + 2 * HOUR, now=NOW, note="Still no bag")
        assert (case.closed_at, case.solution, case.quoted_rule, case.is_open) == (None, "", None, True)
        assert {name: getattr(case, name) for name in told} == told
        assert case_log(case)[-1].changes == {"solution": ["policy_quoted", None]}
        assert code_of(lambda: close(case, 1)) == "before_reopened"
        case = close(case, 30, change_idea="Search by what is in it")
        assert (case.first_fixed_at, case.fixed_at) == (REPORTED + 2 * HOUR, REPORTED + 30 * HOUR)
        assert (case.solution, case.given_surprise, case.change_idea) == (
            "put_right",
            "A coffee",
            "Search by what is in it",
        )
        assert (case.recovered_24h, case.times_undone) == (False, 1)


def test_no_choice_of_the_product_blames_people() -> None:
    words = [
        f"{value} {label}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        for value, label in getattr(field, "flatchoices", [])
    ]
    assert len(words) > 60
    assert not [word for word in words if re.search(ATTITUDE, word, re.IGNORECASE)]
