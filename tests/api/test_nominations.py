"""Nominations and rule breaks over the API."""

from __future__ import annotations

from collections.abc import Callable

from pytest_django import DjangoAssertNumQueries

from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors, problem
from tests.api.test_lists import EVERY_REQUEST, ids
from tests.personas import NOW, Company, log_case

RULE = {"title": "Receipts", "text": "Only with receipts.", "origin": "habit", "code": "R-1"}
WORDS = {"words": "Nobody keeps a receipt for a toothbrush."}


def test_a_nomination_goes_from_its_words_to_a_docket(api: Integration, acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], NOW)
    api.post("rules", RULE)
    committee = api.post("committees", {"name": "Dumb rules", "unit": "north"}).json()
    made = api.post("nominations", WORDS | {"case": case.external_id}, Idempotency_Key="n")
    shown = made.json()
    assert (made.status_code, made["Location"]) == (201, f"/api/v1/nominations/{shown['id']}")
    assert shown == WORDS | {
        "id": shown["id"],
        "rule": None,
        "source": "case",
        "status": "submitted",
        "unit": {"id": str(acme.units["south"].pk), "code": "south", "name": "South"},
        "case": str(case.pk),
        "nominator": None,
        "submitted_at": shown["submitted_at"],
        **dict.fromkeys(("triaged_at", "ease", "impact", "committee", "merged_into", "note")),
    }
    path = f"nominations/{shown['id']}"
    assert problem(api.post(f"{path}/docket", {"committee": "Dumb rules"})) == (409, "conflict", "no_rule")
    assert errors(api.post(f"{path}/triage", {"ease": 6, "impact": 0})) == [
        ("ease", "max_value"),
        ("impact", "min_value"),
    ]
    triaged = api.post(f"{path}/triage", {"ease": 5, "impact": 3, "rule": "R-1"}).json()
    assert (triaged["status"], triaged["ease"], triaged["rule"]["code"]) == ("triaged", 5, "R-1")
    docketed = api.post(f"{path}/docket", {"committee": committee["id"]}).json()
    assert (docketed["status"], docketed["committee"]["name"]) == ("docketed", "Dumb rules")
    assert ids(api.get("nominations?status=docketed&committee=Dumb rules&rule=R-1&source=case&unit=top")) == [
        shown["id"]
    ]
    motion = api.post("motions", {"committee": committee["id"], "rule": "R-1", "kind": "kill"}).json()
    assert motion["nomination"] == shown["id"]


def test_nominations_are_merged_and_dismissed(api: Integration, key_with: Callable[..., Integration]) -> None:
    first, second, third = (api.post("nominations", WORDS).json() for _ in range(3))
    merged = api.post(f"nominations/{second['id']}/merge", {"into": first["id"]}).json()
    assert (merged["status"], merged["merged_into"]) == ("merged", first["id"])
    itself = api.post(f"nominations/{first['id']}/merge", {"into": first["id"]})
    assert errors(itself) == [("into", "itself")]
    path = f"nominations/{third['id']}/dismiss"
    assert errors(api.post(path, {"status": "decided"})) == [("status", "invalid_choice")]
    assert errors(api.post(path, {"status": "no_such_rule"})) == [("note", "required")]
    gone = api.post(path, {"status": "no_such_rule", "note": "Nobody wrote it down."}).json()
    assert (gone["status"], gone["note"]) == ("no_such_rule", "Nobody wrote it down.")
    assert problem(api.post(path, {"status": "withdrawn", "note": "Again"})) == (409, "conflict", "settled")
    assert errors(api.post("nominations", {"rule": "none"})) == [("words", "required"), ("rule", "unknown")]
    reader = key_with("committees:read")
    assert problem(reader.post("nominations", WORDS))[0] == 403
    assert len(ids(reader.get("nominations"))) == 3


def test_a_rule_is_killed_at_once_where_its_owner_agrees(
    api: Integration, key_with: Callable[..., Integration]
) -> None:
    api.post("rules", RULE | {"unit": "north"})
    path = f"nominations/{api.post('nominations', WORDS).json()['id']}"
    agreed = {"agreed_by": "leader@acme.example"}
    assert problem(api.post(f"{path}/quick-kill", agreed)) == (409, "conflict", "no_rule")
    api.post(f"{path}/triage", {"rule": "R-1"})
    assert errors(api.post(f"{path}/quick-kill", {})) == [("agreed_by", "required")]
    # Not hers to kill: she neither owns the rule nor leads its unit.
    cso = {"agreed_by": "cso@acme.example"}
    assert problem(api.post(f"{path}/quick-kill", cso)) == (403, "not-allowed", "not_allowed")
    assert problem(key_with("committees:read").post(f"{path}/quick-kill", agreed))[0] == 403
    assert api.post(f"{path}/quick-kill", agreed, Idempotency_Key="q").json()["status"] == "quick_killed"
    [order] = api.get("kill-orders?rule=R-1").json()["data"]
    assert (order["owner"]["name"], order["outcome"], order["nomination"]) == ("Lea North", None, path[12:])
    assert problem(api.post(f"{path}/quick-kill", agreed)) == (409, "conflict", "settled")


def test_the_fifth_break_nominates_and_nobody_reads_whose_they_were(api: Integration, acme: Company) -> None:
    rule = api.post("rules", RULE).json()
    body = {"rule": "R-1", "author": "frontline@acme.example", "why": "She had photographs.", "result": "helped"}
    for _ in range(6):
        told = api.post("rule-breaks", body)
        assert told.status_code == 201
        assert "author" not in told.json()
        assert "frontline" not in str(told.json())
    assert api.get("rule-breaks").status_code == 405
    evidence = api.get(f"rules/{rule['id']}/evidence").json()
    assert {name: evidence[name] for name in ("cases", "breaks", "breaks_recently", "nominations", "currency")} == {
        "cases": 0,
        "breaks": 6,
        "breaks_recently": 6,
        "nominations": 1,
        "currency": evidence["currency"],
    }
    [nomination] = api.get("nominations?source=breaks").json()["data"]
    assert (nomination["rule"]["code"], nomination["nominator"]) == ("R-1", None)
    assert [moment["kind"] for moment in api.get(f"rules/{rule['id']}/story").json()["data"]] == [
        "registered",
        "nominated",
    ]
    assert errors(api.post("rule-breaks", {"rule": "none", "author": "nobody"})) == [
        ("rule", "unknown"),
        ("author", "unknown"),
        ("why", "required"),
    ]


def test_a_list_costs_the_same_with_one_nomination_and_with_three(
    api: Integration, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in (1, 2, 3):
        api.post("nominations", WORDS)
        with django_assert_num_queries(EVERY_REQUEST + 1):
            assert len(ids(api.get("nominations"))) == number
