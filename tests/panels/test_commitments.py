"""Commitments: kept in time, withdrawn, and told to the members: “you said, we did”."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from cso.alarms.actions import ring_alarms
from cso.clock import telling
from cso.customers.models import Customer
from cso.errors import ConflictError, InvalidFieldsError, NotAllowedError
from cso.outbox.models import OutgoingMail
from cso.panels import commitments, sessions
from cso.panels import telling as telling_members
from cso.panels.links import leave_link
from cso.panels.models import Commitment, Panel, PanelMember, PanelSession
from cso.panels.queries import visible_commitments, waiting
from cso.panels.telling import tell_members
from cso.panels.truths import hear_truth
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company

DAY = timedelta(days=1)


@dataclass
class Scene:
    company: Company
    panel: Panel
    session: PanelSession

    def commit(self, what: str = "Print the bus times at the exit", days: float = 30, **values: object) -> Commitment:
        given = {"owner": self.company.leader, "by": None, "now": NOW, "due_at": NOW + days * DAY} | values
        return commitments.commit(self.panel, what=what, **given)  # type: ignore[arg-type]

    def kept(self, days: float, **values: object) -> Commitment:
        made = self.commit(**values)  # type: ignore[arg-type]
        at = NOW + days * DAY
        commitments.keep_commitment(made, we_did="They hang at every exit", by=None, now=at)
        return Commitment.objects.get(pk=made.pk)

    def add_member(self, email: str, **values: object) -> PanelMember:
        customer = Customer.objects.create(
            name=email.partition("@")[0], email=email, language=str(values.pop("language", ""))
        )
        given = {"joined_at": NOW, "consented_at": NOW, "via": "customer", "consent_source": "by phone"} | values
        return PanelMember.objects.create(panel=self.panel, customer=customer, unit=self.panel.unit, **given)


@pytest.fixture
def scene(acme: Company) -> Iterator[Scene]:
    with tenant_scope(acme.tenant):
        panel = Panel.objects.create(name="Travellers", unit=acme.units["top"], steward=acme.member(Role.AUDITOR))
        session = sessions.plan_session(panel, "March", planned_at=NOW, by=None, now=NOW)
        sessions.set_roster(session, [acme.leader], by=None, now=NOW)
        session = sessions.start_session(session, by=None, now=NOW)
    with tenant_scope(acme.tenant):
        yield Scene(acme, panel, session)


def test_commitments_are_kept_by_their_due_time(scene: Scene) -> None:
    """At the very instant is in time; one microsecond later is not; withdrawn is a miss, a mistake is not counted."""
    late = timedelta(microseconds=1) / DAY
    assert [(scene.kept(days).kept, scene.kept(days).is_counted) for days in (1, 30)] == [(True, True)] * 2
    assert scene.kept(30 + late).kept is False
    open_one = scene.commit()
    assert (open_one.unit.code, Commitment.objects.get(pk=open_one.pk).kept) == ("north", False)
    commitments.withdraw_commitment(open_one, because="The depot moved", by=None, now=NOW)
    open_one.refresh_from_db()
    assert (open_one.kept, open_one.is_counted) == (False, True)
    mistake = scene.commit()
    commitments.withdraw_commitment(mistake, because="Typed twice", was_mistake=True, by=None, now=NOW)
    mistake.refresh_from_db()
    assert (mistake.kept, mistake.is_counted) == (False, False)
    too_late = scene.commit()
    with pytest.raises(ConflictError, match="fallen due"):
        commitments.withdraw_commitment(
            too_late, because="Typed twice", was_mistake=True, by=None, now=too_late.due_at + DAY
        )


def test_what_a_commitment_says(scene: Scene) -> None:
    truth = hear_truth(scene.session, "Nobody tells us when the bus leaves", by=None, now=NOW)
    made = scene.commit(truth=truth)
    assert (made.you_said, made.session) == ("Nobody tells us when the bus leaves", scene.session)
    assert scene.commit(you_said="Fran Line was rude to us").you_said == "[name] was rude to us"
    for days, code in ((0, "in_the_past"), (732, "too_far")):
        with pytest.raises(InvalidFieldsError) as refused:
            scene.commit(days=days)
        assert [error.code for error in refused.value.errors] == [code]
    with pytest.raises(InvalidFieldsError) as refused:
        scene.commit(what="  ", you_said="x" * 301)
    assert set(refused.value.by_field()) == {"what", "you_said"}
    with pytest.raises(InvalidFieldsError) as refused:
        commitments.keep_commitment(made, we_did="", at=NOW - DAY, by=None, now=NOW)
    assert set(refused.value.by_field()) == {"we_did", "at"}
    commitments.keep_commitment(made, we_did="They hang at every exit", at=NOW + DAY, by=None, now=NOW + 2 * DAY)
    with pytest.raises(ConflictError, match="already"):
        commitments.withdraw_commitment(made, because="Too late", by=None, now=NOW + 3 * DAY)
    commitments.reopen_commitment(made, by=None, now=NOW + 3 * DAY)
    commitments.withdraw_commitment(made, because="The bus does not run any more", by=None, now=NOW + 3 * DAY)


def test_who_may_do_what_with_a_commitment(scene: Scene) -> None:
    """Its owner and who runs the panel; the owner cannot say that it was a mistake."""
    owner, steward, other = (scene.company.member(role) for role in (Role.LEADER, Role.AUDITOR, Role.EXECUTIVE))
    made = scene.commit(by=owner)
    with pytest.raises(NotAllowedError):
        scene.commit(by=other)
    with pytest.raises(NotAllowedError):
        commitments.keep_commitment(made, we_did="Not mine", by=other, now=NOW)
    with pytest.raises(NotAllowedError):
        commitments.withdraw_commitment(made, because="Oops", was_mistake=True, by=owner, now=NOW)
    commitments.keep_commitment(made, we_did="Done by me", by=owner, now=NOW + DAY)
    with pytest.raises(NotAllowedError):
        tell_members([made], by=owner, now=NOW + DAY)
    told = tell_members([made], by=steward, now=NOW + DAY)
    assert [each.told_at for each in told] == [NOW + DAY]
    with pytest.raises(ConflictError) as refused:
        commitments.reopen_commitment(made, by=owner, now=NOW + DAY)
    assert refused.value.code == "told"
    mistake = scene.commit()
    commitments.withdraw_commitment(mistake, because="Typed twice", was_mistake=True, by=steward, now=NOW)


def test_overdue_ones_wait_first_and_owners_see_their_own(scene: Scene) -> None:
    for days in (20, 5, 40):
        scene.commit(what=f"in {days} days", days=days)
    scene.kept(1)
    listed = waiting(visible_commitments(scene.company.member(Role.LEADER)))
    assert [each.what for each in listed] == ["in 5 days", "in 20 days", "in 40 days"]
    assert not waiting(visible_commitments(scene.company.member(Role.FRONTLINE)))


def test_members_are_told_once_what_was_done(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """In chunks; not who has left, declined, was erased or has no address; each in their language."""
    monkeypatch.setattr(telling_members, "AT_ONCE", 2)
    told_to = [scene.add_member(f"member{n}@example.com") for n in range(4)]
    lou = scene.add_member("lou@example.com", language="fr-ca")
    scene.add_member("")
    scene.add_member("gone@example.com", left_at=NOW, left_because="asked")
    quiet = scene.add_member("quiet@example.com")
    Customer.objects.filter(pk=quiet.customer_id).update(declined_questions_at=NOW)
    scene.add_member("late@example.com", joined_at=NOW + 9 * DAY)
    bus = scene.kept(2, you_said="Nobody tells us when the bus leaves")
    shop = scene.kept(3, what="Open the shop at five")
    now = NOW + 4 * DAY
    assert telling_members.mailable(scene.panel.pk) == 6
    tell_members([bus, shop], by=None, now=now)
    with pytest.raises(ConflictError) as refused:
        tell_members([shop], by=None, now=now)
    assert refused.value.code == "told"
    with pytest.raises(ConflictError) as refused:
        tell_members([scene.commit()], by=None, now=now)
    assert refused.value.code == "not_done"
    written = []
    for _ in range(4):
        telling_members.write_chunk(min(bus.pk, shop.pk), now=now)
        written.append(OutgoingMail.objects.count())
    assert written == [2, 4, 5, 5]
    mails = {mail.recipient: mail for mail in OutgoingMail.objects.all()}
    assert set(mails) == {"lou@example.com", *(f"member{n}@example.com" for n in range(4))}
    text = mails["member0@example.com"].text
    assert "You said: “Nobody tells us when the bus leaves”\nWe did: They hang at every exit" in text
    assert text.count("We did:") == 2
    assert leave_link(told_to[0]) in text
    assert "Lea North" not in text
    assert mails["lou@example.com"].language == "fr-ca"
    assert "Vous avez dit : « Nobody tells us" in mails["lou@example.com"].text
    assert leave_link(lou) in mails["lou@example.com"].text


def test_mails_follow_the_act_and_none_tells_the_past(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        panel = Panel.objects.create(name="Travellers", unit=acme.units["top"], steward=acme.member(Role.CSO))
        scene = Scene(acme, panel, PanelSession())
        scene.add_member("member@example.com")
        first, second, third = (scene.kept(days) for days in (1, 2, 3))
        tell_members([first], by=None, now=NOW + 3 * DAY)
        with telling(NOW + 3 * DAY):
            tell_members([second], by=None, now=NOW + 4 * DAY)
        assert OutgoingMail.objects.count() == 0
    ring_alarms(acme.tenant, now=NOW + 3 * DAY)
    with tenant_scope(acme.tenant):
        assert OutgoingMail.objects.get().about == first.pk
        tell_members([third], by=None, now=NOW + 5 * DAY)
    # A worker that was down for longer than a week tells no old news.
    ring_alarms(acme.tenant, now=NOW + 13 * DAY)
    with tenant_scope(acme.tenant):
        assert OutgoingMail.objects.count() == 1
