"""The links in a panel's mails: to the survey of one who was invited, and out of the panel. No password is needed."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from cso.panels.models import Invitation, PanelMember, Wave
from cso.recovery.links import LinkExpiredError
from cso.signing import signed, signed_id
from tenants.scope import current_tenant

_SURVEY, _LEAVE = "cso.panels.links.survey", "cso.panels.links.leave"


def survey_link(invitation: Invitation) -> str:
    """The address at which this customer answers in this wave."""
    return f"{settings.PUBLIC_URL}/{current_tenant().slug}/s/{survey_token(invitation)}/"


def survey_token(invitation: Invitation) -> str:
    return signed(invitation.pk, _SURVEY)


def invitation_by_token(token: str, *, now: datetime) -> Invitation:
    """The invitation that a link is about, with its wave and panel, its member and customer.

    Raises `Invitation.DoesNotExist` for a token that is none, is another tenant's, or whose customer was erased, all
    alike; `LinkExpiredError` when the wave takes no answers any more, or the customer has left the panel. A wave that
    is not open yet is told by its `opens_at`.
    """
    pk = signed_id(token, _SURVEY)
    invitations = Invitation.objects.select_related("wave__panel", "wave__unit", "member", "customer")
    invitation = invitations.filter(pk=pk, customer__erased_at=None).get()
    wave = invitation.wave
    if wave.status != Wave.Status.OPEN or now >= wave.closes_at:
        raise LinkExpiredError(_("This survey takes no more answers."))
    if invitation.withdrew_at is not None:
        raise LinkExpiredError(_("You left this panel."))
    return invitation


def leave_link(member: PanelMember) -> str:
    """The address at which a member leaves the panel, without a word more."""
    return f"{settings.PUBLIC_URL}/{current_tenant().slug}/leave/{leave_token(member)}/"


def leave_token(member: PanelMember) -> str:
    return signed(member.pk, _LEAVE)


def member_by_leave_token(token: str) -> PanelMember:
    """The member whom a link lets leave, with their panel and customer; it works for ever, and also after they left.

    Raises `PanelMember.DoesNotExist` as `invitation_by_token` does.
    """
    members = PanelMember.objects.select_related("panel", "customer")
    return members.filter(pk=signed_id(token, _LEAVE), customer__erased_at=None).get()
