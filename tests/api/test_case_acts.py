"""A service desk's log replayed through the API, and what integrations do as a team: every figure by hand."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from cso.customers.actions import save_customer
from cso.customers.models import Customer
from cso.metrics.engine.refresh import refresh
from cso.people.actions import name_intake_owner
from cso.recovery.models import Case, SupportNote
from cso.rules.models import Rule
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors, problem
from tests.personas import NOW, Company

HOUR = timedelta(hours=1)
START = NOW - 100 * HOUR


def hour(number: float) -> str:
    return (START + number * HOUR).isoformat().replace("+00:00", "Z")


def told(case: dict[str, Any], *names: str) -> list[Any]:
    return [case[name] for name in names]


def test_a_desks_log_is_replayed_and_every_figure_is_as_by_hand(api: Integration, acme: Company) -> None:
    """Reassigned and handed on, resolved in time and closed late, reopened, resolved and closed again."""
    with tenant_scope(acme.tenant):
        save_customer(Customer(), by=None, external_id="crm-1", name="Ana Reyes")
        name_intake_owner(acme.units["south"], acme.member(Role.EXECUTIVE), by=None)
    body = {"external_id": "INC-1", "unit": "top", "reported_at": hour(0), "customer": "crm-1"}
    case = api.post("cases", body).json()["id"]

    def act(name: str, **values: Any) -> dict[str, Any]:
        answer = api.post(f"cases/{case}/{name}", values)
        assert answer.status_code in {200, 201}, answer.content
        shown: dict[str, Any] = answer.json()
        return shown

    def now(*names: str) -> list[Any]:
        return told(api.get(f"cases/{case}").json(), *names)

    assert now("next_contact", "next_contact_due_at") == ["acknowledge", hour(1)]
    taken = act("take", owner="cso@acme.example", at=hour(0.25))
    assert taken["owner"]["name"] == "Acme Chief Serving Officer"
    contact = act("contacts", kind="acknowledge", at=hour(0.5), channel="phone", note="Rang her")
    assert told(contact, "kind", "at", "channel", "by", "note") == [
        "acknowledge",
        hour(0.5),
        "phone",
        api.key.name,
        "Rang her",
    ]
    assert now("next_contact", "next_contact_due_at") == ["status", hour(8.5)]
    moved = act("move", unit="north", at=hour(4), note="Second line")
    assert moved["owner"]["name"] == "Acme Leader"
    handed = act("hand-over", owner=str(acme.member(Role.FRONTLINE).pk), at=hour(5))
    assert handed["owner"]["name"] == "Acme Frontline"
    moved = act("move", unit="south", at=hour(10))
    assert moved["owner"]["name"] == "Acme Executive"
    act("fix", at=hour(23))
    closed = act("close", at=hour(47), solution="put_right", failed_right="time", change_idea="Load by hand")
    assert told(closed, "closed_at", "fixed_at", "recovered_24h", "solution", "change_idea") == [
        hour(47),
        hour(23),
        True,
        "put_right",
        "Load by hand",
    ]
    reopened = act("reopen", at=hour(50), note="It is back")
    assert told(reopened, "closed_at", "solution", "failed_right", "recovered_24h", "is_open") == [
        None,
        None,
        "time",
        False,
        True,
    ]
    assert now("next_contact", "next_contact_due_at") == ["status", hour(58)]
    act("move", unit="north", at=hour(52))
    act("close", at=hour(60), solution="policy_quoted", quoted_words="Bags are searched for in the order of loss")
    assert now("first_fixed_at", "fixed_at", "closed_at", "times_undone", "next_contact") == [
        hour(23),
        hour(60),
        hour(60),
        1,
        "resolution",
    ]
    held = api.get(f"cases/{case}/custody").json()["data"]
    assert [(each["unit"]["code"], each["since"], each["until"], each["seconds"] / 3_600) for each in held] == [
        ("top", hour(0), hour(4), 4),
        ("north", hour(4), hour(10), 6),
        ("south", hour(10), hour(52), 42),
        ("north", hour(52), hour(60), 8),
    ]
    log = [(line["kind"], line["at"]) for line in api.get(f"cases/{case}/log").json()["data"]]
    assert log == [
        ("opened", hour(0)),
        ("taken", hour(0.25)),
        ("contacted", hour(0.5)),
        ("moved", hour(4)),
        ("handed_over", hour(5)),
        ("moved", hour(10)),
        ("fixed", hour(23)),
        ("closed", hour(47)),
        ("reopened", hour(50)),
        ("moved", hour(52)),
        ("fixed", hour(60)),
        ("closed", hour(60)),
    ]
    with tenant_scope(acme.tenant):
        refresh()
    value = api.get("metrics/recovered_24h/values?period=2026-03&unit=north").json()
    assert told(value, "numerator", "denominator") == [0, 1]  # reopened within 14 days, for whoever has it now


def test_what_cannot_be_is_refused_by_its_field(api: Integration, acme: Company) -> None:
    case = api.post("cases", {"unit": "top", "reported_at": hour(0)}).json()["id"]
    path = f"cases/{case}"
    assert errors(api.post(f"{path}/take", {})) == [("owner", "required")]
    assert errors(api.post(f"{path}/take", {"owner": "nobody@acme.example"})) == [("owner", "unknown")]
    assert errors(api.post(f"{path}/take", {"owner": "auditor@acme.example"})) == [("owner", "cannot_work_cases")]
    assert errors(api.post(f"{path}/take", {"owner": "cso@acme.example", "at": hour(-1)})) == [("at", "before_opened")]
    assert api.post(f"{path}/take", {"owner": "cso@acme.example"}).status_code == 200
    assert problem(api.post(f"{path}/take", {"owner": "leader@acme.example"})) == (409, "conflict", "taken")
    assert errors(api.post(f"{path}/move", {"unit": "north", "at": hour(1)})) == [("at", "before_last_owner")]
    assert errors(api.post(f"{path}/contacts", {"kind": "shout", "at": "soon"})) == [
        ("kind", "invalid_choice"),
        ("at", "invalid"),
    ]
    assert errors(api.post(f"{path}/close", {"solution": "attitude"})) == [("solution", "invalid_choice")]
    assert errors(api.post(f"{path}/close", {"solution": "policy_quoted"})) == [("quoted_rule", "required")]
    quoted = {"solution": "policy_quoted", "quoted_rule": "R-1"}
    assert errors(api.post(f"{path}/close", quoted)) == [("quoted_rule", "unknown")]
    assert errors(api.post(f"{path}/close", {"solution": "put_right", "quoted_words": "No refunds"})) == [
        ("quoted_words", "not_quoted")
    ]
    with tenant_scope(acme.tenant):
        assert not Rule.objects.exists()  # a refused closing registers nothing
    assert errors(api.post(f"{path}/plan-surprise", {"text": "x" * 501})) == [("text", "max_length")]
    assert api.post(f"{path}/plan-surprise", {"text": "A call"}).json()["planned_surprise"] == "A call"


def test_units_do_their_part(api: Integration, acme: Company, other: Company) -> None:
    case = api.post("cases", {"unit": "top"}).json()["id"]
    due = datetime.now(NOW.tzinfo) + HOUR
    body = {"unit": "south", "what": "Look on carousel 4", "due_at": due.isoformat()}
    assert errors(api.post(f"cases/{case}/tasks", body | {"due_at": hour(0)})) == [("due_at", "in_the_past")]
    made = api.post(f"cases/{case}/tasks", body)
    task = made.json()
    assert (made.status_code, made["Location"]) == (201, f"/api/v1/cases/{case}/tasks")
    assert told(task, "what", "done_at", "cancelled_at") == ["Look on carousel 4", None, None]
    assert task["unit"]["code"] == "south"
    elsewhere = api.post("cases", {"unit": "top"}).json()["id"]
    assert api.post(f"cases/{elsewhere}/tasks/{task['id']}/done").status_code == 404
    assert Integration(other).post(f"cases/{case}/tasks/{task['id']}/done").status_code == 404
    assert api.post(f"cases/{case}/tasks/{task['id']}/done").json()["done_at"] is not None
    again = api.post(f"cases/{case}/tasks/{task['id']}/cancel")
    assert problem(again) == (409, "conflict", "task_done")
    listed = api.get(f"cases/{case}/tasks").json()["data"]
    assert [one["id"] for one in listed] == [task["id"]]


def test_cases_are_listed_by_owner_and_by_silence_and_by_closing(api: Integration, acme: Company) -> None:
    with tenant_scope(acme.tenant):
        save_customer(Customer(), by=None, external_id="crm-1", name="Ana Reyes")
    silent = api.post("cases", {"unit": "north", "reported_at": hour(0), "customer": "crm-1"}).json()["id"]
    quiet = api.post("cases", {"unit": "south", "reported_at": hour(1)}).json()["id"]
    closed = api.post("cases", {"unit": "south", "reported_at": hour(2)}).json()["id"]
    api.post(f"cases/{closed}/take", {"owner": "frontline@acme.example"})
    api.post(f"cases/{closed}/close", {"solution": "replaced"})

    def listed(query: str) -> list[str]:
        return [case["id"] for case in api.get(f"cases?{query}").json()["data"]]

    assert listed("owner=leader@acme.example") == [silent]
    assert listed("owner=cso@acme.example") == [quiet]
    assert listed("owner=frontline@acme.example") == [closed]
    assert listed("silent=true") == [silent]
    assert listed("silent=false") == [closed, quiet]
    assert listed("closed=true") == [closed]
    assert listed("closed=false&owner=cso@acme.example") == [quiet]
    assert errors(api.get("cases?owner=nobody@acme.example")) == [("owner", "unknown")]
    assert errors(api.get("cases?silent=perhaps")) == [("silent", "invalid_choice")]


def test_no_address_of_the_api_shows_a_support_note(api: Integration, acme: Company) -> None:
    case = api.post("cases", {"unit": "top"}).json()["id"]
    with tenant_scope(acme.tenant):
        author = acme.member(Role.FRONTLINE)
        note = SupportNote.objects.create(
            case=Case.objects.get(), author=author, text="He shouted at me", written_at=NOW
        )
    for path in ("", "/log", "/contacts", "/tasks", "/custody"):
        answer = api.get(f"cases/{case}{path}")
        assert answer.status_code == 200
        assert "shouted" not in answer.content.decode()
        assert str(note.pk) not in answer.content.decode()
    assert not re.search("support.?note", api.client.get("/api/v1/schema").content.decode().lower())
