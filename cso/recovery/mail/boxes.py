"""Mailboxes that are polled: added, changed and removed; their passwords are kept encrypted and never shown again."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
import socket
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cso.alarms.actions import cancel_alarm, set_alarm
from cso.errors import ConflictError, FieldError, InvalidFieldsError
from cso.recovery.models import MailBox
from cso.texts import text_errors
from tenants import audit
from tenants.models import Actor
from tenants.permissions import require
from tenants.roles import Can

POLL = "poll_mailbox"
# What `change_mailbox` may change, the password apart.
CHANGEABLE = ("host", "port", "user", "folder", "uses_tls", "is_active")
MAX_PASSWORD = 500
# IMAP's own ports alone, so that nobody can have this server knock at others.
PORTS = (993, 143)
_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9.:_-]*[A-Za-z0-9])?\Z")


def add_mailbox(
    *,
    by: Actor | None,
    host: str,
    user: str,
    password: str,
    now: datetime,
    port: int = PORTS[0],
    folder: str = "INBOX",
    uses_tls: bool = True,
) -> MailBox:
    """Poll this mailbox every minute from now on.

    Raises `InvalidFieldsError` by field: its host must be one of the public Internet, its connection encrypted; and
    `ConflictError` (`mailbox_exists`).
    """
    require(by, Can.SET_RECOVERY)
    mailbox = MailBox(host=host, port=port, user=user, folder=folder, uses_tls=uses_tls)
    _check(mailbox, password)
    mailbox.password_encrypted = _sealed(password)
    _save(mailbox)
    set_alarm(POLL, mailbox.pk, now)
    audit.record(by, "add_mailbox", str(mailbox), folder=folder)
    return mailbox


def change_mailbox(mailbox: MailBox, *, by: Actor | None, now: datetime, password: str = "", **values: Any) -> MailBox:
    """Set any of `CHANGEABLE`, and the password if one is given.

    A password goes to the host and the user that it was given for: whoever changes one of these gives it again. Raises
    what `add_mailbox` raises.
    """
    require(by, Can.SET_RECOVERY)
    if unknown := set(values) - set(CHANGEABLE):
        raise ValueError(f"Not changeable: {sorted(unknown)}")
    mailbox = MailBox.objects.select_for_update().get(pk=mailbox.pk)
    changes = {
        name: [getattr(mailbox, name), value] for name, value in values.items() if getattr(mailbox, name) != value
    }
    for name, value in values.items():
        setattr(mailbox, name, value)
    if changes.keys() & {"host", "port", "user", "uses_tls"} and not password:
        raise InvalidFieldsError.of("password", "required", _("Give the password again for another host or user."))
    _check(mailbox, password or None)
    if password:
        mailbox.password_encrypted = _sealed(password)
    mailbox.last_error = ""
    _save(mailbox)
    if mailbox.is_active:
        set_alarm(POLL, mailbox.pk, now)
    else:
        cancel_alarm(POLL, mailbox.pk)
    audit.record(by, "change_mailbox", str(mailbox), new_password=bool(password), **changes)
    return mailbox


def remove_mailbox(mailbox: MailBox, *, by: Actor | None) -> None:
    """Poll it no longer, and forget its password. What came from it stays."""
    require(by, Can.SET_RECOVERY)
    pk: UUID = mailbox.pk
    cancel_alarm(POLL, pk)
    audit.record(by, "remove_mailbox", str(mailbox))
    MailBox.objects.filter(pk=pk).delete()


def password_of(mailbox: MailBox) -> str:
    """For signing in, and for nothing else. Raises `ConflictError` (`password_lost`) under another SECRET_KEY."""
    keys = MultiFernet([_fernet(str(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])
    try:
        return keys.decrypt(bytes(mailbox.password_encrypted)).decode()
    except InvalidToken as error:
        raise ConflictError(_("The password cannot be read any more: give it again."), code="password_lost") from error


def addresses_of(host: str, port: int) -> list[str]:
    """The addresses to which a mailbox's host leads now, each one of the public Internet.

    Looked up once and connected to by number: a name that leads elsewhere a moment later leads nowhere. Raises
    `InvalidFieldsError` of `host`.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise InvalidFieldsError.of("host", "unknown", _("There is no server of this name.")) from error
    addresses = [str(address[4][0]) for address in found]
    if not settings.MAILBOXES_MAY_BE_LOCAL and not all(_is_public(address) for address in addresses):
        raise InvalidFieldsError.of("host", "not_public", _("This server is not one of the public Internet."))
    return addresses


def _is_public(address: str) -> bool:
    number = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(number, ipaddress.IPv6Address):
        # An IPv4 address in IPv6's clothes.
        number = number.ipv4_mapped or number.sixtofour or number
        if isinstance(number, ipaddress.IPv6Address) and number in ipaddress.ip_network("64:ff9b::/96"):
            number = ipaddress.IPv4Address(number.packed[-4:])
    return number.is_global and not number.is_multicast


def _check(mailbox: MailBox, password: str | None) -> None:
    """Raise with whatever is wrong; `password` None: the one that is kept."""
    errors = _line_errors("user", mailbox.user, 254) + _line_errors("folder", mailbox.folder, 100)
    if password is not None:
        errors += _line_errors("password", password, MAX_PASSWORD)
    if not _HOST.match(mailbox.host):
        errors.append(FieldError("host", "invalid", _("Give the name of a mail server, such as imap.example.com.")))
    errors += _connection_errors(mailbox)
    if errors:
        raise InvalidFieldsError(errors)
    addresses_of(mailbox.host, mailbox.port)


def _connection_errors(mailbox: MailBox) -> list[FieldError]:
    if settings.MAILBOXES_MAY_BE_LOCAL:
        return []
    found = []
    if mailbox.port not in PORTS:
        found.append(
            FieldError("port", "unknown", _("Use one of: %(choices)s.") % {"choices": ", ".join(map(str, PORTS))})
        )
    if not mailbox.uses_tls:
        found.append(FieldError("uses_tls", "required", _("Without TLS the password could be read on the way.")))
    return found


def _line_errors(field: str, value: str, longest: int) -> list[FieldError]:
    """Also what would end a line of the protocol, and begin another."""
    if errors := text_errors(field, value, longest):
        return errors
    if not value.strip():
        return [FieldError(field, "required", _("This is required."))]
    return [] if value.isprintable() else [FieldError(field, "invalid", _("Remove what is no letter."))]


def _save(mailbox: MailBox) -> None:
    try:
        with transaction.atomic():
            mailbox.save()
    except IntegrityError as error:
        if "one_mailbox_each" in str(error):
            raise ConflictError(_("This mailbox is polled already."), code="mailbox_exists") from error
        raise


def _sealed(password: str) -> bytes:
    return _fernet(settings.SECRET_KEY).encrypt(password.encode())


def _fernet(secret: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"cso.recovery.mailbox:{secret}".encode()).digest()))
