"""How customers were recovered, on a unit's page, and what stands behind each figure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from cso.metrics.registry import METRICS
from cso.recovery.models import Promise, Remedy
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit
from tests.metrics.kills import a_month_of_kills
from tests.metrics.recoveries import a_month, promised
from tests.personas import Company, log_case

PERIOD = "period=2026-03"


@pytest.fixture
def month(acme: Company) -> Company:
    with tenant_scope(acme.tenant):
        a_month(acme)
        a_month_of_kills(acme)
    return acme


def shown(page: str) -> str:
    """The words of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_a_units_page_says_how_customers_were_recovered(month: Company, visit: Visit) -> None:
    client = visit(month, Role.CSO)
    page = client.get(f"/acme/units/{month.units['top'].pk}/?{PERIOD}")
    found = {figure["label"]: (figure["value"], figure["note"]) for figure in page.context["recovery"]}
    assert found == {
        "Surprised, of those who answered": ("67%", "3 of 6 answered; between 33% and 83% had all"),
        "Dazzled": ("17%", "recovered within 24 hours and surprised"),
        "Failed twice": ("0%", "0 of 4 first fixes"),
        "Promises kept": ("50%", "2 of 4 that were due; 1 by a moved date"),
        "Silent now": ("2", "customers to whom a word is overdue"),
        "Value at risk now": ("5\u00a0USD", "2 customers, 1 of unknown worth"),
    }
    assert [(line["name"], line["share"], line["of"]) for line in page.context["channels"]] == [
        ("Phone", "67%", "2 of 3"),
        ("No channel given", "0%", "0 of 1"),
        ("E-mail", "100%", "1 of 1"),
        ("Web", "0%", "0 of 1"),
    ]
    for figure in page.context["recovery"]:
        assert client.get(figure["url"]).status_code == 200
    for line, count in zip(page.context["channels"], (3, 1, 1, 1), strict=True):
        assert len(client.get(line["url"]).context["rows"]) == count


def test_a_units_page_says_what_customers_were_given_in_each_currency(acme: Company, visit: Visit) -> None:
    april = datetime(2026, 4, 1, 4, tzinfo=UTC)  # midnight in Toronto
    gifts = [(1, 2_050, "CAD"), (2, 100_000, "CAD"), (1, 700, "USD"), (0, 4_000, "CAD"), (0, 1_100, "USD")]
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["north-1"], april - timedelta(days=3))
        for hours_before, amount_minor, currency in gifts:
            Remedy.objects.create(
                case=case,
                unit=case.unit,
                person=acme.leader,
                status="given",
                on_own_authority=True,
                amount_minor=amount_minor,
                currency=currency,
                given_at=april - timedelta(hours=hours_before),
                day=date(2026, 3, 31),
            )
    client = visit(acme, Role.CSO)

    def given(unit: str, days: str) -> str:
        words = shown(client.get(f"/acme/units/{acme.units[unit].pk}/?{days}").content.decode())
        return words.replace("\xa0", " ").split("Given to customers: ")[1].split(". ")[0]

    assert given("top", PERIOD) == "1,020.50 CAD, 7 USD"
    assert given("north", "period=2026-04") == "40 CAD, 11 USD"
    assert given("north", f"{PERIOD}&until=2026-03-31") == given("south", PERIOD) == "no money"


@pytest.mark.parametrize("role", [Role.CSO, Role.LEADER])
def test_every_metric_opens_with_its_number_of_facts(month: Company, visit: Visit, role: Role) -> None:
    client, unit = visit(month, role), month.units["north" if role == Role.LEADER else "top"].pk
    for key, metric in METRICS.items():
        period = "" if metric.is_state else "&period=2026-06" if key == "value_saved" else f"&{PERIOD}"
        page = client.get(f"/acme/cases/behind/?metric={key}&part=denominator{period}&unit={unit}")
        assert page.status_code == 200
        source = metric.family.source
        is_own = source.is_of_committees or source.is_of_panels
        rows = page.context["rows" if source.is_of_cases else "decisions" if is_own else "facts"]
        figure = page.context["figure"]
        assert figure is None or len(rows) == figure.counts[metric.counted], key
        assert not page.context["is_updating"]
        export = client.get(f"/acme/cases/behind/export.csv?metric={key}&part=denominator{period}&unit={unit}")
        assert export.status_code == 200


def test_promises_say_what_became_of_them_and_lead_to_their_cases(month: Company, visit: Visit) -> None:
    client = visit(month, Role.CSO)
    page = client.get(f"/acme/cases/behind/?metric=promise_kept&part=denominator&{PERIOD}")
    assert page.context["title"] == "4 promises"
    assert sorted(fact["state"] for fact in page.context["facts"]) == ["Kept", "Kept as moved", "Not done", "Not done"]
    assert [label for label, *_ in page.context["parts"]] == ["All that count", "All others", "Promises kept"]
    for fact in page.context["facts"]:
        assert client.get(fact["url"]).status_code == 200
    saved = client.get("/acme/cases/behind/?metric=value_saved&part=denominator&period=2026-06")
    assert "0 USD of 105 to 305 USD saved. Of 1 customer the worth is not known." in shown(
        saved.content.decode()
    ).replace("\u00a0", " ")
    assert {fact["what"].replace("\u00a0", " ") for fact in saved.context["facts"]} == {
        "Ada, 100 to 300 USD",
        "Bob, 5 USD",
        "Eve, worth not known",
    }


def test_a_case_out_of_sight_is_named_and_not_linked(month: Company, visit: Visit) -> None:
    with tenant_scope(month.tenant):
        promise = Promise.objects.filter(unit=month.units["north-1"]).earliest("first_due_at")
        type(promise.case).objects.filter(pk=promise.case_id).update(unit=month.units["south"])
    client = visit(month, Role.LEADER)
    unit = month.units["north"].pk
    page = client.get(f"/acme/cases/behind/?metric=promise_kept&part=denominator&{PERIOD}&unit={unit}")
    assert {(fact["reference"], fact["url"]) for fact in page.context["facts"]} == {(promise.case.reference, "")}


def test_a_page_of_facts_costs_the_same_for_1_and_3(
    month: Company, visit: Visit, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = visit(month, Role.CSO)
    address = f"/acme/cases/behind/?metric=promise_kept&part=rest&{PERIOD}&unit={month.units['south'].pk}"
    with tenant_scope(month.tenant):
        case = Promise.objects.filter(unit=month.units["south"]).first()
        assert case is not None
        late = datetime(2026, 3, 16, tzinfo=UTC)
        Promise.objects.create(case=case.case, unit=case.unit, what="One", made_at=late, first_due_at=late, due_at=late)
    client.get(address)
    for more in (0, 2):
        with tenant_scope(month.tenant):
            for _ in range(more):
                promised(case.case, case.first_due_at - case.made_at)
        with django_assert_num_queries(FACTS_QUERIES):
            assert len(client.get(address).context["facts"]) == 1 + more


FACTS_QUERIES = 17


@pytest.mark.parametrize(
    "query",
    [
        f"metric=promise_kept&part=denominator&{PERIOD}&channel=pigeon",
        f"metric=promise_kept&part=half&{PERIOD}",
        f"metric=promise_kept&part=denominator&{PERIOD}&after=1~2",
        "metric=value_saved&part=denominator",
    ],
)
def test_an_address_that_nothing_gave_out_finds_nothing(month: Company, visit: Visit, query: str) -> None:
    assert visit(month, Role.CSO).get(f"/acme/cases/behind/?{query}").status_code == 404
