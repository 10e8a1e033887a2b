"""A raw mail as a letter: whatever stands in it, something comes out, and it is never larger than it may be."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.utils import getaddresses, parsedate_to_datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from cso.errors import InvalidFieldsError
from cso.recovery.attachments import MEGABYTE, SentFile
from cso.recovery.mail.plain import text_of_html
from cso.texts import shown

MAX_RAW = 25 * MEGABYTE
# What more than this is made of, no person wrote: its headers are read, and its body is not taken apart.
MAX_NESTED = 100
MAX_PARTS = 200
MAX_TEXT = 100_000
MAX_HEADER = 5_000
_NESTING = re.compile(rb"boundary\s*=|^content-type:\s*message/", re.IGNORECASE | re.MULTILINE)
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,400}>")
# What the email package is known to raise on broken input, beside its own errors.
_BROKEN = (MessageError, HeaderParseError, ValueError, LookupError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Letter:
    """What a mail says. `written_at` is what it claims, None if nothing; `references` are the Message-IDs it answers.

    `automatic` says why no person wrote it; empty for what one did. `broken`: what of it could not be read.
    """

    message_id: str
    sender: str
    sender_name: str
    subject: str
    text: str
    references: str
    written_at: datetime | None
    automatic: str
    files: list[SentFile] = field(default_factory=list)
    broken: str = ""

    @property
    def is_reply(self) -> bool:
        return bool(self.references)


def read_letter(raw: bytes) -> Letter:
    """Read a raw mail (RFC 5322), however broken. Raises `InvalidFieldsError` of `mail` for more than 25 MB."""
    if len(raw) > MAX_RAW:
        raise InvalidFieldsError.of("mail", "too_large", f"A mail may have {MAX_RAW // MEGABYTE} MB at most.")
    if not raw.strip():
        raise InvalidFieldsError.of("mail", "empty", "There is no mail.")
    message, broken = _parsed(raw)
    sender, sender_name = _sender(message)
    try:
        text, files = _body(message) if not broken else ("", [])
    except _BROKEN as error:
        text, files, broken = "", [], f"its parts cannot be read ({type(error).__name__})"
    return Letter(
        message_id=_message_id(message, raw),
        sender=sender,
        sender_name=shown(sender_name, 200),
        subject=shown(" ".join(_header(message, "Subject").split()), 300),
        text=shown(text, MAX_TEXT),
        references=" ".join(_ids(message, "In-Reply-To") + _ids(message, "References")),
        written_at=_written_at(message),
        automatic=_automatic(message, sender),
        files=files,
        broken=broken,
    )


def read_head(raw: bytes) -> Letter:
    """The headers alone of a mail that is too large to be read."""
    head = raw[: MEGABYTE // 4].partition(b"\r\n\r\n")[0]
    return read_letter(head + b"\r\n\r\n")


def _parsed(raw: bytes) -> tuple[Message, str]:
    # The old policy parses headers no further than asked, and so fails on none of them.
    if sum(1 for _ in _NESTING.finditer(raw)) > MAX_NESTED:
        return _head_of(raw), f"more than {MAX_NESTED} parts within parts"
    try:
        return BytesParser(policy=policy.compat32).parsebytes(raw), ""
    except _BROKEN as error:
        return _head_of(raw), f"it cannot be taken apart ({type(error).__name__})"


def _head_of(raw: bytes) -> Message:
    return BytesHeaderParser(policy=policy.compat32).parsebytes(raw[: MEGABYTE // 4])


def _header(message: Message, name: str) -> str:
    """A header in letters, on one line; empty when there is none. Unknown and broken encodings become `�`."""
    value = message.get(name)
    if value is None:
        return ""
    raw = str(value)[:MAX_HEADER]
    try:
        parts = [_decoded(part, charset) for part, charset in decode_header(raw)]
    except _BROKEN:
        parts = [raw]
    return re.sub(r"[\x00-\x1f\x7f]+", " ", "".join(parts)).strip()


def _decoded(part: str | bytes, charset: str | None) -> str:
    if isinstance(part, str):
        return part.encode(errors="surrogateescape").decode(errors="replace")
    try:
        return part.decode(charset if charset and charset != "unknown-8bit" else "utf-8", errors="replace")
    except (LookupError, ValueError):
        return part.decode(errors="replace")


def _sender(message: Message) -> tuple[str, str]:
    """Address and name; an address that is none is empty."""
    for header in ("From", "Sender"):
        # Before decoding: an encoded name may hold signs that would begin another address.
        raw = re.sub(r"[\x00-\x1f\x7f]+", " ", str(message.get(header, "")))[:MAX_HEADER]
        found = getaddresses([raw])
        for name, address in found[:1]:
            try:
                validate_email(address)
            except ValidationError:
                continue
            holder = Message()
            holder["Name"] = name
            return address[:254].lower(), _header(holder, "Name").strip("\"' ")
    return "", ""


def _message_id(message: Message, raw: bytes) -> str:
    """Its own; for a mail without one, and for one too long to keep, one made of what it says."""
    found = _MESSAGE_ID.search(str(message.get("Message-ID", ""))[:MAX_HEADER])
    if found and found[0].isascii():
        return shown(found[0], 500)
    return f"<{hashlib.sha256(raw).hexdigest()}@none>"


def _ids(message: Message, name: str) -> list[str]:
    values = " ".join(str(value) for value in message.get_all(name, []))[-20_000:]
    return [found for found in _MESSAGE_ID.findall(values) if found.isascii()][-50:]


def _written_at(message: Message) -> datetime | None:
    try:
        written = parsedate_to_datetime(str(message.get("Date", ""))[:100])
        return (written if written.tzinfo else written.replace(tzinfo=UTC)).astimezone(UTC)
    except (*_BROKEN, OverflowError):
        return None


def _automatic(message: Message, sender: str) -> str:
    """Why no person wrote this mail; empty for what one did. To answer it could begin a loop."""
    said = {name: _header(message, name).lower() for name in ("Auto-Submitted", "Precedence", "X-Autoreply")}
    reasons = [
        (said["Auto-Submitted"] not in {"", "no"}, "an automatic answer (Auto-Submitted)"),
        (bool(said["X-Autoreply"]) or "X-Autorespond" in message, "an automatic answer (X-Autoreply)"),
        (said["Precedence"] in {"bulk", "junk", "list", "auto_reply"}, f"bulk mail (Precedence: {said['Precedence']})"),
        ("List-Id" in message or "List-Unsubscribe" in message, "a mailing list"),
        (message.get_content_type() == "multipart/report", "a report of delivery"),
        ("Return-Path" in message and _header(message, "Return-Path") in {"<>", ""}, "a bounce (empty Return-Path)"),
        (sender.partition("@")[0] in {"mailer-daemon", "postmaster"}, "a bounce"),
    ]
    return next((why for holds, why in reasons if holds), "")


def _body(message: Message) -> tuple[str, list[SentFile]]:
    """The text, from the plain part where there is one, and the files."""
    plain: list[str] = []
    html: list[str] = []
    files: list[SentFile] = []
    for part in _leaves(message):
        kind, name = part.get_content_type(), _file_name(part)
        is_body = not name and part.get_content_disposition() != "attachment"
        if is_body and kind == "text/plain":
            plain.append(_text(part))
        elif is_body and kind == "text/html":
            html.append(_text(part))
        elif part.get_content_maintype() != "multipart":
            files.append(SentFile(name, _content(part)))
    text = "\n".join(plain).strip() or text_of_html("\n".join(html))
    return text, files


def _leaves(message: Message) -> Iterator[Message]:
    """The parts that hold something, at most 200. A mail within the mail is one of them, not taken apart."""
    waiting, seen = [message], 0
    while waiting and seen < MAX_PARTS:
        part = waiting.pop()
        seen += 1
        children = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(children, list):
            waiting.extend(child for child in reversed(children) if isinstance(child, Message))
        else:
            yield part


def _content(part: Message) -> bytes:
    payload = part.get_payload()
    if isinstance(payload, list):  # a mail within the mail
        return b""
    decoded = part.get_payload(decode=True)
    return decoded if isinstance(decoded, bytes) else b""


def _text(part: Message) -> str:
    content = _content(part)[: 4 * MAX_TEXT]
    charset = part.get_content_charset("utf-8") or "utf-8"
    try:
        return content.decode(charset, errors="replace").replace("\r\n", "\n")
    except (LookupError, ValueError):
        return content.decode("utf-8", errors="replace").replace("\r\n", "\n")


def _file_name(part: Message) -> str:
    try:
        name = part.get_filename("") or ""
    except _BROKEN:
        return "unreadable"
    holder = Message()
    holder["Name"] = re.sub(r"[\r\n]+", " ", str(name))[:500]
    return _header(holder, "Name")
