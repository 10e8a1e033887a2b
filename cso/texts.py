"""Texts of callers: what can be kept of them, and how they are shown again."""

from __future__ import annotations

import math
from decimal import Decimal
from uuid import UUID

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from cso.errors import FieldError


def text_errors(field: str, value: str, longest: int) -> list[FieldError]:
    """What PostgreSQL or a reader could not take of a text."""
    if "\x00" in value:
        return [FieldError(field, "nul", _("Remove the NUL character."))]
    try:
        value.encode()
    except UnicodeEncodeError:
        return [FieldError(field, "not_utf8", _("This is not valid UTF-8."))]
    if len(value) > longest:
        return [FieldError(field, "too_long", _("Use at most %(most)s characters.") % {"most": counted(longest)})]
    return []


def counted(number: int | Decimal) -> str:
    """A whole number as the language in force writes it: "2,000"."""
    return number_format(number, 0, use_l10n=True, force_grouping=True)


def percent(share: float | None) -> str:
    """A share of 0 to 1 as whole per cent in the active language; "no data" without one (None, NaN, an infinity).

    What is not all or nothing never reads as 0 % or 100 %: 0.9996 is "99.9%", cut and not rounded.
    """
    if share is None or not math.isfinite(share):
        return _("no data")
    whole = math.floor(share * 100 + 0.5)
    if whole in (0, 100) and share * 100 != whole:
        tenths = min(max(math.floor(share * 1000), 1), 999)
        return _("%(number)s%%") % {"number": number_format(tenths / 10, 1)}
    return _("%(number)s%%") % {"number": whole}


def shown(text: str, longest: int) -> str:
    """A caller's own text as an answer can hold it: cut, and without what neither database nor reader could take."""
    return text[:longest].replace("\x00", "\ufffd").encode(errors="replace").decode()


def as_uuid(wording: str) -> UUID | None:
    """The id that a wording is, None when it is none."""
    try:
        return UUID(wording)
    except ValueError:
        return None
