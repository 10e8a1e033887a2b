"""One act on many ticked cases, each by itself."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from cso.customers.actions import save_customer
from cso.customers.models import Customer
from cso.recovery.actions import fix_case
from cso.recovery.models import Case, CaseEvent, Contact
from cso.recovery.teamwork import take_case
from frontend.forms import bulk
from frontend.forms.once import fresh_id
from tenants.members import end_membership
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit
from tests.personas import Company, log_case

HOUR = timedelta(hours=1)


@pytest.fixture
def three(acme: Company) -> list[Case]:
    """Of a customer who waits for a word, in north-1."""
    with tenant_scope(acme.tenant):
        customer = save_customer(Customer(), by=None, name="Priya Patel", email="priya@example.com")
        now = timezone.now()
        return [log_case(acme.units["north-1"], now - n * HOUR, customer=customer) for n in (1, 2, 3)]


def act(client: Client, name: str, cases: list[Case], **form: str) -> list[str]:
    """What the list says afterwards."""
    form |= {"act": name, "case": [str(case.pk) for case in cases], "query": "state=all"}  # type: ignore[dict-item]
    response = client.post("/acme/cases/bulk/", form, follow=True)
    assert response.redirect_chain == [("/acme/cases/?state=all", 302)]
    return [str(message) for message in response.context["messages"]]


def test_those_who_can_be_taken_are_and_the_other_is_told(acme: Company, visit: Visit, three: list[Case]) -> None:
    with tenant_scope(acme.tenant):
        take_case(three[0], by=acme.member(Role.CSO), now=timezone.now())
    said = act(visit(acme, Role.FRONTLINE), "take", three)
    assert said[0] == "2 cases are yours now."
    assert said[1] == f"Not done with {three[0].reference}: Acme Chief Serving Officer has taken this case."
    with tenant_scope(acme.tenant):
        owners = set(Case.objects.filter(owner=acme.member(Role.FRONTLINE)).values_list("pk", flat=True))
        assert owners == {three[1].pk, three[2].pk}


def test_handed_over_and_moved_with_a_note_in_each_log(acme: Company, visit: Visit, three: list[Case]) -> None:
    leader, south = acme.member(Role.LEADER), acme.units["south"]
    client = visit(acme, Role.CSO)
    assert act(client, "move", three, unit=str(south.pk), note="Theirs") == ["3 cases were moved."]
    assert act(client, "hand-over", three, to=str(leader.pk), note="Off sick") == ["3 cases were handed over."]
    with tenant_scope(acme.tenant):
        assert Case.objects.filter(owner=leader, unit=south).count() == 3
        notes = CaseEvent.objects.filter(kind__in=["handed_over", "moved"]).values_list("note", flat=True)
        assert sorted(notes) == ["Off sick"] * 3 + ["Theirs"] * 3


def test_a_contact_that_is_due_is_recorded_where_one_is(acme: Company, visit: Visit, three: list[Case]) -> None:
    with tenant_scope(acme.tenant):
        unknown = log_case(acme.units["north-1"], timezone.now() - HOUR)
        assert unknown.next_contact == ""
    said = act(visit(acme, Role.FRONTLINE), "contact", [*three, unknown], kind="due", channel="phone")
    assert said == ["3 contacts are recorded.", f"Not done with {unknown.reference}: No contact is due."]
    with tenant_scope(acme.tenant):
        contacts = set(Contact.objects.values_list("kind", "channel"))
        assert (contacts, Contact.objects.count()) == ({("acknowledge", "phone")}, 3)


def test_a_contact_that_is_sent_twice_is_recorded_once(acme: Company, visit: Visit, three: list[Case]) -> None:
    client = visit(acme, Role.FRONTLINE)
    shown = client.get("/acme/cases/")
    form_id = str(shown.context["bulk"].initial["form_id"])
    assert f'name="form_id" value="{form_id}"' in shown.content.decode()
    due = {"kind": "due", "note": "On it", "form_id": form_id}
    for _ in range(2):
        assert act(client, "contact", three, **due) == ["3 contacts are recorded."]
    with tenant_scope(acme.tenant):
        assert list(Contact.objects.values_list("kind", flat=True)) == ["acknowledge"] * 3
        before = {case.pk: case.next_contact for case in Case.objects.all()}
        assert set(before.values()) == {"status"}
    # The last that is due, of one of them: nothing is due after it, and yet it was done.
    assert act(client, "contact", three[:1], kind="status", form_id=form_id) == ["1 contact is recorded."]
    with tenant_scope(acme.tenant):
        assert Contact.objects.count() == 4, "filled in anew, it is another"
        fix_case(three[1], by=None, at=timezone.now(), now=timezone.now())
    for kind in ("resolution", "follow_up"):
        act(client, "contact", three[1:2], kind=kind)
    follow_up = {"kind": "due", "note": "On it", "form_id": form_id}
    assert act(client, "contact", three[1:2], **follow_up) == ["1 contact is recorded."], "it was, long ago"
    fresh = {"kind": "due", "form_id": str(fresh_id(timezone.now()))}
    assert act(client, "contact", three[1:2], **fresh) == [f"Not done with {three[1].reference}: No contact is due."]
    assert act(client, "contact", three[:1], kind="status", form_id="x") == ["Enter a valid UUID."]


def test_what_one_may_not_see_stays_as_it_is(acme: Company, other: Company, visit: Visit, three: list[Case]) -> None:
    with tenant_scope(acme.tenant):
        south = log_case(acme.units["south"], timezone.now() - HOUR)
    with tenant_scope(other.tenant):
        theirs = log_case(other.units["north"], timezone.now() - HOUR)
    said = act(visit(acme, Role.FRONTLINE), "take", [south, theirs, three[0]])
    assert said == ["1 case is yours now.", "Not done with 2: They are not there, or not for you to see."]
    for company, case in ((acme, south), (other, theirs)):
        with tenant_scope(company.tenant):
            assert Case.objects.get(pk=case.pk).owner is None


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"act": "take", "case": []}, "Tick the cases first."),
        ({"act": "take", "case": ["x"]}, "Tick the cases first."),
        ({"act": "erase", "case": ["one"]}, "Choose what to do with the cases."),
        ({"case": ["one"]}, "Choose what to do with the cases."),
        ({"act": "hand-over", "case": ["one"]}, "Say to whom."),
        ({"act": "hand-over", "case": ["one"], "to": "nobody"}, "Nobody here has this name."),
        ({"act": "move", "case": ["one"]}, "Say to which unit."),
        ({"act": "move", "case": ["one"], "unit": "nowhere"}, "There is no unit with this code or name."),
        ({"act": "contact", "case": ["one"], "kind": "shout"}, "Select a valid choice"),
        ({"act": "take", "case": ["one"], "note": "x" * 2_001}, "at most 2000 characters"),
        ({"act": "take", "case": [str(uuid4()) for _ in range(101)]}, "at most 100 cases"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    acme: Company, visit: Visit, three: list[Case], form: dict[str, object], words: str
) -> None:
    if form["case"] == ["one"]:
        form = form | {"case": [str(three[0].pk)]}
    response = visit(acme, Role.CSO).post("/acme/cases/bulk/", form, follow=True)
    assert words in " ".join(str(message) for message in response.context["messages"])
    with tenant_scope(acme.tenant):
        assert not CaseEvent.objects.exists()


def test_many_refusals_stay_readable(
    acme: Company, visit: Visit, three: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontend.views.queue.MOST_NAMED", 1)
    with tenant_scope(acme.tenant):
        for case in three:
            take_case(case, by=acme.member(Role.CSO), now=timezone.now())
    (said,) = act(visit(acme, Role.FRONTLINE), "take", three)
    first = min(three, key=lambda case: case.pk).reference
    assert said == f"Not done with {first} and 2 more: Acme Chief Serving Officer has taken this case."


def test_only_those_who_work_on_cases_are_offered_it(acme: Company, visit: Visit, three: list[Case]) -> None:
    auditor = visit(acme, Role.AUDITOR)
    assert auditor.get("/acme/cases/").context["bulk"] is None
    assert auditor.post("/acme/cases/bulk/", {"act": "take", "case": [str(three[0].pk)]}).status_code == 403
    assert visit(acme, Role.CSO).get("/acme/cases/bulk/").status_code == 405
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(acme.member(Role.CSO).user)
    assert forged.post("/acme/cases/bulk/", {"act": "take", "case": [str(three[0].pk)]}).status_code == 403


def test_a_case_is_handed_to_nobody_who_left(acme: Company, visit: Visit, three: list[Case]) -> None:
    leader = acme.member(Role.LEADER)
    with tenant_scope(acme.tenant):
        end_membership(leader, by=None, now=timezone.now())
    assert act(visit(acme, Role.CSO), "hand-over", three, to=str(leader.pk)) == ["Nobody here has this name."]
    assert set(bulk.ACTS) == {"take", "hand-over", "move", "contact"}
