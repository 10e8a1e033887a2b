"""Who may open which page, and what those see who may not."""

from __future__ import annotations

import pytest
from django.test import Client

from tenants.members import end_membership
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit
from tests.personas import NOW, Company

EVERYONE = set(Role)
WORKERS = {Role.CSO, Role.EXECUTIVE, Role.LEADER, Role.COMMITTEE_MEMBER, Role.FRONTLINE}
PAGES = {
    "": EVERYONE,
    "scorecard/": {Role.CSO, Role.EXECUTIVE, Role.AUDITOR},
    "cases/": EVERYONE,
    "cases/export.csv": EVERYONE,
    "cases/new/": WORKERS,
    "rules/": EVERYONE,
    "rules/new/": {Role.CSO, Role.EXECUTIVE, Role.LEADER},
    "customers/": EVERYONE,
    "customers/new/": {Role.CSO, Role.ADMINISTRATOR},
    "search/": EVERYONE,
    "organization/": EVERYONE,
    "organization/new/": {Role.CSO, Role.ADMINISTRATOR},
    "members/": {Role.ADMINISTRATOR},
    "members/new/": {Role.ADMINISTRATOR},
    "keys/": {Role.ADMINISTRATOR},
    "keys/new/": {Role.ADMINISTRATOR},
    "targets/": {Role.CSO, Role.EXECUTIVE, Role.AUDITOR},
    "scorecard/measures/": {Role.CSO, Role.EXECUTIVE, Role.AUDITOR},
    "scorecard/plans/new/": {Role.CSO},
    "audit/": {Role.CSO, Role.AUDITOR, Role.ADMINISTRATOR},
}


@pytest.mark.parametrize("role", Role)
def test_each_role_opens_its_pages_and_no_other(acme: Company, visit: Visit, role: Role) -> None:
    client = visit(acme, role)
    opened = {page: client.get(f"/acme/{page}").status_code for page in PAGES}
    assert opened == {page: 200 if role in roles else 403 for page, roles in PAGES.items()}


@pytest.mark.parametrize("role", Role)
def test_every_link_around_a_page_leads_somewhere(acme: Company, visit: Visit, role: Role) -> None:
    client = visit(acme, role)
    context = client.get("/acme/").context
    urls = [url for _label, url, _is_current in [*context["nav"], *context["menu"]]]
    urls += [context["home_url"], context["search_url"], context["workspaces_url"], context["account_url"]]
    assert {url: client.get(url).status_code for url in urls} == dict.fromkeys(urls, 200)
    assert len(context["nav"]) <= 6


@pytest.mark.parametrize("page", PAGES)
def test_a_member_of_another_workspace_sees_that_there_is_none(
    acme: Company, other: Company, visit: Visit, page: str
) -> None:
    client = visit(other, Role.ADMINISTRATOR)
    real, none = client.get(f"/acme/{page}"), client.get(f"/nowhere/{page}")
    assert real.status_code == none.status_code == 404
    assert real.content == none.content


def test_a_former_member_is_a_stranger(acme: Company, visit: Visit) -> None:
    client = visit(acme, Role.CSO)
    with tenant_scope(acme.tenant):
        end_membership(acme.member(Role.CSO), by=None, now=NOW)
    assert client.get("/acme/").status_code == 404


def test_who_is_not_signed_in_may_sign_in_and_come_back(acme: Company) -> None:
    response = Client().get("/acme/cases/?state=late")
    assert response.headers["Location"] == "/accounts/sign-in/?next=/acme/cases/%3Fstate%3Dlate"


def test_a_page_for_reading_refuses_to_be_written_to(acme: Company, visit: Visit) -> None:
    assert visit(acme, Role.CSO).post("/acme/scorecard/").status_code == 405
