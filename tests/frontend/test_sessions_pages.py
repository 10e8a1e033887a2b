"""Sessions and promises to panels in the portal: noted while they run, kept, and told to the members."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.timezone import localtime

from cso.customers.models import Customer
from cso.outbox.models import OutgoingMail
from cso.panels import commitments, sessions
from cso.panels.models import Commitment, Panel, PanelMember, PanelSession, Presence, RosterEntry, Truth
from cso.panels.telling import write_chunk
from cso.panels.truths import hear_truth
from cso.people.models import Person
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.frontend.conftest import Visit, reads
from tests.personas import Company

pytestmark = pytest.mark.usefixtures("still_clock")
STEWARD = Role.EXECUTIVE
HOUR = timedelta(hours=1)
LIST, PROMISES = "/acme/listening/sessions/", "/acme/listening/commitments/"


@pytest.fixture
def panel(acme: Company) -> Panel:
    with tenant_scope(acme.tenant):
        return Panel.objects.create(name="Travellers", unit=acme.units["top"], steward=acme.member(STEWARD))


def words(response: Any) -> str:
    """The text of a page, one blank between words."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def told(client: Client, path: str, **sent: Any) -> str:
    return words(client.post(path, sent, follow=True))


def local(company: Company, instant: datetime) -> str:
    return f"{localtime(instant, company.tenant.zone):%Y-%m-%dT%H:%M}"


def planned(company: Company, panel: Panel, title: str = "March") -> PanelSession:
    """An hour ago, with Lea North on its roster; within the company's scope."""
    at = timezone.now() - HOUR
    session = sessions.plan_session(panel, title, planned_at=at, by=None, now=at)
    sessions.set_roster(session, [company.leader], by=None, now=at)
    return session


def held(company: Company, panel: Panel, title: str) -> PanelSession:
    session, now = planned(company, panel, title), timezone.now()
    sessions.start_session(session, by=None, now=now - HOUR)
    truth = hear_truth(PanelSession.objects.get(pk=session.pk), "The queue is long", by=None, now=now)
    commitments.commit(
        panel, owner=company.leader, what="Open lane 3", due_at=now + HOUR, by=None, now=now, truth=truth
    )
    return sessions.end_session(session, by=None, now=now)


def test_the_steward_keeps_a_session(acme: Company, panel: Panel, visit: Visit) -> None:
    """Planned, rostered, begun with a click; who comes in and goes out; over, by a slip, and over again."""
    steward, now = visit(acme, STEWARD), timezone.now()
    said = told(
        steward,
        f"{LIST}new/",
        title="What March said",
        planned_at=local(acme, now),
        planned_minutes="60",
        agenda="Right",
    )
    assert "Planned. Now say who is expected." in said
    assert "Lea North" in said
    with tenant_scope(acme.tenant):
        session = PanelSession.objects.get()
    page = f"{LIST}{session.pk}/"
    assert "Say first who is expected" in told(steward, f"{page}start/")
    assert "1 executive is expected." in told(steward, f"{page}roster/", people=[str(acme.leader.pk)])
    assert "0 of 1 are in the room." in told(steward, f"{page}start/")
    with tenant_scope(acme.tenant):
        entry = RosterEntry.objects.get()
        # As if it had begun an hour ago.
        PanelSession.objects.update(started_at=now - HOUR)
    door = f"/acme/listening/roster/{entry.pk}"
    assert "1 of 1 are in the room." in told(steward, f"{door}/join/", at=local(acme, now - HOUR))
    assert "0 of 1 are in the room." in told(steward, f"{door}/leave/")
    said = told(steward, f"{page}end/")
    assert "1 of 1 executive heard the customers." in said
    assert "attended · " in said
    assert "It runs" not in said
    assert "are in the room" in told(steward, f"{page}take-back-end/")
    assert "It has not ended." not in told(steward, f"{page}end/")
    with tenant_scope(acme.tenant):
        stay = Presence.objects.get()
    assert "0 of 1 executive heard the customers." in told(steward, f"/acme/listening/presences/{stay.pk}/remove/")
    said = told(
        steward, f"{door}/presence/", joined_at=local(acme, now - HOUR), left_at=local(acme, now - timedelta(minutes=1))
    )
    assert "1 of 1 executive heard the customers." in said
    assert "1 of 1 attended" in words(steward.get(f"{LIST}?state=held"))


def test_sessions_are_called_off_with_a_reason(acme: Company, panel: Panel, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        session = planned(acme, panel)
    cso, page = visit(acme, Role.CSO), f"{LIST}{session.pk}/"
    assert "Changed." in told(
        cso, f"{page}change/", title="April", planned_at=local(acme, timezone.now()), planned_minutes="45"
    )
    assert "This field is required." in told(cso, f"{page}cancel/")
    said = told(cso, f"{page}cancel/", because="Snow")
    assert "It was called off, and counts for nobody." in said
    assert "April" in words(cso.get(f"{LIST}?state=cancelled"))


def test_executives_excuse_themselves_and_note_no_presence(acme: Company, panel: Panel, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        session = planned(acme, panel)
        entry = session.roster.get()
    lea, door = visit(acme, Role.LEADER), f"/acme/listening/roster/{entry.pk}"
    assert "Excused: In court" in told(lea, f"{door}/excuse/", because="In court")
    assert "Sent Dee Puty" in told(lea, f"{door}/delegate/", delegate="Dee Puty")
    page = words(lea.get(f"{LIST}{session.pk}/"))
    assert "Comes in" not in page
    assert "It begins" not in page
    for path in (f"{door}/join/", f"{LIST}{session.pk}/start/", f"{LIST}{session.pk}/roster/"):
        assert lea.post(path).status_code == 404
    for path in (f"{LIST}{session.pk}/", f"{door}/excuse/"):
        assert visit(acme, Role.FRONTLINE).get(path).status_code == 404


def test_from_a_truth_to_what_the_members_read(acme: Company, panel: Panel, visit: Visit) -> None:
    with tenant_scope(acme.tenant):
        session = sessions.start_session(planned(acme, panel), by=None, now=timezone.now())
        customer = Customer.objects.create(name="Cleo", email="cleo@example.com")
        PanelMember.objects.create(
            panel=panel,
            customer=customer,
            unit=panel.unit,
            via="customer",
            consent_source="by phone",
            consented_at=session.planned_at,
            joined_at=session.planned_at,
        )
    steward, lea, now = visit(acme, STEWARD), visit(acme, Role.LEADER), timezone.now()
    said = told(lea, f"{LIST}{session.pk}/", words="Fran Line was rude, and nobody tells us when the bus leaves")
    assert "[name] was rude, and nobody tells us" in said
    with tenant_scope(acme.tenant):
        truth = Truth.objects.get()
    new = f"{PROMISES}new/?truth={truth.pk}"
    assert "nobody tells us when the bus leaves" in words(lea.get(new))
    said = told(
        lea,
        new,
        panel=str(panel.pk),
        you_said="Nobody tells us when the bus leaves",
        what="Print the times",
        owner=str(acme.leader.pk),
        due_at=local(acme, now + HOUR),
    )
    assert "Promised here" in said
    with tenant_scope(acme.tenant):
        made = Commitment.objects.get()
    page = f"{PROMISES}{made.pk}"
    assert "Say what was done" not in told(lea, f"{page}/keep/", we_did="The times hang at every exit")
    assert "Taken back" in told(lea, f"{page}/reopen/")
    told(lea, f"{page}/keep/", we_did="The times hang at every exit")
    assert lea.get(f"/acme/listening/panels/{panel.pk}/tell/").status_code == 404
    assert "do not know yet that 1 promise is done" in words(steward.get(PROMISES))
    tell = f"/acme/listening/panels/{panel.pk}/tell/"
    assert "One mail to 1 member" in words(steward.get(tell))
    assert "The mails are on their way." in told(steward, tell, commitments=[str(made.pk)])
    assert "They know it all" in words(steward.get(tell))
    with tenant_scope(acme.tenant):
        write_chunk(made.pk, now=timezone.now())
        assert OutgoingMail.objects.get().recipient == "cleo@example.com"
    assert "The members were told that this is done." in told(lea, f"{page}/reopen/")


def test_overdue_promises_stand_first_and_are_withdrawn_with_a_reason(
    acme: Company, panel: Panel, visit: Visit
) -> None:
    with tenant_scope(acme.tenant):
        then = timezone.now() - 10 * HOUR
        late, soon = (
            commitments.commit(panel, owner=acme.leader, what=what, due_at=then + hours * HOUR, by=None, now=then)
            for what, hours in (("Open lane 3", 5), ("Print the times", 20))
        )
    lea = visit(acme, Role.LEADER)
    page = words(lea.get(PROMISES))
    assert "1 promise to our panels is overdue" in page
    assert page.index("Open lane 3") < page.index("Print the times")
    said = told(lea, f"{PROMISES}{late.pk}/withdraw/", because="No lane 3", was_mistake="on")
    assert "Only the steward of the panel does this" in said
    assert "Withdrawn." in told(lea, f"{PROMISES}{late.pk}/withdraw/", because="No lane 3")
    assert "Because: No lane 3" in words(lea.get(f"{PROMISES}?state=withdrawn"))
    assert "Print the times" in words(visit(acme, Role.AUDITOR).get(PROMISES))
    assert visit(acme, Role.AUDITOR).get(f"{PROMISES}{soon.pk}/keep/").status_code == 404


@pytest.mark.parametrize(("path", "most"), [(f"{LIST}?state=held", 12), (PROMISES, 10), ("session", 12)])
def test_lists_read_as_much_for_three_as_for_one(
    acme: Company, panel: Panel, visit: Visit, path: str, most: int
) -> None:
    steward, counts = visit(acme, STEWARD), []
    with tenant_scope(acme.tenant):
        session = held(acme, panel, "Session 1")
    for more in (0, 2):
        with tenant_scope(acme.tenant):
            for number in range(more):
                held(acme, panel, f"Session {number + 2}")
                crowd(acme, session, number)
        with CaptureQueriesContext(connection) as captured:
            assert steward.get(f"{LIST}{session.pk}/" if path == "session" else path).status_code == 200
        counts.append(len(reads(captured.captured_queries)))
    assert counts[0] == counts[1] <= most


def crowd(company: Company, session: PanelSession, number: int) -> None:
    """One more on the roster, with a stay, a truth and a promise of their own."""
    now = timezone.now()
    sessions.take_back_end(session, by=None, now=now)
    person = Person.objects.create(name=f"Person {number}")
    everybody = [entry.person for entry in session.roster.select_related("person")]
    entries = sessions.set_roster(session, [*everybody, person], by=None, now=now)
    entry = next(entry for entry in entries if entry.person_id == person.pk)
    sessions.record_presence(entry, joined_at=now - HOUR, left_at=now, by=None, now=now)
    truth = hear_truth(PanelSession.objects.get(pk=session.pk), f"Truth {number}", by=None, now=now)
    commitments.commit(
        session.panel, owner=person, what=f"Promise {number}", due_at=now + HOUR, by=None, now=now, truth=truth
    )
    sessions.end_session(session, by=None, now=timezone.now())
