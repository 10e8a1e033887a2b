"""The customer's own link to a case: who has it needs no password, so it names one case, is signed, and ends."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from cso.errors import DomainError
from cso.recovery.models import Case
from tenants.scope import current_tenant

LIVES_AFTER_FIX = timedelta(days=90)
LIVES_AFTER_CLOSING = timedelta(days=60)
# 16 bytes of the case's id, 2 of its links' version, 12 of the signature: 40 letters, which no mail program breaks.
_ID, _VERSION, _SIGNATURE = 16, 2, 12
# In the version, whose own numbers stay below: this link only shows the page.
_ONLY_SHOWS = 0x8000
_SALT = "cso.recovery.links"


class LinkExpiredError(DomainError):
    """The link was right, and is no longer."""

    code = "link_expired"


def link_of(case: Case, *, may_answer: bool = True) -> str:
    """The address of the customer's page of a case.

    may_answer: whoever has the link speaks as the customer, so it goes to the customer alone; the other one only shows
    how the case stands, and is what staff see and hand on: only the customer can make a case dazzled.
    """
    return f"{settings.PUBLIC_URL}/{current_tenant().slug}/c/{token_of(case, may_answer=may_answer)}/"


def token_of(case: Case, *, may_answer: bool = True) -> str:
    version = case.link_version if may_answer else case.link_version | _ONLY_SHOWS
    said = case.pk.bytes + version.to_bytes(_VERSION)
    return base64.urlsafe_b64encode(said + _signature(said, settings.SECRET_KEY)).decode()


def case_by_token(token: str, *, now: datetime) -> Case:
    """The case that a link is about; the one that it was merged into, where that is the same customer's.

    Raises `Case.DoesNotExist` for a token that is none, is another tenant's, was revoked, or whose customer was erased,
    all alike; `LinkExpiredError` 60 days after the case was closed, or 90 days after a fix that was never closed.
    """
    pk, version = _read(token)
    version &= ~_ONLY_SHOWS
    case = Case.objects.select_related("customer", "unit", "merged_into").get(pk=pk)
    if case.link_version != version or (case.customer is not None and case.customer.erased_at is not None):
        raise Case.DoesNotExist
    if case.merged_into is not None and case.merged_into.customer_id == case.customer_id:
        case = Case.objects.select_related("customer", "unit").get(pk=case.merged_into.pk)
    if _ended(case, now):
        raise LinkExpiredError(_("This link has expired."))
    return case


def speaks_as_customer(token: str) -> bool:
    """Whether who has this token may answer, ask to be called, and decline; of a token that `case_by_token` takes."""
    return not _read(token)[1] & _ONLY_SHOWS


def _ended(case: Case, now: datetime) -> bool:
    if case.closed_at is not None:
        return now > case.closed_at + LIVES_AFTER_CLOSING
    return case.fixed_at is not None and now > case.fixed_at + LIVES_AFTER_FIX


def _read(token: str) -> tuple[UUID, int]:
    try:
        whole = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise Case.DoesNotExist from error
    said, signature = whole[: _ID + _VERSION], whole[_ID + _VERSION :]
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if len(said) != _ID + _VERSION or not any(constant_time_compare(signature, _signature(said, key)) for key in keys):
        raise Case.DoesNotExist
    return UUID(bytes=said[:_ID]), int.from_bytes(said[_ID:])


def _signature(said: bytes, secret: str | bytes) -> bytes:
    """Of the case and of the tenant whose page it is: elsewhere the same token is none."""
    about = f"{current_tenant().pk}:".encode() + said
    return salted_hmac(_SALT, about, secret=secret, algorithm="sha256").digest()[:_SIGNATURE]
