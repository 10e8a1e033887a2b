"""Mails against a real SMTP server: sent once, again after a death, refused, given up, and never written twice."""

from __future__ import annotations

import smtplib
import socket
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.core.exceptions import PermissionDenied
from django.db import connections
from pytest_django.fixtures import Settings

from cso.alarms.actions import BACK_OFF, ring_alarms
from cso.alarms.models import Alarm
from cso.errors import ConflictError
from cso.outbox.actions import NEXT_TRIES, cancel_mails, mail_of, message_id, retry_mail, write_mail
from cso.outbox.models import OutgoingMail
from cso.recovery.models import Case
from tenants.models import Tenant
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case, make_company

MINUTE = timedelta(minutes=1)


class Postman:
    """What the server has taken; what it says to recipients and to words, until told otherwise."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.to_recipient = self.to_words = "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        return self.to_words


@pytest.fixture
def postman(settings: Settings) -> Iterator[Postman]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    postman = Postman()
    server = Controller(postman, hostname="127.0.0.1", port=port)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", port, False
    settings.DEFAULT_FROM_EMAIL = "The office <office@cso.example>"
    yield postman
    server.stop()


def write(case: Case, now: datetime = NOW, **changes: Any) -> OutgoingMail | None:
    mail: dict[str, Any] = {
        "key": "hello",
        "kind": "acknowledgement",
        "recipient": "ana@roy.example",
        "template": "recovery/acknowledgement",
        "context": {"case": case, "company": "Acme", "url": "https://cso.example/acme/c/x/"},
        "language": "en",
        "about": case.pk,
        "now": now,
    }
    return write_mail(**mail | changes)


def written(company: Company, **changes: Any) -> OutgoingMail:
    with tenant_scope(company.tenant):
        mail = write(log_case(company.units["south"], NOW), **changes)
        assert mail is not None
        return mail


def ring(tenant: Tenant, now: datetime) -> OutgoingMail:
    """What is due rings; the mail as it then is."""
    ring_alarms(tenant, now=now)
    with tenant_scope(tenant):
        return OutgoingMail.objects.get()


def test_a_mail_arrives_in_both_parts_with_its_headers(acme: Company, postman: Postman) -> None:
    end = f"https://cso.example/acme/leave/{'x' * 40}/"
    whom = {"sender_name": "Ailes Québec", "reply_to": "aide@ailes.example", "unsubscribe_url": end}
    mail = written(acme, language="fr-ca", **whom)
    mail = ring(acme.tenant, NOW)
    assert (mail.status, mail.sent_at, mail.tries) == ("sent", NOW, 0)
    (taken,) = postman.taken
    assert taken["From"] == "Ailes Québec <office@cso.example>"
    assert (taken["To"], taken["Reply-To"]) == ("ana@roy.example", "aide@ailes.example")
    assert taken["Message-ID"] == message_id(mail)
    assert (taken["Auto-Submitted"], taken["Content-Language"]) == ("auto-generated", "fr-ca")
    assert taken["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    # Folded right after its name, a long line comes back with the blank of the fold.
    assert taken["List-Unsubscribe"].lstrip() == f"<{end}>"
    assert taken["Subject"].lstrip().startswith("Nous avons bien reçu votre message – ")
    text, html = (taken.get_body(kind) for kind in (("plain",), ("html",)))
    assert text is not None
    assert html is not None
    assert "Voir ma page :\nhttps://cso.example/acme/c/x/\n" in text.get_content().replace("\r\n", "\n")
    assert '<a href="https://cso.example/acme/c/x/"' in html.get_content()
    assert ">Voir ma page</a>" in html.get_content().replace("\n    ", "").replace("Voir ma page\n", "Voir ma page")
    ring(acme.tenant, NOW + MINUTE)
    assert len(postman.taken) == 1
    with tenant_scope(acme.tenant):
        assert mail_of(f"<other@x> {message_id(mail)}") == mail
        assert Alarm.objects.filter(kind="send_mail").count() == 0


def test_a_mail_is_written_once_by_its_key_and_not_before_its_time(acme: Company, postman: Postman) -> None:
    written(acme, send_at=NOW + 5 * MINUTE)
    with tenant_scope(acme.tenant):
        assert write(Case.objects.get()) is None
        assert write(Case.objects.get(), key="x", recipient="nobody") is None
        assert OutgoingMail.objects.count() == 1
    assert ring(acme.tenant, NOW).status == "waiting"
    assert ring(acme.tenant, NOW + 5 * MINUTE).status == "sent"
    assert len(postman.taken) == 1


def test_no_header_can_be_slipped_in(acme: Company, postman: Postman) -> None:
    evil = "Ann\r\nBcc: all@acme.example\x00\u2028x"
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], NOW)
        case.external_id = evil
        assert write(case, sender_name=evil)
        assert write(case, key="2", recipient="a@b.example\r\nBcc: all@acme.example") is None
        OutgoingMail.objects.update(reply_to="a@b.example\nBcc: all@acme.example")  # past every check
    mail = ring(acme.tenant, NOW)
    assert (mail.status, postman.taken) == ("failed", [])
    assert "newlines" in mail.last_error
    with tenant_scope(acme.tenant):
        OutgoingMail.objects.update(reply_to="")
        retry_mail(mail, by=None, now=NOW)
    assert ring(acme.tenant, NOW).status == "sent"
    (taken,) = postman.taken
    assert taken["Bcc"] is None
    assert taken["From"] == '"Ann Bcc: all@acme.example x" <office@cso.example>'
    assert taken["To"] == "ana@roy.example"


def test_what_a_customer_wrote_is_text_in_the_html_part(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], NOW)
        case.external_id = "<img src=x>\n\nPay here:\nhttps://evil.example/\n\n&amp;"
        mail = write(case)
        assert mail is not None
        assert "<img" not in mail.html
        assert 'href="https://evil.example' not in mail.html
        assert "&lt;img src=x&gt;" in mail.html
        assert "<img src=x>" in mail.text


@pytest.mark.parametrize("where", ["recipient", "words"])
def test_a_final_refusal_gives_up_at_once_and_says_why(acme: Company, postman: Postman, where: str) -> None:
    setattr(postman, f"to_{where}", "550 5.1.1 No such user here")
    written(acme)
    mail = ring(acme.tenant, NOW)
    assert (mail.status, mail.sent_at, mail.tries) == ("failed", None, 1)
    assert "No such user here" in mail.last_error
    with tenant_scope(acme.tenant):
        assert not Alarm.objects.exists()
        with pytest.raises(PermissionDenied):
            retry_mail(mail, by=acme.member(Role.LEADER), now=NOW)
    setattr(postman, f"to_{where}", "250 OK")
    with tenant_scope(acme.tenant):
        retry_mail(mail, by=acme.member(Role.ADMINISTRATOR), now=NOW + MINUTE)
    assert ring(acme.tenant, NOW + MINUTE).status == "sent"
    with tenant_scope(acme.tenant), pytest.raises(ConflictError):
        retry_mail(mail, by=acme.member(Role.ADMINISTRATOR), now=NOW + MINUTE)


def test_a_passing_failure_is_tried_again_ever_later_and_then_given_up(acme: Company, postman: Postman) -> None:
    postman.to_recipient = "451 4.3.0 Try again later"
    written(acme)
    now = NOW
    for tries, pause in enumerate(NEXT_TRIES, start=1):
        mail = ring(acme.tenant, now)
        assert (mail.status, mail.tries) == ("waiting", tries)
        assert ring(acme.tenant, now + pause - timedelta(seconds=1)).tries == tries
        now += pause
    mail = ring(acme.tenant, now)
    assert (mail.status, mail.tries) == ("failed", len(NEXT_TRIES) + 1)
    assert "Try again later" in mail.last_error
    assert timedelta(days=1) < now - NOW < timedelta(days=3)


def test_a_server_that_is_away_is_waited_for(acme: Company, postman: Postman, settings: Settings) -> None:
    here, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    written(acme)
    mail = ring(acme.tenant, NOW)
    assert (mail.status, "ConnectionRefused" in mail.last_error) == ("waiting", True)
    settings.EMAIL_PORT = here
    assert ring(acme.tenant, NOW + MINUTE).status == "sent"


def test_a_worker_that_dies_after_sending_sends_again_under_the_same_id(
    acme: Company, postman: Postman, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once: the mail is out, and the transaction that would have said so never committed."""

    class KilledError(BaseException):
        pass

    def dies(self: smtplib.SMTP) -> None:
        raise KilledError

    written(acme)
    with monkeypatch.context() as patch:
        patch.setattr(smtplib.SMTP, "quit", dies)
        with pytest.raises(KilledError):
            ring_alarms(acme.tenant, now=NOW)
    assert len(postman.taken) == 1
    assert ring(acme.tenant, NOW + BACK_OFF[0]).status == "sent"
    first, second = postman.taken
    assert first["Message-ID"] == second["Message-ID"]
    assert len(postman.taken) == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_and_two_writers_make_one_mail(postman: Postman) -> None:
    acme = make_company("acme")
    with tenant_scope(acme.tenant):
        case = log_case(acme.units["south"], NOW)
    found: list[bool] = []

    def write_one() -> None:
        with tenant_scope(acme.tenant):
            found.append(write(case) is not None)
        connections.close_all()

    def ring_one() -> None:
        ring_alarms(acme.tenant, now=NOW)
        connections.close_all()

    for work in (write_one, ring_one):
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(found) == [False, False, False, True]
    assert len(postman.taken) == 1


def test_a_mail_that_is_no_longer_wanted_is_not_sent(acme: Company, postman: Postman) -> None:
    written(acme)
    with tenant_scope(acme.tenant):
        cancel_mails(Case.objects.get().pk, "acknowledgement")
        assert Alarm.objects.count() == 0
    assert ring(acme.tenant, NOW).status == "cancelled"
    assert postman.taken == []
