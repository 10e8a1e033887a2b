"""The API is what its description says: checked by hand where it matters, and by generated requests."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import orjson
import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.test import Client
from django.urls import get_resolver
from hypothesis import HealthCheck, Phase, given, settings, strategies
from schemathesis import Case
from schemathesis.checks import load_all_checks

from api.schema import schema_document
from api.v1 import urls
from cso.metrics.engine.refresh import refresh
from tenants.scope import tenant_scope
from tests.api.conftest import Integration
from tests.personas import NOW, log_case, make_company

# The first is the simplest that fits, the other drawn; more take minutes for all operations.
EXAMPLES = 2
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
)


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(schema_document())
    return found


def test_the_description_is_public_and_told_apart_by_its_tag(db: None) -> None:
    first = Client().get("/api/v1/schema")
    assert (first.status_code, first["Content-Type"], first.json()["openapi"]) == (200, "application/json", "3.1.0")
    assert Client().get("/api/v1/schema", headers={"If-None-Match": first["ETag"]}).status_code == 304
    assert Client().post("/api/v1/schema").status_code == 405


def test_every_address_is_described(document: dict[str, Any]) -> None:
    assert len(document["paths"]) == len(urls.urlpatterns)
    for address, methods in document["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {address}"
            assert operation["summary"], where
            assert operation["security"] == [{"apiKey": []}], where
            assert "Scope: `" in operation["description"] or address == "/api/v1/me", where
            assert {"401", "403", "404", "429"} <= set(operation["responses"]), where
            if "requestBody" in operation and "application/json" in operation["requestBody"]["content"]:
                assert operation["requestBody"]["content"]["application/json"], where


def test_bodies_have_examples_that_name_real_fields(document: dict[str, Any]) -> None:
    for methods in document["paths"].values():
        for operation in methods.values():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            for example in content.get("examples", {}).values():
                name = content["schema"]["$ref"].rpartition("/")[2]
                assert set(example["value"]) <= set(document["components"]["schemas"][name]["properties"])


def test_the_description_is_valid(document: dict[str, Any]) -> None:
    schemathesis.openapi.from_dict(document).validate()


@pytest.mark.usefixtures("plain_static_files")
def test_the_reference_is_drawn_under_the_products_own_policy(db: None) -> None:
    page = Client().get("/api/docs")
    assert page.status_code == 200
    policy = page["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    html = page.content.decode()
    assert "<style" not in html
    assert "<script>" not in html


def test_the_schema_addresses_resolve(document: dict[str, Any]) -> None:
    resolver = get_resolver()
    for address in document["paths"]:
        some_id = "01999999-0000-7000-8000-000000000000"
        found = resolver.resolve(re.sub(r"\{\w+\}", some_id, address.replace("{key}", "recovered_24h")))
        assert found.url_name != "missing"


@pytest.mark.django_db(transaction=True)
def test_generated_requests_are_answered_as_described() -> None:
    """A few hostile and a few fitting requests for each operation; no fault of ours, and no answer but the described.

    Through the product's own WSGI application, whose requests open and end their own transactions.
    """
    company = make_company("acme")
    with tenant_scope(company.tenant):
        log_case(company.units["south"], NOW, fixed_after=timedelta(hours=1))
        refresh()
    worked = Integration(company)
    load_all_checks()
    checks: list[Any] = [schemathesis.checks.CHECKS.get_one(name) for name in CHECKS]
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema", app=get_wsgi_application())
    operations: list[Any] = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]
    assert len(operations) > 38
    headers = {"Authorization": f"Bearer {worked.secret}", "Accept-Encoding": "identity"}
    for operation in operations:

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @_given(operation)  # type: ignore[untyped-decorator]
        def ask(case: Case[Any]) -> None:
            response = case.call(headers=headers)
            case.validate_response(response, checks=checks)

        ask()


def _given(operation: Any) -> Any:
    modes = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
    return given(case=strategies.one_of([operation.as_strategy(generation_mode=mode) for mode in modes]))
