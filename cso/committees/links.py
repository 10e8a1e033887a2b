"""A voter's own link to one ballot: who has it needs no password, so it names one seat's line on one roll."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from cso.committees.models import Ballot, RollEntry
from cso.recovery.links import LinkExpiredError
from tenants.scope import current_tenant

# 16 bytes of the entry's id and 14 of the signature: 40 letters, which no mail program breaks.
_ID, _SIGNATURE = 16, 14
_SALT = "cso.committees.links"


def vote_link(entry: RollEntry) -> str:
    """The address of the page on which this seat votes in this ballot."""
    return f"{settings.PUBLIC_URL}/{current_tenant().slug}/v/{vote_token(entry)}/"


def vote_token(entry: RollEntry) -> str:
    said = entry.pk.bytes
    return base64.urlsafe_b64encode(said + _signature(said, settings.SECRET_KEY)).decode()


def entry_by_token(token: str, *, now: datetime) -> RollEntry:
    """The line of the roll that a link is about, with all that its page shows.

    Raises `RollEntry.DoesNotExist` for a token that is none, is another tenant's, or is of who works here no more, all
    alike; `LinkExpiredError` once the ballot takes no votes.
    """
    related = ("ballot__charter", "ballot__motion__rule", "ballot__motion__committee", "ballot__motion__nomination")
    entries = RollEntry.objects.select_related("member__user", "ballot__motion__refer_to", *related)
    entry = entries.get(pk=_read(token), member__ended_at=None, member__isnull=False)
    if entry.ballot.status != Ballot.Status.OPEN or now >= entry.ballot.closes_at:
        raise LinkExpiredError("This ballot takes no more votes.")
    return entry


def _read(token: str) -> UUID:
    try:
        whole = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise RollEntry.DoesNotExist from error
    said, signature = whole[:_ID], whole[_ID:]
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if len(said) != _ID or not any(constant_time_compare(signature, _signature(said, key)) for key in keys):
        raise RollEntry.DoesNotExist
    return UUID(bytes=said)


def _signature(said: bytes, secret: str | bytes) -> bytes:
    """Of the entry and of the tenant whose page it is: elsewhere the same token is none."""
    about = f"{current_tenant().pk}:".encode() + said
    return salted_hmac(_SALT, about, secret=secret, algorithm="sha256").digest()[:_SIGNATURE]
