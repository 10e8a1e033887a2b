"""Walls by the API: put up, renewed, taken down, and what their links open."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings

from cso.scorecards.models import Wall
from cso.scorecards.walls.links import wall_by_token
from tenants.models import AuditEntry
from tenants.scope import tenant_scope
from tests.api.conftest import Integration, errors, problem
from tests.personas import Company


def opens(company: Company, link: str) -> bool:
    start, token = f"{settings.PUBLIC_URL}/{company.tenant.slug}/w/", link.rstrip("/").rpartition("/")[2]
    assert link == f"{start}{token}/"
    with tenant_scope(company.tenant):
        try:
            wall_by_token(token)
        except Wall.DoesNotExist:
            return False
        return True


def test_a_wall_from_its_making_to_its_end(
    api: Integration, acme: Company, key_with: Callable[..., Integration]
) -> None:
    made = api.post("walls", {"name": "Arrivals hall", "unit": "north"}, idempotency_key="one")
    again = api.post("walls", {"name": "Arrivals hall", "unit": "north"}, idempotency_key="one")
    assert (made.status_code, again.json()) == (201, made.json())
    wall = made.json()
    assert (wall["name"], wall["unit"]["code"], wall["revoked_at"]) == ("Arrivals hall", "north", None)
    assert opens(acme, wall["link"])
    assert api.post("walls", {"name": "All"}).json()["unit"] is None
    one = urlsplit(made["Location"]).path.removeprefix("/api/v1/")
    assert api.get(one).json() == wall
    renewed = api.post(f"{one}/renew").json()
    assert renewed["link"] != wall["link"]
    assert (opens(acme, wall["link"]), opens(acme, renewed["link"])) == (False, True)
    revoked = api.post(f"{one}/revoke").json()
    assert (revoked["link"], revoked["revoked_at"] is None) == (None, False)
    assert not opens(acme, renewed["link"])
    assert problem(api.post(f"{one}/renew")) == (409, "conflict", "revoked")
    assert [row["name"] for row in api.get("walls").json()["data"]] == ["All", "Arrivals hall"]
    assert [row["name"] for row in api.get("walls?unit=north").json()["data"]] == ["Arrivals hall"]
    assert errors(api.post("walls", {"name": "All"})) == [("name", "in_use")]
    assert errors(api.post("walls", {"name": "Hall", "unit": "west"}))[0][0] == "unit"
    assert errors(api.post("walls", {"name": "Hall", "colour": "red"}))[0][0] == "colour"
    for reader in (key_with("metrics:read"), key_with("plans:write")):
        assert problem(reader.get("walls"))[1] == "missing-scope"
    with tenant_scope(acme.tenant):
        acts = [entry.act for entry in AuditEntry.objects.filter(subject="Arrivals hall").order_by("number")]
    assert acts == ["make_wall", "renew_wall_link", "revoke_wall"]
