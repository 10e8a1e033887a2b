"""Files that customers send: of few types, bounded, and only ever given out as a download."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from django.db.models import Q

from cso.recovery.models import Attachment, Case, IncomingMail

MEGABYTE = 1024 * 1024
MOST_FILES = 10
MAX_FILE = 5 * MEGABYTE
MAX_TOGETHER = 15 * MEGABYTE
MAX_NAME = 150

# Media type -> what its names end in; the first is given to a file without a name.
TYPES = {
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg"),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "application/pdf": ("pdf",),
    "text/plain": ("txt",),
}
TYPES_IN_WORDS = "PNG, JPEG, GIF, WebP, PDF, TXT"
_MAGIC = (
    ("image/png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("image/jpeg", re.compile(rb"\xff\xd8\xff")),
    ("image/gif", re.compile(rb"GIF8[79]a")),
    ("image/webp", re.compile(rb"RIFF....WEBP", re.DOTALL)),
    ("application/pdf", re.compile(rb"%PDF-")),
)
# Controls that no text has; tab and the ends of lines are none of them.
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


@dataclass(frozen=True)
class SentFile:
    """A file as somebody sent it; nothing of it is to be believed."""

    name: str
    content: bytes


@dataclass(frozen=True)
class LeftOut:
    """A file that was not taken, and why."""

    name: str
    why: str

    def __str__(self) -> str:
        return f"{self.name} ({self.why})"


def media_type_of(file: SentFile) -> str | None:
    """What a file is by its first bytes, if its name says the same; None for what is not taken."""
    found = next((kind for kind, magic in _MAGIC if magic.match(file.content)), None)
    if found is None and _is_text(file.content):
        found = "text/plain"
    ending = PurePosixPath(file.name).suffix.lower().removeprefix(".")
    return found if found is not None and (not ending or ending in TYPES[found]) else None


def safe_name(name: str, media_type: str) -> str:
    """A name that is one on every system: no path, no controls, nothing that turns letters around; with its ending."""
    plain = unicodedata.normalize("NFC", name.encode(errors="replace").decode()).replace("\\", "/").rpartition("/")[2]
    plain = "".join(sign for sign in plain if unicodedata.category(sign)[0] != "C" and sign not in '"<>|:*?;%')
    stem, dot, ending = plain.strip(" .").rpartition(".")
    stem, ending = (stem, ending.lower()) if dot else (ending, "")
    if ending not in TYPES[media_type]:
        ending = TYPES[media_type][0]
    return f"{stem.strip(' .')[: MAX_NAME - 5] or 'file'}.{ending}"


def sort_out(files: Iterable[SentFile]) -> tuple[list[tuple[SentFile, str]], list[LeftOut]]:
    """Which files are taken, each with its media type, and which are left out."""
    taken: list[tuple[SentFile, str]] = []
    left_out: list[LeftOut] = []
    for file in files:
        media_type = media_type_of(file)
        together = sum(len(other.content) for other, _ in taken)
        if why := _refusal(file, media_type, len(taken), together):
            left_out.append(LeftOut(_shown(file), why))
        else:
            assert media_type is not None
            taken.append((file, media_type))
    return taken, left_out


def keep_files(
    case: Case, taken: Iterable[tuple[SentFile, str]], *, now: datetime, mail: IncomingMail | None = None
) -> list[Attachment]:
    """Keep what `sort_out` took, with the case."""
    return Attachment.objects.bulk_create(
        [
            Attachment(
                case=case,
                mail=mail,
                name=safe_name(file.name, media_type),
                media_type=media_type,
                size=len(file.content),
                content=file.content,
                received_at=now,
            )
            for file, media_type in taken
        ]
    )


def attachments_of(case: Case) -> list[Attachment]:
    """The files of a case and of the duplicates that it holds, as they came; their content is not read."""
    of_it = Q(case=case) | Q(case__merged_into=case)
    return list(Attachment.objects.filter(of_it).defer("content").order_by("received_at", "id"))


def _refusal(file: SentFile, media_type: str | None, count: int, together: int) -> str:
    if media_type is None:
        return f"not one of {TYPES_IN_WORDS}, or not what its name says"
    if len(file.content) > MAX_FILE:
        return f"larger than {MAX_FILE // MEGABYTE} MB"
    if count >= MOST_FILES:
        return f"more than {MOST_FILES} files"
    if together + len(file.content) > MAX_TOGETHER:
        return f"more than {MAX_TOGETHER // MEGABYTE} MB together"
    return ""


def _is_text(content: bytes) -> bool:
    if not content or _NOT_TEXT.search(content):
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _shown(file: SentFile) -> str:
    """The name of a file that was left out, harmless in a log."""
    plain = "".join(sign for sign in file.name if unicodedata.category(sign)[0] != "C")
    return plain.encode(errors="replace").decode()[:80] or "a file without a name"
