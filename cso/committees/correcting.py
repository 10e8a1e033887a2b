"""Correcting an outcome whose roll was taken down wrong: by a new record, for none is ever changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from cso.committees.consequences import carry_out
from cso.committees.holding import actor, hold
from cso.committees.invitations import tell_outcome
from cso.committees.models import Ballot, Choice, KillOrder, Motion, OutcomeRecord, RollEntry, VoteEvent
from cso.committees.outcomes import record
from cso.committees.reviving import revive_rule
from cso.committees.standing import votes_of
from cso.committees.tally import Tally, break_tie, tally
from cso.errors import ConflictError, InvalidFieldsError
from cso.rules.models import Rule
from cso.texts import text_errors
from tenants import audit
from tenants.models import Actor
from tenants.permissions import require
from tenants.roles import Can

MAX_BECAUSE = 300


def correct_outcome(
    outcome: OutcomeRecord, votes: Mapping[UUID, str], *, because: str, by: Actor | None
) -> OutcomeRecord:
    """The ballot's outcome with other votes of some seats, "" for one that did not vote; counted anew by its charter.

    Where that decides otherwise, what follows is done, and a kill that nobody has executed yet is taken back.

    Raises `InvalidFieldsError` by field; `ConflictError` with the code `secret`, `corrected` (there is a later record),
    `no_vote` (a seat that was vacant or recused), `unchanged`, or `in_effect` where it is too late to take it back.
    """
    require(by, Can.RUN_COMMITTEES)
    because = " ".join(because.split())
    _refuse_fields(votes, because)
    ballot, db_now = hold(outcome.ballot_id, alone=True)
    _refuse_ballot(ballot, outcome)
    _write(ballot, votes, because, by, db_now)
    result, casting_vote = _counted(ballot, outcome.casting_vote)
    corrected = record(ballot, result, casting_vote=casting_vote, now=db_now, corrects=outcome, because=because)
    if corrected.result != outcome.result:
        if outcome.result == OutcomeRecord.Result.CARRIED:
            _take_back(ballot.motion, because, db_now)
        tell_outcome(corrected, carry_out(corrected, now=db_now), now=db_now)
    audit.record(by, "correct_outcome", ballot.motion.text[:120], ballot=str(ballot.pk), because=because)
    return corrected


def _refuse_fields(votes: Mapping[UUID, str], because: str) -> None:
    if not votes:
        raise InvalidFieldsError.of("votes", "required", _("Say which seats voted otherwise."))
    if not set(votes.values()) <= {*Choice.values, ""}:
        raise InvalidFieldsError.of(
            "choice", "unknown", _("Use one of: %(choices)s, or none.") % {"choices": ", ".join(Choice.values)}
        )
    if not because:
        raise InvalidFieldsError.of("because", "required", _("Say what was wrong: it stands in the new record."))
    if errors := text_errors("because", because, MAX_BECAUSE):
        raise InvalidFieldsError(errors)


def _refuse_ballot(ballot: Ballot, outcome: OutcomeRecord) -> None:
    if ballot.is_secret:
        raise ConflictError(_("Nobody knows what was voted in a secret ballot."), code="secret")
    if OutcomeRecord.objects.filter(corrects=outcome).exists():
        raise ConflictError(_("This record was corrected: correct the later one."), code="corrected")


def _write(ballot: Ballot, votes: Mapping[UUID, str], because: str, by: Actor | None, db_now: datetime) -> None:
    entries = list(RollEntry.objects.select_for_update().filter(ballot=ballot, seat__in=votes).order_by("pk"))
    if len(entries) < len(votes) or any(entry.status != RollEntry.Status.ELIGIBLE for entry in entries):
        raise ConflictError(_("A seat of these had no vote in this ballot."), code="no_vote")
    changed = [entry for entry in entries if entry.choice != votes[entry.seat_id]]
    if not changed:
        raise ConflictError(_("This is what the record says already."), code="unchanged")
    for entry in changed:
        entry.choice, entry.by_delegate = votes[entry.seat_id], False
        entry.has_voted = bool(entry.choice)
    RollEntry.objects.bulk_update(changed, ["has_voted", "choice", "by_delegate"])
    VoteEvent.objects.bulk_create(
        VoteEvent(entry=entry, choice=entry.choice, at=db_now, reason=because, **actor(by)) for entry in changed
    )


def _counted(ballot: Ballot, casting_vote: str) -> tuple[Tally, str]:
    """The votes anew, and the casting vote where it still counts: a tie is decided by it, else lost."""
    assert ballot.charter is not None
    terms = ballot.charter.terms
    result = tally(votes_of(ballot), terms)
    if result.result != "tied":
        return result, ""
    return break_tie(result, terms, yes=casting_vote == Choice.YES), casting_vote


def _take_back(motion: Motion, because: str, now: datetime) -> None:
    """What was carried did not carry: a kill is taken back while it is an order alone."""
    rule = Rule.objects.select_for_update().get(pk=motion.rule_id)
    orders = KillOrder.objects.select_for_update(of=("self",)).filter(outcome__ballot__motion=motion)
    is_order_alone = motion.kind == Motion.Kind.KILL and all(order.status in KillOrder.OPEN for order in orders)
    if not is_order_alone:
        message = _("What was carried is done: a new motion takes it back, not a correction.")
        raise ConflictError(message, code="in_effect")
    revive_rule(rule, now=now, because=because)
