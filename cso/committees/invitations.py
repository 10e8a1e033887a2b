"""Mails of the committees: to who may vote, to the nominator, to the owner of an order. None of them twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.timezone import override as in_zone
from django.utils.translation import override

from cso.alarms.actions import cancel_alarm, set_alarm, when_ringing
from cso.clock import is_told
from cso.committees.links import vote_link
from cso.committees.models import Ballot, KillOrder, Nomination, OutcomeRecord, QuietVoter, RollEntry
from cso.languages import when
from cso.outbox.actions import cancel_mails, write_mail
from cso.recovery.settings import language_of
from tenants.models import Membership
from tenants.scope import current_tenant

REMINDS = "remind_voters"
INVITATION, REMINDER, OUTCOME, ORDER, EFFECT = "vote", "vote_reminder", "outcome", "kill_order", "rule_effect"
# How long before the close who has not voted is reminded; half the time of a ballot that lasts less than twice that.
REMIND_BEFORE = timedelta(hours=24)


def invite_voters(ballot: Ballot, *, now: datetime) -> None:
    """Tell each eligible member, once, with their own link; and let them be reminded."""
    _write_to_voters(ballot, _eligible(ballot), INVITATION, now)
    remind_before(ballot)


def remind_before(ballot: Ballot) -> None:
    """Let those who have not voted be reminded once, before the close."""
    begun = ballot.opened_at or ballot.opens_at
    lead = min(REMIND_BEFORE, (ballot.closes_at - begun) / 2)
    set_alarm(REMINDS, ballot.pk, ballot.closes_at - lead)


def stop_reminding(ballot: Ballot) -> None:
    """The ballot takes no more votes: mails that ask for one are not sent any more."""
    cancel_alarm(REMINDS, ballot.pk)
    cancel_mails(ballot.pk, INVITATION, REMINDER)


def set_reminders(member: Membership, *, wanted: bool) -> None:
    """Whether a member is reminded of ballots; they are invited either way."""
    if wanted:
        QuietVoter.objects.filter(member=member).delete()
    else:
        QuietVoter.objects.get_or_create(member=member)


def wants_reminders(member: Membership) -> bool:
    return not QuietVoter.objects.filter(member=member).exists()


@when_ringing(REMINDS)
def remind_voters(subject: UUID, *, now: datetime) -> None:
    """Remind who has not voted; of a secret ballot everybody, so that no mail tells who was in by then."""
    ballot = Ballot.objects.select_related("motion__rule", "motion__committee").filter(pk=subject).first()
    if ballot is None or ballot.status != Ballot.Status.OPEN or now >= ballot.closes_at:
        return
    waiting = _eligible(ballot).exclude(member__in=QuietVoter.objects.values("member"))
    _write_to_voters(ballot, waiting if ballot.is_secret else waiting.filter(has_voted=False), REMINDER, now)


def tell_outcome(outcome: OutcomeRecord, order: KillOrder | None, *, now: datetime) -> None:
    """Tell the nominators what came of it, and the owner of the order what is theirs to do."""
    is_decided = outcome.result != OutcomeRecord.Result.INQUORATE
    nomination = Nomination.objects.filter(motions=outcome.ballot.motion).select_related("member__user").first()
    if is_decided and nomination is not None:
        tell_nominator(nomination, now=now, outcome=outcome)
    if order is not None:
        tell_owner(order, now=now)


def tell_nominator(nomination: Nomination, *, now: datetime, outcome: OutcomeRecord | None = None) -> None:
    """What came of a nomination, to who made it and to those whose own was merged into it."""
    for each in _with_merged(nomination):
        with override(language_of(each.member)):
            context = {"status": nomination.get_status_display(), "sentence": outcome.words if outcome else ""}
        key = f"{OUTCOME}:{each.pk}:{nomination.revision}"
        _write(each.member, OUTCOME, key, each.pk, context | {"nomination": each, "note": nomination.note}, now)


def tell_owner(order: KillOrder, *, now: datetime) -> None:
    """An order, to who has to carry it out."""
    if order.owner is None or order.owner.member is None:
        return
    context = {"order": order, "rule": order.rule, "due": order.due_at, "url": _page_of(order)}
    _write(order.owner.member, ORDER, f"{ORDER}:{order.pk}:{order.owner_id}", order.pk, context, now)


def tell_effect(order: KillOrder, *, now: datetime) -> None:
    """Whether the kill helped, to those who wanted it."""
    if order.nomination is None:
        return
    for each in _with_merged(order.nomination):
        with override(language_of(each.member)):
            status = order.get_status_display()
        context = {"order": order, "rule": order.rule, "nomination": each, "status": status}
        _write(each.member, EFFECT, f"{EFFECT}:{order.pk}:{each.pk}", order.pk, context, now)


def _eligible(ballot: Ballot) -> Any:
    entries = ballot.roll.filter(status=RollEntry.Status.ELIGIBLE, member__isnull=False, member__ended_at=None)
    return entries.select_related("member__user")


def _write_to_voters(ballot: Ballot, entries: Iterable[RollEntry], kind: str, now: datetime) -> None:
    for entry in entries:
        context = {
            "ballot": ballot,
            "entry": entry,
            "committee": ballot.motion.committee.name,
            "motion": ballot.motion_text,
            "closes_at": ballot.closes_at,
            "url": vote_link(entry),
        }
        _write(entry.member, kind, f"{kind}:{entry.pk}", ballot.pk, context, now)


def _with_merged(nomination: Nomination) -> list[Nomination]:
    return [nomination, *nomination.merged.select_related("member__user")]


def _page_of(order: KillOrder) -> str:
    return f"{settings.PUBLIC_URL}/{current_tenant().slug}/rules/{order.rule_id}/"


def _write(member: Membership | None, kind: str, key: str, about: UUID, context: dict[str, Any], now: datetime) -> None:
    """One mail in the member's language; none of the past, which is told in stories."""
    if member is None or member.ended_at is not None or is_told():
        return
    language = language_of(member)
    with override(language), in_zone(current_tenant().zone):
        instants = {name: when(value) for name, value in context.items() if isinstance(value, datetime)}
    write_mail(
        key=key,
        kind=kind,
        about=about,
        recipient=member.user.email,
        template=f"committees/{kind}",
        context=context | instants | {"company": current_tenant().name, "name": member.user.name},
        language=language,
        now=now,
    )
