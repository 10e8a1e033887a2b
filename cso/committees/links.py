"""A voter's own link to one ballot: who has it needs no password, so it names one seat's line on one roll."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from cso.committees.models import Ballot, RollEntry
from cso.recovery.links import LinkExpiredError
from cso.signing import signed, signed_id
from tenants.scope import current_tenant

_SALT = "cso.committees.links"


def vote_link(entry: RollEntry) -> str:
    """The address of the page on which this seat votes in this ballot."""
    return f"{settings.PUBLIC_URL}/{current_tenant().slug}/v/{vote_token(entry)}/"


def vote_token(entry: RollEntry) -> str:
    return signed(entry.pk, _SALT)


def entry_by_token(token: str, *, now: datetime) -> RollEntry:
    """The line of the roll that a link is about, with all that its page shows.

    Raises `RollEntry.DoesNotExist` for a token that is none, is another tenant's, or is of who works here no more, all
    alike; `LinkExpiredError` once the ballot takes no votes.
    """
    related = ("ballot__charter", "ballot__motion__rule", "ballot__motion__committee", "ballot__motion__nomination")
    entries = RollEntry.objects.select_related("member__user", "ballot__motion__refer_to", *related)
    entry = entries.get(pk=signed_id(token, _SALT), member__ended_at=None, member__isnull=False)
    if entry.ballot.status != Ballot.Status.OPEN or now >= entry.ballot.closes_at:
        raise LinkExpiredError(_("This ballot takes no more votes."))
    return entry
