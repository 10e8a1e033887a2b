"""Committees over the API: founded with a charter and seats, seats that change hands, charters, motions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cso.committees.models import Committee
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors, problem
from tests.api.test_lists import ids
from tests.personas import Company

SEATS = [
    {"label": "Gate", "holder": "committee_member@acme.example", "is_chair": True},
    {"label": "District  1", "holder_name": " Priya   Patel "},
    {"label": "District 2"},
]


def found(api: Integration, **values: Any) -> Any:
    return api.post("committees", {"name": "Dumb rules", "unit": "north"} | values)


def test_a_committee_is_founded_with_its_charter_and_its_seats(api: Integration, acme: Company) -> None:
    made = found(api, seats=SEATS, charter={"preset": "two_thirds", "quorum_count": 2, "deliberation_hours": 0})
    shown = made.json()
    assert (made.status_code, made["Location"]) == (201, f"/api/v1/committees/{shown['id']}")
    member = acme.member(Role.COMMITTEE_MEMBER)
    assert [(seat["label"], seat["is_chair"], seat["holder"]) for seat in shown["seats"]] == [
        ("District 1", False, {"id": None, "name": "Priya Patel"}),
        ("District 2", False, None),
        ("Gate", True, {"id": str(member.pk), "name": member.label}),
    ]
    charter = shown["charter"]
    assert (charter["number"], charter["quorum_count"], charter["ballot_hours"]) == (1, 2, 72)
    assert [charter[f"majority_{part}"] for part in ("numerator", "denominator", "is_more_than")] == [2, 3, False]
    assert api.get(f"committees/{shown['id']}", If_None_Match=made["ETag"]).status_code == 304
    assert ids(api.get("committees?unit=top&name=Dumb rules")) == [shown["id"]]
    again = found(api)
    assert problem(again) == (409, "conflict", "in_use")


def test_a_share_of_one_half_is_exceeded_and_any_other_reached(api: Integration) -> None:
    half = found(api, charter={"majority_numerator": 2, "majority_denominator": 4}).json()["charter"]
    assert (half["majority_is_more_than"], half["quorum_is_more_than"]) == (True, True)
    path = f"committees/{api.get('committees').json()['data'][0]['id']}/charter"
    set_anew = api.post(path, {"quorum_numerator": 3, "quorum_denominator": 4}, Idempotency_Key="c").json()
    assert (set_anew["number"], set_anew["quorum_is_more_than"], set_anew["majority_denominator"]) == (2, False, 2)
    said = api.post(path, {"majority_numerator": 2, "majority_denominator": 3, "majority_is_more_than": True})
    assert said.json()["majority_is_more_than"] is True
    assert [row["number"] for row in api.get(path).json()["data"]] == [3, 2, 1]


def test_a_charter_and_a_seat_are_refused_by_field(api: Integration, acme: Company) -> None:
    assert errors(found(api, charter={"base": "all", "quorum": 1})) == [
        ("charter.base", "invalid_choice"),
        ("charter.quorum", "unknown_field"),
    ]
    wrong = {
        "majority_count": ({"base": "fixed"}, "required"),
        "quorum_numerator": ({"quorum_numerator": 3, "quorum_denominator": 2}, "not_a_share"),
        "majority_is_more_than": (
            {"majority_numerator": 1, "majority_denominator": 1, "majority_is_more_than": True},
            "never",
        ),
        "is_secret": ({"is_secret": True, "shows_tally": True}, "not_secret"),
    }
    for field, (charter, code) in wrong.items():
        assert errors(found(api, charter=charter)) == [(field, code)]
    both = {"label": "A", "holder": "cso@acme.example", "holder_name": "Ana"}
    assert errors(found(api, seats=[{"label": "B"}, both])) == [("seats.1.holder_name", "not_with_a_member")]
    assert errors(found(api, seats=[{"label": "B", "holder": "nobody@acme.example"}, {}])) == [
        ("seats.0.holder", "unknown"),
        ("seats.1.label", "required"),
    ]
    twice = found(api, seats=[{"label": "District 1"}, {"label": "District  1"}])
    assert problem(twice) == (409, "conflict", "in_use")
    chairs = found(api, seats=[{"label": "A", "is_chair": True}, {"label": "B", "is_chair": True}])
    assert problem(chairs) == (409, "conflict", "in_use")
    with tenant_scope(acme.tenant):
        assert not Committee.objects.exists()


def test_a_seat_changes_hands_and_is_retired(api: Integration, key_with: Callable[..., Integration]) -> None:
    committee = found(api, seats=SEATS[1:2]).json()
    path = f"committees/{committee['id']}/seats"
    added = api.post(path, {"label": "District 9"}, Idempotency_Key="s").json()
    assert added["holder"] is None
    held = api.post(f"{path}/{added['id']}/holder", {"holder": "leader@acme.example"}).json()
    assert held["holder"]["name"] == "Acme Leader"
    named = api.post(f"{path}/{added['id']}/holder", {"holder_name": "Ana Chair"}).json()
    assert named["holder"] == {"id": None, "name": "Ana Chair"}
    assert api.post(f"{path}/{added['id']}/holder", {}).json()["holder"] is None
    gone = api.post(f"{path}/{committee['seats'][0]['id']}/retire").json()
    assert (gone["holder"], gone["retired_at"] is None) == (None, False)
    back = api.post(f"{path}/{gone['id']}/holder", {"holder_name": "Ana"})
    assert problem(back) == (409, "conflict", "retired")
    assert [seat["label"] for seat in api.get(f"committees/{committee['id']}").json()["seats"]] == ["District 9"]
    assert len(ids(api.get(path))) == 2
    reader = key_with("committees:read", "votes:write")
    assert problem(reader.post(path, {"label": "C"})) == (403, "missing-scope", "missing-scope")
    assert len(ids(reader.get("committees"))) == 1


def test_motions_are_moved_replied_to_and_withdrawn(api: Integration, acme: Company) -> None:
    committee, other = (found(api, name=name).json()["id"] for name in ("Dumb rules", "Others"))
    law = {"title": "Seat belts", "text": "Fasten.", "origin": "external_law", "citation": "CAR 605.25", "code": "LAW"}
    owned = {"title": "Receipts", "text": "Only with receipts.", "origin": "habit", "code": "R-1"}
    assert api.post("rules", law).status_code == 201
    assert api.post("rules", owned | {"owner": str(acme.leader.pk)}).status_code == 201
    body = {"committee": committee, "rule": "R-1", "kind": "kill"}
    assert problem(api.post("motions", body | {"rule": "LAW"})) == (409, "conflict", "external_law")
    assert errors(api.post("motions", {"committee": "none", "rule": "none", "kind": "bury"})) == [
        ("committee", "unknown"),
        ("rule", "unknown"),
        ("kind", "invalid_choice"),
    ]
    for kind, field, code in (
        ("change", "new_text", "required"),
        ("keep", "keep_until", "not_later"),
        ("refer", "refer_to", "required"),
    ):
        assert errors(api.post("motions", body | {"kind": kind})) == [(field, code)]
    made = api.post("motions", body | {"kind": "refer", "refer_to": other})
    assert made.json()["refer_to"] == {"id": other, "name": "Others"}
    motion = api.post("motions", body | {"committee": "Dumb rules"}, Idempotency_Key="m").json()
    assert motion["text"] == "Kill the rule “Receipts”."
    assert motion["deliberated_until"] is not None
    assert problem(api.post("motions", body)) == (409, "conflict", "moved_already")
    path = f"motions/{motion['id']}"
    assert api.post(f"{path}/ballots", {}).json()["status"] == "scheduled"
    assert problem(api.post(f"{path}/withdraw")) == (409, "conflict", "in_ballot")
    [ballot] = ids(api.get(f"{path}/ballots"))
    api.post(f"ballots/{ballot}/cancel", {"because": "Too early"})
    assert errors(api.post(f"{path}/reply", {})) == [("text", "required")]
    replied = api.post(f"{path}/reply", {"text": "We pay twice without it."}).json()
    assert replied["owner_reply"] == "We pay twice without it."
    assert api.post(f"{path}/ballots", {}).json()["status"] == "open"
    assert ids(api.get("motions?rule=R-1&kind=kill&status=balloting")) == [motion["id"]]
    referred = f"motions/{made.json()['id']}"
    assert api.post(f"{referred}/withdraw").json()["status"] == "withdrawn"
    assert problem(api.post(f"{referred}/withdraw")) == (409, "conflict", "decided")


def test_a_committee_is_dissolved_with_a_reason_and_once(api: Integration, acme: Company) -> None:
    made = found(api, seats=SEATS, charter={"deliberation_hours": 0}).json()
    path = f"committees/{made['id']}/dissolve"
    rule = api.post("rules", {"title": "No refunds", "text": "Never.", "origin": "habit"}).json()
    motion = api.post("motions", {"committee": made["id"], "rule": rule["id"], "kind": "kill"}).json()
    ballot = api.post(f"motions/{motion['id']}/ballots", {}).json()
    assert errors(api.post(path, {"because": ""})) == [("because", "blank")]
    assert problem(api.post(path, {"because": "Merged"})) == (409, "conflict", "in_ballot")
    api.post(f"ballots/{ballot['id']}/cancel", {"because": "Merged"})
    shown = api.post(path, {"because": "Merged"}).json()
    assert shown["dissolved_at"] is not None
    assert [seat["holder"] for seat in shown["seats"]] == [None, None, None]
    assert api.get(f"motions/{motion['id']}").json()["status"] == "withdrawn"
    assert problem(api.post(path, {"because": "Again"})) == (409, "conflict", "dissolved")
    moved = api.post("motions", {"committee": made["id"], "rule": rule["id"], "kind": "kill"})
    assert problem(moved) == (409, "conflict", "dissolved")
