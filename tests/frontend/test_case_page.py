"""The page of one case: what a fixer sees at a glance, and what is done there."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cso.customers.actions import save_customer
from cso.customers.models import Customer
from cso.customers.preferences import add_preference
from cso.recovery.authority import give_remedy, set_authority
from cso.recovery.call_backs import ask_call_back
from cso.recovery.customer_page import answer_questions
from cso.recovery.models import Case, SupportNote
from cso.recovery.promises import make_promise
from cso.recovery.teamwork import add_task, take_case
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit, reads
from tests.personas import Company, log_case

HOUR = timedelta(hours=1)


@pytest.fixture
def priya(acme: Company) -> Customer:
    with tenant_scope(acme.tenant):
        return save_customer(
            Customer(),
            by=None,
            name="Priya Patel",
            email="priya@example.com",
            phone="+1 416 555 0100",
            currency="CAD",
            spend_per_visit_minor=20_000,
            visits_per_year=4,
            years=10,
        )


@pytest.fixture
def case(acme: Company, priya: Customer) -> Case:
    """Of a customer that we know, three hours old."""
    with tenant_scope(acme.tenant):
        return log_case(acme.units["north-1"], timezone.now() - 3 * HOUR, summary="A cold meal", customer=priya)


def page(client: Client, case: Case) -> str:
    """As it reads: the words of its text, one blank between them."""
    html = client.get(f"/acme/cases/{case.pk}/").content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def act(client: Client, case: Case, path: str, **form: str) -> str:
    response = client.post(f"/acme/cases/{case.pk}/{path}/", form, follow=True)
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def fresh(company: Company, case: Case) -> Case:
    with tenant_scope(company.tenant):
        return Case.objects.select_related("owner").get(pk=case.pk)


def test_both_clocks_the_owner_and_what_is_at_stake_stand_first(acme: Company, visit: Visit, case: Case) -> None:
    words = page(visit(acme, Role.FRONTLINE), case)
    for said in (
        "To fix it 20 h left",
        "Next contact silent for 2 h Acknowledge",
        "Owner Acme Leader takes what nobody took Take it",
        "At stake 8,000 CAD",
        "Tell the customer that you have it",
    ):
        assert said in words.replace("\xa0", " "), said
    assert "Dazzled" not in words


def test_taken_and_taken_over_without_a_mark(acme: Company, visit: Visit, case: Case) -> None:
    frontline, leader = visit(acme, Role.FRONTLINE), visit(acme, Role.LEADER)
    assert "It is yours." in act(frontline, case, "take")
    assert fresh(acme, case).owner == acme.member(Role.FRONTLINE)
    assert leader.post(f"/acme/cases/{case.pk}/take/").status_code == 404, "somebody has it"
    assert "no list or figure shows who had it before" in page_of(leader, case, "take-over")
    words = act(leader, case, "take-over")
    assert fresh(acme, case).owner == acme.member(Role.LEADER)
    log = words[words.index("What happened") :]
    assert "owner: Acme Leader" in log
    assert "Acme Frontline → Acme Leader" not in log


def page_of(client: Client, case: Case, path: str) -> str:
    return client.get(f"/acme/cases/{case.pk}/{path}/").content.decode()


def test_handed_over_to_somebody_who_works_cases(acme: Company, visit: Visit, case: Case) -> None:
    client = visit(acme, Role.FRONTLINE)
    assert "Acme Auditor" not in page_of(client, case, "hand-over")
    auditor, leader = acme.member(Role.AUDITOR), acme.member(Role.LEADER)
    assert "Select a valid choice" in act(client, case, "hand-over", to=str(auditor.pk))
    words = act(client, case, "hand-over", to=str(leader.pk), note="Speaks Punjabi")
    assert fresh(acme, case).owner == leader
    assert "Speaks Punjabi" in words


def test_the_customer_is_told_in_one_click(acme: Company, visit: Visit, case: Case) -> None:
    client = visit(acme, Role.FRONTLINE)
    words = act(client, case, "contact", kind="acknowledge", channel="phone", note="We know, and we are on it")
    assert "Recorded: acknowledged." in words
    assert "Tell the customer how it stands" in words
    assert "We know, and we are on it channel: Phone contact: Acknowledge" in words
    form_id = str(client.get(f"/acme/cases/{case.pk}/").context["contact"]["form"].initial["form_id"])
    for said in ("Recorded: told how it stands.", "This was sent already, and counts once."):
        assert said in act(client, case, "contact", kind="status", form_id=form_id)
    with tenant_scope(acme.tenant):
        assert case.contacts.count() == 2
    assert "Say when it was." in act(client, case, "contact", kind="status", when="earlier")
    assert "Select a valid choice" in act(client, case, "contact", kind="gossip")


def test_what_they_would_not_expect_is_planned_beside_their_secrets(
    acme: Company, visit: Visit, case: Case, priya: Customer
) -> None:
    with tenant_scope(acme.tenant):
        now = timezone.now()
        add_preference(
            priya, text="Loves window seats", source="told_us", consented_at=now, expires_on=None, by=None, now=now
        )
    client = visit(acme, Role.FRONTLINE)
    assert "What we know of Priya Patel Loves window seats The customer told us" in page(client, case)
    assert "Only the customer can say that it worked." in act(client, case, "surprise", text="A card by the crew")
    assert fresh(acme, case).planned_surprise == "A card by the crew"


@pytest.mark.usefixtures("still_clock")
def test_tasks_are_asked_done_and_let_go(acme: Company, visit: Visit, case: Case) -> None:
    client = visit(acme, Role.FRONTLINE)
    due = (timezone.now() + 2 * HOUR).astimezone(acme.tenant.zone)
    form = {"unit": str(acme.units["south"].pk), "what": "Cook it anew", "due_at": f"{due:%Y-%m-%dT%H:%M}"}
    assert "Cook it anew South" in act(client, case, "task", **form)
    assert "This has passed" in act(client, case, "task", **form | {"due_at": "2020-01-01T10:00"})
    with tenant_scope(acme.tenant):
        task = case.tasks.get()
    assert "South · Acme Frontline Done" in act(client, case, f"finish-task/{task.pk}")
    assert "This task is done already" in act(client, case, f"cancel-task/{task.pk}")


def test_a_task_of_another_case_is_not_there(acme: Company, visit: Visit, case: Case) -> None:
    with tenant_scope(acme.tenant):
        now = timezone.now()
        other = log_case(acme.units["north-1"], now - HOUR)
        task = add_task(other, unit=acme.units["south"], what="Look", due_at=now + HOUR, by=None, now=now)
    assert visit(acme, Role.CSO).post(f"/acme/cases/{case.pk}/finish-task/{task.pk}/").status_code == 404


def test_a_wish_to_be_called_stands_above_all_until_somebody_called(acme: Company, visit: Visit, case: Case) -> None:
    with tenant_scope(acme.tenant):
        wish = ask_call_back(case, phone="", note="After five", now=timezone.now())
    client = visit(acme, Role.FRONTLINE)
    words = page(client, case)
    assert "The customer wants to be called +1 416 555 0100" in words
    assert "“After five” Lea North was told." in words
    assert words.index("wants to be called") < words.index("Tell the customer that you have it")
    assert "wants to be called" not in act(client, case, f"called-back/{wish.pk}")
    assert "called back already" in act(client, case, f"called-back/{wish.pk}")


def test_only_the_customers_answer_makes_it_dazzled(acme: Company, visit: Visit, priya: Customer) -> None:
    now = timezone.now()
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["north-1"], now - 5 * HOUR, customer=priya, fixed_after=2 * HOUR)
    client = visit(acme, Role.FRONTLINE)
    words = page(client, case)
    assert "Fixed in 2 h 0 min. Whether it was a surprise, only the customer can say." in words
    assert "Dazzled" not in words
    with tenant_scope(acme.tenant):
        answer_questions(case, is_fixed=True, apology=None, surprised=True, words="They drove to my door!", now=now)
    words = page(client, case)
    assert "Recovered Dazzled" in words
    assert "Is it fixed? Yes Was there a clear apology? They do not know Something they did not expect? Yes" in words
    assert "They drove to my door!" in words
    with tenant_scope(acme.tenant):
        answer_questions(case, is_fixed=False, apology=False, surprised=False, words="Cold again", now=now)
    words = page(client, case)
    assert "Dazzled" not in words
    assert "The fix did not hold. Make it good now, and surprise them." in words


def test_duplicates_are_offered_merged_and_split(acme: Company, visit: Visit, case: Case, priya: Customer) -> None:
    with tenant_scope(acme.tenant):
        twin = log_case(acme.units["north-1"], timezone.now() - HOUR, summary="The meal was cold", customer=priya)
    client = visit(acme, Role.FRONTLINE)
    assert "Perhaps the same mistake The meal was cold" in page(client, case)
    assert "Merged. The earlier clock stays." in act(client, case, f"merge/{twin.pk}")
    assert "Its duplicates The meal was cold" in page(client, case)
    words = page(client, twin)
    assert f"It was merged into case {case.reference}" in words
    assert "It is fixed" not in words
    assert client.post(f"/acme/cases/{twin.pk}/contact/", {"kind": "status"}).status_code == 404
    assert "Two cases again." in act(client, twin, "split")
    assert fresh(acme, twin).is_valid


def test_a_duplicate_that_the_viewer_cannot_see_is_not_there(acme: Company, visit: Visit, case: Case) -> None:
    with tenant_scope(acme.tenant):
        south = log_case(acme.units["south"], timezone.now() - HOUR, customer=case.customer)
    client = visit(acme, Role.FRONTLINE)
    assert "Perhaps the same mistake" not in page(client, case)
    assert client.post(f"/acme/cases/{case.pk}/merge/{south.pk}/").status_code == 404


def test_how_it_was_is_for_the_authors_eyes_only(acme: Company, visit: Visit, case: Case) -> None:
    frontline, cso = visit(acme, Role.FRONTLINE), visit(acme, Role.CSO)
    act(frontline, case, "take")
    act(frontline, case, "close", solution="put_right", fixed="now", given_surprise="Sang for them")
    assert "How was that for you? For your eyes only." in page(frontline, case)
    assert "Rough. I needed a walk." in act(frontline, case, "support", text="Rough. I needed a walk.")
    words = page(cso, case)
    assert "I needed a walk" not in words
    assert "How was that for you?" not in words
    with tenant_scope(acme.tenant):
        assert SupportNote.objects.get().author == acme.member(Role.FRONTLINE)


def test_an_auditor_reads_and_is_offered_nothing(acme: Company, visit: Visit, case: Case) -> None:
    with tenant_scope(acme.tenant):
        now = timezone.now()
        make_promise(case, what="Call back soon", by=None, at=now, now=now)
    client = visit(acme, Role.AUDITOR)
    html = client.get(f"/acme/cases/{case.pk}/").content.decode()
    main = html[html.index("<main") : html.index("</main>")]
    assert "Call back soon" in main
    assert "<form" not in main
    assert "<button" not in main
    assert "/c/" not in main, "nor the customer's link"


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_costs_the_same_however_much_happened(
    acme: Company, visit: Visit, case: Case, priya: Customer, rows: int
) -> None:
    now = timezone.now()
    with tenant_scope(acme.tenant):
        person = acme.leader
        set_authority(person.position, by=None, currency="CAD", per_case_minor=50_000, per_day_minor=90_000)
        take_case(case, by=acme.member(Role.LEADER), now=now)
        for number in range(rows):
            make_promise(case, what=f"Promise {number} soon", by=None, at=now, now=now)
            give_remedy(case, person=person, by=None, amount_minor=1_000, now=now)
            add_task(case, unit=acme.units["south"], what=f"Do {number}", due_at=now + HOUR, by=None, now=now)
            log_case(acme.units["north-1"], now - HOUR, summary=f"A cold meal {number}", customer=priya)
    for role, most in ((Role.CSO, 15), (Role.LEADER, 24)):
        client = visit(acme, role)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(f"/acme/cases/{case.pk}/").status_code == 200
        assert len(reads(captured.captured_queries)) == most, role
