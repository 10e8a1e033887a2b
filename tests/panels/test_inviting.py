"""Inviting: drawn by quotas and by who was asked longest ago, never too often, by mail, reminded once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest
from django.core.mail.backends.locmem import EmailBackend

from cso.alarms.actions import ring_alarms
from cso.alarms.models import Alarm
from cso.customers.asking import asking_limit, may_ask, record_asked, set_asking_limit
from cso.customers.models import Asked
from cso.outbox.models import OutgoingMail
from cso.panels import members, panels, waves
from cso.panels.bounces import record_bounce
from cso.panels.drawing import shares_of
from cso.panels.inviting import invite_members
from cso.panels.links import invitation_by_token, leave_link, survey_link, survey_token
from cso.panels.models import Invitation, PanelMember
from cso.recovery.links import LinkExpiredError
from cso.recovery.questions import ask_questions
from tenants.models import AuditEntry
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.panels.scenes import DAY, HOUR, Scene, answer, found
from tests.panels.test_members import fields_of
from tests.personas import Company, log_case


@pytest.fixture
def scene(acme: Company) -> Iterator[Scene]:
    with tenant_scope(acme.tenant):
        yield found(acme)


@pytest.mark.parametrize(
    ("sample", "wanted", "available", "shares"),
    [
        (10, {"a": 1, "b": 1}, {"a": 50, "b": 50}, {"a": 5, "b": 5}),
        (10, {"a": 2, "b": 1}, {"a": 50, "b": 50}, {"a": 7, "b": 3}),
        (10, {"a": 2, "b": 1}, {"a": 4, "b": 50}, {"a": 4, "b": 6}),
        # Who is wanted by no quota comes last.
        (10, {"a": 2, "b": 1}, {"a": 4, "b": 3, "": 9}, {"a": 4, "b": 3, "": 3}),
        (10, {}, {"a": 30, "b": 10}, {"a": 8, "b": 2}),
        (10, {"a": 1}, {"a": 2, "b": 3}, {"a": 2, "b": 3}),
        (2, {"a": 1, "b": 1, "c": 1}, {"a": 9, "b": 9, "c": 9}, {"a": 1, "b": 1, "c": 0}),
        (5, {"a": 0}, {}, {}),
    ],
)
def test_a_sample_is_shared_among_segments(sample: int, wanted: Any, available: Any, shares: Any) -> None:
    assert shares_of(sample, wanted, available) == shares


def test_who_is_not_invited(scene: Scene) -> None:
    asked = scene.member()
    same = scene.member(scene.customer(email=asked.customer.email.upper()))
    scene.member(scene.customer(email=""))
    declined, left, often, hired, erased = scene.members(5)
    customers = type(declined.customer).objects
    customers.filter(pk=declined.customer_id).update(declined_questions_at=scene.now)
    nobody = {"external_id": None, "name": "", "email": "", "phone": "", "erased_at": scene.now}
    customers.filter(pk=erased.customer_id).update(**nobody)
    customers.filter(pk=hired.customer_id).update(email="Frontline@acme.example")
    members.leave_panel(left, because="asked", by=None, now=scene.now)
    for days in (1, 30, 89):
        record_asked(often.customer, by="case", about=often.pk, now=scene.now - days * DAY)
    wave = scene.wave()
    [invitation] = scene.invite(wave)
    assert invitation.customer in {asked.customer, same.customer}
    assert OutgoingMail.objects.filter(kind="survey").count() == Asked.objects.filter(by="panel").count() == 1


def test_one_limit_holds_for_panels_and_cases(scene: Scene) -> None:
    set_asking_limit(by=None, most=2, days=10)
    member, twin = scene.member(), scene.customer()
    customer = member.customer
    # Whoever has the same address is the same person.
    type(twin).objects.filter(pk=twin.pk).update(email=customer.email)
    record_asked(twin, by="case", about=twin.pk, now=scene.now - 10 * DAY)
    assert len(scene.invite(scene.wave())) == 1
    assert may_ask(customer, now=scene.now)
    case = log_case(scene.company.units["south"], scene.now - HOUR, fixed_after=HOUR / 2, customer=customer)
    assert ask_questions(case, now=scene.now) is not None
    assert (may_ask(customer, now=scene.now), may_ask(customer, now=scene.now + 10 * DAY)) == (False, True)
    assert scene.invite(scene.wave()) == []
    set_asking_limit(by=scene.company.member(Role.CSO), most=3, days=10)
    assert len(scene.invite(scene.wave())) == 1
    second = log_case(scene.company.units["south"], scene.now - HOUR, fixed_after=HOUR / 2, customer=customer)
    assert ask_questions(second, now=scene.now) is None
    assert (asking_limit().most, AuditEntry.objects.filter(act="set_asking_limit").count()) == (3, 2)
    assert fields_of(set_asking_limit, by=None, most=0, days=400) == [
        ("most", "out_of_range"),
        ("days", "out_of_range"),
    ]


def test_whoever_was_asked_longest_ago_comes_first(scene: Scene) -> None:
    never, long_ago, lately = scene.members(3)
    for member, days in ((long_ago, 80), (lately, 20)):
        record_asked(member.customer, by="panel", about=member.pk, now=scene.now - days * DAY)
    drawn = [{each.member for each in scene.invite(scene.wave(sample_size=size))} for size in (1, 2)]
    assert drawn == [{never}, {long_ago, lately}]


def test_a_sample_follows_the_quotas_however_it_is_cut(scene: Scene) -> None:
    panels.set_quota(scene.panel, "business", 20, by=None)
    panels.set_quota(scene.panel, "family", 40, by=None)
    for segment, number in (("business", 5), ("family", 9), ("leisure", 6)):
        scene.members(number, segment=segment)
    wave = scene.wave(sample_size=12)
    assert [invite_members(wave.pk, now=scene.now, at_once=5) for _ in range(4)] == [5, 5, 2, 0]
    drawn = Counter(Invitation.objects.values_list("segment", flat=True))
    assert drawn == {"business": 4, "family": 8}


def test_a_wave_of_a_unit_asks_its_members_alone(scene: Scene) -> None:
    units = scene.company.units
    scene.member(unit=units["south"])
    north = scene.member(unit=units["north-1"])
    assert [each.member for each in scene.invite(scene.wave(unit=units["north"]))] == [north]


def test_nobody_is_invited_before_it_opens(scene: Scene) -> None:
    scene.member()
    wave = scene.wave(opens_at=scene.now + HOUR)
    assert invite_members(wave.pk, now=scene.now) == 0
    assert invite_members(wave.pk, now=scene.now + HOUR) == 1


def test_mails_ask_in_the_customers_language_and_remind_once(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = found(acme)
        ana = scene.member(scene.customer(email="Ana@roy.example", language="fr-ca"))
        ben, _ = scene.members(2)
        wave = scene.wave()
    ring_alarms(acme.tenant, now=scene.now)
    with tenant_scope(acme.tenant):
        invitations = {each.member_id: each for each in Invitation.objects.select_related("member")}
        mail = OutgoingMail.objects.get(recipient="ana@roy.example")
        assert (mail.kind, mail.language, mail.about) == ("survey", "fr-ca", wave.pk)
        assert mail.unsubscribe_url == leave_link(ana)
        for link in (survey_link(invitations[ana.pk]), leave_link(ana)):
            assert link in mail.text
            assert f'href="{link}"' in mail.html
        assert "3 courtes questions" in mail.text
        answer(invitations[ben.pk], {"words": "Fran"}, {"score": 9}, {})
        members.leave_panel(ana, because="removed", by=None, now=scene.now)
    for day in (3, 4, 5):
        ring_alarms(acme.tenant, now=scene.now + day * DAY)
    with tenant_scope(acme.tenant):
        # Neither who has answered nor who was taken off, who may answer nevertheless.
        reminder = OutgoingMail.objects.get(kind="survey_reminder")
        assert reminder.recipient not in {ana.customer.email.lower(), ben.customer.email}
        assert Asked.objects.count() == 3
        answer(invitations[ana.pk], {"words": "Fran"}, {"score": 9}, {})


def test_too_short_a_wave_reminds_nobody(scene: Scene) -> None:
    scene.member()
    wave = scene.wave(closes_at=scene.now + DAY)
    scene.invite(wave)
    assert not Alarm.objects.filter(kind="remind_of_wave").exists()


def test_who_withdraws_before_the_close_was_not_asked(scene: Scene) -> None:
    early, late, removed, rotated = scene.members(4)
    first = scene.wave()
    scene.invite(first)
    members.leave_panel(early, because="asked", by=None, now=scene.now)
    members.leave_panel(removed, because="removed", by=None, now=scene.now)
    members.leave_panel(rotated, because="rotated", by=None, now=scene.now)
    waves.close_wave(first, by=scene.company.member(Role.CSO), now=scene.now)
    members.leave_panel(late, because="asked", by=None, now=scene.now)
    counted = dict(Invitation.objects.values_list("member_id", "is_counted"))
    # Who is taken off by us stays in the count: nobody is taken out for not answering.
    assert counted == {early.pk: False, late.pk: True, removed.pk: True, rotated.pk: True}
    assert OutgoingMail.objects.filter(status="cancelled").count() == 4


def test_a_link_opens_until_the_close_or_until_they_leave(scene: Scene, settings: Any) -> None:
    stays, leaves = scene.members(2)
    wave = scene.wave()
    invitations = {each.member_id: each for each in scene.invite(wave)}
    token, other = survey_token(invitations[stays.pk]), survey_token(invitations[leaves.pk])
    assert invitation_by_token(token, now=scene.now).member == stays
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
    assert invitation_by_token(token, now=scene.now).member == stays
    members.leave_panel(leaves, because="asked", by=None, now=scene.now)
    for expired, now in ((other, scene.now), (token, wave.closes_at)):
        with pytest.raises(LinkExpiredError):
            invitation_by_token(expired, now=now)
    with pytest.raises(Invitation.DoesNotExist):
        invitation_by_token(token[:-4] + "AAA=", now=scene.now)


class RefusingBackend(EmailBackend):
    """Of a server that knows no "nowhere", and is down for "later"."""

    def send_messages(self, messages: Any) -> int:
        [address] = messages[0].to
        if address.startswith("nowhere"):
            raise SMTPRecipientsRefused({address: (550, b"No such user")})
        if address.startswith("later"):
            raise SMTPRecipientsRefused({address: (450, b"Try later")})
        return super().send_messages(messages)


def test_a_refused_address_leaves_and_one_that_was_not_reached_is_not_counted(acme: Company, settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.RefusingBackend"
    with tenant_scope(acme.tenant):
        scene = found(acme)
        people = [scene.customer(email=f"{name}@customers.example") for name in ("nowhere", "later", "here")]
        nowhere, later, here = map(scene.member, people)
        wave = scene.wave(closes_at=scene.now + 30 * DAY, reminder_days=0)
    # The invitation, its mail, and what comes of that.
    for _ in range(3):
        ring_alarms(acme.tenant, now=scene.now + HOUR)
    with tenant_scope(acme.tenant):
        assert PanelMember.objects.get(pk=nowhere.pk).left_because == "bounced"
        invitations = {each.member_id: each for each in Invitation.objects.all()}
        assert {member: each.is_counted for member, each in invitations.items()} == {
            nowhere.pk: False,
            later.pk: True,
            here.pk: True,
        }
    for hour in range(2, 60):
        ring_alarms(acme.tenant, now=scene.now + hour * HOUR)
    with tenant_scope(acme.tenant):
        unreached = Invitation.objects.get(member=later)
        assert (unreached.is_counted, PanelMember.objects.get(pk=later.pk).left_at) == (False, None)
        # Who answers after all was reached.
        answer(unreached, {"words": "Fran"}, {"score": 9}, {})
        assert Invitation.objects.get(member=later).is_counted
        assert wave.status == "open"


def test_a_bounce_that_is_told_ends_all_memberships(scene: Scene) -> None:
    first, second = scene.members(2)
    wave = scene.wave()
    invitations = {each.member_id: each for each in scene.invite(wave)}
    answer(invitations[second.pk], {"words": "Fran"}, {"score": 9}, {})
    told = [record_bounce(f" {each.customer.email.upper()}", by=None, now=scene.now) for each in (first, second, first)]
    assert told == [1, 1, 0]
    counted = dict(Invitation.objects.values_list("member_id", "is_counted"))
    assert counted == {first.pk: False, second.pk: True}
    assert set(PanelMember.objects.values_list("left_because", flat=True)) == {"bounced"}
