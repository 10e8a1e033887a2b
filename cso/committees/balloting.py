"""Ballots: opened, voted, closed. What counts is the database's clock, read under a lock of the ballot's row.

Whoever votes holds the row shared, whoever opens, extends, closes or cancels holds it alone. So a vote is either in
before the close, and counted, or refused; there is no third.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db.models import F, Q
from django.utils.translation import gettext as _

from cso.alarms.actions import cancel_alarm, set_alarm, when_ringing
from cso.clock import database_now
from cso.committees.bodies import charter_of
from cso.committees.holding import actor, chair_of, hold, require_chair, save
from cso.committees.invitations import remind_before, stop_reminding
from cso.committees.models import Ballot, Choice, Delegation, Motion, RollEntry, VoteEvent
from cso.committees.opening import CASTING_LAPSES, CLOSES, OPENS, open_ballot
from cso.committees.outcomes import declare
from cso.committees.secrecy import destroy_count, put_in_papers
from cso.committees.standing import status_at, votes_of
from cso.committees.tally import Tally, break_tie, tally
from cso.errors import ConflictError, InvalidFieldsError, NotAllowedError
from cso.texts import text_errors
from tenants import audit
from tenants.models import Actor, ApiKey, Membership
from tenants.permissions import require
from tenants.roles import Can

__all__ = [
    "cancel_ballot",
    "cast_breaking_vote",
    "cast_vote",
    "cast_votes",
    "catch_up",
    "close_ballot",
    "database_now",
    "extend_ballot",
    "recuse",
    "schedule_ballot",
    "status_at",
    "votes_of",
]

LONGEST = timedelta(days=60)
# How long the chair has for the casting vote; without it a tie is lost.
CASTING_TIME = timedelta(hours=48)
MAX_REASON = 300
MAX_WHY = 500


def schedule_ballot(
    motion: Motion,
    *,
    by: Actor | None,
    now: datetime,
    opens_at: datetime | None = None,
    closes_at: datetime | None = None,
) -> Ballot:
    """A ballot on a motion: at once, or at `opens_at`; for the charter's hours, or until `closes_at`.

    While the rule's owner may still reply it opens no sooner than that time ends.

    Raises `ConflictError` while the motion has a ballot, or is decided; `InvalidFieldsError` for its instants.
    """
    require_chair(motion.committee_id, by)
    motion = Motion.objects.select_for_update(of=("self",)).select_related("committee").get(pk=motion.pk)
    if motion.status not in {Motion.Status.DRAFT, Motion.Status.DELIBERATING}:
        raise ConflictError(_("There is or was a ballot on this motion."), code="not_open_for_a_ballot")
    charter, db_now = charter_of(motion.committee), database_now()
    opens_at = max(opens_at or db_now, db_now, _earliest_opening(motion) or db_now)
    closes_at = closes_at or opens_at + timedelta(hours=charter.ballot_hours)
    if closes_at <= opens_at:
        raise InvalidFieldsError.of("closes_at", "before_opening", _("Close it after it opens."))
    if closes_at - db_now > LONGEST:
        raise InvalidFieldsError.of(
            "closes_at", "too_late", _("Close it within %(days)s days.") % {"days": LONGEST.days}
        )
    ballot = Ballot.objects.create(motion=motion, opens_at=opens_at, closes_at=closes_at)
    audit.record(by, "schedule_ballot", motion.text[:120], ballot=str(ballot.pk))
    if opens_at <= db_now:
        return open_ballot(ballot)
    set_alarm(CLOSES, ballot.pk, closes_at)
    set_alarm(OPENS, ballot.pk, opens_at)
    return ballot


def cast_vote(ballot: Ballot, seat: UUID, choice: str, *, by: Membership | ApiKey, reason: str = "") -> RollEntry:
    """The vote of one seat: by who held it at the opening, by its delegate, or told by an integration.

    Raises `ConflictError` with the code `not_open`, `closed`, `voted` (where votes may not change), `recused`, `vacant`
    or `principal_voted`; `NotAllowedError` for who holds no such seat; `InvalidFieldsError` for the choice.
    """
    [entry] = cast_votes(ballot, {seat: choice}, by=by, reason=reason)
    return entry


def cast_votes(
    ballot: Ballot, votes: Mapping[UUID, str], *, by: Membership | ApiKey, reason: str = ""
) -> list[RollEntry]:
    """The votes of several seats, all of them or none, as `cast_vote` takes them."""
    if not set(votes.values()) <= set(Choice.values):
        raise InvalidFieldsError.of(
            "choice", "unknown", _("Use one of: %(choices)s.") % {"choices": ", ".join(Choice.values)}
        )
    _refuse_text("reason", reason, MAX_REASON)
    ballot, db_now = _hold_for_voting(ballot)
    # In one order, so that two who tell the same votes wait for each other and not crosswise.
    entries = list(RollEntry.objects.select_for_update().filter(ballot=ballot, seat__in=votes).order_by("pk"))
    if len(entries) < len(votes):
        raise NotAllowedError(_("This seat has no vote in this ballot."))
    new = [entry for entry in entries if _takes(entry, ballot, votes[entry.seat_id], by)]
    if ballot.is_secret:
        put_in_papers(new, ballot, votes.values())
    elif new:
        RollEntry.objects.bulk_update(new, ["has_voted", "choice", "by_delegate"])
        events = [VoteEvent(entry=entry, choice=entry.choice, at=db_now, reason=reason, **actor(by)) for entry in new]
        VoteEvent.objects.bulk_create(events)
    return entries


def recuse(ballot: Ballot, seat: UUID, *, because: str, by: Actor | None) -> RollEntry:
    """Take a seat out of one ballot: by its holder or the chair, or told by an integration. What it voted is void.

    Raises `ConflictError` after a secret vote, which nobody can take out again.
    """
    if not because.strip():
        raise InvalidFieldsError.of("because", "required", _("Say what the conflict of interest is."))
    _refuse_text("because", because, MAX_REASON)
    ballot, db_now = hold(ballot.pk, alone=_is_held_alone(ballot))
    if ballot.status != Ballot.Status.OPEN or db_now >= ballot.closes_at:
        raise ConflictError(_("This ballot is not open."), code="not_open")
    entry = RollEntry.objects.select_for_update().filter(ballot=ballot, seat=seat).first()
    if entry is None or entry.status == RollEntry.Status.VACANT:
        raise ConflictError(_("Nobody holds this seat in this ballot."), code="vacant")
    if not _may_recuse(entry, by):
        require_chair(ballot.motion.committee_id, by)
    if entry.status == RollEntry.Status.RECUSED:
        return entry
    if ballot.is_secret and entry.has_voted:
        raise ConflictError(_("A secret vote cannot be taken back."), code="voted")
    had_voted = entry.has_voted
    entry.status, entry.recused_because = RollEntry.Status.RECUSED, because.strip()
    entry.has_voted, entry.choice, entry.by_delegate = False, "", False
    entry.save(update_fields=["status", "recused_because", "has_voted", "choice", "by_delegate"])
    if had_voted:
        VoteEvent.objects.create(entry=entry, choice="", at=db_now, reason="recused", **actor(by))
    audit.record(by, "recuse_seat", entry.label, ballot=str(ballot.pk))
    return entry


def extend_ballot(ballot: Ballot, closes_at: datetime, *, by: Actor | None) -> Ballot:
    """Close it later, never earlier; while it is open."""
    require_chair(ballot.motion.committee_id, by)
    ballot, db_now = hold(ballot.pk, alone=True)
    if ballot.status != Ballot.Status.OPEN or db_now >= ballot.closes_at:
        raise ConflictError(_("Only an open ballot can be extended."), code="not_open")
    if closes_at <= ballot.closes_at:
        raise InvalidFieldsError.of("closes_at", "not_later", _("A ballot is only ever extended, never shortened."))
    if closes_at - db_now > LONGEST:
        raise InvalidFieldsError.of(
            "closes_at", "too_late", _("Close it within %(days)s days.") % {"days": LONGEST.days}
        )
    audit.record(by, "extend_ballot", ballot.motion.text[:120], before=str(ballot.closes_at), after=str(closes_at))
    return _extend(ballot, closes_at)


def cancel_ballot(ballot: Ballot, *, because: str, by: Actor | None) -> Ballot:
    """Call it off before its close; the motion may be balloted again."""
    require_chair(ballot.motion.committee_id, by)
    if not because.strip():
        raise InvalidFieldsError.of("because", "required", _("Say why the ballot is called off."))
    _refuse_text("because", because, MAX_WHY)
    ballot, db_now = hold(ballot.pk, alone=True)
    if ballot.status not in {Ballot.Status.SCHEDULED, Ballot.Status.OPEN} or db_now >= ballot.closes_at:
        raise ConflictError(_("A ballot that is closed cannot be called off."), code="closed")
    ballot.status, ballot.cancelled_because = Ballot.Status.CANCELLED, because.strip()
    save(ballot, "status", "cancelled_because")
    Motion.objects.filter(pk=ballot.motion_id).update(status=Motion.Status.DELIBERATING, revision=F("revision") + 1)
    for kind in (OPENS, CLOSES):
        cancel_alarm(kind, ballot.pk)
    stop_reminding(ballot)
    audit.record(by, "cancel_ballot", ballot.motion.text[:120], because=ballot.cancelled_because)
    return ballot


def close_ballot(ballot: Ballot, *, by: Actor | None = None) -> Ballot:
    """Close, tally and declare what is due; asked twice it is done once.

    Before its deadline only by the chair, where the charter lets a ballot be closed early; `by` None (a worker, or who
    reads the page) closes what is past its deadline alone. Without a quorum at the deadline it is extended once.
    """
    if by is not None:
        require_chair(ballot.motion.committee_id, by)
    ballot, db_now = hold(ballot.pk, alone=True)
    if ballot.status == Ballot.Status.SCHEDULED and db_now >= ballot.opens_at:
        ballot = open_ballot(ballot)
    if ballot.status != Ballot.Status.OPEN:
        return ballot
    if db_now < ballot.closes_at:
        if by is None:
            return ballot
        if ballot.charter is None or not ballot.charter.may_close_early:
            raise ConflictError(_("The charter lets no ballot be closed before its time."), code="not_early")
    return _tally_and_declare(ballot, db_now, by)


def cast_breaking_vote(ballot: Ballot, choice: Literal["yes", "no"], *, by: Membership | ApiKey) -> Ballot:
    """The chair decides a tie: once, by name, after the close."""
    if choice not in {Choice.YES, Choice.NO}:
        raise InvalidFieldsError.of("choice", "unknown", _("Use one of: yes, no."))
    ballot, db_now = hold(ballot.pk, alone=True)
    if ballot.status != Ballot.Status.CLOSED:
        raise ConflictError(_("There is no tie to break."), code="no_tie")
    chair = chair_of(ballot)
    if isinstance(by, ApiKey):
        require(by, Can.CAST_VOTES)
    elif chair is None or chair.member_id != by.pk:
        raise NotAllowedError(_("Only the chair breaks a tie."))
    return _break_tie(ballot, choice, db_now)


def catch_up(ballot: Ballot, *, now: datetime) -> Ballot:
    """What its times have brought about where no worker was: it is opened, or closed and tallied. Else nothing."""
    return ballot if status_at(ballot, now) == ballot.status else close_ballot(ballot)


@when_ringing(OPENS)
def open_scheduled(subject: UUID, *, now: datetime) -> None:
    if not Ballot.objects.filter(pk=subject).exists():
        return
    ballot, db_now = hold(subject, alone=True)
    if ballot.status == Ballot.Status.SCHEDULED and ballot.opens_at <= db_now:
        open_ballot(ballot)


@when_ringing(CLOSES)
def close_due(subject: UUID, *, now: datetime) -> None:
    ballot = Ballot.objects.select_related("motion").filter(pk=subject).first()
    if ballot is None:
        return
    ballot = close_ballot(ballot)
    if ballot.status == Ballot.Status.OPEN:
        # This clock runs ahead of the database's, or the ballot was extended.
        set_alarm(CLOSES, ballot.pk, ballot.closes_at)


@when_ringing(CASTING_LAPSES)
def lose_tie(subject: UUID, *, now: datetime) -> None:
    if not Ballot.objects.filter(pk=subject).exists():
        return
    ballot, db_now = hold(subject, alone=True)
    if ballot.status == Ballot.Status.CLOSED:
        _break_tie(ballot, "", db_now)


def _earliest_opening(motion: Motion) -> datetime | None:
    """When the owner's time for a reply ends; None once they replied, and where there is nobody to reply."""
    return None if motion.owner_replied_at else motion.deliberated_until


def _hold_for_voting(ballot: Ballot) -> tuple[Ballot, datetime]:
    """The ballot held, and opened first where no worker has opened it yet; raises when it takes no votes.

    Held shared; but alone where it may have to be opened, and where it is secret: each paper changes the whole roll.
    """
    ballot, db_now = hold(ballot.pk, alone=_is_held_alone(ballot))
    if ballot.status == Ballot.Status.SCHEDULED and ballot.opens_at <= db_now:
        # The lock is ours alone.
        ballot = open_ballot(ballot)
    if ballot.status in {Ballot.Status.SCHEDULED, Ballot.Status.CANCELLED}:
        raise ConflictError(_("This ballot is not open."), code="not_open")
    if ballot.status != Ballot.Status.OPEN or db_now >= ballot.closes_at:
        raise ConflictError(_("This ballot is closed; the vote was not counted."), code="closed")
    return ballot, db_now


def _takes(entry: RollEntry, ballot: Ballot, choice: str, by: Membership | ApiKey) -> bool:
    """Put the vote on the entry, in memory; False where a named vote says the same again, as a double click does."""
    by_delegate = _voter_is_delegate(entry, by)
    if not ballot.is_secret and (entry.choice, entry.by_delegate) == (choice, by_delegate):
        return False
    _refuse_vote(entry, ballot, by_delegate=by_delegate)
    entry.has_voted = True
    if not ballot.is_secret:
        entry.choice, entry.by_delegate = choice, by_delegate
    return True


def _is_held_alone(ballot: Ballot) -> bool:
    alone = Q(status=Ballot.Status.SCHEDULED) | Q(is_secret=True)
    return Ballot.objects.filter(alone, pk=ballot.pk).exists()


def _voter_is_delegate(entry: RollEntry, by: Membership | ApiKey) -> bool:
    """Who votes for this seat: False its holder (or an integration that tells of it), True its delegate.

    A delegate who is recused has a conflict of interest for both seats.
    """
    if isinstance(by, ApiKey):
        require(by, Can.CAST_VOTES)
        return False
    if by.ended_at is None and entry.member_id == by.pk:
        return False
    if by.ended_at is None and entry.delegate_id == by.pk and _still_delegates(entry, by):
        return True
    raise NotAllowedError(_("This is not your seat."))


def _may_recuse(entry: RollEntry, by: Actor | None) -> bool:
    if isinstance(by, ApiKey):
        return by.can(Can.CAST_VOTES)
    return by is not None and entry.member_id == by.pk


def _still_delegates(entry: RollEntry, by: Membership) -> bool:
    standing = Delegation.objects.filter(
        seat=entry.seat_id, revoked_at=None, to_seat__tenures__member=by, to_seat__tenures__ends_at=None
    )
    recused = RollEntry.objects.filter(ballot=entry.ballot_id, member=by, status=RollEntry.Status.RECUSED)
    return standing.exists() and not recused.exists()


def _refuse_vote(entry: RollEntry, ballot: Ballot, *, by_delegate: bool) -> None:
    assert ballot.charter is not None
    seat = {"seat": entry.label}
    if entry.status == RollEntry.Status.RECUSED:
        raise ConflictError(_("“%(seat)s” is recused from this ballot.") % seat, code="recused")
    if entry.status == RollEntry.Status.VACANT:
        raise ConflictError(_("Nobody held “%(seat)s” when the ballot opened.") % seat, code="vacant")
    if entry.has_voted and by_delegate and not entry.by_delegate:
        raise ConflictError(_("The holder of “%(seat)s” has voted.") % seat, code="principal_voted")
    overrides = entry.by_delegate and not by_delegate
    if entry.has_voted and not overrides and not ballot.charter.votes_may_change:
        message = _("“%(seat)s” has voted; the charter lets no vote be changed.")
        raise ConflictError(message % seat, code="voted")


def _tally_and_declare(ballot: Ballot, db_now: datetime, by: Actor | None) -> Ballot:
    assert ballot.charter is not None
    terms, extension = ballot.charter.terms, timedelta(hours=ballot.charter.extension_hours)
    result = tally(votes_of(ballot), terms)
    # A chair who closes early knows who is missing; a deadline does not.
    may_extend = db_now >= ballot.closes_at and ballot.extended_at is None and extension
    if result.result == "inquorate" and may_extend:
        ballot.extended_at = db_now
        return _extend(ballot, db_now + extension)
    is_early = by is not None and db_now < ballot.closes_at
    ballot.closed_at = db_now
    cancel_alarm(CLOSES, ballot.pk)
    stop_reminding(ballot)
    if result.result == "tied" and chair_of(ballot) is not None:
        ballot.status = Ballot.Status.CLOSED
        save(ballot, "status", "closed_at")
        set_alarm(CASTING_LAPSES, ballot.pk, db_now + CASTING_TIME)
    else:
        # Where the chair is recused, or the seat vacant, nobody breaks the tie.
        tied = result.result == "tied"
        ballot = _declare(ballot, break_tie(result, terms, yes=False) if tied else result, db_now)
    if is_early:
        # Last, for the chain of outcomes and that of the audit are locked in this order by all.
        audit.record(by, "close_ballot_early", ballot.motion.text[:120], ballot=str(ballot.pk))
    return ballot


def _extend(ballot: Ballot, closes_at: datetime) -> Ballot:
    ballot.closes_at = closes_at
    save(ballot, "closes_at", "extended_at")
    set_alarm(CLOSES, ballot.pk, closes_at)
    remind_before(ballot)
    return ballot


def _break_tie(ballot: Ballot, choice: str, db_now: datetime) -> Ballot:
    assert ballot.charter is not None
    terms = ballot.charter.terms
    result = break_tie(tally(votes_of(ballot), terms), terms, yes=choice == Choice.YES)
    cancel_alarm(CASTING_LAPSES, ballot.pk)
    return _declare(ballot, result, db_now, casting_vote=choice)


def _declare(ballot: Ballot, result: Tally, db_now: datetime, *, casting_vote: str = "") -> Ballot:
    ballot.status = Ballot.Status.DECLARED
    save(ballot, "status", "closed_at")
    declare(ballot, result, casting_vote=casting_vote, now=db_now)
    if ballot.is_secret:
        destroy_count(ballot)
    return ballot


def _refuse_text(field: str, text: str, longest: int) -> None:
    if errors := text_errors(field, text, longest):
        raise InvalidFieldsError(errors)
