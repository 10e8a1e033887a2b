"""Members, keys, the organization, targets and the audit log, as an administrator works with them."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cso.metrics.models import Target
from cso.people.models import Leadership, Person, Unit
from cso.people.queries import leader_of
from tenants import audit
from tenants.members import create_tenant
from tenants.models import ApiKey, Membership, User
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit
from tests.personas import PASSWORD, Company

pytestmark = pytest.mark.usefixtures("still_clock")


@pytest.fixture
def admin(acme: Company, visit: Visit) -> Client:
    return visit(acme, Role.ADMINISTRATOR)


def test_a_new_member_signs_in_with_the_password_shown_once(acme: Company, admin: Client) -> None:
    form = {"name": "Nia New", "email": "Nia@acme.example", "role": Role.FRONTLINE, "unit": str(acme.units["south"].pk)}
    response = admin.post("/acme/members/new/", form)
    assert response.headers["Cache-Control"] == "no-store"
    password = response.context["secret"]
    assert password in response.content.decode()
    client = Client()
    client.post("/accounts/sign-in/", {"login": "nia@acme.example", "password": password})
    assert client.get("/acme/cases/new/").context["form"].initial["unit"] == acme.units["south"]
    assert password not in admin.get("/acme/members/").content.decode()


def test_someone_with_an_account_keeps_their_password(acme: Company, other: Company, admin: Client) -> None:
    form = {"name": "Whoever", "email": "cso@other.example", "role": Role.AUDITOR}
    response = admin.post("/acme/members/new/", form)
    assert response.context["secret"] is None
    user = User.objects.get(email="cso@other.example")
    assert user.check_password(PASSWORD)
    assert user.name == "Other Chief Serving Officer"


def test_a_role_is_changed_and_a_membership_ended_and_restored(acme: Company, admin: Client) -> None:
    leader = acme.member(Role.LEADER)
    admin.post(f"/acme/members/{leader.pk}/role/", {"role": Role.EXECUTIVE})
    page = admin.post(f"/acme/members/{leader.pk}/end/", follow=True).content.decode()
    with tenant_scope(acme.tenant):
        found = Membership.objects.get(pk=leader.pk)
        assert (found.role, found.ended_at is not None) == (Role.EXECUTIVE, True)
    assert f'action="/acme/members/{leader.pk}/restore/"' in page, "the status line offers to undo it"
    admin.post(f"/acme/members/{leader.pk}/restore/")
    with tenant_scope(acme.tenant):
        assert Membership.objects.get(pk=leader.pk).ended_at is None


def test_nobody_locks_themselves_out(acme: Company, admin: Client) -> None:
    me = acme.member(Role.ADMINISTRATOR)
    assert admin.post(f"/acme/members/{me.pk}/end/").status_code == 404
    assert admin.post(f"/acme/members/{me.pk}/role/", {"role": Role.FRONTLINE}).status_code == 404


def test_a_key_is_shown_once_and_revoked_after_a_question(acme: Company, admin: Client) -> None:
    response = admin.post("/acme/keys/new/", {"name": "Desk", "scopes": ["cases:read", "cases:write"]})
    assert re.fullmatch(r"cso_acme_[0-9a-f]{12}_[\w-]{43}", response.context["secret"])
    assert response.context["secret"] not in admin.get("/acme/keys/").content.decode()
    with tenant_scope(acme.tenant):
        key = ApiKey.objects.get()
    assert "for good?" in admin.get(f"/acme/keys/{key.pk}/revoke/").content.decode()
    with tenant_scope(acme.tenant):
        assert ApiKey.objects.get().revoked_at is None
    admin.post(f"/acme/keys/{key.pk}/revoke/")
    with tenant_scope(acme.tenant):
        assert ApiKey.objects.get().revoked_at is not None


def test_a_key_without_a_right_is_refused(acme: Company, admin: Client) -> None:
    assert "Choose at least one." in admin.post("/acme/keys/new/", {"name": "Desk"}).content.decode()


def test_units_are_added_renamed_and_moved(acme: Company, admin: Client) -> None:
    admin.post("/acme/organization/new/", {"name": "West", "code": "west", "parent": str(acme.units["top"].pk)})
    with tenant_scope(acme.tenant):
        west = Unit.objects.get(code="west")
    admin.post(f"/acme/organization/{west.pk}/", {"name": "Far West", "parent": str(acme.units["north"].pk)})
    with tenant_scope(acme.tenant):
        found = Unit.objects.get(code="west")
        assert (found.name, found.parent_id) == ("Far West", acme.units["north"].pk)


@pytest.mark.parametrize("page", ["members/new", "keys/new", "organization/new"])
def test_a_form_sent_empty_is_told_what_is_missing(acme: Company, admin: Client, page: str) -> None:
    answer = admin.post(f"/acme/{page}/", {}).content.decode()
    assert "There is a problem" in answer
    assert "This field is required." in answer


def test_what_the_tree_forbids_is_said(acme: Company, admin: Client) -> None:
    page = admin.post("/acme/organization/new/", {"name": "North", "code": "north"}).content.decode()
    assert "A unit with the code “north” exists already." in page
    north = acme.units["north"]
    ring = {"name": "North", "parent": str(acme.units["north-1"].pk)}
    assert "cannot become its parent" in admin.post(f"/acme/organization/{north.pk}/", ring).content.decode()


def test_a_new_leader_ends_the_lead_of_the_one_before(acme: Company, admin: Client) -> None:
    north, today = acme.units["north"], timezone.now().astimezone(acme.tenant.zone).date()
    form = {"name": "Nadia Next", "position": "Director", "starts_on": str(today)}
    admin.post(f"/acme/organization/{north.pk}/leader/", form)
    with tenant_scope(acme.tenant):
        led = list(Leadership.objects.filter(unit=north).order_by("starts_on").values_list("person__name", "ends_on"))
        assert led == [("Lea North", today), ("Nadia Next", None)]
    admin.post(f"/acme/organization/{north.pk}/leader/end/", {"ends_on": str(today + timedelta(days=1))})
    with tenant_scope(acme.tenant):
        assert leader_of(north, today + timedelta(days=2)) is None
        assert Person.objects.filter(name="Nadia Next").count() == 1


def test_a_target_rises_freely_and_falls_with_a_reason(acme: Company, visit: Visit) -> None:
    client, address = visit(acme, Role.CSO), "/acme/targets/recovered_24h/set/"
    client.post(address, {"percent": "80", "starts_on": "2026-01-01"})
    lower = {"percent": "70", "starts_on": "2026-02-01"}
    assert "say why it is lowered" in client.post(address, lower).content.decode()
    client.post(address, lower | {"reason": "The storm"})
    with tenant_scope(acme.tenant):
        assert [float(target.percent) for target in Target.objects.order_by("starts_on")] == [80, 70]
    assert "Use a percentage" in client.post(address, {"percent": "101", "starts_on": "2026-03-01"}).content.decode()


def test_the_audit_log_tells_who_did_what(acme: Company, admin: Client) -> None:
    admin.post("/acme/organization/new/", {"name": "West", "code": "west", "parent": str(acme.units["top"].pk)})
    page = admin.get("/acme/audit/?check=1").content.decode()
    assert "Add unit" in page
    assert "Acme Administrator" in page
    assert "The chain holds." in page
    assert admin.get("/acme/audit/?before=x").status_code == 404
    with tenant_scope(acme.tenant):
        audit.record(None, "make_plan", "Lea North", items=["one", "two"])
    assert "items: one, two" in admin.get("/acme/audit/").content.decode()


def test_a_new_workspace_says_what_to_do_first(db: None) -> None:
    tenant = create_tenant("fresh", "Fresh", "America/Toronto")
    user = User.objects.create_user("ada@fresh.example", PASSWORD, name="Ada")
    with tenant_scope(tenant):
        Membership.objects.create(user=user, role=Role.ADMINISTRATOR)
    client = Client()
    client.force_login(user)
    response = client.get("/fresh/")
    assert "Four steps to the first figure" in response.content.decode()
    assert [step["done"] for step in response.context["steps"]] == [False] * 4
    assert client.get("/fresh/organization/").status_code == 200


@pytest.mark.parametrize(("units", "leaders"), [(1, 1), (3, 3)])
def test_the_tree_costs_the_same_for_1_and_3_units(
    acme: Company, admin: Client, django_assert_num_queries: object, units: int, leaders: int
) -> None:
    with tenant_scope(acme.tenant):
        for number in range(units):
            unit = Unit.objects.create(code=f"u{number}", name=f"U {number}")
            person = Person.objects.create(name=f"P {number}")
            Leadership.objects.create(unit=unit, person=person, starts_on=date(2024, 1, 1))
    admin.get("/acme/organization/")
    with django_assert_num_queries(13):  # type: ignore[operator]
        admin.get("/acme/organization/")
