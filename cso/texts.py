"""Texts of callers: what can be kept of them, and how they are shown again."""

from __future__ import annotations

from uuid import UUID

from cso.errors import FieldError


def text_errors(field: str, value: str, longest: int) -> list[FieldError]:
    """What PostgreSQL or a reader could not take of a text."""
    if "\x00" in value:
        return [FieldError(field, "nul", "Remove the NUL character.")]
    try:
        value.encode()
    except UnicodeEncodeError:
        return [FieldError(field, "not_utf8", "This is not valid UTF-8.")]
    if len(value) > longest:
        return [FieldError(field, "too_long", f"Use at most {longest:,} characters.")]
    return []


def shown(text: str, longest: int) -> str:
    """A caller's own text as an answer can hold it: cut, and without what neither database nor reader could take."""
    return text[:longest].replace("\x00", "\ufffd").encode(errors="replace").decode()


def as_uuid(wording: str) -> UUID | None:
    """The id that a wording is, None when it is none."""
    try:
        return UUID(wording)
    except ValueError:
        return None
