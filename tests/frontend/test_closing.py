"""Closing: two clicks and a line; and the rule, where policy was quoted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from cso.alarms.actions import ring_alarms
from cso.customers.actions import save_customer
from cso.customers.models import Customer
from cso.outbox.models import OutgoingMail
from cso.recovery.actions import fix_case, move_case
from cso.recovery.authority import give_remedy, set_authority
from cso.recovery.closing import plan_surprise
from cso.recovery.models import Case
from cso.rules.actions import register_rule
from cso.rules.models import Rule
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.browser import Open, needs_chromium
from tests.frontend.conftest import Visit
from tests.frontend.test_case_page import act
from tests.personas import Company, log_case

HOUR = timedelta(hours=1)
CLOSE = {"solution": "put_right", "fixed": "now"}


@pytest.fixture
def case(acme: Company) -> Case:
    with tenant_scope(acme.tenant):
        priya = save_customer(Customer(), by=None, name="Priya Patel", email="priya@example.com")
        return log_case(acme.units["north-1"], timezone.now() - 3 * HOUR, summary="A cold meal", customer=priya)


def fresh(company: Company, case: Case) -> Case:
    with tenant_scope(company.tenant):
        return Case.objects.select_related("quoted_rule").get(pk=case.pk)


def asked(company: Company) -> int:
    """How many mails with the questions wait for Priya, once the alarms of now have rung."""
    ring_alarms(company.tenant, now=timezone.now())
    with tenant_scope(company.tenant):
        return OutgoingMail.objects.filter(recipient="priya@example.com", kind="questions", status="waiting").count()


def test_one_form_fixes_closes_and_asks_the_customer(acme: Company, visit: Visit, case: Case) -> None:
    words = act(
        visit(acme, Role.FRONTLINE),
        case,
        "close",
        **CLOSE | {"given_surprise": "The chef came out", "failed_right": "way", "change_idea": "Warm the plates"},
    )
    assert "Fixed and closed." in words
    for said in ("Solved We put it right", "What failed The right way", "Surprise given The chef came out"):
        assert said in words
    assert "To change Warm the plates" in words
    assert "It is fixed" not in words
    found = fresh(acme, case)
    assert found.recovered_24h
    assert found.closed_at == found.fixed_at
    assert not found.dazzled, "only the customer can say that"
    assert asked(acme) == 1


def test_a_fix_of_before_is_closed_without_a_second_fix(acme: Company, visit: Visit, case: Case) -> None:
    fixed_at = timezone.now() - HOUR
    with tenant_scope(acme.tenant):
        fix_case(case, by=None, at=fixed_at, now=fixed_at)
    client = visit(acme, Role.FRONTLINE)
    assert "When was it fixed?" not in client.get(f"/acme/cases/{case.pk}/close/").content.decode()
    act(client, case, "close", solution="explained")
    assert fresh(acme, case).fixed_at == fixed_at
    assert client.post(f"/acme/cases/{case.pk}/close/", CLOSE).status_code == 404, "it is closed"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"solution": ""}, "This field is required."),
        ({"solution": "shrugged"}, "Select a valid choice"),
        ({"fixed": "earlier"}, "Say when it was."),
        ({"fixed": "earlier", "at": "2020-01-01T10:00"}, "before the case began"),
        ({"failed_right": "attitude"}, "Select a valid choice"),
        ({"given_surprise": "x" * 501}, "at most 500 characters"),
        ({"solution": "policy_quoted"}, "Say which rule was quoted."),
        ({"solution": "policy_quoted", "rule_title": " "}, "Say which rule was quoted."),
        ({"solution": "policy_quoted", "rule": "00000000-0000-7000-8000-000000000000"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_closes_nothing(
    acme: Company, visit: Visit, case: Case, changes: dict[str, str], said: str
) -> None:
    words = act(visit(acme, Role.FRONTLINE), case, "close", **CLOSE | changes)
    assert "There is a problem" in words
    assert said in words
    found = fresh(acme, case)
    assert (found.is_open, found.closed_at, found.revision) == (True, None, case.revision)


def test_a_rule_that_is_like_it_is_offered_before_a_new_one(acme: Company, visit: Visit, case: Case) -> None:
    with tenant_scope(acme.tenant):
        known = register_rule(
            by=None, title="No refund without the paper receipt", text="As said.", origin="habit", now=timezone.now()
        )
    client = visit(acme, Role.FRONTLINE)
    quoted = CLOSE | {"solution": "policy_quoted", "rule_title": "Refund only with receipt"}
    words = act(client, case, "close", **quoted)
    assert "Say whether it is one of these rules." in words
    assert "No refund without the paper receipt None of these: a new rule" in words
    act(client, case, "close", **quoted | {"rule": str(known.pk)})
    assert fresh(acme, case).quoted_rule == known
    with tenant_scope(acme.tenant):
        assert Rule.objects.count() == 1


@pytest.mark.parametrize("title", ["no refund  without the PAPER receipt", "Crew meals are never given away"])
def test_its_own_title_finds_it_and_another_registers_a_new_one(
    acme: Company, visit: Visit, case: Case, title: str
) -> None:
    with tenant_scope(acme.tenant):
        register_rule(
            by=None, title="No refund without the paper receipt", text="As said.", origin="habit", now=timezone.now()
        )
    act(visit(acme, Role.FRONTLINE), case, "close", **CLOSE | {"solution": "policy_quoted", "rule_title": title})
    rule = fresh(acme, case).quoted_rule
    assert rule is not None
    assert rule.title.lower() == " ".join(title.lower().split())


def test_a_like_rule_that_it_is_not_is_registered_as_new(acme: Company, visit: Visit, case: Case) -> None:
    with tenant_scope(acme.tenant):
        register_rule(by=None, title="No refund without receipt", text="As said.", origin="habit", now=timezone.now())
        move_case(case, acme.units["south"], by=None, now=timezone.now())
    form = CLOSE | {"solution": "policy_quoted", "rule_title": "No refund on sale", "rule": "new"}
    act(visit(acme, Role.CSO), case, "close", **form)
    rule = fresh(acme, case).quoted_rule
    assert rule is not None
    assert rule.title == "No refund on sale"
    with tenant_scope(acme.tenant):
        # Of where it was quoted, wherever who closes works, and of who leads there.
        assert (rule.unit, rule.owner) == (acme.units["south"], None)


def test_rules_are_looked_up_as_one_types(acme: Company, other: Company, visit: Visit) -> None:
    for company, title in ((acme, "No refund without receipt"), (other, "No refund at all")):
        with tenant_scope(company.tenant):
            register_rule(by=None, title=title, text="As said.", origin="habit", now=timezone.now())
    client = visit(acme, Role.FRONTLINE)
    html = client.get("/acme/rules-like/", {"rule_title": "refund receipt"}).content.decode()
    assert "No refund without receipt" in html
    assert "No refund at all" not in html, "another's"
    assert client.get("/acme/rules-like/", {"rule_title": "\x00"}).content.decode().strip() == ""
    assert visit(acme, Role.AUDITOR).get("/acme/rules-like/", {"rule_title": "refund"}).status_code == 403


def test_the_form_suggests_what_the_case_itself_tells(acme: Company, visit: Visit, case: Case) -> None:
    client = visit(acme, Role.FRONTLINE)
    form = client.get(f"/acme/cases/{case.pk}/close/").context["form"]
    assert (form.initial["solution"], form.initial["given_surprise"]) == ("put_right", "")
    with tenant_scope(acme.tenant):
        now = timezone.now()
        set_authority(acme.leader.position, by=None, currency="CAD", per_case_minor=5_000, per_day_minor=5_000)
        give_remedy(case, person=acme.leader, by=None, amount_minor=1_000, now=now)
        plan_surprise(case, "A card by the crew", by=None, now=now)
    form = client.get(f"/acme/cases/{case.pk}/close/").context["form"]
    assert (form.initial["solution"], form.initial["given_surprise"]) == ("paid_back", "A card by the crew")


@needs_chromium
@pytest.mark.parametrize("scripts", [True, False])
def test_two_clicks_and_a_line(open_page: Open, company: Company, scripts: bool) -> None:
    with tenant_scope(company.tenant):
        priya = save_customer(Customer(), by=None, name="Priya Patel", email="priya@example.com")
        case = log_case(company.units["north-1"], timezone.now() - HOUR, summary="A cold meal", customer=priya)
    page = open_page(Role.FRONTLINE, f"/acme/cases/{case.pk}/", width=390, scripts=scripts)
    page.click("text=It is fixed")
    expect(page.locator("#id_given_surprise")).to_be_focused()
    page.keyboard.type("The chef brought a new one, with a cake")
    expect(page.locator("#id_rule_title")).to_be_hidden()
    page.click("text=Close the case")
    status = page.locator(".status")
    expect(status).to_contain_text("Fixed and closed.")
    if scripts:
        expect(status).to_be_focused()
    found = fresh(company, case)
    assert found.recovered_24h
    assert found.closed_at is not None
    assert found.given_surprise == "The chef brought a new one, with a cake"
    assert asked(company) == 1


@needs_chromium
def test_near_duplicates_of_a_quoted_rule_appear_while_one_types(open_page: Open, company: Company) -> None:
    with tenant_scope(company.tenant):
        case = Case.objects.filter(fixed_at=None).latest("reported_at")
        rule = register_rule(by=None, title="No refund without receipt", text="So.", origin="habit", now=timezone.now())
    page = open_page(Role.FRONTLINE, f"/acme/cases/{case.pk}/close/")
    page.click("text=Policy was quoted")
    page.fill("#id_rule_title", "refund receipt")  # at once: no list of half the words comes in between
    page.click("text=No refund without receipt")
    page.click("text=Close the case")
    expect(page.locator(".status")).to_contain_text("Fixed and closed.")
    assert fresh(company, case).quoted_rule == rule
