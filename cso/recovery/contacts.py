"""The four contacts with the customer: recorded, and owed in time."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from cso.errors import ConflictError, FieldError, InvalidFieldsError
from cso.recovery.actions import MAX_NOTE, lock_case, save_case
from cso.recovery.clocks import act_instant, since_start
from cso.recovery.contact_clock import reset_all_contact_clocks, reset_contact_clock, reset_contact_clocks
from cso.recovery.models import Case, Channel, Contact, ContactKind, EventKind
from cso.texts import text_errors
from tenants.models import Actor, ApiKey, Membership

__all__ = [
    "record_contact",
    "reset_all_contact_clocks",
    "reset_contact_clock",
    "reset_contact_clocks",
]


def record_contact(
    case: Case,
    kind: str,
    *,
    by: Actor | None,
    at: datetime | None,
    now: datetime,
    channel: str = "",
    note: str = "",
    id: UUID | None = None,  # noqa: A002 (the name of the column)
) -> Contact:
    """The customer was told at `at` (None: now); the next contact falls due from there. Raises `InvalidFieldsError`.

    `id` is chosen by who asks, so that a form sent twice records once: the second raises `ConflictError` with the code
    `sent_twice`.
    """
    case = lock_case(case, by)
    if id is not None and Contact.objects.filter(pk=id).exists():
        raise ConflictError(_("This was sent already."), code="sent_twice")
    errors = text_errors("note", note, MAX_NOTE)
    if kind not in ContactKind.values:
        errors.append(
            FieldError("kind", "unknown", _("Use one of: %(choices)s.") % {"choices": ", ".join(ContactKind.values)})
        )
    if channel and channel not in Channel.values:
        errors.append(
            FieldError("channel", "unknown", _("Use one of: %(choices)s.") % {"choices": ", ".join(Channel.values)})
        )
    if errors:
        raise InvalidFieldsError(errors)
    at = act_instant(at, now=now, after=[since_start(case)])
    contact = Contact(
        case=case,
        kind=kind,
        at=at,
        channel=channel,
        member=by if isinstance(by, Membership) else None,
        api_key=by if isinstance(by, ApiKey) else None,
        note=note,
    )
    if id is not None:
        contact.id = id
    contact.save(force_insert=True)
    changes = {"contact": kind} | ({"channel": channel} if channel else {})
    save_case(case, EventKind.CONTACTED, by, at, note, changes=changes)
    return contact
