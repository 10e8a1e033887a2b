"""The scope around a request: whose it is, what is kept of it, and what lies outside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.test import Client, override_settings
from django.urls import path, re_path

from cso.people.models import Unit
from tenants.keys import create_api_key
from tenants.members import end_membership
from tenants.models import Membership
from tenants.scope import NoTenantScopeError, tenant_scope
from tests.tenants.conftest import World
from tests.tenants.rows import INSTANT

pytestmark = [pytest.mark.urls(__name__), pytest.mark.usefixtures("pages")]


def who(request: HttpRequest, **_: str) -> HttpResponse:
    member = request.member  # type: ignore[attr-defined]
    tenant = request.tenant  # type: ignore[attr-defined]
    return JsonResponse({"tenant": tenant and tenant.slug, "member": member is not None and str(member.pk)})


def write_and(request: HttpRequest, workspace: str, then: str) -> HttpResponseBase:
    Unit.objects.create(code=then, name="Written by a request")
    if then == "raise":
        raise ZeroDivisionError
    if then == "fail":
        return HttpResponse(status=503)
    if then == "render":
        return TemplateResponse(request, "there-is-no-such-page.html")
    if then == "stream":
        return StreamingHttpResponse(unit.code for unit in Unit.objects.iterator())
    return HttpResponse(status=204)


urlpatterns = [
    path("api/who", who),
    path("accounts/who", who),
    path("<slug:workspace>/who", who),
    path("<slug:workspace>/write-and/<slug:then>", write_and),
    re_path(r"^(?P<workspace>[^/]*)/who$", who),
]


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def member(world: World, client: Client) -> Iterator[Membership]:
    member = world.here.rows[Membership]
    assert isinstance(member, Membership)
    client.force_login(member.user, backend=settings.AUTHENTICATION_BACKENDS[0])
    yield member
    with tenant_scope(world.here.tenant):
        Membership.objects.update(ended_at=None)
    member.user.is_active = True
    member.user.save()


def asked(client: Client, where: str, **headers: str) -> dict[str, Any]:
    response = client.get(where, headers=headers)
    assert response.status_code == 200, response.status_code
    return dict(json.loads(response.content))


def written(world: World) -> list[str]:
    with tenant_scope(world.here.tenant):
        return list(Unit.objects.filter(name="Written by a request").values_list("code", flat=True))


def test_a_member_is_known_in_their_own_workspace_alone(world: World, client: Client, member: Membership) -> None:
    assert asked(client, "/here/who") == {"tenant": "here", "member": str(member.pk)}
    assert asked(client, "/there/who") == {"tenant": "there", "member": False}
    assert asked(client, "/nowhere/who") == {"tenant": None, "member": False}
    assert asked(client, "/accounts/who") == {"tenant": None, "member": False}


def test_nobody_is_a_member_before_they_sign_in(world: World, client: Client) -> None:
    assert asked(client, "/here/who") == {"tenant": "here", "member": False}


def test_a_former_member_and_a_blocked_person_are_strangers(world: World, client: Client, member: Membership) -> None:
    with tenant_scope(world.here.tenant):
        end_membership(member, by=None, now=INSTANT)
    assert asked(client, "/here/who")["member"] is False
    with tenant_scope(world.here.tenant):
        Membership.objects.update(ended_at=None)
    assert asked(client, "/here/who")["member"] == str(member.pk)
    member.user.is_active = False
    member.user.save()
    assert asked(client, "/here/who")["member"] is False


def test_the_api_takes_its_tenant_from_the_key_and_no_session(world: World, client: Client, member: Membership) -> None:
    with tenant_scope(world.there.tenant):
        _, key = create_api_key(world.there.tenant, "test", ["cases:read"], by=None)
    assert asked(client, "/api/who") == {"tenant": None, "member": False}
    assert asked(client, "/api/who", Authorization=f"Bearer {key}") == {"tenant": "there", "member": False}
    assert asked(client, "/api/who", Authorization=f"bearer  {key} ") == {"tenant": "there", "member": False}
    assert asked(client, "/here/who", Authorization=f"Bearer {key}") == {"tenant": "here", "member": str(member.pk)}


@pytest.mark.parametrize("word", ["%00", "here%00", "Here", "here%20", "%F0%9F%92%A5", "x" * 4_000, "here'--", ".."])
def test_an_odd_address_is_no_workspace(world: World, client: Client, word: str) -> None:
    response = client.get(f"/{word}/who")
    assert response.status_code in {200, 404}
    if response.status_code == 200:
        assert response.json() == {"tenant": None, "member": False}


@pytest.mark.parametrize("then", ["raise", "fail", "render"])
def test_a_failed_request_keeps_nothing(world: World, client: Client, then: str) -> None:
    assert client.get(f"/here/write-and/{then}").status_code >= 500
    assert written(world) == []
    assert client.get("/here/write-and/succeed").status_code == 204
    assert written(world) == ["succeed"]
    with tenant_scope(world.here.tenant):
        Unit.objects.filter(code="succeed").delete()


def test_a_stream_is_read_outside_the_scope_and_must_open_its_own(world: World, client: Client) -> None:
    response = client.get("/here/write-and/stream")
    assert response.streaming
    with pytest.raises(NoTenantScopeError):
        list(_rows_read_late())
    assert response.getvalue() == b""  # what was asked for inside is not there outside
    with tenant_scope(world.here.tenant):
        Unit.objects.filter(code="stream").delete()


def _rows_read_late() -> Iterator[Unit]:
    yield from Unit.objects.iterator()


@override_settings(DEBUG_PROPAGATE_EXCEPTIONS=True)
def test_an_error_leaves_the_scope(world: World) -> None:
    with pytest.raises(ZeroDivisionError):
        Client().get("/here/write-and/raise")
    with pytest.raises(NoTenantScopeError):
        Unit.objects.count()
    assert written(world) == []
