"""The rule register over the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from pytest_django import DjangoAssertNumQueries

from cso.recovery.models import Case
from cso.rules.actions import register_rule
from cso.rules.models import Rule
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors, problem
from tests.api.test_lists import EVERY_REQUEST, ids
from tests.personas import NOW, Company, log_case

RECEIPTS: dict[str, Any] = {
    "title": "Receipts for every claim",
    "text": "Paid only against receipts.",
    "origin": "own_policy",
}


def test_a_rule_is_registered_changed_amended_and_withdrawn(api: Integration, acme: Company) -> None:
    made = api.post("rules", RECEIPTS | {"code": "r-1", "unit": "north", "sunset_on": "2999-01-01"})
    shown = made.json()
    assert (made.status_code, made["Location"]) == (201, f"/api/v1/rules/{shown['id']}")
    assert shown == {
        "id": shown["id"],
        "code": "r-1",
        **{name: RECEIPTS[name] for name in ("title", "text")},
        "version": 1,
        "in_force_from": shown["in_force_from"],
        "unit": {"id": str(acme.units["north"].pk), "code": "north", "name": "North"},
        "owner": None,
        "origin": "own_policy",
        "citation": None,
        "sunset_on": "2999-01-01",
        "status": "active",
        "withdrawn_at": None,
        "withdrawn_because": None,
        "created_at": shown["created_at"],
    }
    path = f"rules/{shown['id']}"
    change = {"owner": str(acme.leader.pk), "unit": None, "sunset_on": None, "code": None}
    changed = api.patch(path, change, If_Match=made["ETag"])
    leader = {"id": str(acme.leader.pk), "name": "Lea North"}
    assert changed.json() == shown | {"owner": leader, "unit": None, "sunset_on": None, "code": None}
    assert problem(api.patch(path, {"title": "Late"}, If_Match=made["ETag"]))[0] == 412
    assert problem(api.patch(path, {"title": "Blind"}))[0] == 428
    amended = api.post(f"{path}/amend", {"text": "Up to 100 dollars without."}, Idempotency_Key="once")
    assert (amended.json()["version"], amended.json()["text"]) == (2, "Up to 100 dollars without.")
    again = api.post(f"{path}/amend", {"text": "Up to 100 dollars without."}, Idempotency_Key="once")
    assert again["Idempotent-Replayed"] == "true"
    versions = api.get(f"{path}/versions").json()["data"]
    assert [(row["number"], row["text"]) for row in versions] == [
        (2, "Up to 100 dollars without."),
        (1, RECEIPTS["text"]),
    ]
    gone = api.post(f"{path}/withdraw", {"reason": "Nobody knew why."}).json()
    assert (gone["status"], gone["withdrawn_because"]) == ("withdrawn", "Nobody knew why.")
    assert problem(api.post(f"{path}/amend", {"text": "Again"})) == (409, "conflict", "withdrawn")


def test_a_rule_is_refused_by_field(api: Integration, key_with: Callable[..., Integration]) -> None:
    assert errors(api.post("rules", {"title": "A", "text": "B", "origin": "law", "words": "C"})) == [
        ("words", "unknown_field")
    ]
    assert errors(api.post("rules", RECEIPTS | {"origin": "law", "sunset_on": "2020-01-01"})) == [
        ("origin", "unknown"),
        ("sunset_on", "not_later"),
    ]
    assert errors(api.post("rules", RECEIPTS | {"origin": "external_law"})) == [("citation", "required")]
    assert errors(api.post("rules", RECEIPTS | {"unit": "nowhere", "owner": "nobody"})) == [
        ("unit", "unknown"),
        ("owner", "unknown"),
    ]
    assert errors(api.post("rules", {})) == [("title", "required"), ("origin", "required"), ("text", "required")]
    api.post("rules", RECEIPTS | {"code": "r-1"})
    assert problem(api.post("rules", RECEIPTS | {"code": "r-1"})) == (409, "conflict", "code_in_use")
    reader = key_with("rules:read")
    assert problem(reader.post("rules", RECEIPTS)) == (403, "missing-scope", "missing-scope")
    assert len(ids(reader.get("rules"))) == 1


def test_rules_are_found_by_their_words(api: Integration, acme: Company, other: Company) -> None:
    with tenant_scope(other.tenant):
        register_rule(by=None, **RECEIPTS, now=NOW)
    with tenant_scope(acme.tenant):
        found = register_rule(by=None, **RECEIPTS, now=NOW, unit=acme.units["north-1"])
        register_rule(by=None, title="No calls after five", text="Call again", origin="habit", now=NOW)
    assert ids(api.get("rules?q=receip claim&unit=north&origin=own_policy&status=active")) == [str(found.pk)]
    assert ids(api.get("rules?q=receipts&unit=south")) == []
    assert api.get("rules/similar?text=claims without a receipt").json() == {
        "data": [{"id": str(found.pk), "title": found.title, "status": "active"}]
    }
    assert errors(api.get("rules/similar")) == [("text", "required")]
    assert errors(api.get("rules/similar?text=%00")) == [("text", "null_characters_not_allowed")]
    assert errors(api.get(f"rules/similar?text={'x' * 5_001}")) == [("text", "max_length")]
    assert api.get(f"rules/similar?text={'x' * 5_000}").json() == {"data": []}
    for hostile in ("'; DROP TABLE rules_rule; --", "a & ! | (<->:*", "%s {0}", "\\", "x" * 5_000):
        assert api.get(f"rules?q={quote(hostile)}").status_code == 200
    assert errors(api.get("rules?q=%00")) == [("q", "null_characters_not_allowed")]
    assert errors(api.get("rules?words=receipts")) == [("words", "unknown_parameter")]


def test_the_cases_in_which_a_rule_was_quoted(api: Integration, acme: Company) -> None:
    with tenant_scope(acme.tenant):
        rule = register_rule(by=None, **RECEIPTS, now=NOW)
        case = log_case(acme.units["south"], NOW, fixed_after=timedelta(hours=1))
        Case.objects.filter(pk=case.pk).update(quoted_rule=rule, solution="policy_quoted")
        log_case(acme.units["south"], NOW)
    assert ids(api.get(f"rules/{rule.pk}/cases")) == [str(case.pk)]


@pytest.mark.parametrize(("path", "queries"), [("rules", 1), ("rules?q=receipts&unit=top", 4)])
def test_a_list_costs_the_same_with_one_rule_and_with_three(
    api: Integration, acme: Company, django_assert_num_queries: DjangoAssertNumQueries, path: str, queries: int
) -> None:
    api.get("me")  # the key's first use is noted

    def add() -> None:
        with tenant_scope(acme.tenant):
            register_rule(by=None, **RECEIPTS, now=NOW, unit=acme.units["north"], owner=acme.leader)

    add()
    with django_assert_num_queries(EVERY_REQUEST + queries):
        assert len(ids(api.get(path))) == 1
    add()
    add()
    with django_assert_num_queries(EVERY_REQUEST + queries):
        assert len(ids(api.get(path))) == 3
    with tenant_scope(acme.tenant):
        assert Rule.objects.count() == 3
