"""Mails to those who may vote: the ballot is open, and it closes soon."""

from __future__ import annotations

from datetime import datetime

from cso.alarms.actions import cancel_alarm
from cso.committees.models import Ballot

REMINDS = "remind_voters"


def invite_voters(ballot: Ballot, *, now: datetime) -> None:
    """Tell each eligible member, once, with their own link."""


def remind_before(ballot: Ballot) -> None:
    """Let those who have not voted be reminded once, before the close."""


def cancel_reminder(ballot: Ballot) -> None:
    cancel_alarm(REMINDS, ballot.pk)
