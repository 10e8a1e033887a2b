"""A POST under an Idempotency-Key is done once, and answered the same."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from api.models import KeptAnswer
from api.resources import Missing, Resource
from api.v1.committees.ballots import Votes
from cso.recovery.models import Case, CaseEvent
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors, problem
from tests.personas import Company, make_company

BODY = {"unit": "top", "external_id": "T-1"}


def test_a_repeated_request_is_done_once_and_answered_the_same(api: Integration, acme: Company) -> None:
    first = api.post("cases", BODY, Idempotency_Key="k1")
    second = api.post("cases", BODY, Idempotency_Key="k1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert [second[name] for name in ("ETag", "Location")] == [first[name] for name in ("ETag", "Location")]
    assert (first.get("Idempotent-Replayed"), second["Idempotent-Replayed"]) == (None, "true")
    with tenant_scope(acme.tenant):
        assert Case.objects.count() == 1


def test_acts_and_loads_are_repeatable_too(api: Integration, acme: Company) -> None:
    case = api.post("cases", BODY).json()["id"]
    fixed = [api.post(f"cases/{case}/fix", {}, Idempotency_Key="k1") for _ in range(2)]
    loaded = [
        api.post("cases/batch", '{"external_id": "T-1", "cause": "Rule"}', "application/x-ndjson", Idempotency_Key="k2")
        for _ in range(2)
    ]
    assert fixed[0].content == fixed[1].content
    assert [answer.json()["updated"] for answer in loaded] == [1, 1]
    with tenant_scope(acme.tenant):
        assert list(CaseEvent.objects.order_by("recorded_at").values_list("kind", flat=True)) == ["fixed", "corrected"]


def test_a_key_holds_for_one_request_only(api: Integration) -> None:
    reused = (422, "key-reused", "key-reused")
    api.post("cases", BODY, Idempotency_Key="k1")
    assert problem(api.post("cases", BODY | {"summary": "x"}, Idempotency_Key="k1")) == reused
    assert problem(api.post("units", BODY, Idempotency_Key="k1")) == reused
    api.post("cases/batch", "[]", Idempotency_Key="k2")
    assert problem(api.post("cases/batch?time_zone=UTC", "[]", Idempotency_Key="k2")) == reused


def test_each_api_key_has_keys_of_its_own(api: Integration, acme: Company, other: Company) -> None:
    api.post("cases", BODY, Idempotency_Key="k1")
    for stranger in (Integration(acme), Integration(other)):
        answer = stranger.post("cases", {"unit": "south"}, Idempotency_Key="k1")
        assert (answer.status_code, answer.json()["unit"]["code"]) == (201, "south")


def test_a_refused_request_may_be_corrected_under_its_key(api: Integration) -> None:
    assert problem(api.post("cases", {"unit": "nowhere"}, Idempotency_Key="k1"))[0] == 400
    assert api.post("cases", BODY, Idempotency_Key="k1").status_code == 201


def test_an_answer_is_kept_for_24_hours_and_swept_with_the_next(api: Integration, acme: Company) -> None:
    api.post("customers", {"name": "A"}, Idempotency_Key="k1")
    api.post("customers", {"name": "A"}, Idempotency_Key="k2")
    with tenant_scope(acme.tenant):
        for kept in KeptAnswer.objects.all():
            kept.created_at -= timedelta(hours=24)
            kept.save()
    again = api.post("customers", {"name": "A"}, Idempotency_Key="k1")
    assert again.get("Idempotent-Replayed") is None
    with tenant_scope(acme.tenant):
        assert [kept.key for kept in KeptAnswer.objects.all()] == ["k1"]


@pytest.mark.parametrize("key", ["", "x" * 201, "tab\t", "é"])
def test_a_malformed_key_is_refused(api: Integration, key: str) -> None:
    assert errors(api.post("cases", BODY, Idempotency_Key=key)) == [("Idempotency-Key", "malformed")]


def test_every_post_is_repeatable() -> None:
    found = list(_post_handlers(get_resolver().url_patterns))
    assert len(found) >= 11
    for view in found:
        # Votes are kept nowhere but where they count; each is repeatable by itself.
        assert view is Votes or getattr(view.__dict__["post"], "is_idempotent", False), view


def _post_handlers(patterns: list[URLPattern | URLResolver]) -> list[type[Resource]]:
    found: list[type[Resource]] = []
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            found += _post_handlers(pattern.url_patterns)
        else:
            view = getattr(pattern.callback, "cls", None)
            if view is not None and view is not Missing and hasattr(view, "post"):
                found.append(view)
    return found


@pytest.mark.django_db(transaction=True)
def test_two_at_once_under_one_key_make_one_case() -> None:
    company = make_company("acme")
    api = Integration(company)
    start = threading.Barrier(4)
    statuses: list[tuple[int, bool]] = []

    def send() -> None:
        start.wait()
        answer = api.post("cases", BODY, Idempotency_Key="k1")
        statuses.append((answer.status_code, "Idempotent-Replayed" in answer))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count((201, False)) == 1
    assert set(statuses) <= {(201, False), (201, True), (409, False)}
    with tenant_scope(company.tenant):
        assert Case.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_while_one_is_in_progress_the_other_waits_outside() -> None:
    company = make_company("acme")
    api = Integration(company)
    name = f"idempotency:{api.key.pk}:k1"
    with tenant_scope(company.tenant), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [name, company.tenant.pk])
        answers = []

        def send() -> None:
            answers.append(api.post("cases", BODY, Idempotency_Key="k1"))
            connection.close()

        thread = threading.Thread(target=send)
        thread.start()
        thread.join()
    assert problem(answers[0]) == (409, "in-progress", "in-progress")
    assert api.post("cases", BODY, Idempotency_Key="k1").status_code == 201
