"""The rule register: who may change it, what it refuses, and how a quoted rule gets into it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from cso.errors import ConflictError, InvalidFieldsError
from cso.recovery.models import Case
from cso.recovery.quoting import cases_citing, with_times_quoted
from cso.rules.actions import amend_rule, change_rule, find_or_register, register_rule, withdraw_rule
from cso.rules.models import Origin, Rule
from cso.rules.queries import expired, in_force, visible_rules
from tenants.models import AuditEntry
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case, make_company

RECEIPTS = {"title": "Receipts for every claim", "text": "Paid only against receipts.", "origin": "own_policy"}


def register(**values: Any) -> Rule:
    return register_rule(**{"by": None, "now": NOW} | RECEIPTS | values)


def refused(act: Callable[[], object]) -> list[tuple[str, str]]:
    with pytest.raises(InvalidFieldsError) as refusal:
        act()
    return [(error.field, error.code) for error in refusal.value.errors]


def test_a_rule_is_registered_amended_and_withdrawn(acme: Company) -> None:
    leader = acme.member(Role.LEADER)
    with tenant_scope(acme.tenant):
        rule = register(by=leader, title="  Receipts  for every claim ", unit=acme.units["north"], owner=acme.leader)
        again = amend_rule(rule, RECEIPTS["text"] + " ", by=leader, now=NOW)
        assert (again.number, rule.versions.count()) == (1, 1), "the same words are no new version"
        version = amend_rule(rule, "Up to 100 dollars without receipts.", by=leader, now=NOW + timedelta(days=3))
        assert (version.number, version.member) == (2, leader)
        found: Any = visible_rules(acme.member(Role.FRONTLINE)).get()
        assert (found.title, found.text, found.version, found.in_force_from) == (
            "Receipts for every claim",
            "Up to 100 dollars without receipts.",
            2,
            NOW + timedelta(days=3),
        )
        gone = withdraw_rule(found, by=leader, reason="Nobody knew why.", now=NOW)
        assert (gone.status, gone.withdrawn_at, gone.withdrawn_because) == ("withdrawn", NOW, "Nobody knew why.")
        for act in (
            lambda: amend_rule(rule, "Again", by=leader, now=NOW),
            lambda: change_rule(rule, title="Again", by=leader, now=NOW),
            lambda: withdraw_rule(rule, by=leader, reason="Again", now=NOW),
        ):
            with pytest.raises(ConflictError):
                act()
        acts = AuditEntry.objects.order_by("number").values_list("act", flat=True)
        assert [act for act in acts if act.endswith("_rule")] == ["register_rule", "amend_rule", "withdraw_rule"]


def test_what_the_register_refuses(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        assert refused(lambda: register(title=" ", text=" ", origin="because")) == [
            ("title", "required"),
            ("origin", "unknown"),
            ("text", "required"),
        ]
        assert refused(lambda: register(origin="external_law")) == [("citation", "required")]
        assert refused(lambda: register(text="x" * 5_001, citation="\x00")) == [
            ("citation", "nul"),
            ("text", "too_long"),
        ]
        assert refused(lambda: register(sunset_on=date(2026, 3, 18))) == [("sunset_on", "not_later")]
        rule = register(code="r-1", sunset_on=date(2026, 3, 19))
        with pytest.raises(ConflictError):
            register(code="r-1")
        assert refused(lambda: withdraw_rule(rule, by=None, reason=" ", now=NOW)) == [("reason", "required")]
        assert refused(lambda: change_rule(rule, origin="external_law", by=None, now=NOW)) == [("citation", "required")]
        later = NOW + timedelta(days=1)
        assert [Rule.objects.filter(test(date(2026, 3, 19))).count() for test in (in_force, expired)] == [0, 1]
        # A sunset that has come keeps nobody from changing the rest.
        changed = change_rule(rule, title="Receipts", unit=acme.units["south"], by=None, now=later)
        assert (changed.title, changed.unit, changed.revision) == ("Receipts", acme.units["south"], 2)
        with pytest.raises(PermissionDenied):
            register(by=acme.member(Role.FRONTLINE))
        assert Rule.objects.count() == 1


def test_a_quoted_rule_is_found_whatever_its_case_and_accents_or_becomes_a_habit(acme: Company, other: Company) -> None:
    fran = acme.member(Role.FRONTLINE)
    with tenant_scope(other.tenant):
        register(title="Reçu exigé")
    with tenant_scope(acme.tenant):
        made = find_or_register(" Reçu  exigé! ", by=fran, now=NOW)
        # Fran works in north-1, which nobody leads; Lea leads north above it.
        assert (made.title, made.origin, made.unit, made.owner) == (
            "Reçu exigé!",
            Origin.HABIT,
            acme.units["north-1"],
            acme.leader,
        )
        assert made.versions.get().text == "Reçu exigé!"
        assert find_or_register("RECU EXIGE", by=fran, now=NOW) == made
        south = find_or_register("No calls after five", by=fran, now=NOW, unit=acme.units["south"])
        assert (south.unit, south.owner) == (acme.units["south"], None)
        assert find_or_register("Signatures", by=None, now=NOW).unit is None
        withdraw_rule(made, by=None, reason="Gone", now=NOW)
        assert find_or_register("recu exige", by=fran, now=NOW) == made, "it was quoted all the same"
        for wrong, code in ((" ", "required"), ("x" * 201, "too_long"), ("\x00", "nul")):
            assert refused(partial(find_or_register, wrong, by=fran, now=NOW)) == [("title", code)]
        with pytest.raises(PermissionDenied):
            find_or_register("Receipts", by=acme.member(Role.AUDITOR), now=NOW)


@pytest.mark.django_db(transaction=True)
def test_two_who_quote_a_new_rule_at_once_register_it_once() -> None:
    acme = make_company("acme")
    gate = threading.Barrier(4)

    def quote() -> None:
        try:
            gate.wait()
            with tenant_scope(acme.tenant):
                find_or_register("Only against the passport", by=None, now=NOW)
        finally:
            connection.close()

    threads = [threading.Thread(target=quote) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with tenant_scope(acme.tenant):
        assert Rule.objects.count() == 1


def test_the_cases_that_quoted_a_rule_are_counted_for_90_days_and_shown_to_who_may_see_them(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        rule, quiet = register(), register(title="Quiet")
        for unit, ago in (("north-1", 1), ("south", 89), ("south", 90), ("south", 91)):
            case = log_case(acme.units[unit], NOW - timedelta(days=ago), fixed_after=timedelta(hours=1))
            Case.objects.filter(pk=case.pk).update(quoted_rule=rule, solution="policy_quoted")
        counted = with_times_quoted(Rule.objects.order_by("title"), now=NOW)
        assert [(found.pk, found.times_quoted) for found in counted] == [(quiet.pk, 0), (rule.pk, 2)]
        assert cases_citing(acme.member(Role.CSO), rule).count() == 4
        assert [case.unit.code for case in cases_citing(acme.member(Role.LEADER), rule)] == ["north-1"]
