"""Units, people, leaders, customers and the org chart through the API."""

from __future__ import annotations

from cso.people.models import Leadership, Unit
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors, problem
from tests.personas import Company


def test_a_unit_is_added_renamed_and_moved(api: Integration, acme: Company) -> None:
    north = {"id": str(acme.units["north"].pk), "code": "north", "name": "North"}
    made = api.post("units", {"code": "north-3", "name": "North 3", "parent": "north"})
    unit = made.json()["id"]
    assert (made.status_code, made["Location"]) == (201, f"/api/v1/units/{unit}")
    shown = {"id": unit, "code": "north-3", "name": "North 3", "parent": north, "intake_owner": None}
    assert made.json() == shown
    renamed = api.patch(f"units/{unit}", {"name": "Arctic"}, If_Match=made["ETag"])
    assert (renamed.json()["name"], renamed.json()["parent"]) == ("Arctic", north)
    moved = api.patch(f"units/{unit}", {"parent": str(acme.units["south"].pk)}, If_Match=renamed["ETag"])
    assert moved.json()["parent"]["code"] == "south"
    top = api.patch(f"units/{unit}", {"parent": None}, If_Match=moved["ETag"])
    assert top.json()["parent"] is None
    named = api.patch(f"units/{unit}", {"intake_owner": "frontline@acme.example"}, If_Match=top["ETag"])
    assert named.json()["intake_owner"] == {"id": str(acme.member(Role.FRONTLINE).pk), "name": "Acme Frontline"}
    auditor = api.patch(f"units/{unit}", {"intake_owner": "auditor@acme.example"}, If_Match=named["ETag"])
    assert errors(auditor) == [("intake_owner", "cannot_work_cases")]
    top = api.patch(f"units/{unit}", {"intake_owner": None}, If_Match=named["ETag"])
    assert top.json()["intake_owner"] is None
    assert problem(api.patch(f"units/{unit}", {"name": "Late"}, If_Match=made["ETag"]))[0] == 412
    assert api.get(f"units/{unit}").json() == top.json()


def test_a_unit_is_refused(api: Integration, acme: Company) -> None:
    assert problem(api.post("units", {"code": "north", "name": "Again"})) == (409, "conflict", "code_in_use")
    assert errors(api.post("units", {"code": " ", "name": "x" * 201})) == [("code", "blank"), ("name", "max_length")]
    path = f"units/{acme.units['north'].pk}"
    ring = api.patch(path, {"parent": "north-1"}, If_Match=api.get(path)["ETag"])
    assert problem(ring) == (409, "conflict", "ring")


def test_an_id_is_preferred_to_a_code_that_looks_like_it(api: Integration, acme: Company) -> None:
    api.post("units", {"code": str(acme.units["north"].pk), "name": "Confusing"})
    made = api.post("cases", {"unit": str(acme.units["north"].pk)})
    assert made.json()["unit"]["code"] == "north"


def test_someone_is_added_and_named_leader_and_their_lead_ends(api: Integration, acme: Company) -> None:
    body = {
        "name": "Ana Silva",
        "external_id": "hr-1",
        "email": "ana@acme.example",
        "position": "Chief",
        "unit": "south",
    }
    person = api.post("people", body).json()
    assert person == {
        "id": person["id"],
        "external_id": "hr-1",
        "name": "Ana Silva",
        "email": "ana@acme.example",
        "position": "Chief",
        "unit": {"id": str(acme.units["south"].pk), "code": "south", "name": "South"},
    }
    assert api.get(f"people/{person['id']}").json() == person
    assert [row["title"] for row in api.get("positions").json()["data"]] == ["Chief", "Director"]
    lead = api.post("leaders", {"unit": "south", "person": "hr-1", "starts_on": "2026-01-01"})
    assert lead.json() == {
        "id": lead.json()["id"],
        "unit": person["unit"],
        "person": {"id": person["id"], "name": "Ana Silva"},
        "starts_on": "2026-01-01",
        "ends_on": None,
    }
    second = api.post("leaders", {"unit": "south", "person": person["id"], "starts_on": "2026-02-01"})
    assert problem(second) == (409, "conflict", "led_by_another")
    path = f"leaders/{lead.json()['id']}"
    assert errors(api.patch(path, {"ends_on": "2025-12-31"}, If_Match=lead["ETag"])) == [("ends_on", "before_start")]
    ended = api.patch(path, {"ends_on": "2026-02-01"}, If_Match=lead["ETag"])
    assert ended.json()["ends_on"] == "2026-02-01"
    again = api.post("leaders", {"unit": "south", "person": "hr-1", "starts_on": "2026-02-01", "ends_on": "2026-03-01"})
    assert again.status_code == 201


def test_a_leader_is_refused_by_field(api: Integration) -> None:
    body = {"unit": "nowhere", "person": "nobody", "starts_on": "2026-02-30", "ends_on": 7}
    expected = [("unit", "unknown"), ("person", "unknown"), ("starts_on", "invalid"), ("ends_on", "invalid")]
    assert errors(api.post("leaders", body)) == expected


def test_a_customer_is_added_and_changed(api: Integration) -> None:
    body = {"external_id": "crm-77", "email": "Priya@Example.com", "spend_per_visit_minor": 42_000, "currency": "CAD"}
    made = api.post("customers", body)
    shown = made.json()
    assert shown == {
        "id": shown["id"],
        **body,
        "name": None,
        "phone": None,
        "segment": None,
        "visits_per_year": None,
        "spend_per_visit_high_minor": None,
        "visits_per_year_high": None,
        "years": None,
        "years_high": None,
        "worth_low_minor": None,
        "worth_high_minor": None,
        "language": None,
        "created_at": shown["created_at"],
        "erased_at": None,
    }
    path = f"customers/{shown['id']}"
    changed = api.patch(path, {"segment": "gold", "email": None, "visits_per_year": 6}, If_Match=made["ETag"])
    assert changed.json() == shown | {"segment": "gold", "email": None, "visits_per_year": 6}
    assert api.get(path)["ETag"] == changed["ETag"]


def test_a_customer_is_refused_by_field(api: Integration) -> None:
    assert errors(api.post("customers", {})) == [("name", "required")]
    assert errors(api.post("customers", {"name": "A", "email": "no", "currency": "CADX"})) == [
        ("currency", "max_length")
    ]
    assert errors(api.post("customers", {"name": "A", "email": "no"})) == [("email", "invalid")]
    assert errors(api.post("customers", {"name": "A", "spend_per_visit_minor": 5})) == [("currency", "invalid")]
    for wrong in (-1, 1.5, "7", True, 2**63):
        assert errors(api.post("customers", {"name": "A", "visits_per_year": wrong}))[0][0] == "visits_per_year"
    api.post("customers", {"external_id": "crm-1"})
    assert problem(api.post("customers", {"external_id": "crm-1"})) == (409, "conflict", "external_id_in_use")


def test_an_org_chart_is_loaded_once(api: Integration, acme: Company) -> None:
    chart = "Agency,Parent,Head\nAir,,Ana Silva\nAir Cargo,Air,\nLost,Ari,\n"
    path = "units/import?map=name%3DAgency&map=parent%3DParent&map=leader%3DHead"
    report = api.post(path, chart, "text/csv").json()
    assert {name: report[name] for name in ("added", "changed", "unchanged", "leaders_named")} == {
        "added": 3,
        "changed": 0,
        "unchanged": 0,
        "leaders_named": 1,
    }
    assert [(r["line"], r["field"], r["code"], r["refused"]) for r in report["remarks"]] == [
        (4, "parent", "unknown", False)
    ]
    again = api.post(path, chart, "text/csv").json()
    assert (again["added"], again["unchanged"], again["leaders_named"]) == (0, 3, 0)
    with tenant_scope(acme.tenant):
        assert Unit.objects.get(code="Air Cargo").parent.name == "Air"
        assert Leadership.objects.get(unit__code="Air").person.name == "Ana Silva"
    assert errors(api.post("units/import?map=name", chart, "text/csv")) == [("map", "malformed")]
    assert problem(api.post("units/import", b"\xff", "text/csv"))[1] == "malformed"
    assert problem(api.post("units/import", {}))[0] == 415
