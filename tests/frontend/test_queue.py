"""The queue: both clocks of each case, whose it is, what is at risk, and who has not heard from us."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cso.customers.actions import save_customer
from cso.customers.models import Customer
from cso.recovery.contacts import record_contact
from cso.recovery.models import Case
from cso.recovery.settings import set_recovery
from cso.recovery.teamwork import take_case
from tenants.roles import ROLE_GRANTS, Can, Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit
from tests.personas import Company, log_case

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def rows(client: Client, query: str = "") -> dict[str, dict[str, object]]:
    """The rows by their summaries, in their order."""
    return {row["summary"]: row for row in client.get(f"/acme/cases/{query}").context["rows"]}


def known(name: str, **worth: object) -> Customer:
    return save_customer(Customer(), by=None, external_id=name, **worth)


def worth(spend_minor: int, currency: str = "CAD") -> dict[str, object]:
    """Ten visits in all: from ten to twenty times what is spent."""
    return {
        "spend_per_visit_minor": spend_minor,
        "visits_per_year": 2,
        "visits_per_year_high": 4,
        "years": 5,
        "currency": currency,
    }


@pytest.fixture
def work(acme: Company) -> Company:
    """Due times: acknowledged within an hour, a word every 8 hours. Lea leads the north; nobody leads the south."""
    now = timezone.now()
    with tenant_scope(acme.tenant):
        rich, poor = known("rich", **worth(50_000)), known("poor", **worth(1_000))
        yen, nobody = known("yen", **worth(500, "JPY")), known("nobody")
        log_case(acme.units["north-1"], now - 26 * HOUR, summary="late and silent", customer=rich, channel="phone")
        fresh = log_case(acme.units["north-1"], now - 20 * MINUTE, summary="fresh", customer=poor)
        told = log_case(acme.units["south"], now - 10 * HOUR, summary="told", customer=yen)
        record_contact(told, "acknowledge", by=None, at=now - HOUR, now=now - HOUR)
        log_case(acme.units["south"], now - 2 * HOUR, summary="unknown worth", customer=nobody)
        take_case(fresh, by=acme.member(Role.FRONTLINE), now=now)
    return acme


def test_both_clocks_stand_on_each_row_late_first(work: Company, visit: Visit) -> None:
    found = rows(visit(work, Role.CSO))
    assert list(found) == ["late and silent", "told", "unknown worth", "fresh"]
    clocks = {name: (row["kind"], _text(row["state"]), _contact(row)) for name, row in found.items()}
    assert clocks == {
        "late and silent": ("late", "2 h late", ("Acknowledge", "silent for 25 h", "silent")),
        "told": ("open", "13 h left", ("Status", "due in 6 h", "")),
        "unknown worth": ("open", "21 h left", ("Acknowledge", "silent for 1 h", "silent")),
        "fresh": ("open", "23 h left", ("Acknowledge", "due in 39 min", "")),
    }


def _text(words: object) -> str:
    return str(words).split(">")[1].split("<")[0].replace("\u00a0", " ")


def _contact(row: dict[str, object]) -> tuple[str, str, str]:
    contact = row["contact"]
    assert isinstance(contact, dict)
    return contact["name"], _text(contact["words"]), contact["tone"]


def test_no_open_case_is_without_an_owner(work: Company, visit: Visit) -> None:
    owners = {name: row["owner"] for name, row in rows(visit(work, Role.CSO)).items()}
    assert owners == {
        "late and silent": "Acme Leader",  # who leads the unit above
        "fresh": "Acme Frontline",  # who took it
        "told": "Acme Chief Serving Officer",
        "unknown worth": "Acme Chief Serving Officer",
    }


def test_what_is_at_risk_is_a_range_in_the_customers_currency(work: Company, visit: Visit) -> None:
    at_risk = {name: str(row["at_risk"]) for name, row in rows(visit(work, Role.CSO)).items()}
    assert at_risk == {
        "late and silent": "5,000 to 10,000\u00a0CAD",
        "fresh": "100 to 200\u00a0CAD",
        "told": "5,000 to 10,000\u00a0JPY",
        "unknown worth": "",
    }


@pytest.mark.parametrize(
    ("role", "query", "expected"),
    [
        (Role.FRONTLINE, "?state=mine", ["fresh"]),
        (Role.LEADER, "?state=mine", ["late and silent"]),
        (Role.CSO, "?state=mine", ["told", "unknown worth"]),
        (Role.AUDITOR, "?state=mine", []),
        # Who has waited longest for a word stands first.
        (Role.CSO, "?state=silent", ["late and silent", "unknown worth"]),
        (Role.FRONTLINE, "?state=silent", ["late and silent"]),
        (Role.CSO, "?value=10000", ["late and silent", "told"]),
        (Role.CSO, "?value=10001", []),
        (Role.CSO, "?channel=phone&value=1", ["late and silent"]),
    ],
)
def test_states_and_filters(work: Company, visit: Visit, role: Role, query: str, expected: list[str]) -> None:
    assert list(rows(visit(work, role), query)) == expected


def test_the_owner_filter_finds_what_nobody_took_too(work: Company, visit: Visit) -> None:
    leader, frontline = work.member(Role.LEADER), work.member(Role.FRONTLINE)
    client = visit(work, Role.CSO)
    assert list(rows(client, f"?owner={leader.pk}")) == ["late and silent"]
    assert list(rows(client, f"?owner={frontline.pk}")) == ["fresh"]
    assert list(rows(client, "?owner=acme frontline")) == ["fresh"]
    response = client.get("/acme/cases/?owner=01900000-0000-7000-8000-000000000000")
    assert response.context["rows"] == []
    assert "Nobody here has this name." in response.content.decode()


@pytest.mark.parametrize("value", ["-1", "x", "9" * 30, "1e99", "NaN"])
def test_a_value_that_cannot_be_read_is_an_error(work: Company, visit: Visit, value: str) -> None:
    response = visit(work, Role.CSO).get("/acme/cases/", {"value": value})
    assert response.status_code == 200
    assert response.context["rows"] == []
    assert "There is a problem" in response.content.decode()


def test_who_may_not_see_customers_learns_nothing_of_their_worth(
    work: Company, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ROLE_GRANTS, Role.AUDITOR, frozenset({Can.SEE_ALL_CASES, Can.SEE_PEOPLE}))
    client = visit(work, Role.AUDITOR)
    found = rows(client, "?value=10000")
    assert len(found) == 4, "there is no such filter"
    assert {row["at_risk"] for row in found.values()} == {""}
    assert "CAD" not in client.get("/acme/cases/").content.decode()


def test_the_surprise_that_is_planned_and_the_customer_who_was_dazzled(acme: Company, visit: Visit) -> None:
    now = timezone.now()
    with tenant_scope(acme.tenant):
        planned = log_case(acme.units["south"], now - HOUR, summary="planned")
        dazzled = log_case(acme.units["south"], now - 9 * HOUR, summary="dazzled", fixed_after=HOUR)
        Case.objects.filter(pk=planned.pk).update(planned_surprise="Flowers")
        Case.objects.filter(pk=dazzled.pk).update(
            answered_at=now, said_fixed=True, said_surprised=True, planned_surprise="A cake"
        )
    client = visit(acme, Role.CSO)
    badges = {n: (r["surprise_planned"], r["dazzled"]) for n, r in rows(client, "?state=all").items()}
    assert badges == {"planned": (True, False), "dazzled": (False, True)}
    page = client.get("/acme/cases/?state=all").content.decode()
    assert "Surprise planned" in page
    assert "Dazzled" in page
    assert rows(client, "?state=all")["dazzled"]["owner"] == "", "a list of what is over names nobody"


def test_what_is_not_counted_has_no_clocks(acme: Company, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], timezone.now() - 30 * HOUR, summary="a test")
        Case.objects.filter(pk=case.pk).update(
            excluded_as="test",
            exclusion_note="A test",
            excluded_by=acme.member(Role.CSO),
            exclusion_confirmed_by=acme.member(Role.LEADER),
        )
    client = visit(acme, Role.CSO)
    assert rows(client) == rows(client, "?state=silent") == {}
    row = rows(client, "?state=all")["a test"]
    assert (row["state"], row["contact"], row["at_risk"]) == ("Not counted", {}, "")


def test_new_due_times_hold_at_once(work: Company, visit: Visit) -> None:
    with tenant_scope(work.tenant):
        set_recovery(by=None, acknowledge_minutes=15)
    assert "fresh" in rows(visit(work, Role.CSO), "?state=silent")


def test_titles_count_up_to_a_thousand_and_pages_keep_the_count(
    work: Company, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = visit(work, Role.CSO)
    assert client.get("/acme/cases/").context["title"] == "4 cases are open"
    assert client.get("/acme/cases/?state=silent").context["title"] == "2 customers wait for a word"
    assert client.get("/acme/cases/?state=mine").context["title"] == "You hold 2 open cases"
    monkeypatch.setattr("frontend.paging.PAGE", 3)
    monkeypatch.setattr("frontend.paging.COUNTED_UP_TO", 2)
    first = client.get("/acme/cases/").context
    assert first["title"] == "More than 2 cases are open"
    assert client.get(f"/acme/cases/{first['next_url']}").context["title"] == "More than 2 cases are open"
