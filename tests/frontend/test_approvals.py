"""Giving within one's authority, asking above it, and deciding what was asked."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cso.outbox.models import OutgoingMail
from cso.people.actions import add_person
from cso.people.models import Person, Position
from cso.recovery.authority import give_remedy, set_authority
from cso.recovery.models import Case, Remedy
from cso.recovery.queries import case_log
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit, reads
from tests.frontend.test_case_page import act, page
from tests.personas import Company, log_case

HOUR = timedelta(hours=1)


@pytest.fixture
def case(acme: Company) -> Case:
    """Fran Line may give 50 CAD on it, and waive the fee."""
    with tenant_scope(acme.tenant):
        fran = Person.objects.get(name="Fran Line")
        fran.position = Position.objects.create(title="Agent")
        fran.save()
        set_authority(
            fran.position,
            by=None,
            currency="CAD",
            per_case_minor=5_000,
            per_day_minor=9_000,
            exceptions=["Waive the fee"],
        )
        return log_case(acme.units["north-1"], timezone.now() - 3 * HOUR, summary="A cold meal")


def ask(company: Company, case: Case, *, minutes_ago: int = 0, amount: int = 30_000) -> Remedy:
    with tenant_scope(company.tenant):
        at = timezone.now() - timedelta(minutes=minutes_ago)
        fran = Person.objects.get(name="Fran Line")
        by = company.member(Role.FRONTLINE)
        return give_remedy(case, person=fran, by=by, amount_minor=amount, note="A courier", now=at)


def words_of(client: Client, path: str, **form: str) -> str:
    response = client.post(path, form, follow=True) if form else client.get(path, follow=True)
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()).replace("\xa0", " ")


def state_of(company: Company, remedy: Remedy) -> tuple[str, str]:
    with tenant_scope(company.tenant):
        found = Remedy.objects.get(pk=remedy.pk)
        return found.status, found.decision_note


def test_what_fits_is_given_and_the_rest_is_asked_for(acme: Company, visit: Visit, case: Case) -> None:
    client = visit(acme, Role.FRONTLINE)
    words = words_of(client, f"/acme/cases/{case.pk}/give/")
    assert "You may give up to 50 CAD on this case now, without asking." in words
    assert "For more, Acme Leader is asked, and after 30 minutes the next one up may decide too." in words
    words = act(client, case, "give", amount="20.50", note="A dress").replace("\xa0", " ")
    assert "Given, within your own authority." in words
    assert "20.50 CAD Fran Line · 0 min ago · A dress Given" in words
    assert "You may give up to 29.50 CAD" in words
    assert "Given, within" in act(client, case, "give", exception="Waive the fee")
    words = act(client, case, "give", amount="29.51").replace("\xa0", " ")
    assert "That is above your authority, so it is asked for." in words
    assert "29.51 CAD Fran Line · 0 min ago Waits for approval" in words


def test_a_double_click_gives_once(acme: Company, visit: Visit, case: Case) -> None:
    client = visit(acme, Role.FRONTLINE)
    shown = client.get(f"/acme/cases/{case.pk}/give/")
    form_id = str(shown.context["form"].initial["form_id"])
    assert f'<input type="hidden" name="form_id" value="{form_id}"' in shown.content.decode()
    assert "Given, within your own authority." in act(client, case, "give", amount="20", form_id=form_id)
    assert "This was sent already, and counts once." in act(client, case, "give", amount="20", form_id=form_id)
    # Asking above one's authority too; and going back to give something else gives that.
    for said in ("so it is asked for", "This was sent already", "This was sent already"):
        assert said in act(client, case, "give", amount="31", form_id=form_id)
    assert "This was sent already" not in act(client, case, "give", amount="5", form_id=form_id)
    assert "Enter a valid UUID" in act(client, case, "give", amount="5", form_id="x")
    with tenant_scope(acme.tenant):
        given = Remedy.objects.order_by("amount_minor").values_list("status", "amount_minor")
        assert list(given) == [("given", 500), ("given", 2_000), ("asked", 3_100)]
        assert {remedy.pk.version for remedy in Remedy.objects.all()} == {7}, "lists in the order of ids are in time's"
        assert case_log(case)[-1].kind == "remedy_given"


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "Give an amount or an exception: one at a time."),
        ({"amount": "5", "exception": "Waive the fee"}, "Give an amount or an exception: one at a time."),
        ({"amount": "0"}, "Write an amount above zero."),
        ({"amount": "-5"}, "Write an amount above zero."),
        ({"amount": "5.001"}, "CAD has no smaller part than that."),
        ({"amount": "five"}, "Write an amount, such as 25 or 25.50."),
        ({"amount": "NaN"}, "Write an amount, such as 25 or 25.50."),
        ({"amount": "9" * 30}, "more than can be recorded"),
        ({"exception": "Fly for free"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_gives_nothing(acme: Company, visit: Visit, case: Case, form: dict[str, str], said: str) -> None:
    assert said in act(visit(acme, Role.FRONTLINE), case, "give", **form)
    with tenant_scope(acme.tenant):
        assert not Remedy.objects.exists()


def test_who_is_in_no_position_asks_for_all(acme: Company, visit: Visit, case: Case) -> None:
    words = words_of(visit(acme, Role.LEADER), f"/acme/cases/{case.pk}/give/")
    assert "or there is none for your position" in words
    assert "For more, Acme Chief Serving Officer is asked." in words
    assert "You are not in the organization yet" in act(visit(acme, Role.EXECUTIVE), case, "give", amount="5")


def test_the_leader_decides_with_one_click_from_the_mail(acme: Company, visit: Visit, case: Case) -> None:
    remedy = ask(acme, case, minutes_ago=5)
    leader = visit(acme, Role.LEADER)
    with tenant_scope(acme.tenant):
        mail = OutgoingMail.objects.get(recipient="leader@acme.example")
    path = f"/acme/approvals/{remedy.pk}/"
    assert path in mail.text
    words = words_of(leader, path)
    assert "1 decision waits for you" in words
    assert "Fran Line asks for 300 CAD “A courier” 5 min ago" in words
    assert "the next one may decide too" in words
    assert "Fran Line asks for 300 CAD" in page(leader, case).replace("\xa0", " "), "on the case too"
    assert state_of(acme, remedy)[0] == "asked", "reading decides nothing"
    words = words_of(leader, path, decision="approve", note="Go ahead")
    assert "Approved: Fran Line gives 300 CAD." in words
    assert "No decision waits for you" in words
    assert state_of(acme, remedy) == ("given", "Go ahead")
    assert "Approved by Acme Leader. Go ahead" in page(visit(acme, Role.FRONTLINE), case)
    assert "This is settled: Given." in words_of(leader, path)
    assert "There is a problem" in words_of(leader, path, decision="refuse")
    assert state_of(acme, remedy) == ("given", "Go ahead"), "and not twice"


def test_not_this_time_and_withdrawn(acme: Company, visit: Visit, case: Case) -> None:
    refused, withdrawn = ask(acme, case), ask(acme, case, amount=20_000)
    words = words_of(visit(acme, Role.LEADER), f"/acme/approvals/{refused.pk}/", decision="refuse", note="Try AC 268")
    assert "Not approved: Fran Line does not give 300 CAD." in words
    assert state_of(acme, refused) == ("refused", "Try AC 268")
    act(visit(acme, Role.FRONTLINE), case, f"withdraw-remedy/{withdrawn.pk}")
    assert state_of(acme, withdrawn)[0] == "withdrawn"


def test_it_passes_on_to_the_next_one(acme: Company, visit: Visit, case: Case) -> None:
    with tenant_scope(acme.tenant):
        add_person("Chika", by=None, member=acme.member(Role.CSO))
    remedy = ask(acme, case, minutes_ago=31)
    words = words_of(visit(acme, Role.LEADER), "/acme/approvals/")
    assert "Fran Line asks for 300 CAD" in words
    assert "the next one may decide too" not in words, "it has passed on already"
    assert "Fran Line asks for 300 CAD" in words_of(visit(acme, Role.CSO), "/acme/approvals/")
    assert "This waits for somebody else." in words_of(visit(acme, Role.FRONTLINE), f"/acme/approvals/{remedy.pk}/")


def test_strangers_do_not_learn_of_it(acme: Company, other: Company, visit: Visit, case: Case) -> None:
    with tenant_scope(acme.tenant):
        south = log_case(acme.units["south"], timezone.now() - HOUR)
    remedy = ask(acme, south)
    path = f"/acme/approvals/{remedy.pk}/"
    for client in (visit(acme, Role.FRONTLINE), visit(other, Role.CSO)):
        assert client.get(path).status_code == 404
        assert client.post(path, {"decision": "approve"}).status_code == 404
    assert visit(acme, Role.AUDITOR).get("/acme/approvals/").status_code == 403
    assert state_of(acme, remedy)[0] == "asked"


def test_a_decision_is_one_of_two(acme: Company, visit: Visit, case: Case) -> None:
    remedy = ask(acme, case)
    response = visit(acme, Role.LEADER).post(f"/acme/approvals/{remedy.pk}/", {"decision": "perhaps"})
    assert "There is a problem" in response.content.decode()
    assert state_of(acme, remedy)[0] == "asked"


@pytest.mark.parametrize("asked", [1, 3])
def test_the_list_costs_the_same_however_many_wait(
    acme: Company, visit: Visit, case: Case, django_assert_max_num_queries: object, asked: int
) -> None:
    for _number in range(asked):
        ask(acme, case)
    client = visit(acme, Role.LEADER)
    with django_assert_max_num_queries(14) as captured:  # type: ignore[operator]
        assert client.get("/acme/approvals/").status_code == 200
    assert len(reads(captured.captured_queries)) == 7
