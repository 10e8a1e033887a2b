"""Secrets, worth, purchases and erasure over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from cso.customers.models import Purchase
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors, problem
from tests.api.test_lists import EVERY_REQUEST, ids
from tests.personas import Company

TEA = {"text": "Camomile tea, never coffee", "source": "told_us", "consented_at": "2026-03-18T15:00:00Z"}
ORDER = {"external_id": "order-1", "bought_at": "2026-04-02T10:00:00Z", "amount_minor": 42_000, "currency": "CAD"}


@pytest.fixture
def priya(api: Integration) -> Any:
    return api.post("customers", {"external_id": "crm-77", "name": "Priya Patel"})


def test_worth_is_a_range(api: Integration, priya: Any) -> None:
    path = f"customers/{priya.json()['id']}"
    known = {"spend_per_visit_minor": 42_000, "currency": "CAD", "visits_per_year": 6, "years": 5, "years_high": 10}
    changed = api.patch(path, known | {"language": "fr-ca"}, If_Match=priya["ETag"])
    assert changed.json() == priya.json() | known | {
        "worth_low_minor": 1_260_000,
        "worth_high_minor": 2_520_000,
        "language": "fr-ca",
    }
    assert errors(api.patch(path, {"years_high": 4}, If_Match=changed["ETag"])) == [("years_high", "below_low")]
    assert errors(api.patch(path, {"years": 101}, If_Match=changed["ETag"])) == [("years", "max_value")]
    assert api.get(path).json() == changed.json()


def test_a_secret_is_kept_with_consent_and_taken_back(api: Integration, priya: Any) -> None:
    path = f"customers/{priya.json()['id']}/preferences"
    made = api.post(path, TEA | {"expires_on": "2999-01-01"})
    shown = made.json()
    assert (made.status_code, shown) == (
        201,
        {"id": shown["id"], **TEA, "expires_on": "2999-01-01", "recorded_at": shown["recorded_at"]},
    )
    assert ids(api.get(path)) == [shown["id"]]
    assert errors(api.post(path, {"text": "Tea", "source": "told_us"})) == [("consented_at", "required")]
    assert errors(api.post(path, TEA | {"consented_at": "2999-01-01T00:00:00Z", "source": "rumour"})) == [
        ("source", "unknown"),
        ("consented_at", "in_the_future"),
    ]
    gone = api.client.delete(f"/api/v1/{path}/{shown['id']}")
    assert (gone.status_code, gone.content, ids(api.get(path))) == (204, b"", [])
    assert problem(api.client.delete(f"/api/v1/{path}/{shown['id']}"))[0] == 404


def test_purchases_are_recorded_once_alone_and_many_at_once(api: Integration, acme: Company, priya: Any) -> None:
    path = f"customers/{priya.json()['id']}/purchases"
    made = api.post(path, ORDER)
    assert (made.status_code, made.json()) == (201, {"id": made.json()["id"], **ORDER})
    assert api.post(path, ORDER).json() == made.json()
    assert problem(api.post(path, ORDER | {"amount_minor": 1})) == (409, "conflict", "external_id_in_use")
    assert errors(api.post(path, ORDER | {"amount_minor": "1", "currency": "CADX"})) == [
        ("amount_minor", "invalid"),
        ("currency", "max_length"),
    ]
    rows = [
        ORDER | {"customer": "crm-77"},
        ORDER | {"customer": "crm-77", "external_id": "order-2"},
        "an order",
        ORDER | {"customer": "nobody", "external_id": "order-3"},
        ORDER | {"external_id": "order-4", "amount_minor": -1},
    ]
    report = api.post("purchases", {"purchases": rows}).json()
    assert {name: report[name] for name in ("created", "unchanged", "refused")} == {
        "created": 1,
        "unchanged": 1,
        "refused": 3,
    }
    refused = [
        (row["line"], [(e["field"], e["code"]) for e in row["errors"]]) for row in report["results"] if row["errors"]
    ]
    assert refused == [
        (3, [("body", "invalid")]),
        (4, [("customer", "unknown")]),
        (5, [("amount_minor", "min_value"), ("customer", "required")]),
    ]
    assert [row["external_id"] for row in report["results"]] == ["order-1", "order-2", None, "order-3", "order-4"]
    assert len(ids(api.get(path))) == 2
    assert errors(api.post("purchases", [])) == [("purchases", "required")]
    assert errors(api.post("purchases", {"purchases": [], "more": 1})) == [("purchases", "required")]
    assert errors(api.post("purchases", {"purchases": [{}] * 1_001})) == [("purchases", "too_many")]
    assert api.post("purchases", {"purchases": []}).json()["created"] == 0
    with tenant_scope(acme.tenant):
        assert Purchase.objects.count() == 2


def test_a_customer_is_erased_by_who_read_them_and_may(
    api: Integration, priya: Any, key_with: Callable[..., Integration]
) -> None:
    url = f"/api/v1/customers/{priya.json()['id']}"
    assert problem(key_with("customers:write").client.delete(url))[:2] == (403, "missing-scope")
    eraser = key_with("customers:erase")
    assert problem(eraser.client.delete(url))[0] == 428
    assert problem(eraser.client.delete(url, headers={"If-Match": '"old"'}))[0] == 412
    gone = eraser.client.delete(url, headers={"If-Match": priya["ETag"]})
    assert (gone.status_code, gone.content) == (204, b"")
    shown = api.client.get(url).json()
    assert (shown["name"], shown["external_id"], shown["erased_at"] is not None) == (None, None, True)
    assert problem(api.patch(url[8:], {"name": "Priya"}, If_Match="*")) == (409, "conflict", "erased")
    assert problem(api.post(f"{url[8:]}/preferences", TEA)) == (409, "conflict", "erased")
    assert problem(api.post(f"{url[8:]}/purchases", ORDER)) == (409, "conflict", "erased")


def test_the_lists_cost_the_same_with_one_row_and_with_three(
    api: Integration, priya: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for name, row in (("preferences", TEA), ("purchases", ORDER)):
        path = f"customers/{priya.json()['id']}/{name}"
        for count in (1, 3):
            while len(ids(api.get(path))) < count:
                api.post(path, row | ({"external_id": f"o-{len(ids(api.get(path)))}"} if name == "purchases" else {}))
            with django_assert_num_queries(EVERY_REQUEST + 2):
                assert len(ids(api.get(path))) == count
