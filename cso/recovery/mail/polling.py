"""Reading mailboxes over IMAP: each mail in a transaction of its own, marked as seen once that has committed."""

from __future__ import annotations

import imaplib
import logging
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import OperationalError

from cso.alarms.actions import set_alarm
from cso.errors import DomainError, InvalidFieldsError
from cso.recovery.mail.boxes import POLL, addresses_of, password_of
from cso.recovery.mail.reading import MAX_RAW
from cso.recovery.mail.receiving import receive_mail, set_aside_mail
from cso.recovery.models import MailBox
from cso.texts import shown
from tenants.models import Tenant
from tenants.scope import tenant_scope

EVERY = timedelta(minutes=1)
# A password that is refused every minute would lock the mailbox's owner out.
AFTER_FAILURE = timedelta(minutes=10)
TIMEOUT = 20  # seconds, for each answer of the server
# What waits beyond this comes a minute later.
MOST_AT_ONCE = 50
_UID = re.compile(rb"[0-9]{1,10}")
logger = logging.getLogger(__name__)

_FAILURES = (imaplib.IMAP4.error, OSError, DomainError)


def poll_mailbox(mailbox: MailBox, *, now: datetime) -> int:
    """Take what is unseen in a mailbox; returns how many mails were taken. Call it outside any scope.

    A mail that cannot be taken stays unseen and is tried again, and does not keep the others back. What goes wrong
    with the server stands in `last_error`, and the next poll waits ten minutes.
    """
    tenant, taken, error = mailbox.tenant, 0, ""
    try:
        with _signed_in(mailbox) as server:
            for uid in _unseen(server):
                taken += _take(tenant, server, uid, now)
    except _FAILURES as failure:
        error = shown(f"{type(failure).__name__}: {failure}", 500)
        logger.warning("Mailbox %s of %s cannot be read: %s", mailbox.pk, tenant.slug, error)
    with tenant_scope(tenant):
        # It may have been switched off or removed meanwhile.
        if MailBox.objects.filter(pk=mailbox.pk, is_active=True).update(checked_at=now, last_error=error):
            set_alarm(POLL, mailbox.pk, now + (AFTER_FAILURE if error else EVERY))
    return taken


def _take(tenant: Tenant, server: _Server, uid: bytes, now: datetime) -> bool:
    raw = _fetch(server, uid)
    if raw is None:
        logger.warning("A mailbox of %s names a mail and does not send it", tenant.slug)
        return False
    try:
        with tenant_scope(tenant):
            _receive(raw, now)
    except OperationalError:
        raise
    except Exception:
        logger.exception("A mail in a mailbox of %s could not be taken", tenant.slug)
        return False
    server.uid("STORE", uid.decode(), "+FLAGS.SILENT", r"(\Seen)")
    return True


def _receive(raw: bytes, now: datetime) -> None:
    try:
        receive_mail(raw, now=now)
    except InvalidFieldsError as error:
        # It will never be taken: say so once, instead of trying it every minute.
        set_aside_mail(raw, error.message, now=now)


class _Server(imaplib.IMAP4):
    """A connection to an address that was checked, under the name that its certificate must show."""

    def __init__(self, mailbox: MailBox, address: str) -> None:
        self._address, self._uses_tls = address, mailbox.uses_tls
        super().__init__(mailbox.host, mailbox.port, timeout=TIMEOUT)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = socket.create_connection((self._address, self.port), timeout)
        if not self._uses_tls:
            return plain
        return ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)

    def read(self, size: int) -> bytes:
        # A server names the size of what it sends; the library would believe any.
        if size > MAX_RAW + 1:
            raise self.abort("the server sends more than was asked for")
        return super().read(size)


@contextmanager
def _signed_in(mailbox: MailBox) -> Iterator[_Server]:
    server = _Server(mailbox, addresses_of(mailbox.host, mailbox.port)[0])
    try:
        server.login(mailbox.user, password_of(mailbox))
        status, said = server.select(_quoted(mailbox.folder))
        if status != "OK":
            raise server.error(f"There is no folder {mailbox.folder}: {said!r}")
        yield server
    finally:
        try:
            server.logout()
        except (OSError, imaplib.IMAP4.error):
            logger.debug("A mailbox's server was gone before it was left")


def _unseen(server: _Server) -> list[bytes]:
    _, answers = server.uid("SEARCH", "UNSEEN")
    found = b" ".join(answer for answer in answers if isinstance(answer, bytes)).split()
    return [uid for uid in found if _UID.fullmatch(uid)][:MOST_AT_ONCE]


def _fetch(server: _Server, uid: bytes) -> bytes | None:
    """The raw mail, one byte more than may be at most; None if it is gone. It stays unseen."""
    _, answers = server.uid("FETCH", uid.decode(), f"(BODY.PEEK[]<0.{MAX_RAW + 1}>)")
    for answer in answers:
        if isinstance(answer, tuple) and len(answer) == 2:
            return bytes(answer[1])
    return None


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'
