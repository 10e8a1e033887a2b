"""Links that need no password: the id of one row of the current tenant, signed for one purpose."""

from __future__ import annotations

import base64
import binascii
from uuid import UUID

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from tenants.scope import current_tenant

# 16 bytes of an id and 14 of the signature: 40 letters, which no mail program breaks.
_ID, _SIGNATURE = 16, 14


def signed(pk: UUID, purpose: str) -> str:
    """The token of a row; for another `purpose`, or in another tenant, it is none."""
    return base64.urlsafe_b64encode(pk.bytes + _signature(pk.bytes, purpose, settings.SECRET_KEY)).decode()


def signed_id(token: str, purpose: str) -> UUID:
    """The id in it; the nil id, which no row has, for a token that is none."""
    try:
        whole = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return UUID(int=0)
    said, signature = whole[:_ID], whole[_ID:]
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if len(said) != _ID or not any(constant_time_compare(signature, _signature(said, purpose, key)) for key in keys):
        return UUID(int=0)
    return UUID(bytes=said)


def _signature(said: bytes, purpose: str, secret: str | bytes) -> bytes:
    about = f"{current_tenant().pk}:".encode() + said
    return salted_hmac(purpose, about, secret=secret, algorithm="sha256").digest()[:_SIGNATURE]
