"""Kill orders over the API: what follows a carried kill."""

from __future__ import annotations

from collections.abc import Callable

from cso.committees.models import KillOrder
from tenants.models import AuditEntry
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors, problem
from tests.api.test_ballots import Desk
from tests.api.test_lists import ids
from tests.personas import Company


def test_an_order_is_given_done_step_by_step_executed_and_taken_back(
    api: Integration, acme: Company, key_with: Callable[..., Integration]
) -> None:
    outcome = Desk(api).call("yyy")["outcome"]
    path = f"kill-orders/{outcome['kill_order']}"
    order = api.get(path).json()
    assert (order["status"], order["outcome"], order["steps"]) == ("ordered", outcome["id"], [])
    assert (order["unit"]["code"], order["owner"]["name"]) == ("north", "Lea North")
    assert problem(api.post(f"{path}/verify")) == (409, "conflict", "not_executed")
    assert errors(api.post(f"{path}/owner", {"person": "nobody"})) == [("person", "unknown")]
    [fran] = [row["id"] for row in api.get("people").json()["data"] if row["name"] == "Fran Line"]
    assert api.post(f"{path}/owner", {"person": fran}, Idempotency_Key="o").json()["owner"]["name"] == "Fran Line"
    late = {"due_at": "2000-01-01T00:00:00Z", "because": "Printer"}
    assert errors(api.post(f"{path}/postpone", late)) == [("due_at", "not_later")]
    [step] = api.post(f"{path}/steps", {"what": "Take the sign off"}).json()["steps"]
    assert problem(api.post(f"{path}/execute", {"evidence": "Gone"})) == (409, "conflict", "steps_open")
    done = api.post(f"{path}/steps/{step['id']}/done").json()
    assert (done["status"], done["steps"][0]["done_at"] is None) == ("in_progress", False)
    executed = api.post(f"{path}/execute", {"evidence": "The form has no such field."}).json()
    assert (executed["status"], executed["evidence"]) == ("executed", "The form has no such field.")
    assert problem(api.post(f"{path}/verify")) == (403, "not-allowed", "not_allowed")
    # The owner of the order is taken to have carried it out, and has no right to triage either.
    line = {"seen_by": "frontline@acme.example"}
    assert problem(api.post(f"{path}/verify", line)) == (403, "not-allowed", "not_allowed")
    assert api.get(f"rules/{order['rule']['id']}").json()["status"] == "killed"
    back = api.post(f"{path}/reinstate", {"because": "Claims doubled."}).json()
    assert (back["status"], back["reinstated_because"]) == ("reinstated", "Claims doubled.")
    assert ids(api.get("kill-orders?status=reinstated&unit=top&overdue=false")) == [order["id"]]
    assert ids(api.get("kill-orders?overdue=true")) == []
    reader = key_with("committees:read")
    assert problem(reader.post(f"{path}/execute", {"evidence": "x"}))[0] == 403


def test_who_did_not_carry_it_out_verifies(api: Integration, acme: Company) -> None:
    """An integration may tell that what a person executed was verified."""
    outcome = Desk(api).call("yyy")["outcome"]
    path = f"kill-orders/{outcome['kill_order']}"
    api.post(f"{path}/execute", {"evidence": "Gone."})
    with tenant_scope(acme.tenant):
        KillOrder.objects.update(executed_by=acme.members["leader"])
    assert api.post(f"{path}/verify").json()["status"] == "observing"


def test_a_key_tells_who_saw_that_what_a_key_told_is_done(api: Integration, acme: Company) -> None:
    outcome = Desk(api).call("yyy")["outcome"]
    path = f"kill-orders/{outcome['kill_order']}"
    api.post(f"{path}/execute", {"evidence": "Gone."})
    assert problem(api.post(f"{path}/verify", {"seen_by": "leader@acme.example"})) == (
        403,
        "not-allowed",
        "not_allowed",
    )
    assert errors(api.post(f"{path}/verify", {"seen_by": "nobody"})) == [("seen_by", "unknown")]
    assert api.post(f"{path}/verify", {"seen_by": "cso@acme.example"}).json()["status"] == "observing"
    with tenant_scope(acme.tenant):
        assert KillOrder.objects.get().verified_by == acme.members["cso"]
        assert AuditEntry.objects.filter(act="verify_kill").exists()
