"""Customers in the portal: found, edited, their secrets, and erased."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cso.customers.actions import save_customer
from cso.customers.models import Customer, CustomerPreference
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit, reads
from tests.personas import Company, log_case

WORTH = {"spend_per_visit_minor": 42_000, "currency": "CAD", "visits_per_year": 6, "years": 5, "years_high": 10}


@pytest.fixture
def priya(acme: Company, other: Company) -> Customer:
    with tenant_scope(other.tenant):
        save_customer(Customer(), by=None, name="Priya of others", email="priya@example.com")
    with tenant_scope(acme.tenant):
        known = {"external_id": "crm-77", "email": "priya@example.com", "phone": "+1 416 555 0100"}
        priya = save_customer(Customer(), by=None, name="Priya Patel", **known, **WORTH)
        save_customer(Customer(), by=None, name="Paul")
        now = timezone.now()
        log_case(acme.units["north-1"], now - timedelta(hours=2), customer=priya, summary="The suit for the funeral")
        log_case(acme.units["south"], now - timedelta(days=9), customer=priya, fixed_after=timedelta(hours=1))
    return priya


def names(client: Client, query: str = "") -> list[str]:
    return [row["name"] for row in client.get(f"/acme/customers/{query}").context["rows"]]


def test_a_customer_is_found_by_contact_or_the_beginning_of_a_name(
    acme: Company, priya: Customer, visit: Visit
) -> None:
    fran = visit(acme, Role.FRONTLINE)
    assert names(fran) == ["Paul", "Priya Patel"]
    for wording in ("crm-77", "PRIYA@example.com", "416-555-0100", "pri", "Priya P"):
        assert names(fran, f"?q={wording}") == ["Priya Patel"], wording
    for wording in ("555", "atel", "%27", "crm-7"):
        assert names(fran, f"?q={wording}") == [], wording
    assert names(fran, "?q=%00") == ["Paul", "Priya Patel"]
    assert fran.get("/acme/customers/?after=x").status_code == 404
    found = fran.get("/acme/search/?q=crm-77").content.decode()
    assert f'href="/acme/customers/{priya.pk}/"' in found


def test_the_page_says_what_they_are_worth_and_what_is_at_risk(acme: Company, priya: Customer, visit: Visit) -> None:
    path = f"/acme/customers/{priya.pk}/"
    page = visit(acme, Role.CSO).get(path)
    assert (page.context["at_risk"], len(page.context["rows"])) == ("12,600 to 25,200\u00a0CAD", 2)
    fran = visit(acme, Role.FRONTLINE).get(path)
    assert [row["summary"] for row in fran.context["rows"]] == ["The suit for the funeral"]
    assert not fran.context["may_edit"]
    assert not fran.context["may_erase"]


def test_a_secret_is_kept_with_consent_and_forgotten(acme: Company, priya: Customer, visit: Visit) -> None:
    fran, path = visit(acme, Role.FRONTLINE), f"/acme/customers/{priya.pk}/"
    form = {"text": "Camomile tea", "source": "told_us"}
    assert "without consent it is not kept" in fran.post(path, form).content.decode()
    assert "Camomile tea" in fran.post(path, form | {"consent": "on"}, follow=True).content.decode()
    with tenant_scope(acme.tenant):
        secret = CustomerPreference.objects.get()
        assert secret.recorded_by == acme.member(Role.FRONTLINE)
    auditor, forget = visit(acme, Role.AUDITOR), f"{path}secrets/{secret.pk}/forget/"
    assert [auditor.post(path, form).status_code, auditor.post(forget).status_code] == [403, 403]
    assert fran.get(forget).status_code == 405
    fran.post(forget)
    with tenant_scope(acme.tenant):
        assert not CustomerPreference.objects.exists()


def test_a_customer_is_edited_in_their_own_currency(acme: Company, priya: Customer, visit: Visit) -> None:
    admin, path = visit(acme, Role.ADMINISTRATOR), f"/acme/customers/{priya.pk}/edit/"
    page = admin.get(path).content.decode()
    assert 'value="420' in page
    form = {"name": "Priya Patel", "email": "priya@example.com", "phone": "+1 416 555 0100", "external_id": "crm-77"}
    measures = {"spend_per_visit_minor": "500.50", "visits_per_year": "6", "years": "5"}
    assert admin.post(path, form | measures)["Location"] == f"/acme/customers/{priya.pk}/"
    with tenant_scope(acme.tenant):
        found = Customer.objects.get(pk=priya.pk)
        assert (found.spend_per_visit_minor, found.years_high, found.currency) == (50_050, None, "CAD")
    wrong = form | measures | {"years_high": "4"}
    assert "The high guess cannot be below the low one." in admin.post(path, wrong).content.decode()
    new = admin.post("/acme/customers/new/", {"name": "Nia New", "spend_per_visit_minor": "20"})
    with tenant_scope(acme.tenant):
        made = Customer.objects.get(name="Nia New")
        assert (made.currency != "", new["Location"]) == (True, f"/acme/customers/{made.pk}/")
    assert visit(acme, Role.FRONTLINE).get(path).status_code == 403


def test_a_customer_is_erased_once_their_name_is_typed(acme: Company, priya: Customer, visit: Visit) -> None:
    admin, path = visit(acme, Role.ADMINISTRATOR), f"/acme/customers/{priya.pk}/"
    assert "cannot be taken back" in admin.get(f"{path}erase/").content.decode()
    assert "This is not what stands there." in admin.post(f"{path}erase/", {"typed": "priya patel"}).content.decode()
    page = admin.post(f"{path}erase/", {"typed": "Priya Patel"}, follow=True).content.decode()
    assert "An erased customer" in page
    assert "Priya" not in page
    assert "12,600 to 25,200" in page, "what is counted stays"
    assert admin.get(f"{path}erase/").status_code == 404
    assert names(admin) == ["Paul"]
    assert visit(acme, Role.EXECUTIVE).get(f"{path}erase/").status_code == 403


def test_the_list_costs_the_same_with_one_customer_and_with_three(
    acme: Company, visit: Visit, django_assert_num_queries: Any
) -> None:
    client = visit(acme, Role.CSO)
    client.get("/acme/customers/")
    for count in (1, 3):
        with tenant_scope(acme.tenant):
            while Customer.objects.count() < count:
                someone = save_customer(Customer(), by=None, name="Someone")
                log_case(acme.units["south"], timezone.now(), customer=someone)
        with django_assert_num_queries(11) as captured:
            assert len(client.get("/acme/customers/").context["rows"]) == count
        assert len(reads(captured.captured_queries)) == 5
