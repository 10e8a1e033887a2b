"""The rule register in the portal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cso.recovery.models import Case
from cso.rules.actions import register_rule, withdraw_rule
from cso.rules.models import Rule
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit, reads
from tests.personas import Company, log_case

RECEIPTS = {"title": "Receipts for every claim", "text": "Paid only against receipts.", "origin": "own_policy"}


def register(**values: Any) -> Rule:
    return register_rule(**{"by": None, "now": timezone.now()} | RECEIPTS | values)


def quote(company: Company, rule: Rule, unit: str = "south", days: int = 1) -> None:
    reported = timezone.now() - timedelta(days=days)
    case = log_case(company.units[unit], reported, fixed_after=timedelta(hours=1), summary="No receipt, no money")
    Case.objects.filter(pk=case.pk).update(quoted_rule=rule, solution="policy_quoted")


def titles(client: Client, query: str = "") -> list[tuple[str, int]]:
    return [(row["title"], row["times_quoted"]) for row in client.get(f"/acme/rules/{query}").context["rows"]]


@pytest.fixture
def rules(acme: Company, other: Company) -> dict[str, Rule]:
    with tenant_scope(other.tenant):
        register(title="Theirs")
    with tenant_scope(acme.tenant):
        found = {
            "a": register(title="A quiet one", unit=acme.units["north-1"]),
            "b": register(owner=acme.leader),
            "c": register(title="Gone", text="An old habit"),
        }
        for _ in range(2):
            quote(acme, found["b"])
        withdraw_rule(found["c"], by=None, reason="Nobody knew why.", now=timezone.now())
    return found


def test_the_most_quoted_stand_first_and_the_query_string_narrows(
    acme: Company, rules: dict[str, Rule], visit: Visit
) -> None:
    fran = visit(acme, Role.FRONTLINE)
    assert titles(fran) == [("Receipts for every claim", 2), ("A quiet one", 0)]
    assert titles(fran, "?state=withdrawn") == [("Gone", 0)]
    assert titles(fran, "?q=claim") == [("Receipts for every claim", 2)]
    assert titles(fran, f"?unit={acme.units['north'].pk}") == [("A quiet one", 0)]
    assert titles(fran, "?state=nonsense") == []
    assert titles(fran, "?q=%00'") == []
    assert fran.get("/acme/rules/?page=0").status_code == 404
    assert "Register a rule" not in fran.get("/acme/rules/").content.decode()


def test_a_rule_shows_its_words_its_history_and_the_cases_that_the_viewer_may_see(
    acme: Company, rules: dict[str, Rule], visit: Visit
) -> None:
    lea, path = visit(acme, Role.LEADER), f"/acme/rules/{rules['b'].pk}/"
    lea.post(f"{path}amend/", {"text": "Up to 100 dollars without receipts."})
    page = visit(acme, Role.CSO).get(path).content.decode()
    for words in ("Up to 100 dollars", "Paid only against receipts.", "Version 1", "No receipt, no money", "Lea North"):
        assert words in page
    assert "Quoted to 2 customers in the last 90 days." in page
    assert "None that you may see." in lea.get(path).content.decode(), "south is not Lea's"
    assert "Nobody knew why." in lea.get(f"/acme/rules/{rules['c'].pk}/").content.decode()
    assert lea.get(f"/acme/rules/{rules['c'].pk}/amend/").status_code == 404


def test_a_rule_is_registered_after_a_look_at_those_like_it(
    acme: Company, rules: dict[str, Rule], visit: Visit
) -> None:
    lea = visit(acme, Role.LEADER)
    form = {"title": "Receipt for a claim", "text": "Show a receipt", "origin": "habit", "owner": "Lea North"}
    shown = lea.post("/acme/rules/new/", form)
    assert "Is it one of these?" in shown.content.decode()
    with tenant_scope(acme.tenant):
        assert Rule.objects.count() == 3
    made = lea.post("/acme/rules/new/", form | {"seen": "1"})
    with tenant_scope(acme.tenant):
        rule = Rule.objects.get(title="Receipt for a claim")
        assert (rule.owner, made["Location"]) == (acme.leader, f"/acme/rules/{rule.pk}/")
    typed = lea.get("/acme/rules/similar/", {"title": "claims", "text": "receipts " + "x" * 5_000})
    assert "Receipts for every claim" in typed.content.decode()
    for hostile in ("", "'", "\x00", "a & ! | (<->:*"):
        assert "Is it one" not in lea.get("/acme/rules/similar/", {"title": hostile}).content.decode()
    refused = lea.post("/acme/rules/new/", form | {"title": "Pets", "text": "None", "origin": "external_law"})
    assert "Say which law, and where it says so." in refused.content.decode()
    assert "Nobody here has this name." in lea.post("/acme/rules/new/", form | {"owner": "Nobody"}).content.decode()


def test_a_rule_is_changed_and_withdrawn_by_who_may(acme: Company, rules: dict[str, Rule], visit: Visit) -> None:
    lea, path = visit(acme, Role.LEADER), f"/acme/rules/{rules['a'].pk}"
    form = {"title": "A loud one", "origin": "habit", "unit": str(acme.units["south"].pk), "sunset_on": "2999-01-01"}
    lea.post(f"{path}/change/", form)
    with tenant_scope(acme.tenant):
        rule = Rule.objects.get(pk=rules["a"].pk)
        assert (rule.title, rule.unit, rule.owner, str(rule.sunset_on)) == (
            "A loud one",
            acme.units["south"],
            None,
            "2999-01-01",
        )
    assert "This field is required." in lea.post(f"{path}/withdraw/", {}).content.decode()
    lea.post(f"{path}/withdraw/", {"reason": "It helped nobody."})
    assert titles(lea, "?state=withdrawn")[0] == ("A loud one", 0)
    fran = visit(acme, Role.FRONTLINE)
    for act in ("amend", "change", "withdraw"):
        assert fran.get(f"/acme/rules/{rules['b'].pk}/{act}/").status_code == 403


def test_the_list_costs_the_same_with_one_rule_and_with_three(
    acme: Company, visit: Visit, django_assert_num_queries: Any
) -> None:
    client = visit(acme, Role.CSO)
    client.get("/acme/rules/")
    for count in (1, 3):
        with tenant_scope(acme.tenant):
            while Rule.objects.count() < count:
                quote(acme, register(unit=acme.units["south"], owner=acme.leader))
        with django_assert_num_queries(13) as captured:
            assert len(client.get("/acme/rules/?q=receipts").context["rows"]) == count
        assert len(reads(captured.captured_queries)) == 7
