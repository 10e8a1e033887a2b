"""Logging an OOPS and what is done with a case, as people send it."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from cso.customers.actions import save_customer
from cso.customers.matching import find_or_add_customer
from cso.customers.models import Customer
from cso.recovery.actions import propose_exclusion
from cso.recovery.models import Case
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit
from tests.personas import Company, log_case

pytestmark = pytest.mark.usefixtures("still_clock")
HOUR = timedelta(hours=1)


def oops(company: Company, **changes: str) -> dict[str, str]:
    form = {
        "token": str(uuid4()),
        "summary": "The lift stood still for an hour",
        "happened": "now",
        "unit": str(company.units["north-1"].pk),
    }
    return form | changes


def the_case(company: Company) -> Case:
    with tenant_scope(company.tenant):
        return Case.objects.select_related("cause", "customer", "unit").get()


def test_a_sentence_is_enough(acme: Company, visit: Visit) -> None:
    client = visit(acme, Role.FRONTLINE)
    form = client.get("/acme/cases/new/").context["form"]
    assert form.initial["unit"] == acme.units["north-1"]
    response = client.post("/acme/cases/new/", oops(acme), follow=True)
    case = the_case(acme)
    assert response.redirect_chain == [(f"/acme/cases/{case.pk}/", 302)]
    assert "Logged. Its 24 hours end on" in response.content.decode()
    assert case.opened_by_id == acme.member(Role.FRONTLINE).pk
    assert case.occurred_at == case.reported_at


def test_the_same_form_sent_twice_is_one_case(acme: Company, visit: Visit) -> None:
    client, form = visit(acme, Role.FRONTLINE), oops(acme)
    first, second = (client.post("/acme/cases/new/", form) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    the_case(acme)


def test_an_earlier_time_is_the_workspaces(acme: Company, visit: Visit) -> None:
    earlier = (timezone.now() - 5 * HOUR).replace(second=0, microsecond=0)
    local = earlier.astimezone(acme.tenant.zone)
    form = oops(acme, happened="earlier", occurred_at=f"{local:%Y-%m-%dT%H:%M}", other_cause="Lift", channel="phone")
    visit(acme, Role.FRONTLINE).post("/acme/cases/new/", form)
    case = the_case(acme)
    assert case.occurred_at == earlier
    assert (str(case.cause), case.channel) == ("Lift", "phone")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"summary": ""}, "This field is required."),
        ({"summary": "a\x00b"}, "Null characters are not allowed."),
        ({"summary": "x" * 5_001}, "at most 5000 characters"),
        ({"happened": "earlier"}, "Say when it was."),
        ({"happened": "earlier", "occurred_at": "2999-01-01T00:00"}, "cannot be later than its first report"),
        ({"unit": "nowhere"}, "There is no unit with this code or name."),
        ({"unit": ""}, "This field is required."),
        ({"customer": "nobody@"}, "Enter a valid email address."),
        ({"other_cause": "Bad attitude"}, "Attitude is not a cause"),
        ({"token": "x"}, "Enter a valid UUID."),
    ],
)
def test_what_is_wrong_is_said_in_the_summary_and_beside_the_field(
    acme: Company, visit: Visit, changes: dict[str, str], words: str
) -> None:
    response = visit(acme, Role.FRONTLINE).post("/acme/cases/new/", oops(acme, **changes))
    page = response.content.decode()
    assert response.status_code == 200
    assert words in page
    assert "<title>Error: Log an OOPS" in page
    assert "There is a problem" in page
    with tenant_scope(acme.tenant):
        assert not Case.objects.exists()


@pytest.mark.parametrize(
    ("contact", "field"),
    [
        ("Priya@example.com", "email"),
        ("+1 (416) 555-0100", "phone"),
        ("4165550100", "external_id"),
        ("ORDER-77", "external_id"),
        ("Priya Patel", "name"),
    ],
)
def test_a_contact_that_nobody_knows_makes_the_customer_with_the_case(
    acme: Company, other: Company, visit: Visit, contact: str, field: str
) -> None:
    with tenant_scope(other.tenant):
        theirs = save_customer(Customer(), by=None, **{field: contact})
    visit(acme, Role.FRONTLINE).post("/acme/cases/new/", oops(acme, customer=contact))
    customer = the_case(acme).customer
    assert customer is not None
    assert customer != theirs
    given = {name: getattr(customer, name) for name in ("external_id", "name", "email", "phone")}
    assert given == {"external_id": None, "name": "", "email": "", "phone": ""} | {field: contact}


@pytest.mark.parametrize("contact", ["PRIYA@example.com", "+1 416 555 0100", "crm-77"])
def test_a_contact_that_is_known_adds_no_customer(acme: Company, visit: Visit, contact: str) -> None:
    with tenant_scope(acme.tenant):
        known = save_customer(
            Customer(), by=None, external_id="crm-77", email="priya@example.com", phone="+1 416 555 0100"
        )
    visit(acme, Role.FRONTLINE).post("/acme/cases/new/", oops(acme, customer=contact))
    assert the_case(acme).customer == known
    with tenant_scope(acme.tenant):
        assert Customer.objects.count() == 1


def test_a_case_that_is_refused_or_sent_twice_leaves_no_customer(acme: Company, visit: Visit) -> None:
    client, form = visit(acme, Role.FRONTLINE), oops(acme, customer="Priya Patel")
    for _ in range(2):
        client.post("/acme/cases/new/", form)
    client.post("/acme/cases/new/", oops(acme, customer="Nia New", other_cause="Bad attitude"))
    with tenant_scope(acme.tenant):
        assert [customer.name for customer in Customer.objects.all()] == ["Priya Patel"]


def test_who_neither_logs_nor_edits_adds_no_customer(acme: Company) -> None:
    with tenant_scope(acme.tenant), pytest.raises(PermissionDenied):
        find_or_add_customer("+1 416 555 0100", by=acme.member(Role.AUDITOR))


def act(client: Client, case: Case, name: str, **form: str) -> str:
    """The page after an act."""
    return client.post(f"/acme/cases/{case.pk}/{name}/", form, follow=True).content.decode()


@pytest.fixture
def case(acme: Company) -> Case:
    with tenant_scope(acme.tenant):
        return log_case(acme.units["north-1"], timezone.now() - 3 * HOUR, summary="A cold meal")


def test_fixed_reopened_disputed_and_fixed_again(acme: Company, visit: Visit, case: Case) -> None:
    client = visit(acme, Role.FRONTLINE)
    assert "The clock has stopped" in act(client, case, "fix", fixed="now")
    assert "Say what was not fixed" not in act(client, case, "reopen", note="Still cold")
    assert "This case is open already" in act(client, case, "dispute", note="No")
    act(client, case, "fix", fixed="now", note="A hot one")
    assert "open again" in act(client, case, "dispute", note="They say no")
    page = client.get(f"/acme/cases/{case.pk}/").content.decode()
    for words in ("Opened", "Fixed", "Reopened", "Disputed by the customer", "A hot one", "Acme Frontline"):
        assert words in page
    assert the_case(acme).times_undone == 2


def test_a_fix_before_the_mistake_is_refused_beside_its_field(acme: Company, visit: Visit, case: Case) -> None:
    page = act(visit(acme, Role.FRONTLINE), case, "fix", fixed="earlier", at="2020-01-01T10:00")
    assert "This is before the case began." in page
    assert 'id="id_at_error"' in page


def test_moved_and_corrected_with_what_it_was_before(acme: Company, visit: Visit, case: Case) -> None:
    client = visit(acme, Role.CSO)
    act(client, case, "move", unit=str(acme.units["south"].pk), note="Theirs")
    reported = case.reported_at.astimezone(acme.tenant.zone)
    act(
        client,
        case,
        "correct",
        summary="A cold soup",
        reported_at=f"{reported:%Y-%m-%dT%H:%M}",
        cause="Kitchen",
        channel="",
    )
    found = the_case(acme)
    assert (found.unit, found.summary, str(found.cause)) == (acme.units["south"], "A cold soup", "Kitchen")
    assert found.reported_at == case.reported_at, "a minute that was left alone keeps its seconds"
    page = client.get(f"/acme/cases/{case.pk}/").content.decode()
    assert "unit: north-1 → south" in page
    assert "what went wrong: A cold meal → A cold soup" in page


def test_an_exclusion_takes_two(acme: Company, visit: Visit, case: Case) -> None:
    proposer, second = visit(acme, Role.EXECUTIVE), visit(acme, Role.CSO)
    act(proposer, case, "exclude", reason="duplicate", note="Logged twice")
    assert proposer.post(f"/acme/cases/{case.pk}/confirm-exclusion/").status_code == 404
    assert the_case(acme).is_valid
    act(second, case, "confirm-exclusion")
    assert not the_case(acme).is_valid
    assert "This case counts nowhere" in second.get(f"/acme/cases/{case.pk}/").content.decode()
    act(second, case, "withdraw-exclusion")
    assert the_case(acme).is_valid


def test_only_offered_acts_can_be_done(acme: Company, visit: Visit, case: Case) -> None:
    auditor = visit(acme, Role.AUDITOR)
    assert auditor.get(f"/acme/cases/{case.pk}/").context["acts"] == []
    assert auditor.post(f"/acme/cases/{case.pk}/fix/", {"fixed": "now"}).status_code == 404
    frontline = visit(acme, Role.FRONTLINE)
    assert frontline.post(f"/acme/cases/{case.pk}/exclude/").status_code == 404
    with tenant_scope(acme.tenant):
        propose_exclusion(case, "test", "A test", by=acme.member(Role.CSO), now=timezone.now())
    labels = [label for label, _url in visit(acme, Role.LEADER).get(f"/acme/cases/{case.pk}/").context["acts"]]
    assert "Agree not to count it" in labels


def test_a_case_of_another_unit_is_not_there(acme: Company, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        south = log_case(acme.units["south"], timezone.now() - HOUR)
    client = visit(acme, Role.FRONTLINE)
    assert client.get(f"/acme/cases/{south.pk}/").status_code == 404
    assert client.post(f"/acme/cases/{south.pk}/fix/", {"fixed": "now"}).status_code == 404
    assert client.get(f"/acme/cases/{uuid4()}/").status_code == 404


def test_reading_writes_nothing(acme: Company, visit: Visit, case: Case) -> None:
    client = visit(acme, Role.CSO)
    for name in ("fix", "move", "correct", "exclude"):
        assert client.get(f"/acme/cases/{case.pk}/{name}/").status_code == 200
    found = the_case(acme)
    assert (found.revision, found.is_open) == (case.revision, True)
