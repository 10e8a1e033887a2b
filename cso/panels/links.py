"""The links in a panel's mails: to the survey of one who was invited, and out of the panel. No password is needed."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from cso.panels.models import Invitation, PanelMember, Wave
from cso.recovery.links import LinkExpiredError
from tenants.scope import current_tenant

# 16 bytes of an id and 14 of the signature: 40 letters, which no mail program breaks.
_ID, _SIGNATURE = 16, 14
_SURVEY, _LEAVE = "cso.panels.links.survey", "cso.panels.links.leave"


def survey_link(invitation: Invitation) -> str:
    """The address at which this customer answers in this wave."""
    return f"{settings.PUBLIC_URL}/{current_tenant().slug}/s/{survey_token(invitation)}/"


def survey_token(invitation: Invitation) -> str:
    return _token(invitation.pk, _SURVEY)


def invitation_by_token(token: str, *, now: datetime) -> Invitation:
    """The invitation that a link is about, with its wave and panel, its member and customer.

    Raises `Invitation.DoesNotExist` for a token that is none, is another tenant's, or whose customer was erased, all
    alike; `LinkExpiredError` when the wave takes no answers any more, or the customer has left the panel. A wave that
    is not open yet is told by its `opens_at`.
    """
    pk = _read(token, _SURVEY)
    invitations = Invitation.objects.select_related("wave__panel", "wave__unit", "member", "customer")
    invitation = invitations.filter(pk=pk, customer__erased_at=None).get()
    wave = invitation.wave
    if wave.status != Wave.Status.OPEN or now >= wave.closes_at:
        raise LinkExpiredError("This survey takes no more answers.")
    if invitation.withdrew_at is not None:
        raise LinkExpiredError("You left this panel.")
    return invitation


def leave_link(member: PanelMember) -> str:
    """The address at which a member leaves the panel, without a word more."""
    return f"{settings.PUBLIC_URL}/{current_tenant().slug}/leave/{leave_token(member)}/"


def leave_token(member: PanelMember) -> str:
    return _token(member.pk, _LEAVE)


def member_by_leave_token(token: str) -> PanelMember:
    """The member whom a link lets leave, with their panel and customer; it works for ever, and also after they left.

    Raises `PanelMember.DoesNotExist` as `invitation_by_token` does.
    """
    members = PanelMember.objects.select_related("panel", "customer")
    return members.filter(pk=_read(token, _LEAVE), customer__erased_at=None).get()


def _token(pk: UUID, salt: str) -> str:
    return base64.urlsafe_b64encode(pk.bytes + _signature(pk.bytes, salt, settings.SECRET_KEY)).decode()


def _read(token: str, salt: str) -> UUID:
    """The id in it; the nil id, which no row has, for a token that is none."""
    try:
        whole = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return UUID(int=0)
    said, signature = whole[:_ID], whole[_ID:]
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if len(said) != _ID or not any(constant_time_compare(signature, _signature(said, salt, key)) for key in keys):
        return UUID(int=0)
    return UUID(bytes=said)


def _signature(said: bytes, salt: str, secret: str | bytes) -> bytes:
    """Of the id and of the tenant whose page it is: elsewhere the same token is none."""
    about = f"{current_tenant().pk}:".encode() + said
    return salted_hmac(salt, about, secret=secret, algorithm="sha256").digest()[:_SIGNATURE]
