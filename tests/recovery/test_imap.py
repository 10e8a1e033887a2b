"""Mailboxes that are polled, from a real server on a socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from pytest_django.fixtures import Settings

from cso.alarms.actions import ring_alarms
from cso.alarms.models import Alarm
from cso.errors import ConflictError, InvalidFieldsError
from cso.recovery.mail.boxes import add_mailbox, addresses_of, change_mailbox, password_of, remove_mailbox
from cso.recovery.mail.polling import poll_mailbox
from cso.recovery.models import Case, IncomingMail, MailBox
from tenants.models import AuditEntry
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company
from tests.recovery.imap_server import Mailbox, imap_server

MINUTE = timedelta(minutes=1)


@pytest.fixture
def there() -> Iterator[tuple[Mailbox, int]]:
    with imap_server() as served:
        yield served


@pytest.fixture
def local(settings: Settings) -> None:
    settings.MAILBOXES_MAY_BE_LOCAL = True


def mailbox_on(acme: Company, port: int, **values: Any) -> MailBox:
    with tenant_scope(acme.tenant):
        known: dict[str, Any] = {
            "host": "127.0.0.1",
            "user": "help@acme.example",
            "password": "secret",
            "uses_tls": False,
        } | values
        return add_mailbox(by=acme.member(Role.CSO), port=port, now=NOW, **known)


def raw(number: int, words: str = "Bag") -> bytes:
    return f"From: priya@example.com\r\nMessage-ID: <{number}@example.com>\r\n\r\n{words}\r\n".encode()


def rings_at(acme: Company) -> list[Any]:
    with tenant_scope(acme.tenant):
        return list(Alarm.objects.filter(kind="poll_mailbox").values_list("rings_at", flat=True))


def test_unseen_mails_are_taken_and_marked_and_a_bad_one_keeps_none_back(
    acme: Company, local: None, there: tuple[Mailbox, int]
) -> None:
    mailbox, port = there
    mailbox.mails = {
        1: raw(1),
        2: None,  # named, and not sent
        3: b"From: priya@example.com\r\n\r\n" + b"a" * (26 * 1024 * 1024),
        4: b"\x00\xff" * 100,
        5: raw(5),
        6: raw(1),
    }
    kept = mailbox_on(acme, port)
    assert poll_mailbox(kept, now=NOW) == 5
    assert mailbox.seen == {1, 3, 4, 5, 6}
    assert rings_at(acme) == [NOW + MINUTE]
    with tenant_scope(acme.tenant):
        assert Case.objects.count() == 2
        reasons = dict(IncomingMail.objects.values_list("status", "reason"))
        assert set(reasons) == {"opened", "set_aside"}
        assert IncomingMail.objects.filter(reason__contains="25 MB").count() == 1
        kept.refresh_from_db()
        assert (kept.checked_at, kept.last_error) == (NOW, "")
    assert poll_mailbox(kept, now=NOW + MINUTE) == 0


def test_what_is_not_committed_stays_unseen(
    acme: Company, local: None, there: tuple[Mailbox, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database refuses the first mail at the last moment; the second goes in."""
    mailbox, port = there
    mailbox.mails = {1: raw(1, "\ud83e".encode(errors="replace").decode()), 2: raw(2)}
    kept = mailbox_on(acme, port)
    with tenant_scope(acme.tenant):
        unit = acme.units["top"]
        Case.objects.create(unit=unit, reported_at=NOW, recorded_at=NOW)

    def refuse(raw: bytes, *, now: Any) -> None:
        if b"<1@" in raw:
            Case.objects.create(unit=unit, reported_at=NOW, recorded_at=NOW, occurred_at=NOW + MINUTE)

    monkeypatch.setattr("cso.recovery.mail.polling.receive_mail", refuse)
    assert poll_mailbox(kept, now=NOW) == 1
    assert mailbox.seen == {2}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"password": "wrong"}, "AUTHENTICATIONFAILED"),
        ({"folder": "Elsewhere"}, "no such folder"),
        ({"folder": 'IN"BOX\\'}, "no such folder"),
        ({"uses_tls": True}, "SSL"),
    ],
)
def test_what_goes_wrong_is_said_and_tried_more_slowly(
    acme: Company, local: None, there: tuple[Mailbox, int], values: dict[str, Any], words: str
) -> None:
    kept = mailbox_on(acme, there[1], **values)
    assert poll_mailbox(kept, now=NOW) == 0
    with tenant_scope(acme.tenant):
        kept.refresh_from_db()
    assert words in kept.last_error
    assert "secret" not in kept.last_error
    assert rings_at(acme) == [NOW + 10 * MINUTE]


def test_a_server_that_lies_about_sizes_or_is_gone_is_left(
    acme: Company, local: None, there: tuple[Mailbox, int]
) -> None:
    mailbox, port = there
    mailbox.mails, mailbox.claimed_size = {1: raw(1)}, 2**40
    kept = mailbox_on(acme, port)
    assert poll_mailbox(kept, now=NOW) == 0
    with tenant_scope(acme.tenant):
        kept.refresh_from_db()
        assert "more than was asked for" in kept.last_error
        with socket.create_server(("127.0.0.1", 0)) as closed:
            free = closed.getsockname()[1]
        change_mailbox(kept, by=None, now=NOW, port=free, password="secret")
        kept.refresh_from_db()
    assert poll_mailbox(kept, now=NOW) == 0
    with tenant_scope(acme.tenant):
        kept.refresh_from_db()
        assert "Refused" in kept.last_error


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("127.0.0.1", "not_public"),
        ("localhost", "not_public"),
        ("10.0.0.8", "not_public"),
        ("169.254.169.254", "not_public"),
        ("::1", "not_public"),
        ("::ffff:127.0.0.1", "not_public"),
        ("64:ff9b::7f00:1", "not_public"),
        ("0", "not_public"),
        ("2130706433", "not_public"),
        ("224.0.0.1", "not_public"),
    ],
)
def test_no_mailbox_leads_into_our_own_network(host: str, code: str) -> None:
    with pytest.raises(InvalidFieldsError) as refusal:
        addresses_of(host, 993)
    assert [(error.field, error.code) for error in refusal.value.errors] == [("host", code)]
    assert addresses_of("1.1.1.1", 993) == ["1.1.1.1"]


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"host": ""}, ["host"]),
        ({"host": "imap.example.com\r\nA1 LOGOUT"}, ["host"]),
        ({"user": "a\r\nA1 LOGOUT", "folder": "\n"}, ["user", "folder"]),
        ({"password": ""}, ["password"]),
        ({"password": "a\x00"}, ["password"]),
        ({"port": 6379, "uses_tls": False}, ["port", "uses_tls"]),
    ],
)
def test_a_mailbox_that_cannot_be_polled_is_refused(acme: Company, values: dict[str, Any], fields: list[str]) -> None:
    known = {"host": "1.1.1.1", "user": "help", "password": "secret"} | values
    with tenant_scope(acme.tenant), pytest.raises(InvalidFieldsError) as refusal:
        add_mailbox(by=None, now=NOW, **known)
    assert [error.field for error in refusal.value.errors] == fields


def test_a_password_is_kept_unreadable_and_goes_nowhere_else(acme: Company, settings: Settings) -> None:
    officer = acme.member(Role.CSO)
    with tenant_scope(acme.tenant):
        known: dict[str, Any] = {"host": "1.1.1.1", "user": "help", "now": NOW}
        for role in (Role.FRONTLINE, Role.AUDITOR):
            with pytest.raises(PermissionDenied):
                add_mailbox(by=acme.member(role), password="hunter2", **known)
        kept = add_mailbox(by=officer, password="hunter2", **known)
        assert b"hunter2" not in bytes(kept.password_encrypted)
        with pytest.raises(ConflictError):
            add_mailbox(by=officer, password="hunter2", **known)
        # Whoever may set a mailbox may not have its password sent to a server of theirs.
        with pytest.raises(InvalidFieldsError):
            change_mailbox(kept, by=officer, now=NOW, host="9.9.9.9")
        change_mailbox(kept, by=officer, now=NOW, is_active=False)
        kept.refresh_from_db()
        assert password_of(kept) == "hunter2"
        assert not Alarm.objects.exists()
        settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
        assert password_of(kept) == "hunter2"
        settings.SECRET_KEY_FALLBACKS = []
        with pytest.raises(ConflictError):
            password_of(kept)
        change_mailbox(kept, by=officer, now=NOW, is_active=True, password="hunter3")
        kept.refresh_from_db()
        assert password_of(kept) == "hunter3"
        assert Alarm.objects.count() == 1
        remove_mailbox(kept, by=officer)
        assert not Alarm.objects.exists()
        assert "hunter" not in str(list(AuditEntry.objects.values_list("details", flat=True)))


@pytest.mark.django_db(transaction=True)
def test_the_alarm_asks_for_a_poll_and_for_itself_again(acme: Company, local: None) -> None:
    kept = mailbox_on(acme, 993)
    assert rings_at(acme) == [NOW]
    ring_alarms(acme.tenant, now=NOW)
    assert rings_at(acme) == [NOW + MINUTE]
    with tenant_scope(acme.tenant):
        MailBox.objects.filter(pk=kept.pk).update(is_active=False)
    ring_alarms(acme.tenant, now=NOW + MINUTE)
    assert rings_at(acme) == []
