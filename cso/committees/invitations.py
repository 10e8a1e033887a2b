"""Mails to those who may vote: the ballot is open, and it closes soon."""

from __future__ import annotations

from datetime import datetime

from cso.committees.models import Ballot


def invite_voters(ballot: Ballot, *, now: datetime) -> None:
    """Tell each eligible member, once, with their own link."""
