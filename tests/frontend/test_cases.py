"""Lists of cases: order, filters, pages, files and what they cost."""

from __future__ import annotations

import csv
import io
import itertools
from datetime import timedelta
from typing import cast

import pytest
from django.http import StreamingHttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from cso.recovery.actions import open_case
from frontend import paging
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit, reads
from tests.personas import Company, log_case

HOUR = timedelta(hours=1)


def summaries(client: Client, query: str = "") -> list[str]:
    return [row["summary"] for row in client.get(f"/acme/cases/{query}").context["rows"]]


@pytest.fixture
def work(acme: Company) -> Company:
    """Four cases in north-1, one in south."""
    now = timezone.now()
    with tenant_scope(acme.tenant):
        bags = "Bag delayed"
        log_case(acme.units["north-1"], now - 20 * HOUR, summary="due soon", cause=bags)
        log_case(acme.units["north-1"], now - 50 * HOUR, summary="late")
        log_case(acme.units["north-1"], now - 90 * HOUR, summary="fixed in time", fixed_after=HOUR, channel="phone")
        log_case(acme.units["north-1"], now - 90 * HOUR, summary="fixed late", fixed_after=30 * HOUR)
        log_case(acme.units["south"], now - 60 * HOUR, summary="south")
    return acme


def test_what_waits_longest_stands_first(work: Company, visit: Visit) -> None:
    assert summaries(visit(work, Role.CSO)) == ["south", "late", "due soon"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?state=late", ["south", "late"]),
        ("?state=fixed", ["fixed late", "fixed in time"]),
        ("?state=missed", ["late", "south", "fixed late"]),
        ("?state=all&channel=phone", ["fixed in time"]),
    ],
)
def test_the_query_string_narrows(work: Company, visit: Visit, query: str, expected: list[str]) -> None:
    assert sorted(summaries(visit(work, Role.CSO), query)) == sorted(expected)


def test_a_unit_means_those_below_too(work: Company, visit: Visit) -> None:
    assert summaries(visit(work, Role.CSO), f"?unit={work.units['north'].pk}") == ["late", "due soon"]


def test_days_are_the_workspaces(work: Company, visit: Visit) -> None:
    day = (timezone.now() - 50 * HOUR).astimezone(work.tenant.zone).date()
    found = summaries(visit(work, Role.CSO), f"?state=all&since={day}&until={day}")
    assert "late" in found
    assert "due soon" not in found


def test_what_cannot_be_read_is_an_error_and_never_everything(work: Company, visit: Visit) -> None:
    response = visit(work, Role.CSO).get("/acme/cases/?since=soon")
    assert response.context["rows"] == []
    assert "There is a problem" in response.content.decode()
    assert visit(work, Role.CSO).get("/acme/cases/export.csv?since=soon").status_code == 400


def test_frontline_sees_its_own_unit(work: Company, visit: Visit) -> None:
    assert summaries(visit(work, Role.FRONTLINE)) == ["late", "due soon"]


def test_empty_lists_say_why(acme: Company, visit: Visit) -> None:
    client = visit(acme, Role.CSO)
    assert "Nothing waits" in client.get("/acme/cases/").content.decode()
    assert "No such case yet" in client.get("/acme/cases/?state=all").content.decode()
    assert "No case fits these filters" in client.get("/acme/cases/?channel=web").content.decode()


@pytest.mark.parametrize("state", ["open", "all"])
def test_pages_hold_each_case_once(acme: Company, visit: Visit, monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    monkeypatch.setattr(paging, "PAGE", 3)
    same = timezone.now() - 5 * HOUR
    with tenant_scope(acme.tenant):
        for number in range(8):
            log_case(acme.units["north"], same, summary=f"case {number}")
    client, query, seen = visit(acme, Role.CSO), f"?state={state}", []
    while query:
        context = client.get(f"/acme/cases/{query}").context
        seen.append([row["summary"] for row in context["rows"]])
        query = context["next_url"]
    assert [len(page) for page in seen] == [3, 3, 2]
    assert sorted(itertools.chain(*seen)) == [f"case {number}" for number in range(8)]


@pytest.mark.parametrize("after", ["x", "2026-01-01~1", "2026-01-01~01900000-0000-7000-8000-000000000000", "~"])
def test_a_page_that_was_never_given_out_is_not_found(acme: Company, visit: Visit, after: str) -> None:
    assert visit(acme, Role.CSO).get("/acme/cases/", {"after": after}).status_code == 404


def exported(client: Client, query: str = "") -> list[dict[str, str]]:
    response = client.get(f"/acme/cases/export.csv{query}")
    content = b"".join(cast(StreamingHttpResponse, response))
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_the_file_holds_what_is_filtered(work: Company, other: Company, visit: Visit) -> None:
    with tenant_scope(other.tenant):
        log_case(other.units["north"], timezone.now() - 50 * HOUR, summary="not ours")
    assert [line["summary"] for line in exported(visit(work, Role.CSO), "?state=late")] == ["south", "late"]
    assert [line["summary"] for line in exported(visit(work, Role.FRONTLINE))] == ["late", "due soon"]


def test_no_cell_of_the_file_is_a_formula(acme: Company, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        for text in ("=1+1", "+1", "-1", "@x", "\t=1", "fine"):
            now = timezone.now()
            open_case(by=None, unit=acme.units["north"], reported_at=now, now=now, summary=text)
    cells = {line["summary"] for line in exported(visit(acme, Role.CSO))}
    assert cells == {"'=1+1", "'+1", "'-1", "'@x", "'\t=1", "fine"}


@pytest.mark.parametrize("cases", [1, 3])
def test_a_list_costs_the_same_for_1_and_3_cases(
    acme: Company, visit: Visit, django_assert_num_queries: DjangoAssertNumQueries, cases: int
) -> None:
    with tenant_scope(acme.tenant):
        for _ in range(cases):
            log_case(acme.units["north"], timezone.now() - HOUR)
    client = visit(acme, Role.CSO)
    client.get("/acme/cases/")
    with django_assert_num_queries(14) as captured:
        client.get("/acme/cases/")
    assert len(reads(captured.captured_queries)) == 8


def test_search_finds_by_number_customer_and_name(work: Company, visit: Visit) -> None:
    client = visit(work, Role.CSO)
    with tenant_scope(work.tenant):
        now = timezone.now()
        case = open_case(by=None, unit=work.units["north"], reported_at=now, now=now, summary="by reference")
    assert [row["summary"] for row in client.get("/acme/search/", {"q": case.reference}).context["rows"]] == [
        "by reference"
    ]
    found = client.get("/acme/search/", {"q": "lea"}).context
    assert [leadership.unit.name for leadership in found["leaders"]] == ["North"]
    assert [unit.name for unit in client.get("/acme/search/", {"q": "nort"}).context["units"]] == [
        "North",
        "North-1",
        "North-2",
    ]
    assert "Nothing found" in client.get("/acme/search/", {"q": "zebra"}).content.decode()


def test_search_offers_the_pages_that_the_viewer_may_open(acme: Company, visit: Visit) -> None:
    cso, fran = visit(acme, Role.CSO), visit(acme, Role.FRONTLINE)
    assert cso.get("/acme/search/?q=BOARD").context["pages"] == [("Board pack", "/acme/board-pack/")]
    assert fran.get("/acme/search/?q=board").context["pages"] == []
    french = fran.get("/acme/search/?q=regle", headers={"Accept-Language": "fr-CA"}).context["pages"]
    assert ("Règles absurdes", "/acme/rules/") in french
    for client in (cso, fran, visit(acme, Role.ADMINISTRATOR)):
        pages = client.get("/acme/search/").context["pages"]
        assert len(pages) == len(set(pages)) > 5
        assert {url: client.get(url).status_code for _, url in pages} == {url: 200 for _, url in pages}


@pytest.mark.parametrize("wording", ["\x00", "%", "' OR 1=1 --", "x" * 10_000, "\ud83d\ude00"])
def test_search_survives_what_people_type(acme: Company, visit: Visit, wording: str) -> None:
    wording = wording.encode("utf-16", "surrogatepass").decode("utf-16")
    assert visit(acme, Role.CSO).get("/acme/search/", {"q": wording}).status_code == 200
