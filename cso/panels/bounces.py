"""Mails that reach nobody: they are not counted as asked, and an address that does not exist is asked no more."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from cso.alarms.actions import set_alarm, when_ringing
from cso.customers.models import Customer
from cso.outbox.actions import when_given_up
from cso.outbox.models import OutgoingMail
from cso.panels.inviting import INVITATION, REMINDER, end_invitations, invitation_of
from cso.panels.members import leave_panel
from cso.panels.models import Invitation, PanelMember
from tenants.models import Actor
from tenants.permissions import require
from tenants.roles import Can

REFUSED, UNDELIVERED = "survey_refused", "survey_undelivered"


def record_bounce(address: str, *, by: Actor | None, now: datetime) -> int:
    """A mail server says, however late, that there is no such address: whoever has it leaves every panel.

    How many memberships that ended. Open waves count them as not reached, unless they answered.
    """
    require(by, Can.RUN_PANELS)
    members = PanelMember.objects.filter(left_at=None, customer__email_ci=address.strip().lower())
    found = list(members.select_related("panel"))
    # All of them in one order, as whoever invites them does.
    customers = Customer.objects.select_for_update(no_key=True).order_by("pk")
    list(customers.filter(pk__in=[member.customer_id for member in found]))
    for member in found:
        leave_panel(member, because=PanelMember.LeftBecause.BOUNCED, by=by, now=now)
    return len(found)


@when_given_up(INVITATION)
@when_given_up(REMINDER)
def _notice(mail: OutgoingMail, *, is_refused: bool, now: datetime) -> None:
    """Not at once: whoever closes a wave holds it and waits for this mail."""
    if is_refused:
        set_alarm(REFUSED, mail.pk, now)
    elif mail.kind == INVITATION:
        # Nothing is wrong with the address, but nobody was asked.
        set_alarm(UNDELIVERED, mail.pk, now)


@when_ringing(REFUSED)
def take_as_bounce(subject: UUID, *, now: datetime) -> None:
    if mail := OutgoingMail.objects.filter(pk=subject).first():
        record_bounce(mail.recipient, by=None, now=now)


@when_ringing(UNDELIVERED)
def take_as_not_asked(subject: UUID, *, now: datetime) -> None:
    mail = OutgoingMail.objects.filter(pk=subject, status=OutgoingMail.Status.FAILED).first()
    if mail is not None:
        end_invitations(Invitation.objects.filter(pk=invitation_of(mail)), have_bounced=True)
