"""The customer's link, answers and wishes to be called, through the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from cso.recovery.call_backs import ask_call_back
from cso.recovery.customer_page import answer_questions
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors, problem
from tests.personas import Company, log_case

HOUR = timedelta(hours=1)


def test_a_link_is_read_and_revoked(
    api: Integration, acme: Company, key_with: Callable[..., Integration], plain_static_files: None
) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], timezone.now() - HOUR)
    url = api.post(f"cases/{case.pk}/link").json()["url"]
    path = url.removeprefix("http://localhost:8000")
    assert Client().get(path).status_code == 200
    assert problem(key_with("cases:write").post(f"cases/{case.pk}/link"))[0] == 403
    revoked = api.post(f"cases/{case.pk}/revoke-links")
    assert revoked.json()["revision"] == 2
    assert Client().get(path).status_code == 404
    assert api.post(f"cases/{case.pk}/link").json()["url"] != url


def test_answers_are_listed_in_their_order(api: Integration, acme: Company) -> None:
    with tenant_scope(acme.tenant):
        now = timezone.now()
        case = log_case(acme.units["south"], now - 9 * HOUR, fixed_after=HOUR)
        answer_questions(case, is_fixed=True, apology=None, surprised=True, words="Flowers", now=now - HOUR)
        answer_questions(case, is_fixed=True, apology=True, surprised=True, words="Flowers", now=now)
    listed = api.get(f"cases/{case.pk}/answers").json()["data"]
    assert [(row["is_fixed"], row["apology"], row["surprised"], row["words"]) for row in listed] == [
        (True, None, True, "Flowers"),
        (True, True, True, "Flowers"),
    ]


def test_a_call_back_is_found_and_done_once(api: Integration, acme: Company) -> None:
    with tenant_scope(acme.tenant):
        asked_at = timezone.now() - HOUR
        case = log_case(acme.units["north-1"], asked_at)
        wish = ask_call_back(case, phone="514 555 0142", note="", now=asked_at)
    (waiting,) = api.get("call-backs?state=open&unit=north").json()["data"]
    assert waiting["case"] == str(case.pk)
    assert (waiting["unit"]["code"], waiting["leader"]["name"], waiting["phone"]) == (
        "north-1",
        "Lea North",
        "514 555 0142",
    )
    path = f"call-backs/{wish.pk}/done"
    early = (asked_at - HOUR).isoformat()
    assert errors(api.post(path, {"at": early})) == [("at", "before_asked")]
    assert errors(api.post(path, {"who": "me"})) == [("who", "unknown_field")]
    done = api.post(path, {"at": (asked_at + timedelta(minutes=12)).isoformat(), "note": "At six"}, Idempotency_Key="a")
    assert done.json()["seconds_to_call"] == 720
    again = api.post(
        path, {"at": (asked_at + timedelta(minutes=12)).isoformat(), "note": "At six"}, Idempotency_Key="a"
    )
    assert again.json() == done.json()
    assert problem(api.post(path)) == (409, "conflict", "already_called")
    assert api.get("call-backs?state=open").json()["data"] == []
    assert len(api.get("call-backs?state=done&unit=south").json()["data"]) == 0
