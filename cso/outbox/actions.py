"""Writing mails in the transaction of an act, and sending them after it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.utils import formataddr, parseaddr
from smtplib import SMTPAuthenticationError, SMTPDataError, SMTPException, SMTPNotSupportedError, SMTPRecipientsRefused
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.timezone import override as in_zone
from django.utils.translation import gettext
from django.utils.translation import override as in_language

from cso.alarms.actions import cancel_alarm, set_alarm, when_ringing
from cso.errors import ConflictError
from cso.outbox.models import OutgoingMail
from cso.outbox.rendering import render_mail
from cso.texts import shown
from tenants import audit
from tenants.models import Actor
from tenants.permissions import require
from tenants.roles import Can
from tenants.scope import current_tenant

SEND = "send_mail"
# How long after each failure the next try waits; a mail that fails once more is given up: after about two days.
NEXT_TRIES = tuple(timedelta(minutes=minutes) for minutes in (0.5, 2, 10, 30, 60, 120, 240, 480, 480, 480, 480, 480))
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
logger = logging.getLogger(__name__)

GivenUp = Callable[..., None]
_when_given_up: dict[str, GivenUp] = {}


def write_mail(
    *,
    key: str,
    kind: str,
    recipient: str,
    template: str,
    context: Mapping[str, Any],
    language: str,
    now: datetime,
    about: UUID | None = None,
    sender_name: str = "",
    reply_to: str = "",
    unsubscribe_url: str = "",
    send_at: datetime | None = None,
) -> OutgoingMail | None:
    """Write a mail to be sent once this transaction has committed (and not before `send_at`).

    unsubscribe_url: of mails that come again and again; a POST to it, without a word more, must end them.
    `template` names `<app>/<mail>`: its words stand in `<app>/mail/<language>/<mail>.subject.txt` and `.txt`; see
    `rendering`. None, and nothing is written, when there is a mail with this key already, or the recipient's address
    is none.
    """
    try:
        validate_email(recipient)
    except ValidationError:
        logger.warning("%s is not written: its recipient has no valid address", key)
        return None
    with in_language(language), in_zone(current_tenant().zone):
        subject, text, html = render_mail(template, language, context)
    mail = OutgoingMail(
        key=key,
        kind=kind,
        about=about,
        recipient=recipient,
        sender_name=_one_line(sender_name, 120),
        reply_to=reply_to,
        unsubscribe_url=unsubscribe_url,
        language=language,
        subject=_one_line(subject, 300),
        text=text,
        html=html,
        written_at=now,
    )
    try:
        with transaction.atomic():
            mail.save(force_insert=True)
    except IntegrityError as error:
        if "one_mail_per_key" in str(error):
            return None
        raise
    set_alarm(SEND, mail.pk, send_at or now)
    return mail


def cancel_mails(about: UUID, *kinds: str) -> None:
    """Those of these kinds about one thing that wait are no longer wanted."""
    _cancel(OutgoingMail.objects.filter(about=about, kind__in=kinds))


def cancel_mail(key: str) -> None:
    """The one with this key, if it waits, is no longer wanted."""
    _cancel(OutgoingMail.objects.filter(key=key))


def _cancel(mails: QuerySet[OutgoingMail]) -> None:
    waiting = mails.filter(status=OutgoingMail.Status.WAITING)
    # In the order in which one is sent, its alarm first: else the two could wait for each other.
    for mail in list(waiting.values_list("pk", flat=True)):
        cancel_alarm(SEND, mail)
        waiting.filter(pk=mail).update(status=OutgoingMail.Status.CANCELLED)


def when_given_up(kind: str) -> Callable[[GivenUp], GivenUp]:
    """Register what is done when a mail of that kind is given up: `handler(mail, is_refused=..., now=...)`.

    is_refused: the recipient's server says that there is no such address, or that it takes nothing of ours. The mail is
    locked: set an alarm for whatever else has to be.
    """

    def register(handler: GivenUp) -> GivenUp:
        _when_given_up[kind] = handler
        return handler

    return register


def retry_mail(mail: OutgoingMail, *, by: Actor | None, now: datetime) -> OutgoingMail:
    """Try a mail again that was given up, from the first try on."""
    require(by, Can.SET_RECOVERY)
    mail = OutgoingMail.objects.select_for_update().get(pk=mail.pk)
    if mail.status != OutgoingMail.Status.FAILED:
        raise ConflictError(gettext("This mail was not given up."), code="not_failed")
    mail.status, mail.tries = OutgoingMail.Status.WAITING, 0
    mail.save(update_fields=["status", "tries"])
    set_alarm(SEND, mail.pk, now)
    if by is not None:
        audit.record(by, "retry_mail", str(mail.pk), kind=mail.kind)
    return mail


@when_ringing(SEND)
def send_mail(subject: UUID, *, now: datetime) -> None:
    """Send one mail. It is marked in the transaction around this: a worker that dies in between sends it once more,
    under the same Message-ID, so that a reader's program can know it.
    """
    mail = OutgoingMail.objects.select_for_update().filter(pk=subject, status=OutgoingMail.Status.WAITING).first()
    if mail is None:
        return
    try:
        as_message(mail).send()
    except (SMTPException, OSError, ValueError) as error:
        _not_sent(mail, error, now)
    else:
        mail.status, mail.sent_at, mail.last_error = OutgoingMail.Status.SENT, now, ""
    mail.save(update_fields=["status", "sent_at", "tries", "last_error"])


def _not_sent(mail: OutgoingMail, error: Exception, now: datetime) -> None:
    mail.tries += 1
    mail.last_error = shown(_CONTROL.sub(" ", _reason(error)), 500)
    if mail.tries > len(NEXT_TRIES) or _is_final(error):
        mail.status = OutgoingMail.Status.FAILED
        logger.warning("Mail %s is given up: %s", mail.pk, mail.last_error)
        if handler := _when_given_up.get(mail.kind):
            handler(mail, is_refused=isinstance(error, SMTPRecipientsRefused) and _is_final(error), now=now)
    else:
        set_alarm(SEND, mail.pk, now + NEXT_TRIES[mail.tries - 1])


def _is_final(error: Exception) -> bool:
    """Whether no later try can help: a refusal of this recipient or of these words, or an address that is none."""
    if isinstance(error, SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _ in error.recipients.values())
    if isinstance(error, SMTPDataError):
        return 500 <= error.smtp_code < 600
    # ValueError: what cannot be written into a header, or in the letters of an address.
    return isinstance(error, SMTPNotSupportedError | ValueError)


def _reason(error: Exception) -> str:
    if isinstance(error, SMTPRecipientsRefused):
        said = [f"{code} {words.decode(errors='replace')}" for code, words in error.recipients.values()]
        return "The address was refused: " + "; ".join(said)
    if isinstance(error, SMTPAuthenticationError):
        return f"The mail server refused our sign-in ({error.smtp_code})."
    return f"{type(error).__name__}: {error}"


def as_message(mail: OutgoingMail) -> EmailMultiAlternatives:
    """The mail as it goes out; always the same one, byte for byte but for its date."""
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    message = EmailMultiAlternatives(
        mail.subject,
        mail.text,
        formataddr((mail.sender_name, address)) if mail.sender_name else settings.DEFAULT_FROM_EMAIL,
        [mail.recipient],
        reply_to=[mail.reply_to] if mail.reply_to else None,
        headers={
            "Message-ID": message_id(mail),
            # RFC 3834: no program shall answer "out of office".
            "Auto-Submitted": "auto-generated",
            "Content-Language": mail.language,
            **_unsubscribe_headers(mail),
        },
    )
    message.attach_alternative(mail.html, "text/html")
    return message


def _unsubscribe_headers(mail: OutgoingMail) -> dict[str, str]:
    """RFC 2369 and 8058: the reader's program shows a button of its own, and sends the POST itself."""
    if not mail.unsubscribe_url:
        return {}
    return {
        "List-Unsubscribe": f"<{mail.unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def message_id(mail: OutgoingMail) -> str:
    return f"<{mail.pk.hex}@{urlsplit(settings.PUBLIC_URL).hostname}>"


def mail_of(message_ids: str) -> OutgoingMail | None:
    """The mail that a reply's `In-Reply-To` or `References` names, of the current tenant; None for none of ours."""
    ids = re.findall(r"<([0-9a-f]{32})@", message_ids[:10_000])
    return OutgoingMail.objects.filter(pk__in=[UUID(found) for found in ids[-20:]]).order_by("-written_at").first()


def _one_line(text: str, longest: int) -> str:
    """For a header: nothing in it can begin another one."""
    return _CONTROL.sub(" ", text).strip()[:longest]
