"""The same customer over every channel, their duplicates, and what they sent, over the API."""

from __future__ import annotations

from typing import Any

from cso.customers.models import Customer
from cso.recovery.attachments import SentFile, keep_files
from cso.recovery.models import Case
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors, problem
from tests.personas import NOW, Company

PNG = b"\x89PNG\r\n\x1a\n"


def log(api: Integration, **values: Any) -> dict[str, Any]:
    answer = api.post("cases", {"unit": "south", "reported_at": NOW.isoformat()} | values)
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_a_contact_is_matched_to_one_customer_over_every_channel(acme: Company) -> None:
    api = Integration(acme, "cases:write")
    contacts = {
        "phone": {"phone": "(416) 555-0100", "name": "Priya"},
        "web": {"email": "Priya@example.com", "phone": "+1 416 555 0100"},
        "email": {"email": "priya@EXAMPLE.com", "language": "fr-ca"},
        "chat": {"external_id": "crm-77", "email": "priya@example.com"},
        "in_person": {"external_id": "crm-77"},
        "colleague": {"phone": "416 555 0100"},
    }
    customers = {log(api, channel=channel, contact=contact)["customer"]["id"] for channel, contact in contacts.items()}
    assert len(customers) == 1
    with tenant_scope(acme.tenant):
        priya = Customer.objects.get()
        assert (priya.external_id, priya.email, priya.phone, priya.name, priya.language) == (
            "crm-77",
            "Priya@example.com",
            "(416) 555-0100",
            "Priya",
            "fr-ca",
        )
        assert Case.objects.values("channel").distinct().count() == 6
    unit = {"unit": "south"}
    assert errors(api.post("cases", unit | {"contact": {}})) == [("contact.email", "required")]
    assert errors(api.post("cases", unit | {"contact": {"email": "x"}})) == [("contact.email", "invalid")]
    assert errors(api.post("cases", unit | {"contact": {"mail": "x"}})) == [("contact.mail", "unknown_field")]
    both = unit | {"contact": {"phone": "1"}, "customer": "crm-77"}
    assert errors(api.post("cases", both)) == [("contact", "with_customer")]


def test_duplicates_are_offered_merged_and_split(acme: Company) -> None:
    api = Integration(acme)
    contact = {"email": "priya@example.com"}
    stays = log(api, external_id="T-1", contact=contact, summary="My suitcase went to Winnipeg")
    earlier = log(api, external_id="T-2", contact=contact, reported_at="2026-03-18T09:00:00Z", summary="Suitcase lost")
    path = f"cases/{stays['id']}/duplicates"
    assert [one["id"] for one in api.get(path).json()["probable"]] == [earlier["id"]]
    merged = api.post(f"cases/{earlier['id']}/merge", {"into": "T-1"}, Idempotency_Key="m-1")
    again = api.post(f"cases/{earlier['id']}/merge", {"into": "T-1"}, Idempotency_Key="m-1")
    assert (merged.status_code, again.json()) == (200, merged.json())
    assert (merged.json()["merged_into"], merged.json()["is_excluded"]) == (stays["id"], False)
    found = api.get(path).json()
    assert ([one["id"] for one in found["merged"]], found["probable"]) == ([earlier["id"]], [])
    assert api.get(f"cases/{stays['id']}").json()["clock_start"] == earlier["clock_start"]
    assert problem(api.post(f"cases/{earlier['id']}/fix")) == (409, "conflict", "merged")
    assert errors(api.post(f"cases/{stays['id']}/merge", {"into": stays["id"]})) == [("into", "itself")]
    assert errors(api.post(f"cases/{stays['id']}/merge", {"into": "T-9"})) == [("into", "unknown")]
    split = api.post(f"cases/{earlier['id']}/split")
    assert (split.status_code, split.json()["merged_into"]) == (200, None)
    assert api.get(f"cases/{stays['id']}").json()["clock_start"] == stays["clock_start"]
    assert problem(api.post(f"cases/{earlier['id']}/split")) == (409, "conflict", "not_merged")
    log_of = api.get(f"cases/{earlier['id']}/log").json()["data"]
    assert [line["kind"] for line in log_of] == ["opened", "merged", "split"]


def test_files_are_listed_and_downloaded(acme: Company, other: Company) -> None:
    api = Integration(acme, "cases:read")
    with tenant_scope(acme.tenant):
        case = Case.objects.create(unit=acme.units["south"], reported_at=NOW, recorded_at=NOW)
        (file,) = keep_files(case, [(SentFile("bag.png", PNG), "image/png")], now=NOW)
    (listed,) = api.get(f"cases/{case.pk}/attachments").json()["data"]
    assert (listed["name"], listed["media_type"], listed["size"]) == ("bag.png", "image/png", 8)
    answer = api.get(f"cases/{case.pk}/attachments/{file.pk}")
    assert (answer.content, answer["Content-Disposition"]) == (PNG, 'attachment; filename="bag.png"')
    assert Integration(other).get(f"cases/{case.pk}/attachments/{file.pk}").status_code == 404
