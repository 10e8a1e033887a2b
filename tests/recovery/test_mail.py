"""Mistakes told by mail: threaded, opened or set aside, whatever a mail is made of."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from cso.customers.matching import match_customer
from cso.customers.models import Customer
from cso.errors import InvalidFieldsError
from cso.outbox.actions import message_id
from cso.outbox.models import OutgoingMail
from cso.recovery import actions
from cso.recovery.attachments import MEGABYTE, SentFile, attachments_of, media_type_of, safe_name, sort_out
from cso.recovery.duplicates import merge_cases
from cso.recovery.mail.plain import text_of_html, without_quotes
from cso.recovery.mail.receiving import receive_mail
from cso.recovery.models import Attachment, Case, IncomingMail
from cso.recovery.queries import case_log
from cso.recovery.settings import recovery_settings
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case
from tests.threads import at_once_sorted

HOUR = timedelta(hours=1)
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20


def mail(text: str = "My suitcase went to Winnipeg.", **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = headers.pop("From", "Priya Patel <priya@example.com>")
    message["To"] = "help@acme.example"
    message["Subject"] = headers.pop("Subject", "Where is my suitcase?")
    message["Message-ID"] = headers.pop("Message_ID", "<1@example.com>")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def receive(message: EmailMessage | bytes, now: datetime = NOW) -> IncomingMail:
    return receive_mail(message if isinstance(message, bytes) else message.as_bytes(), now=now)


def test_a_mail_opens_a_case_of_its_sender_and_is_acknowledged_once(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        sent = mail(Date=format_datetime(NOW - 3 * HOUR))
        taken = receive(sent)
        assert receive(sent) == taken
        case = Case.objects.select_related("customer", "unit").get()
        assert (taken.status, taken.case) == ("opened", case)
        assert (case.unit.code, case.channel, case.reported_at, case.recorded_at) == (
            "top",
            "email",
            NOW - 3 * HOUR,
            NOW,
        )
        assert case.summary == "Where is my suitcase?\n\nMy suitcase went to Winnipeg."
        assert case.customer is not None
        assert (case.customer.email, case.customer.name) == ("priya@example.com", "Priya Patel")
        assert [sent.kind for sent in OutgoingMail.objects.all()] == ["acknowledgement"]


@pytest.mark.parametrize(
    ("date", "reported"),
    [
        (format_datetime(NOW - timedelta(days=7)), NOW - timedelta(days=7)),
        (format_datetime(NOW - timedelta(days=7, seconds=1)), NOW),
        (format_datetime(NOW + timedelta(seconds=1)), NOW),
        ("Thu, 99 Foo 0000 99:99", NOW),
        ("Mon, 01 Jan 0001 00:00:00 +2300", NOW),
    ],
)
def test_a_date_is_believed_for_a_week_and_never_ahead(acme: Company, date: str, reported: datetime) -> None:
    raw = mail().as_bytes().replace(b"To:", b"Date: " + date.encode() + b"\nTo:")
    with tenant_scope(acme.tenant):
        recovery_settings()
        receive(raw)
        assert Case.objects.get().reported_at == reported


def test_a_reply_is_added_to_its_case_and_does_not_reopen_it(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        settings = recovery_settings()
        settings.intake_unit = acme.units["south"]
        settings.save()
        case = receive(mail()).case
        assert case is not None
        assert case.unit == acme.units["south"]
        case = actions.fix_case(case, by=None, at=NOW + HOUR, now=NOW + HOUR)
        due = case.next_contact_due_at
        ours = OutgoingMail.objects.filter(kind="acknowledgement").get()
        quoted = "Thank you, it came.\n\nOn Wed, 18 Mar 2026 at 15:00, Acme wrote:\n> We have it\n> Your reference"
        reply = mail(quoted, Message_ID="<2@example.com>", In_Reply_To=message_id(ours), Subject="Re: We have it")
        reply.add_attachment(PNG, maintype="image", subtype="png", filename="../../handle.PNG")
        taken = receive(reply, NOW + 2 * HOUR)
        assert (taken.status, taken.case, taken.text) == ("threaded", case, "Thank you, it came.")
        # Another of the same thread, which names only the customer's own mail.
        further = mail("One more thing.", Message_ID="<3@example.com>", References="<2@example.com>")
        assert receive(further, NOW + 3 * HOUR).case == case
        case.refresh_from_db()
        assert (case.is_open, case.next_contact_due_at) == (False, due)
        lines = [line for line in case_log(case) if line.kind == "mail_received"]
        assert [line.note for line in lines] == [
            "Priya Patel\nRe: We have it\nThank you, it came.",
            "Priya Patel\nWhere is my suitcase?\nOne more thing.",
        ]
        assert [(file.name, file.media_type) for file in attachments_of(case)] == [("handle.png", "image/png")]
        assert OutgoingMail.objects.filter(kind="acknowledgement").count() == 1


def test_a_reply_to_a_duplicate_reaches_the_case_that_took_it_in(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        duplicate = receive(mail()).case
        assert duplicate is not None
        survivor = log_case(acme.units["south"], NOW - HOUR)
        merge_cases(duplicate, survivor, by=None, now=NOW)
        ours = OutgoingMail.objects.get()
        assert receive(mail(Message_ID="<2@example.com>", In_Reply_To=message_id(ours))).case == survivor


def test_a_reference_in_the_subject_counts_for_ones_own_case_alone(acme: Company, other: Company) -> None:
    with tenant_scope(other.tenant):
        theirs = receive(mail()).case
        assert theirs is not None
        foreign = OutgoingMail.objects.get()
    with tenant_scope(acme.tenant):
        priya = match_customer(email="priya@example.com")
        case = log_case(acme.units["south"], NOW - HOUR, customer=priya)
        named = mail(Subject=f"Re: [#{case.reference.upper()}] please", Message_ID="<2@example.com>")
        assert receive(named).case == case
        stranger = mail(From="eve@example.com", Subject=f"[#{case.reference}]", Message_ID="<3@example.com>")
        assert receive(stranger).status == "opened"
        # A forged reference to what is another tenant's finds nothing there.
        for number, forged in enumerate([message_id(foreign), f"<{theirs.pk.hex}@localhost>", f"<{case.pk.hex}@x>"]):
            taken = receive(mail(Message_ID=f"<forged{number}@example.com>", In_Reply_To=forged))
            assert (taken.status, taken.case in (case, theirs)) == ("opened", False)
    with tenant_scope(other.tenant):
        assert IncomingMail.objects.count() == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "Bulk"},
        {"List_Id": "<news.example.com>"},
        {"Return_Path": "<>"},
        {"From": "MAILER-DAEMON@example.com"},
        {"From": "help@acme.example"},
        {"From": "nobody"},
    ],
    ids=lambda headers: " ".join(headers.values())[:30],
)
def test_what_no_person_wrote_is_set_aside_and_not_answered(acme: Company, headers: dict[str, str]) -> None:
    raw = mail().as_bytes()
    for name, value in headers.items():
        line = f"{name.replace('_', '-')}: {value}\n".encode()
        raw = raw.replace(b"From: Priya Patel <priya@example.com>\n", line) if name == "From" else line + raw
    with tenant_scope(acme.tenant):
        settings = recovery_settings()
        settings.mail_address = "Help@acme.example"
        settings.save()
        taken = receive(raw)
        assert (taken.status, taken.case, bool(taken.reason)) == ("set_aside", None, True)
        assert not Case.objects.exists()
        assert not OutgoingMail.objects.exists()


def test_a_program_that_answers_every_answer_is_stopped(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        statuses = [receive(mail(Message_ID=f"<{number}@example.com>")).status for number in range(12)]
        assert statuses == ["opened"] * 10 + ["set_aside"] * 2
        assert receive(mail(Message_ID="<later@example.com>"), NOW + 2 * HOUR).status == "opened"


def _nested(depth: int) -> bytes:
    lines = [b"From: priya@example.com", b"Message-ID: <deep@example.com>", b"Subject: Deep"]
    for number in range(depth):
        lines += [b'Content-Type: multipart/mixed; boundary="b%d"' % number, b"", b"--b%d" % number]
    return b"\r\n".join([*lines, b"Content-Type: text/plain", b"", b"Deep down", b""])


def _siblings(count: int) -> bytes:
    head = b"From: priya@example.com\r\nSubject: Wide\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    part = b'--b\r\nContent-Disposition: attachment; filename="a.txt"\r\n\r\nx\r\n'
    return head + b"--b\r\n\r\nMany files\r\n" + part * count + b"--b--\r\n"


HOSTILE = {
    "nested": _nested(1_000),
    "nested a little": _nested(50),
    "1,000 parts": _siblings(1_000),
    "no headers": b"priya@example.com says hello",
    "headers alone": b"From: priya@example.com\r\n",
    "nothing but NUL": b"\x00" * 1_000,
    "NUL and bytes": b"From: p\x00riya <priya@example.com>\r\nSubject: \x00\xff\xfe\r\n\r\nBag\x00\xff gone",
    "broken base64": b"From: priya@example.com\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!=QmFn==\xff",
    "unknown charset": b"From: priya@example.com\r\nContent-Type: text/plain; charset=klingon\r\n\r\nBag \xe9",
    "charset of NUL": b'From: priya@example.com\r\nContent-Type: text/plain; charset="\x00utf"\r\n\r\nBag',
    "idna charset": b"From: priya@example.com\r\nContent-Type: text/plain; charset=idna\r\n\r\n" + b"\xff." * 70,
    "injected": b"From: =?utf-8?q?P=0D=0ABcc:_all@example.com?= <priya@example.com>\r\n"
    b"Subject: =?utf-8?q?Hi=0D=0ABcc:_x@example.com?=\r\n\r\nBag",
    "two senders": b"From: priya@example.com, eve@example.com\r\n\r\nBag",
    "endless subject": b"From: priya@example.com\r\nSubject: " + b"=?utf-8?q?a?= " * 50_000 + b"\r\n\r\nBag",
    "bad words": b"From: priya@example.com\r\nSubject: =?utf-8?b?////?= =?nope?x?y?=\r\n\r\nBag",
    "endless references": b"From: priya@example.com\r\nReferences: " + b"<a@b> " * 100_000 + b"\r\n\r\nBag",
    "endless id": b"From: priya@example.com\r\nMessage-ID: <" + b"a" * 100_000 + b"@b>\r\n\r\nBag",
    "8-bit id": b"From: priya@example.com\r\nMessage-ID: <\xff\x00@b>\r\n\r\nBag",
    "html": b"From: priya@example.com\r\nContent-Type: text/html\r\n\r\n" + b"<div><![<!--<x y='" * 30_000,
    "file name": b"From: priya@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    b"Content-Disposition: attachment; filename*=klingon'x'%FF%00%0D%0A\r\n\r\nx\r\n--b--",
    "mail in a mail": b"From: priya@example.com\r\nContent-Type: message/rfc822\r\n\r\nFrom: x@y.example\r\n\r\nBag",
    "surrogates": "From: priya@example.com\r\nSubject: \udcff\r\n\r\n".encode(errors="surrogateescape")
    + b"\xed\xa0\x80",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_no_mail_is_too_broken_to_be_taken(acme: Company, raw: bytes) -> None:
    began = time.monotonic()
    with tenant_scope(acme.tenant):
        taken = receive(raw)
        assert receive(raw) == taken
        assert taken.status == ("opened" if taken.sender else "set_aside")
        for text in (taken.subject, taken.sender_name, taken.text):
            assert not {"\r", "\x00"} & set(text)
        assert "\n" not in taken.subject + taken.sender_name
        assert Case.objects.count() == bool(taken.sender)
    assert time.monotonic() - began < 2


def test_a_mail_is_refused_above_25_mb_and_its_text_is_cut(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        head = b"From: priya@example.com\r\n\r\n"
        with pytest.raises(InvalidFieldsError) as refusal:
            receive(head + b"a\r\n" * (50 * MEGABYTE // 3))
        assert [error.code for error in refusal.value.errors] == ["too_large"]
        with pytest.raises(InvalidFieldsError):
            receive(b" \r\n")
        receive(head + b"bag " * MEGABYTE)
        assert len(Case.objects.get().summary) == 5_000


def test_files_are_taken_by_what_they_are_and_bounded(acme: Company) -> None:
    message = mail()
    files: list[tuple[str, bytes]] = [
        ("photo.png", PNG),
        ("virus.exe", b"MZ\x90\x00"),
        ("photo.jpg", PNG),  # a name that lies
        ("page.png", b"<script>alert(1)</script>"),
        ("large.pdf", b"%PDF-1.7" + b"0" * 5 * MEGABYTE),
        ("empty.txt", b""),
        *((f"note-{number}.txt", b"Bag") for number in range(11)),
    ]
    for name, content in files:
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    with tenant_scope(acme.tenant):
        case = receive(message).case
        assert case is not None
        assert [file.name for file in attachments_of(case)] == ["photo.png", *(f"note-{n}.txt" for n in range(9))]
        assert bytes(Attachment.objects.get(name="photo.png").content) == PNG
        (line,) = [line for line in case_log(case) if line.kind == "mail_received"]
        for name in ("virus.exe", "photo.jpg", "page.png", "large.pdf", "empty.txt", "note-9.txt", "note-10.txt"):
            assert name in line.note


def test_files_of_one_mail_are_bounded_together() -> None:
    large = SentFile("a.pdf", b"%PDF-" + b"0" * (4 * MEGABYTE))
    taken, left_out = sort_out([large] * 5 + [SentFile("a.txt", b"Bag")])
    assert [media_type for _, media_type in taken] == ["application/pdf"] * 3 + ["text/plain"]
    assert [str(file) for file in left_out] == ["a.pdf (more than 15 MB together)"] * 2


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.png", PNG, "image/png"),
        ("", PNG, "image/png"),
        ("a.JPEG", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("a.gif", b"GIF89a", "image/gif"),
        ("a.webp", b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
        ("a.pdf", b"%PDF-1.4", "application/pdf"),
        ("a.txt", "Valise égarée\r\n".encode(), "text/plain"),
        ("a.txt", b"\xff\xfe", None),
        ("a.html", b"<html>", None),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        ("a.png.exe", PNG, None),
        ("a.zip", b"PK\x03\x04", None),
    ],
)
def test_a_type_is_what_the_bytes_and_the_name_agree_on(name: str, content: bytes, expected: str | None) -> None:
    assert media_type_of(SentFile(name, content)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd.png", "passwd.png"),
        ("C:\\Users\\p\\photo.PNG", "photo.png"),
        ("\u202egnp.exe", "gnp.png"),
        ('a"; filename="b.html\r\n', "a filename=b.png"),
        ("", "file.png"),
        ("..png", "png.png"),
        ("a" * 400 + ".png", "a" * 145 + ".png"),
        ("Reçu – été.png", "Reçu – été.png"),
    ],
)
def test_a_file_name_is_harmless(name: str, expected: str) -> None:
    assert safe_name(name, "image/png") == expected


def test_html_becomes_what_a_person_reads() -> None:
    html = """<html><head><title>x</title><style>p{}</style></head><body><script>alert(1)</script>
      <p>My bag &amp; coat<br>are <b>gone</b>.</p><ul><li>one<li>two</ul><blockquote><p>We are sorry</p></blockquote>"""
    text = text_of_html(html)
    assert "alert" not in text
    assert [line for line in text.splitlines() if line.strip("> ")] == [
        "My bag & coat",
        "are gone.",
        "one",
        "two",
        "> We are sorry",
    ]


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Yes.\n\nOn Mon, Acme <a@b.c> wrote:\n> What", "Yes."),
        ("Yes.\n\nOn Mon, 16 March 2026, Acme\n<a@b.c> wrote:\n> What", "Yes."),
        ("Oui.\n\nLe lun. 16 mars 2026 à 10:00, Acme a écrit :\n> Quoi", "Oui."),
        ("Yes.\n-----Original Message-----\nFrom: x", "Yes."),
        ("Yes.\nFrom: Acme <a@b.c>\nSent: Monday\nTo: me\nWhat", "Yes."),
        ("> What?\nYes.\n> And?\nNo.", "Yes.\nNo."),
        ("> only quoted", "> only quoted"),
        ("On Monday we flew to Winnipeg.\nIt was cold.", "On Monday we flew to Winnipeg.\nIt was cold."),
        ("From: the heart\nThank you", "From: the heart\nThank you"),
    ],
)
def test_a_reply_is_cut_where_the_quote_begins(text: str, own: str) -> None:
    assert without_quotes(text) == own


@pytest.mark.django_db(transaction=True)
def test_the_same_mail_at_once_is_taken_once(acme: Company) -> None:
    raw = mail().as_bytes()
    assert at_once_sorted(acme, *[lambda: receive(raw)] * 4) == ["done"] * 4
    with tenant_scope(acme.tenant):
        assert (IncomingMail.objects.count(), Case.objects.count(), Customer.objects.count()) == (1, 1, 1)


class _Input:
    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    @property
    def buffer(self) -> _Input:
        return self

    def read(self, size: int) -> bytes:
        return self.raw[:size]


@pytest.mark.parametrize(
    ("workspace", "raw", "code"),
    [
        ("acme", mail().as_bytes(), 0),
        ("acme", b"From: x@y.example\nPrecedence: bulk\n\nBuy", 0),
        ("acme", b"", 65),
        ("acme", b"a" * (25 * MEGABYTE + 1), 65),
        ("nowhere", mail().as_bytes(), 75),
        ("bare", mail().as_bytes(), 75),
    ],
)
def test_a_mail_server_learns_what_became_of_a_mail(
    acme: Company, monkeypatch: pytest.MonkeyPatch, workspace: str, raw: bytes, code: int
) -> None:
    from tenants.members import create_tenant

    create_tenant("bare", "Bare", "UTC")  # no unit yet that could take it in
    monkeypatch.setattr("sys.stdin", _Input(raw))
    answer: Any = 0
    try:
        call_command("receive_mail", workspace=workspace)
    except CommandError as error:
        answer = error.returncode
    assert answer == code
    assert datetime.now(UTC) > NOW
