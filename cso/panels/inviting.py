"""Inviting the members of a panel to answer a wave: drawn, asked by mail, reminded once, and not too often.

Members are drawn a few hundred at a time, each lot in a transaction of its own, so that no customer is held for long.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.timezone import override as in_zone
from django.utils.translation import override as in_language

from cso.alarms.actions import cancel_alarm, set_alarm, when_ringing
from cso.clock import is_told
from cso.customers.asking import asking_limit, last_asked, times_asked
from cso.customers.models import Asked, Customer
from cso.languages import when
from cso.outbox.actions import cancel_mail, cancel_mails, write_mail
from cso.outbox.models import OutgoingMail
from cso.panels.drawing import shares_of
from cso.panels.holding import hold_wave
from cso.panels.links import leave_link, survey_link
from cso.panels.models import Invitation, PanelMember, Wave
from cso.people.queries import among, in_or_below
from cso.recovery.settings import recovery_settings
from tenants.models import Membership
from tenants.scope import current_tenant

INVITES, REMINDS = "invite_to_wave", "remind_of_wave"
INVITATION, REMINDER = "survey", "survey_reminder"
AT_ONCE = 200


def invite_soon(wave: Wave) -> None:
    """Let its members be invited when it opens, and reminded once, where there is time for that."""
    set_alarm(INVITES, wave.pk, wave.opens_at)
    reminds_at = wave.opens_at + timedelta(days=wave.reminder_days)
    if wave.reminder_days and reminds_at < wave.closes_at:
        set_alarm(REMINDS, wave.pk, reminds_at)


def stop_inviting(wave: UUID) -> None:
    """Nobody is asked any more, and mails that wait are not sent.

    Before the wave is held: whoever invites, or sends such a mail, holds its alarm first.
    """
    cancel_alarm(INVITES, wave)
    cancel_alarm(REMINDS, wave)
    cancel_mails(wave, INVITATION, REMINDER)


@when_ringing(INVITES)
def _invite(subject: UUID, *, now: datetime) -> None:
    if invite_members(subject, now=now):
        set_alarm(INVITES, subject, now)


def invite_members(wave: UUID, *, now: datetime, at_once: int = AT_ONCE) -> int:
    """Invite the next lot of members; how many it was, and 0 when there is nobody more to invite.

    By the panel's quotas, where it has some: of each segment as many as its part of the sample; among these whoever was
    asked longest ago, else by lot. Never who was asked as often as the limit allows, has no address, asked not to be
    asked, works here, or has left; and one address once.
    """
    known = Wave.objects.filter(pk=wave, status=Wave.Status.OPEN, is_imported=False).first()
    if known is None or not known.opens_at <= now < known.closes_at:
        return 0
    refused: set[UUID] = set()
    everybody = PanelMember.objects.filter(panel=known.panel_id)
    while drawn := _draw(known, [each for each in _eligible(known, everybody, now) if each.pk not in refused], at_once):
        # In one order and before the wave, as in an erasure.
        customers = Customer.objects.select_for_update(no_key=True).order_by("pk")
        list(customers.filter(pk__in=[member.customer for member in drawn]))
        held, db_now = hold_wave(wave, alone=False)
        if held.status != Wave.Status.OPEN or db_now >= held.closes_at:
            return 0
        # Once more, now that nobody else can ask them.
        ids = [member.pk for member in drawn]
        still = [member.pk for member in _eligible(held, everybody.filter(pk__in=ids), now)]
        members = PanelMember.objects.filter(pk__in=still).select_related("customer").order_by("pk")
        if asked := _each_address_once(held, members, now):
            _ask(held, asked, now)
            return len(asked)
        refused.update(ids)
    return 0


def _each_address_once(wave: Wave, members: Iterable[PanelMember], now: datetime) -> list[PanelMember]:
    """Without those whose address another customer has who was asked in this wave, or too often."""
    by_address = {member.customer.email_ci: member for member in members}
    alike = Customer.objects.filter(email_ci__in=list(by_address)).values_list("pk", flat=True)
    invited = Invitation.objects.filter(wave=wave, customer__in=list(alike)).select_related("customer")
    taken = {invitation.customer.email_ci for invitation in invited}
    asked, most = times_asked(by_address, now=now), asking_limit().most
    return [member for email, member in by_address.items() if email not in taken and asked[email] < most]


def _ask(wave: Wave, members: Iterable[PanelMember], now: datetime) -> None:
    invitations = [
        Invitation(
            wave=wave,
            member=member,
            customer=member.customer,
            segment=member.segment,
            unit_id=member.unit_id,
            invited_at=now,
            closes_at=wave.closes_at,
        )
        for member in members
    ]
    Invitation.objects.bulk_create(invitations)
    asked = [Asked(customer=each.customer, at=now, by=Asked.By.PANEL, about=wave.pk) for each in invitations]
    Asked.objects.bulk_create(asked)
    _write_to(invitations, wave, INVITATION, now)


@when_ringing(REMINDS)
def _remind(subject: UUID, *, now: datetime) -> None:
    if remind_members(subject, now=now):
        set_alarm(REMINDS, subject, now)


def remind_members(wave: UUID, *, now: datetime, at_once: int = AT_ONCE) -> int:
    """Ask the next lot once more who have not answered; how many it was, and 0 when there is nobody more."""
    if not Wave.objects.filter(pk=wave).exists():
        return 0
    held, db_now = hold_wave(wave, alone=False)
    if held.status != Wave.Status.OPEN or db_now >= held.closes_at:
        return 0
    waiting = Invitation.objects.filter(wave=held, answered_at=None, reminded_at=None, is_counted=True)
    waiting = waiting.filter(_may_be_written_to("customer__"), member__left_at=None).select_related(
        "member", "customer"
    )
    lot = list(waiting.order_by("pk")[:at_once])
    Invitation.objects.filter(pk__in=[each.pk for each in lot]).update(reminded_at=now)
    _write_to(lot, held, REMINDER, now)
    return len(lot)


def end_invitations(invitations: QuerySet[Invitation], *, have_bounced: bool) -> None:
    """Those that may still be answered count no more: nothing reached whom they were for, or they withdrew.

    Whoever answered was reached. The caller holds their customers.
    """
    found = invitations.filter(wave__status=Wave.Status.OPEN)
    if have_bounced:
        found = found.filter(answered_at=None)
    ends = "bounced_at" if have_bounced else "withdrew_at"
    waves: dict[UUID, list[UUID]] = {}
    for pk, wave in found.order_by("wave_id", "pk").values_list("pk", "wave_id"):
        waves.setdefault(wave, []).append(pk)
        for kind in (INVITATION, REMINDER):
            cancel_mail(mail_key(kind, pk))
    for wave, ended in waves.items():
        held, db_now = hold_wave(wave, alone=False)
        if held.status == Wave.Status.OPEN and db_now < held.closes_at:
            Invitation.objects.filter(pk__in=ended, **{ends: None}).update(**{ends: db_now})


def mail_key(kind: str, invitation: UUID) -> str:
    return f"{kind}:{invitation}"


def invitation_of(mail: OutgoingMail) -> UUID:
    """The id of the invitation that a mail of ours is for."""
    return UUID(mail.key.partition(":")[2])


class _Member(NamedTuple):
    """A member who may be invited; `asked_at`: when they were asked last, by whatever question."""

    pk: UUID
    customer: UUID
    segment: str
    asked_at: datetime | None


def _draw(wave: Wave, eligible: list[_Member], at_once: int) -> list[_Member]:
    if wave.sample_size is None:
        return eligible[:at_once]
    # By lot, where they were asked equally long ago.
    random.shuffle(eligible)
    eligible.sort(key=lambda member: (member.asked_at is not None, member.asked_at))
    invited = Counter(Invitation.objects.filter(wave=wave).values_list("segment", flat=True))
    room = max(0, min(at_once, wave.sample_size - invited.total()))
    wanted: dict[str, int] = dict(wave.panel.quotas.values_list("segment", "wanted"))
    if not wanted:
        return eligible[:room]
    by_segment: dict[str, list[_Member]] = {segment: [] for segment in invited}
    for member in eligible:
        by_segment.setdefault(member.segment, []).append(member)
    available = {segment: invited[segment] + len(members) for segment, members in by_segment.items()}
    shares = shares_of(wave.sample_size, wanted, available)
    drawn = [
        each for segment, share in shares.items() for each in by_segment[segment][: max(0, share - invited[segment])]
    ]
    return drawn[:room]


def _eligible(wave: Wave, members: QuerySet[PanelMember], now: datetime) -> list[_Member]:
    """Those of the members who may be invited now, by one plain query after the other: the planner knows too little of
    a new tenant to join these well."""
    if wave.unit_id != wave.panel.unit_id:
        members = members.filter(in_or_below([wave.unit_id]))
    invited = set(Invitation.objects.filter(wave=wave).values_list("customer_id", flat=True))
    staying = members.filter(left_at=None).values_list("pk", "customer_id", "segment")
    found = [each for each in staying if each[1] not in invited]
    customers = [customer for _, customer, _ in found]
    reached = set(Customer.objects.filter(among(customers, "id"), _may_be_written_to()).values_list("pk", flat=True))
    asked = last_asked(customers, now=now)
    return [
        _Member(pk, customer, segment, asked[customer][0] if customer in asked else None)
        for pk, customer, segment in found
        if customer in reached and (customer not in asked or asked[customer][1])
    ]


def _may_be_written_to(customer: str = "") -> Q:
    """Of customers, or of rows from which `customer` leads to theirs: who has an address, was not erased, did not
    decline, and does not work here."""
    staff = Membership.objects.filter(ended_at=None).values_list("user__email", flat=True)
    living = {"erased_at": None, "declined_questions_at": None, "email_ci__gt": ""}
    hired = Q(**{f"{customer}email_ci__in": [email.lower() for email in staff]})
    return Q(**{f"{customer}{name}": value for name, value in living.items()}) & ~hired


def _write_to(invitations: Sequence[Invitation], wave: Wave, kind: str, now: datetime) -> None:
    """The mails, each in its customer's language; none in a story, which tells the past."""
    if is_told():
        return
    found, questions = recovery_settings(), wave.questions.count()
    company = found.mail_name or current_tenant().name
    for invitation in invitations:
        language = invitation.customer.language or found.language
        with in_language(language), in_zone(current_tenant().zone):
            last_day = when(wave.closes_at)
        write_mail(
            key=mail_key(kind, invitation.pk),
            kind=kind,
            about=wave.pk,
            recipient=invitation.customer.email.lower(),
            template=f"panels/{kind}",
            context={
                "company": company,
                "panel": wave.panel.name,
                "questions": questions,
                "answer_until": last_day,
                "url": survey_link(invitation),
                "leave_url": leave_link(invitation.member),
            },
            language=language,
            now=now,
            sender_name=company,
            reply_to=found.mail_address,
            unsubscribe_url=leave_link(invitation.member),
        )
