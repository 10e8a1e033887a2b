"""What plans are made of, in the portal: categories, figures of others, one by one and from a file."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from django.test import Client
from django.utils import timezone

from cso.scorecards.models import Category, Measure, MeasureFigure
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit
from tests.personas import Company
from tests.scorecards.scenes import prepare

pytestmark = pytest.mark.usefixtures("still_clock")
PAGE = "/acme/scorecard/measures/"


@pytest.fixture
def cso(acme: Company, visit: Visit) -> Client:
    with tenant_scope(acme.tenant):
        prepare(acme)
    return visit(acme, Role.CSO)


def test_categories_are_added_renamed_and_used_no_longer(acme: Company, cso: Client) -> None:
    new = "/acme/scorecard/categories/new/"
    cso.post(new, {"name": "Safety", "code": "safety"})
    taken = cso.post(new, {"name": "Safety", "code": "safety"}).context["form"]
    assert taken.non_field_errors() == ["A category with the code “safety” exists already."]
    assert list(cso.post(new, {"name": "X", "code": "Not a code"}).context["form"].errors) == ["code"]
    with tenant_scope(acme.tenant):
        safety = Category.objects.get(code="safety")
        serving = Category.objects.get(is_serving=True)
    cso.post(f"/acme/scorecard/categories/{safety.pk}/", {"name": "Safe work"})
    cso.post(f"/acme/scorecard/categories/{safety.pk}/retire/")
    page = cso.post(f"/acme/scorecard/categories/{serving.pk}/retire/", follow=True).content.decode()
    assert "Serving is part of every plan." in page
    assert "no longer used since" in page
    with tenant_scope(acme.tenant):
        safety.refresh_from_db()
        assert (safety.name, safety.retired_at is not None) == ("Safe work", True)


def test_a_figure_of_others_is_defined_and_told_and_stays_readable(acme: Company, cso: Client, visit: Visit) -> None:
    words = {"name": "Minutes late", "code": "late", "unit_word": "min", "rollup": "sum", "better": "lower"}
    cso.post(f"{PAGE}new/", words | {"nature": "outcome", "source": "Operations"})
    with tenant_scope(acme.tenant):
        measure = Measure.objects.get(code="late")
    address = f"{PAGE}{measure.pk}/"
    form = cso.get(f"{address}tell/").context["form"]
    assert "denominator" not in form.fields
    as_of = timezone.now().astimezone(acme.tenant.zone) - timedelta(hours=1)
    month = as_of.strftime("%Y-%m")
    sent = {"unit": str(acme.units["north"].pk), "month": month, "as_of": as_of.strftime("%Y-%m-%dT%H:%M")}
    assert list(cso.post(f"{address}tell/", sent | {"numerator": "4", "month": "May"}).context["form"].errors) == [
        "month"
    ]
    for number in ("4", "4", "5.5"):
        assert cso.post(f"{address}tell/", sent | {"numerator": number, "source": "Operations"}).status_code == 302
    page = cso.get(address)
    rows = [(row["value"], row["counts"], row["teller"]) for row in page.context["figures"]]
    me = acme.member(Role.CSO).label
    assert rows == [("5.5 min", True, me), ("4 min", False, me)]
    executive = visit(acme, Role.EXECUTIVE)
    assert executive.get(address).status_code == executive.get(PAGE).status_code == 200
    assert executive.get(f"{address}tell/").status_code == executive.get(f"{PAGE}file/").status_code == 403
    assert visit(acme, Role.LEADER).get(PAGE).status_code == 403


def test_a_file_is_taken_in_line_by_line(acme: Company, cso: Client) -> None:
    as_of = (timezone.now().astimezone(acme.tenant.zone) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    month = as_of[:7]
    lines = [
        "measure,unit,month,numerator,denominator,as_of",
        f"margin,north,{month},7,100,{as_of}",
        f"margin,nowhere,{month},7,100,{as_of}",
        f"margin,south,May,seven,100,{as_of}",
    ]
    answer = cso.post(f"{PAGE}file/", {"file": named("\n".join(lines))})
    assert answer.context["loaded"] == "1 figure was recorded. 2 lines did not go in."
    assert [(line, field) for line, field, _message in answer.context["refused"]] == [
        (3, "unit"),
        (4, "month"),
        (4, "numerator"),
    ]
    again = cso.post(f"{PAGE}file/", {"file": named("\n".join(lines[:2]))})
    assert again.context["loaded"] == "0 figures were recorded. 1 was there already."
    with tenant_scope(acme.tenant):
        assert MeasureFigure.objects.get().recorded_by == acme.member(Role.CSO)
    for wrong in ("", "measure,unit\n", "measure,colour\n"):
        assert list(cso.post(f"{PAGE}file/", {"file": named(wrong)}).context["form"].errors) == ["file"]


def named(text: str) -> BytesIO:
    file = BytesIO(text.encode())
    file.name = "figures.csv"
    return file
