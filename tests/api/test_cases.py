"""Cases through the API: logged, read, worked, corrected under If-Match."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cso.customers.actions import save_customer
from cso.customers.models import Customer
from cso.recovery.models import Case
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors, problem
from tests.personas import Company

BODY = {
    "external_id": "T-1",
    "unit": "north-1",
    "occurred_at": "2026-03-17T09:00:00.5-04:00",
    "reported_at": "2026-03-17T10:00:00-04:00",
    "summary": "A suitcase left behind",
    "channel": "phone",
    "cause": "Baggage not loaded",
    "customer": "crm-1",
}


def test_a_case_is_logged_and_read_back(api: Integration, acme: Company) -> None:
    with tenant_scope(acme.tenant):
        customer = save_customer(Customer(), by=None, external_id="crm-1")
    made = api.post("cases", BODY)
    assert made.status_code == 201
    shown = made.json()
    with tenant_scope(acme.tenant):
        case = Case.objects.get()
    recorded_at = shown.pop("recorded_at")
    assert datetime.fromisoformat(recorded_at) == case.recorded_at
    assert shown == {
        "id": str(case.pk),
        "external_id": "T-1",
        "unit": {"id": str(acme.units["north-1"].pk), "code": "north-1", "name": "North-1"},
        "customer": {"id": str(customer.pk), "external_id": "crm-1"},
        "cause": "Baggage not loaded",
        "channel": "phone",
        "summary": "A suitcase left behind",
        "occurred_at": "2026-03-17T13:00:00.500000Z",
        "reported_at": "2026-03-17T14:00:00Z",
        "clock_start": "2026-03-17T13:00:00.500000Z",
        "due_at": "2026-03-18T13:00:00.500000Z",
        "first_fixed_at": None,
        "fixed_at": None,
        "first_undone_at": None,
        "times_undone": 0,
        "is_open": True,
        "recovered_24h": False,
        "recovered_24h_reported": False,
        "owner": {"id": str(acme.member(Role.LEADER).pk), "name": "Acme Leader"},
        "next_contact": "acknowledge",
        "next_contact_due_at": "2026-03-17T15:00:00Z",
        "planned_surprise": None,
        "closed_at": None,
        "solution": None,
        "quoted_rule": None,
        "failed_right": None,
        "given_surprise": None,
        "change_idea": None,
        "answered_at": None,
        "said_fixed": None,
        "said_apology": None,
        "said_surprised": None,
        "surprised": False,
        "dazzled": False,
        "merged_into": None,
        "is_excluded": False,
        "excluded_as": None,
        "revision": 1,
    }
    assert made["Location"] == f"/api/v1/cases/{case.pk}"
    read = api.client.get(made["Location"])
    assert read.content == made.content
    assert read["ETag"] == made["ETag"]
    assert read["Cache-Control"] == "private, no-cache"


def test_what_is_left_out_is_unknown_and_the_report_is_now(api: Integration) -> None:
    before = datetime.now(UTC)
    shown = api.post("cases", {"unit": "top"}).json()
    assert before <= datetime.fromisoformat(shown["reported_at"]) <= datetime.now(UTC)
    assert [shown[name] for name in ("external_id", "customer", "cause", "channel", "occurred_at")] == [None] * 5


def test_an_external_id_is_used_once(api: Integration) -> None:
    assert api.post("cases", {"unit": "top", "external_id": "T-1"}).status_code == 201
    again = api.post("cases", {"unit": "top", "external_id": "T-1"})
    assert problem(again) == (409, "conflict", "external_id_in_use")


def test_a_case_is_fixed_reopened_disputed_and_moved_and_the_log_tells(api: Integration) -> None:
    opened = datetime.now(UTC) - timedelta(hours=30)
    case = api.post("cases", {"unit": "north", "reported_at": opened.isoformat()}).json()["id"]
    fixed_at = opened + timedelta(hours=2)
    fixed = api.post(f"cases/{case}/fix", {"at": fixed_at.isoformat(), "note": "Delivered"}).json()
    assert (fixed["is_open"], fixed["recovered_24h"], fixed["revision"]) == (False, True, 2)
    assert problem(api.post(f"cases/{case}/fix", {})) == (409, "conflict", "already_fixed")
    reopened = api.post(f"cases/{case}/reopen", {"note": "Broken handle"}).json()
    assert (reopened["is_open"], reopened["recovered_24h"], reopened["times_undone"]) == (True, False, 1)
    assert errors(api.post(f"cases/{case}/fix", {"at": fixed_at.isoformat()})) == [("at", "before_reopened")]
    bare = api.client.generic("POST", f"/api/v1/cases/{case}/fix")  # as `curl -X POST` sends it
    assert bare.json()["is_open"] is False
    assert errors(api.post(f"cases/{case}/dispute", {})) == [("note", "required")]
    assert api.post(f"cases/{case}/dispute", {"note": "Nobody called"}).json()["times_undone"] == 2
    assert api.post(f"cases/{case}/move", {"unit": "south"}).json()["unit"]["code"] == "south"
    log = api.get(f"cases/{case}/log").json()["data"]
    assert [line["kind"] for line in log] == ["opened", "fixed", "reopened", "fixed", "disputed", "moved"]
    assert [line["note"] for line in log] == ["", "Delivered", "Broken handle", "", "Nobody called", ""]
    assert log[-1]["changes"] == {"unit": ["north", "south"]}
    assert {line["by"] for line in log[1:]} == {api.key.name}


def test_a_correction_needs_the_version_it_corrects(api: Integration) -> None:
    made = api.post("cases", {"unit": "top", "channel": "web"})
    path, tag = f"cases/{made.json()['id']}", made["ETag"]
    assert problem(api.patch(path, {"summary": "Seen"}))[:2] == (428, "precondition-required")
    assert problem(api.patch(path, {"summary": "Seen"}, If_Match='"other"'))[:2] == (412, "precondition-failed")
    changed = api.patch(path, {"summary": "Seen", "channel": None, "cause": "Rule"}, If_Match=tag)
    assert [changed.json()[name] for name in ("summary", "channel", "cause", "revision")] == ["Seen", None, "Rule", 2]
    assert changed["ETag"] != tag
    assert problem(api.patch(path, {"summary": "Lost"}, If_Match=tag))[0] == 412
    assert api.get(path).json()["summary"] == "Seen"
    assert errors(api.patch(path, {"unit": "south"}, If_Match=changed["ETag"])) == [("unit", "unknown_field")]


def test_a_reader_who_holds_the_version_is_told_so(api: Integration) -> None:
    made = api.post("cases", {"unit": "top"})
    path = f"cases/{made.json()['id']}"
    for header in (made["ETag"], f'"x", {made["ETag"]}', f"W/{made['ETag']}", "*"):
        held = api.get(path, If_None_Match=header)
        assert (held.status_code, held.content, held["ETag"]) == (304, b"", made["ETag"])
    assert api.get(path, If_None_Match='"x"').status_code == 200


def test_a_tag_that_compression_weakened_still_matches(api: Integration) -> None:
    made = api.post("cases", {"unit": "top", "summary": "long " * 200})
    read = api.get(f"cases/{made.json()['id']}", Accept_Encoding="gzip")
    assert read["ETag"] == f"W/{made['ETag']}"
    assert api.patch(f"cases/{made.json()['id']}", {"summary": "x"}, If_Match=read["ETag"]).status_code == 200


def test_a_renamed_unit_changes_the_tag_of_its_cases(api: Integration) -> None:
    made = api.post("cases", {"unit": "top"})
    unit = f"units/{made.json()['unit']['id']}"
    api.patch(unit, {"name": "Headquarters"}, If_Match=api.get(unit)["ETag"])
    read = api.get(f"cases/{made.json()['id']}", If_None_Match=made["ETag"])
    assert (read.status_code, read.json()["unit"]["name"]) == (200, "Headquarters")


def test_a_refused_correction_leaves_nothing_behind(api: Integration) -> None:
    made = api.post("cases", {"unit": "top"})
    body = {"cause": "Brand new", "occurred_at": "2999-01-01T00:00:00Z"}
    refused = api.patch(f"cases/{made.json()['id']}", body, If_Match=made["ETag"])
    assert errors(refused) == [("occurred_at", "in_the_future"), ("occurred_at", "after_reported")]
    assert errors(api.get("cases?cause=Brand%20new&unit=x")) == [("unit", "unknown")]
    assert api.get(f"cases/{made.json()['id']}")["ETag"] == made["ETag"]
