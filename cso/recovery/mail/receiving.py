"""A mail comes in: it is added to the case that it answers, opens a case, or is set aside with a reason."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from email.utils import parseaddr
from uuid import UUID

from django.conf import settings

from cso.outbox.actions import mail_of
from cso.recovery.actions import MAX_NOTE, lock_case, save_case
from cso.recovery.intake import Told, open_told_case, take_files
from cso.recovery.mail.plain import without_quotes
from cso.recovery.mail.reading import Letter, read_head, read_letter
from cso.recovery.models import Case, Channel, EventKind, IncomingMail, MailBox
from cso.recovery.settings import recovery_settings
from cso.texts import shown
from tenants.locks import hold_names

# How far back the date of a mail is believed; a mail seldom waits longer.
BELIEVED = timedelta(days=7)
# Of this many of a sender's last cases, one may be named in the subject.
_CASES_NAMED = 50
MOST_IN_AN_HOUR = 10
_TAG = re.compile(r"\[#([^\[\]]{1,100})\]")

Status = IncomingMail.Status


def receive_mail(raw: bytes, *, now: datetime) -> IncomingMail:
    """Take a raw mail (RFC 5322) into the current tenant; the same Message-ID is taken once, also at once.

    A reply to a mail of ours is added to its case, which it does not reopen; anything else opens a case, reported when
    it was written if that is within the last seven days, else now. What no person wrote, and what comes from our own
    address, is set aside: it opens nothing and is not answered.

    Raises `InvalidFieldsError` of `mail` for an empty one and for more than 25 MB, and `ConflictError` (`no_unit`)
    while there is no unit to open a case in.
    """
    return _take(read_letter(raw), now=now)


def set_aside_mail(raw: bytes, reason: str, *, now: datetime) -> IncomingMail:
    """Note that a mail came which cannot be taken, by its headers."""
    return _take(read_head(raw), now=now, reason=reason)


def _take(letter: Letter, *, now: datetime, reason: str = "") -> IncomingMail:
    hold_names(f"mail:{letter.message_id}")
    if known := IncomingMail.objects.filter(message_id=letter.message_id).first():
        return known
    mail = IncomingMail(
        message_id=letter.message_id,
        sender=letter.sender,
        sender_name=letter.sender_name,
        subject=letter.subject,
        text=letter.text,
        received_at=now,
        status=Status.SET_ASIDE,
        reason=shown(reason or _reason_to_set_aside(letter), 200),
    )
    mail.save(force_insert=True)
    if mail.reason:
        return mail
    case = _case_of(letter)
    if case is None and _is_flood(letter, now):
        mail.reason = f"more than {MOST_IN_AN_HOUR} new cases of one sender in an hour"
        mail.save(update_fields=["reason"])
        return mail
    return _open(mail, letter, now) if case is None else _add(mail, letter, case, now)


def _reason_to_set_aside(letter: Letter) -> str:
    if letter.automatic:
        return letter.automatic
    if not letter.sender:
        return "no address to answer to"
    return "our own address" if letter.sender in _own_addresses() else ""


def _is_flood(letter: Letter, now: datetime) -> bool:
    """Whether a sender opens case after case, as a program does that answers our answers without saying so."""
    recent = Case.objects.filter(customer__email_ci=letter.sender, channel=Channel.EMAIL)
    return recent.filter(recorded_at__gt=now - timedelta(hours=1)).count() >= MOST_IN_AN_HOUR


def _own_addresses() -> set[str]:
    ours = [parseaddr(settings.DEFAULT_FROM_EMAIL)[1], recovery_settings().mail_address]
    ours += MailBox.objects.values_list("user", flat=True)
    return {address.lower() for address in ours if address}


def _case_of(letter: Letter) -> Case | None:
    """The case that a mail is about, of this tenant; the survivor of one that was merged."""
    pk = _answered(letter.references) or _named(letter)
    case = Case.objects.select_related("merged_into").filter(pk=pk).first() if pk else None
    return case.merged_into or case if case else None


def _answered(references: str) -> UUID | None:
    """By the Message-IDs that only someone knows who has the mail: one of ours, or an earlier one of the thread."""
    if not references:
        return None
    ours = mail_of(references)
    if ours is not None and ours.about is not None:
        return ours.about
    thread = IncomingMail.objects.filter(message_id__in=references.split(), case__isnull=False)
    return thread.order_by("-received_at").values_list("case_id", flat=True).first()


def _named(letter: Letter) -> UUID | None:
    """By `[#reference]` in the subject, which anybody may write: only of a case of the sender's own."""
    named = {found.strip().lower() for found in _TAG.findall(letter.subject)}
    if not named:
        return None
    own = Case.objects.filter(customer__email_ci=letter.sender, customer__erased_at=None).order_by("-reported_at")
    return next((case.pk for case in own[:_CASES_NAMED] if case.reference.lower() in named), None)


def _open(mail: IncomingMail, letter: Letter, now: datetime) -> IncomingMail:
    text = without_quotes(letter.text) if letter.is_reply else letter.text
    told = Told(
        summary="\n\n".join(filter(None, [letter.subject, text])),
        channel=Channel.EMAIL,
        email=letter.sender,
        name=letter.sender_name,
        files=letter.files,
    )
    mail.case = open_told_case(told, now=now, reported_at=_reported_at(letter, now), mail=mail)
    mail.status, mail.reason = Status.OPENED, shown(letter.broken, 200)
    mail.save(update_fields=["case", "status", "reason"])
    return mail


def _add(mail: IncomingMail, letter: Letter, case: Case, now: datetime) -> IncomingMail:
    case = lock_case(case, None)
    mail.case, mail.status, mail.reason = case, Status.THREADED, shown(letter.broken, 200)
    mail.text = without_quotes(letter.text)
    mail.save(update_fields=["case", "status", "reason", "text"])
    left_out = take_files(case, letter.files, now=now, mail=mail)
    # The words stay in the mail, where they can be erased; the log, which nobody can change, says that they came.
    note = f"Left out: {'; '.join(map(str, left_out))}" if left_out else ""
    save_case(case, EventKind.MAIL_RECEIVED, None, now, shown(note, MAX_NOTE), changes={"mail": [None, str(mail.pk)]})
    return mail


def _reported_at(letter: Letter, now: datetime) -> datetime:
    written = letter.written_at
    return written if written is not None and now - BELIEVED <= written <= now else now
