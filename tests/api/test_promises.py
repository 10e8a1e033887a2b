"""Promises and what words mean, through the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cso.recovery.models import Case, Promise
from cso.recovery.promises import make_promise
from cso.recovery.settings import FIRST_WORDS
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors, problem
from tests.personas import NOW, Company, log_case

HOUR = timedelta(hours=1)


def promise_of(api: Integration, case: Case, **body: Any) -> Any:
    return api.post(f"cases/{case.pk}/promises", {"what": "Call back", "at": "2026-03-18T15:00:00Z"} | body)


def test_a_promise_is_made_kept_and_read(api: Integration, acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], NOW - HOUR)
    made = promise_of(api, case, words="soon")
    promise = made.json()["id"]
    assert (made.status_code, made["Location"]) == (201, f"/api/v1/promises/{promise}")
    # Due long before the clock of these tests, which is that of the server: broken until it is told that it was kept.
    assert made.json() == {
        "id": promise,
        "case": {"id": str(case.pk), "external_id": case.external_id},
        "unit": {"id": str(acme.units["south"].pk), "code": "south", "name": "South"},
        "what": "Call back",
        "words": "soon",
        "made_at": "2026-03-18T15:00:00Z",
        "first_due_at": "2026-03-18T17:00:00Z",
        "due_at": "2026-03-18T17:00:00Z",
        "times_moved": 0,
        "move_agreed": False,
        "done_at": None,
        "disputed_at": None,
        "cancelled_at": None,
        "kept": False,
        "kept_as_moved": False,
        "broken_at": "2026-03-18T17:00:00Z",
        "broken_because": None,
    }
    moved = api.post(
        f"promises/{promise}/move", {"due_at": "2026-03-18T18:00:00Z", "agreed": True, "at": "2026-03-18T16:00:00Z"}
    )
    assert (moved.json()["times_moved"], moved.json()["move_agreed"]) == (1, True)
    kept = api.post(f"promises/{promise}/keep", {"at": "2026-03-18T18:00:00Z"}, Idempotency_Key="k")
    assert kept.json() == moved.json() | {
        "done_at": "2026-03-18T18:00:00Z",
        "kept": True,
        "kept_as_moved": True,
        "broken_at": None,
    }
    assert (
        api.post(f"promises/{promise}/keep", {"at": "2026-03-18T18:00:00Z"}, Idempotency_Key="k").json() == kept.json()
    )
    assert problem(api.post(f"promises/{promise}/cancel")) == (409, "conflict", "already_done")
    assert api.get(f"promises/{promise}").json() == kept.json()
    assert api.get(f"cases/{case.pk}/promises").json()["data"] == [kept.json()]
    disputed = api.post(f"promises/{promise}/dispute", {"at": "2026-03-19T09:00:00Z"}).json()
    assert (disputed["kept"], disputed["broken_at"]) == (False, "2026-03-18T18:00:00Z")
    explained = api.post(f"promises/{promise}/explain", {"because": "between_units"}).json()
    assert explained["broken_because"] == "between_units"
    gone = promise_of(api, case, due_at="2026-03-18T16:00:00Z").json()["id"]
    cancelled = api.post(f"promises/{gone}/cancel", {"at": "2026-03-18T15:30:00Z"}).json()
    assert (cancelled["cancelled_at"], cancelled["broken_at"]) == ("2026-03-18T15:30:00Z", None)


def test_a_promise_is_refused_by_its_fields(api: Integration, acme: Company, other: Company) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], NOW - HOUR)
    assert errors(promise_of(api, case)) == [("due_at", "vague")]
    assert errors(promise_of(api, case, what=" ", due_at="soon", extra=1)) == [
        ("what", "blank"),
        ("due_at", "invalid"),
        ("extra", "unknown_field"),
    ]
    assert errors(promise_of(api, case, words="soon", at="2999-01-01T00:00:00Z")) == [("at", "in_the_future")]
    promise = promise_of(api, case, words="soon").json()["id"]
    assert errors(api.post(f"promises/{promise}/explain", {"because": "attitude"})) == [("because", "invalid_choice")]
    assert errors(api.post(f"promises/{promise}/move", {})) == [("due_at", "required"), ("agreed", "required")]
    with tenant_scope(other.tenant):
        theirs = make_promise(
            log_case(other.units["south"], NOW - HOUR), what="x", words="soon", by=None, at=NOW, now=NOW
        )
    for act in ("keep", "cancel", "dispute", "explain", "move"):
        assert problem(api.post(f"promises/{theirs.pk}/{act}", _body(act)))[0] == 404
    with tenant_scope(other.tenant):
        assert Promise.objects.get().done_at is None


def _body(act: str) -> dict[str, Any]:
    bodies: dict[str, dict[str, Any]] = {
        "explain": {"because": "unspoken"},
        "move": {"due_at": "2026-03-18T16:00:00Z", "agreed": True},
    }
    return bodies.get(act, {})


def test_words_are_read_and_replaced(api: Integration, key_with: Any) -> None:
    assert api.get("promise-words").json() == {
        "words": [{"word": word, "minutes": FIRST_WORDS[word]} for word in sorted(FIRST_WORDS)]
    }
    changed = {"words": [{"word": "bientôt", "minutes": 60}, {"word": "Soon", "minutes": 45}]}
    expected = {"words": [{"word": "bientôt", "minutes": 60}, {"word": "soon", "minutes": 45}]}
    path = "/api/v1/promise-words"
    assert api.client.put(path, changed, content_type="application/json").json() == expected
    assert api.get("promise-words").json() == expected
    bad = {"words": [{"word": "soon", "minutes": 0}, {"word": "soon"}]}
    assert errors(api.client.put(path, bad, content_type="application/json")) == [
        ("words.0.minutes", "min_value"),
        ("words.1.minutes", "required"),
    ]
    reader = key_with("people:read")
    assert reader.get("promise-words").json() == expected
    refused = reader.client.put(path, changed, content_type="application/json")
    assert problem(refused) == (403, "missing-scope", "missing-scope")
    assert refused.json()["scope"] == "recovery:write"


def test_settings_are_read_and_changed(api: Integration, acme: Company, key_with: Any) -> None:
    read = api.get("recovery-settings")
    assert read.json() == {
        "currency": "USD",
        "acknowledge_minutes": 60,
        "status_minutes": 480,
        "resolution_minutes": 120,
        "follow_up_minutes": 4320,
        "approval_minutes": 30,
        "question_rest_days": 30,
        "question_reminder_days": 3,
        "mail_name": "",
        "mail_address": "",
        "language": "en",
        "intake_unit": None,
    }
    change = {"approval_minutes": 10, "intake_unit": "south", "mail_address": "care@acme.example", "language": "fr-ca"}
    changed = api.patch("recovery-settings", change, If_Match=read["ETag"])
    south = {"id": str(acme.units["south"].pk), "code": "south", "name": "South"}
    assert changed.json() == read.json() | change | {"intake_unit": south}
    assert problem(api.patch("recovery-settings", {}, If_Match=read["ETag"]))[0] == 412
    assert api.get("recovery-settings", If_None_Match=changed["ETag"]).status_code == 304
    bad = {"approval_minutes": 0, "mail_address": "care", "currency": "$$$"}
    assert errors(api.patch("recovery-settings", bad, If_Match=changed["ETag"])) == [("approval_minutes", "min_value")]
    del bad["approval_minutes"]
    assert errors(api.patch("recovery-settings", bad, If_Match=changed["ETag"])) == [
        ("currency", "not_a_currency"),
        ("mail_address", "invalid"),
    ]
    assert problem(key_with("cases:write").get("recovery-settings")) == (403, "missing-scope", "missing-scope")
