"""Customers onto panels: many by a file, one from their page, one whose case went well; never unasked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from cso.customers.models import Customer
from cso.panels.models import PanelMember
from cso.panels.panels import found_panel
from cso.recovery.actions import fix_case
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit
from tests.panels import scenes
from tests.panels.scenes import Scene
from tests.personas import Company, log_case

FILE = """\
external_id,email,name,segment,unit,consented_at,consent_source
c-1,ana@roy.example,Ana Roy,gold,north,2026-01-05 09:00,Sign-up form
c-2,ben@roy.example,"Ben
Roy",gold,nowhere,yesterday,Sign-up form
c-3,cleo@roy.example,Cleo Roy,blue,,2026-01-05T14:00:00Z,
c-4,dan@roy.example
c-5,eve@roy.example,Eve Roy,blue,,2026-01-05T14:00:00Z,By phone
"""
AGREED = {"consented_at": "2026-01-05T09:00", "consent_source": "Said so on the phone"}


@pytest.fixture
def scene(acme: Company) -> Scene:
    with tenant_scope(acme.tenant):
        return scenes.found(acme, steward=acme.member(Role.LEADER))


def _file(text: str) -> dict[str, SimpleUploadedFile]:
    return {"file": SimpleUploadedFile("members.csv", text.encode())}


def test_a_file_of_members_goes_in_line_by_line(acme: Company, scene: Scene, visit: Visit) -> None:
    steward, panel = visit(acme, Role.LEADER), f"/acme/listening/panels/{scene.panel.pk}/"
    path = f"{panel}join/file/"
    assert path in steward.get(panel).content.decode()
    assert "external_id, email, phone" in steward.get(path).content.decode()
    page = steward.post(path, _file(FILE)).content.decode()
    assert "2 customers joined. 3 lines did not go in." in page
    refused = steward.post(path, _file(FILE)).context["refused"]
    assert [(line, field) for line, field, _message in refused] == [
        (3, "unit"),
        (3, "consented_at"),
        (5, "consent_source"),
        (6, "row"),
    ]
    assert "2 were on it already." in steward.post(path, _file(FILE)).content.decode()
    with tenant_scope(acme.tenant):
        ana = PanelMember.objects.select_related("customer", "unit").get(customer__external_id="c-1")
        assert (ana.unit, ana.segment, ana.via) == (acme.units["north"], "gold", "import")
        assert timezone.localtime(ana.consented_at, acme.tenant.zone).hour == 9, "in the workspace's time"
        assert set(Customer.objects.values_list("external_id", flat=True)) == {"c-1", "c-5"}
    for text, said in (("", "empty"), ("name,hobby\nAna,chess\n", "Unknown columns: hobby"), ("name,name\n", "twice")):
        assert said in steward.post(path, _file(text)).content.decode()
    assert "This field is required." in steward.post(path).content.decode()
    for role in (Role.EXECUTIVE, Role.FRONTLINE):
        assert visit(acme, role).post(path, _file(FILE)).status_code == 403


def test_a_customer_is_asked_onto_a_panel_from_their_page(acme: Company, scene: Scene, visit: Visit) -> None:
    steward = visit(acme, Role.LEADER)
    with tenant_scope(acme.tenant):
        other = found_panel("Others", unit=acme.units["top"], steward=acme.member(Role.CSO), by=None, now=scene.now)
        ana, dan = scene.customer(name="Ana Roy"), scene.customer(name="Dan Roy")
        Customer.objects.filter(pk=dan.pk).update(declined_questions_at=scene.now)
    page = f"/acme/customers/{ana.pk}/"
    assert f"{page}panel/" in steward.get(page).content.decode()
    assert "Ask onto a panel" not in visit(acme, Role.FRONTLINE).get(page).content.decode()
    form = steward.get(f"{page}panel/").content.decode()
    assert "Travellers" in form
    assert "Others" not in form, "its steward is another"
    assert "This field is required." in steward.post(f"{page}panel/", {"panel": scene.panel.pk}).content.decode()
    refused = steward.post(f"{page}panel/", AGREED | {"panel": other.pk}).content.decode()
    assert "There is nothing here with this name." in refused
    assert (
        "On the panel."
        in steward.post(f"{page}panel/", AGREED | {"panel": scene.panel.pk}, follow=True).content.decode()
    )
    again = steward.post(f"{page}panel/", AGREED | {"panel": scene.panel.pk}).content.decode()
    assert "is on the panel already" in again
    with tenant_scope(acme.tenant):
        member = PanelMember.objects.get()
        assert (member.customer, member.via, member.consent_source) == (ana, "customer", AGREED["consent_source"])
    declined = f"/acme/customers/{dan.pk}/"
    assert "Ask onto a panel" not in steward.get(declined).content.decode()
    refused = steward.post(f"{declined}panel/", AGREED | {"panel": scene.panel.pk}).content.decode()
    assert "asked not to be asked" in refused


def test_whose_case_is_fixed_is_asked_onto_a_panel(acme: Company, scene: Scene, visit: Visit) -> None:
    worker = visit(acme, Role.FRONTLINE)
    with tenant_scope(acme.tenant):
        south = found_panel("South", unit=acme.units["south"], steward=scene.panel.steward, by=None, now=scene.now)
        case = log_case(acme.units["north-1"], scene.now - timedelta(hours=3), customer=scene.customer())
    page = f"/acme/cases/{case.pk}/"
    assert "Ask onto a panel" not in worker.get(page).content.decode(), "first it is put right"
    assert worker.post(f"{page}recruit/", AGREED | {"panel": scene.panel.pk}).status_code == 404
    with tenant_scope(acme.tenant):
        fix_case(case, at=scene.now, by=None, now=scene.now)
    assert f"{page}recruit/" in worker.get(page).content.decode()
    form = worker.get(f"{page}recruit/").content.decode()
    assert str(scene.panel.pk) in form
    assert str(south.pk) not in form, "it does not listen to the north"
    assert (
        "On the panel."
        in worker.post(f"{page}recruit/", AGREED | {"panel": scene.panel.pk}, follow=True).content.decode()
    )
    with tenant_scope(acme.tenant):
        member = PanelMember.objects.get()
        assert (member.case, member.via, member.unit) == (case, "case", acme.units["north-1"])
