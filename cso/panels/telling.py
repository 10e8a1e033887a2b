"""“You said, we did”: telling the members of a panel what came of what they said, each once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cso.alarms.actions import set_alarm, when_ringing
from cso.clock import is_told
from cso.customers.models import Customer
from cso.errors import ConflictError, InvalidFieldsError
from cso.outbox.actions import write_mail
from cso.outbox.models import OutgoingMail
from cso.panels.links import leave_link
from cso.panels.models import Commitment, PanelMember
from cso.panels.permissions import require_panel
from cso.recovery.settings import recovery_settings
from tenants import audit
from tenants.models import Actor
from tenants.scope import current_tenant

TELL = "tell_panel"
YOU_SAID = "you_said_we_did"
# So many mails are written in one transaction.
AT_ONCE = 200
# What was to be told longer ago than this belongs to the past.
FRESH = timedelta(days=7)


def tell_members(commitments: Sequence[Commitment], *, by: Actor | None, now: datetime) -> list[Commitment]:
    """Tell the members of a panel, in one mail to each, what was done: commitments of this panel, none told before.

    The mails are written after this transaction. Raises `ConflictError` with the code `not_done` or `told`.
    """
    ids = [each.pk for each in commitments]
    if not ids:
        raise InvalidFieldsError.of("commitments", "required", _("Say which."))
    list(Commitment.objects.select_for_update().filter(pk__in=ids).order_by("id"))
    found = list(Commitment.objects.select_related("panel").filter(pk__in=ids).order_by("id"))
    panel = found[0].panel
    require_panel(by, panel)
    if any(each.panel_id != panel.pk for each in found):
        raise InvalidFieldsError.of("commitments", "other_panel", _("Tell each panel what was committed to it."))
    if any(each.done_at is None for each in found):
        raise ConflictError(_("The members are told what was done: this is not done yet."), code="not_done")
    if any(each.told_at is not None for each in found):
        raise ConflictError(_("The members were told of this."), code="told")
    for each in found:
        each.told_at = now
        each.save(update_fields=["told_at"])
    audit.record(by, "tell_members", panel.name, commitments=[str(each.pk) for each in found])
    if not is_told():
        set_alarm(TELL, found[0].pk, now)
    return found


def mailable(panel: UUID) -> int:
    """How many of a panel's members would get a mail."""
    return _members(panel).count()


@when_ringing(TELL)
def write_chunk(subject: UUID, *, now: datetime) -> None:
    """Write the mails of the members that come next, in the order of the customers' ids; each gets one."""
    first = Commitment.objects.select_related("panel").filter(pk=subject).first()
    if first is None or first.told_at is None or now - first.told_at > FRESH:
        return
    told = list(Commitment.objects.filter(panel=first.panel_id, told_at=first.told_at).order_by("due_at", "id"))
    members = _members(first.panel_id).filter(joined_at__lte=first.told_at).order_by("customer_id")
    # The ids as texts are in the order of the ids: each is as long, of digits and small letters.
    before = OutgoingMail.objects.filter(about=first.pk, kind=YOU_SAID).order_by("-key").first()
    if before is not None:
        members = members.filter(customer__gt=UUID(before.key.rpartition(":")[2]))
    written = 0
    for member in members.iterator():
        if written == AT_ONCE:
            set_alarm(TELL, subject, now)
            return
        written += _write(first, told, member, now)


def _members(panel: UUID) -> QuerySet[PanelMember]:
    there = PanelMember.objects.filter(panel=panel, left_at=None, customer__erased_at=None)
    return there.filter(customer__declined_questions_at=None).exclude(customer__email="")


def _write(first: Commitment, told: list[Commitment], member: PanelMember, now: datetime) -> bool:
    """Whether a mail was written: not to who is erased at this moment, nor to an address that is none."""
    customer = Customer.objects.select_for_update(no_key=True).get(pk=member.customer_id)
    if not customer.email or customer.erased_at is not None:
        return False
    found = recovery_settings()
    company = found.mail_name or current_tenant().name
    mail = write_mail(
        key=f"{YOU_SAID}:{first.pk}:{customer.pk}",
        kind=YOU_SAID,
        about=first.pk,
        recipient=customer.email.lower(),
        template=f"panels/{YOU_SAID}",
        context={"panel": first.panel.name, "told": told, "company": company, "leave_url": leave_link(member)},
        language=customer.language or found.language,
        now=now,
        sender_name=company,
        reply_to=found.mail_address,
        unsubscribe_url=leave_link(member),
    )
    return mail is not None
