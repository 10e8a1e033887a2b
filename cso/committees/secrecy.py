"""Secret votes, kept so that the database tells none: neither a dump, nor two, nor what an update leaves behind.

Three dangers, three answers. The order of rows tells the order of votes: each vote writes every line of the roll anew,
in one statement, so that all have the same age and place. The difference of two dumps tells the vote between them: the
numbers are sealed under the application's own key, which no database holds. And few papers tell who gave them: the
numbers are destroyed when the outcome is written.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import connection

from cso.committees.models import Ballot, Choice, RollEntry, SecretCount
from tenants.scope import current_tenant_id

_CHOICES = (Choice.YES, Choice.NO, Choice.ABSTAIN)
# Of all that is sealed, so that its length tells nothing.
_WIDTH = 6


def begin_count(ballot: Ballot) -> None:
    SecretCount.objects.create(ballot=ballot, sealed=_sealed(ballot, [0, 0, 0]))


def put_in_papers(entries: Sequence[RollEntry], ballot: Ballot, choices: Iterable[str]) -> None:
    """Mark the roll and count the papers, in one transaction. The caller holds the ballot's row alone."""
    count = SecretCount.objects.get(ballot=ballot)
    numbers = _opened(ballot, count)
    for choice in choices:
        numbers[_CHOICES.index(Choice(choice))] += 1
    SecretCount.objects.filter(pk=count.pk).update(sealed=_sealed(ballot, numbers))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE committees_rollentry SET has_voted = has_voted OR id = ANY(%s)"
            " WHERE tenant_id = %s AND ballot_id = %s",
            [[entry.pk for entry in entries], current_tenant_id(), ballot.pk],
        )


def count_of(ballot: Ballot) -> tuple[int, int, int]:
    """(yes, no, abstain) of the papers: for the tally, never to be shown before it."""
    yes, no, abstain = _opened(ballot, SecretCount.objects.get(ballot=ballot))
    return yes, no, abstain


def destroy_count(ballot: Ballot) -> None:
    """Once the outcome is written, it is all that is kept."""
    SecretCount.objects.filter(ballot=ballot).delete()


def _sealed(ballot: Ballot, numbers: list[int]) -> bytes:
    said = json.dumps([str(ballot.pk), *(f"{number:0{_WIDTH}}" for number in numbers)])
    # Its own time would tell when the last paper was put in.
    return _keys()[0].encrypt_at_time(said.encode(), 0)


def _opened(ballot: Ballot, count: SecretCount) -> list[int]:
    pk, *numbers = json.loads(MultiFernet(_keys()).decrypt(bytes(count.sealed)))
    if pk != str(ballot.pk):
        raise ValueError("These papers are another ballot's.")
    return [int(number) for number in numbers]


def _keys() -> list[Fernet]:
    return [_fernet(str(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _fernet(secret: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"cso.committees.papers:{secret}".encode()).digest()))
