"""Cases as a workbook: the same as the CSV, with numbers, dates and texts as what they are."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime, timedelta
from typing import cast
from xml.etree import ElementTree

import pytest
from django.http import StreamingHttpResponse
from django.test import Client
from django.utils import timezone

from cso.customers.actions import save_customer
from cso.customers.models import Customer
from cso.recovery.actions import open_case
from cso.recovery.models import Case
from cso.recovery.teamwork import take_case
from frontend import export
from frontend.views import cases as views
from tenants.roles import ROLE_GRANTS, Can, Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit
from tests.personas import Company, log_case

HOUR = timedelta(hours=1)
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
# The days of a workbook are counted from here.
EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 (a workbook knows no zones)


def parts(response: object) -> dict[str, bytes]:
    content = b"".join(cast(StreamingHttpResponse, response))
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return {name: book.read(name) for name in book.namelist()}


def rows(client: Client, path: str = "/acme/cases/export.xlsx", query: str = "") -> list[dict[str, str]]:
    """The cells of the one sheet as texts, by their headings."""
    root = ElementTree.fromstring(parts(client.get(path + query))["xl/worksheets/sheet1.xml"])
    lines = []
    for row in root.iter(f"{MAIN}row"):
        cells = {re.sub(r"\d", "", cell.attrib["r"]): "".join(cell.itertext()) for cell in row}
        lines.append(cells)
    head, *rest = lines
    return [{head[column]: text for column, text in line.items()} for line in rest]


def test_the_workbook_holds_what_is_filtered(acme: Company, other: Company, visit: Visit) -> None:
    now = timezone.now()
    with tenant_scope(other.tenant):
        log_case(other.units["north"], now - 50 * HOUR, summary="not ours")
    with tenant_scope(acme.tenant):
        known = Customer(
            spend_per_visit_minor=18050, visits_per_year=2, visits_per_year_high=4, years=5, currency="CAD"
        )
        customer = save_customer(known, by=None, external_id="crm-7")
        late = log_case(acme.units["north-1"], now - 50 * HOUR, summary="late", customer=customer)
        take_case(late, by=acme.member(Role.FRONTLINE), now=now)
        log_case(acme.units["south"], now - HOUR, summary="fresh")
        fixed = log_case(acme.units["south"], now - 9 * HOUR, summary="fixed", fixed_after=HOUR)
        take_case(fixed, by=acme.member(Role.CSO), now=now)
    (line,) = rows(visit(acme, Role.CSO), query="?state=late")
    local = late.reported_at.astimezone(acme.tenant.zone).replace(tzinfo=None)
    assert (line["summary"], line["unit_code"], line["customer"]) == ("late", "north-1", "crm-7")
    assert (line["counted"], line["dazzled"], line["times_undone"]) == ("1", "0", "0")
    assert abs(EPOCH + timedelta(days=float(line["reported_at"])) - local) < timedelta(seconds=1)
    assert (float(line["customer_worth_low"]), float(line["customer_worth_high"])) == (1805, 3610)
    assert (line["currency"], line["owner"]) == ("CAD", "Acme Frontline")
    assert "fixed_at" not in line
    owners = {line["summary"]: line.get("owner", "") for line in rows(visit(acme, Role.CSO), query="?state=all")}
    assert owners["fixed"] == "", "nobody is named beside what is over"
    # South has no leader: the CSO holds what nobody took.
    assert owners["fresh"] == "Acme Chief Serving Officer"


def test_no_cell_is_a_formula_nor_becomes_one(acme: Company, visit: Visit) -> None:
    hostile = ["=1+1", "+1", "-1", "@x", "\t=1", '=HYPERLINK("http://x","y")', "a\x01b", "<b>&</b>", "😀"]
    with tenant_scope(acme.tenant):
        now = timezone.now()
        for text in hostile:
            open_case(by=None, unit=acme.units["north"], reported_at=now, now=now, summary=text)
    found = parts(visit(acme, Role.CSO).get("/acme/cases/export.xlsx"))
    sheet = found["xl/worksheets/sheet1.xml"].decode()
    assert "<f>" not in sheet
    assert sheet.count("<c r=") > 0
    styles = found["xl/styles.xml"].decode()
    assert styles.count('quotePrefix="1"') == 1
    quoted = styles[styles.index("<cellXfs") :].split("<xf ")
    style = next(number for number, each in enumerate(quoted[1:]) if "quotePrefix" in each)
    assert sheet.count(f's="{style}" t="inlineStr"') == 6
    texts = {line["summary"] for line in rows(visit(acme, Role.CSO))}
    assert {"=1+1", "<b>&</b>", "😀"} <= texts


def test_the_cases_behind_a_figure_are_a_workbook_too(acme: Company, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        log_case(acme.units["north-1"], timezone.now() - 50 * HOUR, summary="late")
    client = visit(acme, Role.CSO)
    query = "?metric=open_overdue&part=numerator"
    assert [line["summary"] for line in rows(client, "/acme/cases/behind/export.xlsx", query)] == ["late"]
    page = client.get(f"/acme/cases/behind/{query}").content.decode()
    for kind in ("csv", "xlsx"):
        assert f"/acme/cases/behind/export.{kind}?metric=open_overdue" in page


@pytest.mark.parametrize("count", [0, 1, 4, 5])
def test_a_workbook_is_written_block_by_block(
    acme: Company, visit: Visit, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(export, "_LINES_AT_ONCE", 2)
    with tenant_scope(acme.tenant):
        for number in range(count):
            log_case(acme.units["north"], timezone.now() - HOUR, summary=f"case {number}")
        assert Case.objects.count() == count
    assert sorted(line["summary"] for line in rows(visit(acme, Role.CSO))) == [f"case {n}" for n in range(count)]


def test_too_many_for_a_workbook_is_said_and_leads_to_the_csv(
    acme: Company, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "MOST_XLSX_ROWS", 2)
    with tenant_scope(acme.tenant):
        for _ in range(3):
            log_case(acme.units["north"], timezone.now() - 50 * HOUR)
    response = visit(acme, Role.CSO).get("/acme/cases/export.xlsx?state=late")
    assert response.status_code == 400
    assert 'href="/acme/cases/export.csv?state=late"' in response.content.decode()


def test_who_may_not_see_customers_gets_no_worth(acme: Company, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    with tenant_scope(acme.tenant):
        log_case(acme.units["north-1"], timezone.now() - HOUR)
    monkeypatch.setitem(ROLE_GRANTS, Role.AUDITOR, frozenset({Can.SEE_ALL_CASES}))
    (line,) = rows(visit(acme, Role.AUDITOR))
    assert not set(export.WORTH) & set(line)
