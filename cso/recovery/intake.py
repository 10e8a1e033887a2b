"""What customers tell us themselves, by mail or through the web form, becomes a case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from cso.customers.matching import match_customer
from cso.customers.models import Customer
from cso.errors import ConflictError
from cso.people.models import Unit
from cso.recovery.actions import lock_case, open_case, save_case
from cso.recovery.attachments import LeftOut, SentFile, keep_files, sort_out
from cso.recovery.models import MAX_SUMMARY, Case, EventKind, IncomingMail
from cso.recovery.questions import acknowledge
from cso.recovery.settings import recovery_settings
from cso.texts import shown


@dataclass(frozen=True)
class Told:
    """What a customer tells of a mistake, and how they can be reached."""

    summary: str
    channel: str
    email: str = ""
    phone: str = ""
    name: str = ""
    language: str = ""
    files: Sequence[SentFile] = field(default_factory=list)


def intake_unit() -> Unit:
    """Where a case lands that nobody in the office logged: the unit set for it, else the first one at the top.

    Raises `ConflictError` while the tenant has no unit.
    """
    found = recovery_settings().intake_unit or Unit.objects.filter(parent=None).order_by("name", "id").first()
    if found is None:
        raise ConflictError(_("There is no unit yet that could take a case in."), code="no_unit")
    return found


def open_told_case(
    told: Told,
    *,
    now: datetime,
    reported_at: datetime | None = None,
    occurred_at: datetime | None = None,
    unit: Unit | None = None,
    id: UUID | None = None,  # noqa: A002 (the name of the column)
    mail: IncomingMail | None = None,
) -> Case:
    """Open a case as a customer tells it, keep the files with it, and write them that it has arrived.

    `unit` None: the intake's. Raises what `open_case` and `match_customer` raise.
    """
    customer = match_customer(
        email=told.email, phone=told.phone, name=told.name, language=told.language, is_self_told=True
    )
    case = open_case(
        id=id,
        by=None,
        unit=unit or intake_unit(),
        reported_at=reported_at or now,
        occurred_at=occurred_at,
        summary=shown(told.summary + _unknown_phone(told.phone, customer), MAX_SUMMARY),
        channel=told.channel,
        customer=customer,
        now=now,
    )
    left_out = take_files(case, told.files, now=now, mail=mail)
    if left_out:
        note = f"Left out: {'; '.join(map(str, left_out))}"
        case = save_case(lock_case(case, None), EventKind.MAIL_RECEIVED, None, now, shown(note, 2_000))
    acknowledge(case, now=now)
    return case


def take_files(
    case: Case, files: Sequence[SentFile], *, now: datetime, mail: IncomingMail | None = None
) -> list[LeftOut]:
    """Keep what may be kept; returns what was left out."""
    taken, left_out = sort_out(files)
    keep_files(case, taken, now=now, mail=mail)
    return left_out


def _unknown_phone(phone: str, customer: Customer) -> str:
    """A number that is not ours to write into the customer's row still stands with the case."""
    return f"\n\n{phone}" if phone and phone != customer.phone else ""
