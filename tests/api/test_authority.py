"""The right to act through the API: authorities, remedies given and asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from cso.people import actions as people
from cso.recovery.approvals import decide_remedy
from cso.recovery.models import Case, Remedy
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors, problem
from tests.api.test_lists import EVERY_REQUEST
from tests.personas import NOW, Company, log_case

HOUR = timedelta(hours=1)
AT = "2026-03-18T15:00:00Z"


@pytest.fixture
def case(acme: Company) -> Case:
    """A case in north-1, and Ana, hr-1, an agent there."""
    with tenant_scope(acme.tenant):
        people.add_person("Ana Agent", by=None, external_id="hr-1", position="Agent", unit=acme.units["north-1"])
        return log_case(acme.units["north-1"], NOW - HOUR)


def put(api: Integration, path: str, body: Any) -> Any:
    return api.client.put(f"/api/v1/{path}", body, content_type="application/json")


def set_agents(api: Integration, **changes: Any) -> Any:
    position = next(row["id"] for row in api.get("positions?title=Agent").json()["data"])
    body = {"currency": "CAD", "per_case_minor": 10000, "per_day_minor": 25000, "exceptions": ["Late check-out"]}
    return put(api, f"authorities/{position}", body | changes)


def give(api: Integration, case: Case, **body: Any) -> Any:
    return api.post(f"cases/{case.pk}/remedies", {"person": "hr-1", "at": AT} | body)


def test_an_authority_is_set_by_position_and_read(api: Integration, case: Case) -> None:
    position = api.get("positions?title=Agent").json()["data"][0]
    assert problem(api.get(f"authorities/{position['id']}"))[0] == 404
    assert api.get("authorities").json()["data"] == []
    made = set_agents(api)
    assert (made.status_code, made.json()) == (
        200,
        {
            "position": position,
            "currency": "CAD",
            "per_case_minor": 10000,
            "per_day_minor": 25000,
            "exceptions": ["Late check-out"],
        },
    )
    changed = set_agents(api, per_case_minor=0, exceptions=[])
    assert changed.json() == made.json() | {"per_case_minor": 0, "exceptions": []}
    assert api.get("authorities").json()["data"] == [changed.json()]
    assert api.get(f"authorities/{position['id']}").json() == changed.json()
    bad = {"currency": "cad", "per_case_minor": -1, "per_day_minor": "5", "exceptions": ["x" * 81], "more": 1}
    assert errors(set_agents(api, **bad)) == [
        ("per_case_minor", "min_value"),
        ("per_day_minor", "invalid"),
        ("exceptions.0", "max_length"),
        ("more", "unknown_field"),
    ]
    assert errors(set_agents(api, currency="cad")) == [("currency", "not_a_currency")]
    assert problem(put(api, f"authorities/{case.pk}", {}))[0] == 404


def test_what_fits_is_given_and_what_does_not_is_asked_for(api: Integration, acme: Company, case: Case) -> None:
    set_agents(api)
    given = give(api, case, amount_minor=10000, note="A taxi")
    remedy = given.json()["id"]
    assert (given.status_code, given["Location"]) == (201, f"/api/v1/remedies/{remedy}")
    ana = api.get("people?external_id=hr-1").json()["data"][0]
    assert given.json() == {
        "id": remedy,
        "case": {"id": str(case.pk), "external_id": case.external_id},
        "unit": {"id": str(acme.units["north-1"].pk), "code": "north-1", "name": "North-1"},
        "person": {"id": ana["id"], "name": "Ana Agent"},
        "status": "given",
        "amount_minor": 10000,
        "currency": "CAD",
        "exception": None,
        "note": "A taxi",
        "on_own_authority": True,
        "given_at": AT,
        "asked_at": None,
        "decided_at": None,
        "decided_by": None,
        "decision_note": "",
    }
    asked = give(api, case, amount_minor=1).json()
    assert (asked["status"], asked["asked_at"], asked["given_at"]) == ("asked", AT, None)
    exception = give(api, case, exception="late check-out").json()
    assert (exception["status"], exception["exception"], exception["amount_minor"]) == ("given", "Late check-out", None)
    assert [row["id"] for row in api.get("remedies?status=asked&unit=north").json()["data"]] == [asked["id"]]
    assert [row["id"] for row in api.get("remedies?person=hr-1&given_from=2026-03-18T15:00:00Z").json()["data"]] == [
        exception["id"],
        remedy,
    ]
    assert api.get("remedies?given_to=2026-03-18T15:00:00Z").json()["data"] == []
    assert [row["status"] for row in api.get(f"cases/{case.pk}/remedies").json()["data"]] == ["given", "asked", "given"]
    assert errors(api.get("remedies?status=lost")) == [("status", "invalid_choice")]
    # A person decides, and the API shows it.
    with tenant_scope(acme.tenant):
        decide_remedy(Remedy.objects.get(pk=asked["id"]), by=acme.member(Role.LEADER), approve=True, now=NOW + HOUR)
    shown = api.get(f"remedies/{asked['id']}").json()
    assert (shown["status"], shown["decided_by"], shown["decided_at"]) == (
        "given",
        "Acme Leader",
        "2026-03-18T16:00:00Z",
    )
    assert problem(api.post(f"remedies/{asked['id']}/withdraw")) == (409, "conflict", "decided_already")
    second = give(api, case, amount_minor=1).json()["id"]
    assert api.post(f"remedies/{second}/withdraw").json()["status"] == "withdrawn"
    for act in ("approve", "refuse"):
        assert problem(api.post(f"remedies/{second}/{act}"))[0] == 404, "no key decides"


def test_costs_are_summed_by_case_and_by_unit(api: Integration, acme: Company, case: Case) -> None:
    set_agents(api)
    give(api, case, amount_minor=2000)
    give(api, case, amount_minor=500)
    give(api, case, amount_minor=10000)  # asked for: costs nothing yet
    assert api.get(f"cases/{case.pk}/remedies/cost").json() == {"data": [{"currency": "CAD", "amount_minor": 2500}]}
    march = "given_from=2026-03-01T05:00:00Z&given_to=2026-04-01T04:00:00Z"
    costs = {code: api.get(f"remedies/cost?unit={code}&{march}").json()["data"] for code in ("top", "south")}
    assert costs == {"top": [{"currency": "CAD", "amount_minor": 2500}], "south": []}
    assert errors(api.get("remedies/cost?unit=nowhere&given_from=March")) == [
        ("unit", "unknown"),
        ("given_from", "invalid"),
        ("given_to", "required"),
    ]


def test_a_remedy_is_refused_by_its_fields(api: Integration, case: Case, key_with: Any) -> None:
    set_agents(api)
    assert errors(give(api, case, person="nobody", amount_minor=0, currency="CA", exception="")) == [
        ("person", "unknown"),
        ("amount_minor", "min_value"),
        ("currency", "min_length"),
        ("exception", "blank"),
    ]
    assert errors(give(api, case)) == [("amount_minor", "required")]
    assert errors(give(api, case, amount_minor=5, currency="USD")) == [("currency", "other_currency")]
    assert errors(give(api, case, amount_minor=5, at="2026-03-18T13:00:00Z")) == [("at", "before_opened")]
    assert problem(give(key_with("cases:read"), case, amount_minor=5))[0] == 403


def test_lists_cost_the_same_with_one_row_and_with_three(
    api: Integration, acme: Company, case: Case, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    set_agents(api)
    paths = {
        "remedies?status=given": 1,
        f"cases/{case.pk}/remedies": 2,
        f"cases/{case.pk}/promises": 2,
        "authorities": 1,
    }
    for rows in (1, 3):
        for number in range(rows - (rows == 3)):
            give(api, case, amount_minor=5)
            api.post(f"cases/{case.pk}/promises", {"what": "Call soon", "at": AT})
            with tenant_scope(acme.tenant):
                post = people.add_person("New", by=None, position=f"Post {rows} {number}").position
            assert post is not None
            body = {"currency": "CAD", "per_case_minor": 1, "per_day_minor": 1}
            assert put(api, f"authorities/{post.pk}", body).status_code == 200
        for path, queries in paths.items():
            with django_assert_num_queries(EVERY_REQUEST + queries):
                found = len(api.get(path).json()["data"])
            assert found == rows + (path == "authorities")
