"""How a ballot stands: by its times, and by what is in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from cso.committees.models import Ballot, Choice, OutcomeRecord, RollEntry
from cso.committees.secrecy import count_of
from cso.committees.tally import Votes


def status_at(ballot: Ballot, now: datetime) -> str:
    """How it reads: an open ballot past its deadline is closed, whether or not a worker was there."""
    if ballot.status == Ballot.Status.OPEN and now >= ballot.closes_at:
        return Ballot.Status.CLOSED
    if ballot.status == Ballot.Status.SCHEDULED and now >= ballot.opens_at:
        return Ballot.Status.OPEN if now < ballot.closes_at else Ballot.Status.CLOSED
    return ballot.status


def votes_of(ballot: Ballot, roll: Iterable[RollEntry] | None = None) -> Votes:
    """What is in by now; of a secret ballot only for the tally, never to be shown before it.

    `roll`: its roll, where that was read already.
    """
    assert ballot.charter is not None
    lines = [(entry.status, entry.choice) for entry in (ballot.roll.all() if roll is None else roll)]
    eligible = sum(status == RollEntry.Status.ELIGIBLE for status, _ in lines)
    if not ballot.charter.recused_leave_the_base:
        eligible += sum(status == RollEntry.Status.RECUSED for status, _ in lines)
    if ballot.is_secret:
        return Votes(*count_of(ballot), eligible)
    given = [choice for _, choice in lines]
    return Votes(given.count(Choice.YES), given.count(Choice.NO), given.count(Choice.ABSTAIN), eligible)


def standing_outcomes() -> QuerySet[OutcomeRecord]:
    """What came of each ballot, by its latest record: those that were corrected are left out."""
    return OutcomeRecord.objects.exclude(Exists(OutcomeRecord.objects.filter(corrects=OuterRef("pk"))))
