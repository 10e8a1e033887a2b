"""Views that a member keeps: a name for the filters of a list."""

from __future__ import annotations

import pytest
from django.test import Client

from frontend.forms import saved_views
from frontend.models import SavedView
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit
from tests.personas import Company


def keep(client: Client, name: str, query: str) -> str:
    """The page after keeping a view."""
    return client.post("/acme/cases/views/", {"name": name, "query": query}, follow=True).content.decode()


def kept(company: Company) -> dict[str, str]:
    with tenant_scope(company.tenant):
        return dict(SavedView.objects.order_by("name").values_list("name", "query"))


def test_a_view_is_kept_shown_used_and_replaced(acme: Company, visit: Visit) -> None:
    client = visit(acme, Role.LEADER)
    page = keep(client, "My late ones", "?channel=phone&state=late&after=x&unit=&junk=1")
    assert "“My late ones” is kept above the list." in page
    assert kept(acme) == {"My late ones": "state=late&channel=phone"}
    context = client.get("/acme/cases/?channel=phone&state=late").context
    ((view, url, is_current),) = context["views"]
    assert (view.name, url, is_current) == ("My late ones", "?state=late&channel=phone", True)
    assert not client.get("/acme/cases/").context["views"][0][2]
    keep(client, "My late ones", "state=silent")
    assert kept(acme) == {"My late ones": "state=silent"}


def test_a_view_is_deleted_and_brought_back(acme: Company, visit: Visit) -> None:
    client = visit(acme, Role.LEADER)
    keep(client, "A & B = “C”?", "state=late")
    with tenant_scope(acme.tenant):
        view = SavedView.objects.get()
    response = client.post(f"/acme/cases/views/{view.pk}/delete/", follow=True)
    assert kept(acme) == {}
    (message,) = response.context["messages"]
    client.post(message.extra_tags)
    assert kept(acme) == {"A & B = “C”?": "state=late"}


def test_views_are_their_members_own(acme: Company, other: Company, visit: Visit) -> None:
    keep(visit(acme, Role.LEADER), "Mine", "state=late")
    with tenant_scope(acme.tenant):
        view = SavedView.objects.get()
    colleague = visit(acme, Role.CSO)
    assert colleague.get("/acme/cases/").context["views"] == []
    assert colleague.post(f"/acme/cases/views/{view.pk}/delete/").status_code == 404
    assert visit(other, Role.CSO).post(f"/other/cases/views/{view.pk}/delete/").status_code == 404
    assert kept(acme) == {"Mine": "state=late"}


@pytest.mark.parametrize("name", ["", " ", "x" * 61, "a\x00b"])
def test_a_name_that_cannot_be_kept_is_refused(acme: Company, visit: Visit, name: str) -> None:
    assert 'role="alert"' in keep(visit(acme, Role.LEADER), name, "state=late")
    assert kept(acme) == {}


def test_what_is_no_filter_leads_nowhere_else(acme: Company, visit: Visit) -> None:
    client = visit(acme, Role.LEADER)
    for query in ("//evil.example/", "?next=//evil.example", "\r\nSet-Cookie: x=1", "a\x00"):
        response = client.post("/acme/cases/views/", {"name": "x", "query": query})
        assert response.headers["Location"] == "/acme/cases/"
    page = keep(client, "long", "cause=" + "x" * 600)
    assert "too long to be kept" in page


def test_nobody_keeps_views_without_end(acme: Company, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_views, "MOST_VIEWS", 2)
    client = visit(acme, Role.LEADER)
    for name in ("a", "b"):
        keep(client, name, "")
    assert "delete one first" in keep(client, "c", "")
    keep(client, "b", "state=late")
    assert kept(acme) == {"a": "", "b": "state=late"}


def test_looking_changes_nothing(acme: Company, visit: Visit) -> None:
    client = visit(acme, Role.LEADER)
    assert client.get("/acme/cases/views/?name=x&query=y").status_code == 405
    assert kept(acme) == {}
