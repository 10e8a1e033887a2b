"""What people write about outcomes, initiatives and blockers: cleaned, and refused where it cannot be kept."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils.translation import gettext as _

from cso.errors import FieldError
from cso.texts import text_errors

MAX_NAME, MAX_DESCRIPTION, MAX_DECIDED = 120, 1_000, 1_000
MAX_WHAT, MAX_HOW, MAX_WHY, MAX_BECAUSE, MAX_CAME = 300, 500, 300, 500, 500
# What nobody looks at again within a year is no part of a strategy.
LONGEST_REVIEW = timedelta(days=366)


def plain(text: str) -> str:
    """On one line, without spaces at its ends."""
    return " ".join(text.split())


def said(field: str, value: str, longest: int, ask: str) -> list[FieldError]:
    """What is wrong with a text that has to be there; `ask` is the sentence that asks for it."""
    return text_errors(field, value, longest) or ([] if value else [FieldError(field, "required", ask)])


def review_errors(field: str, day: date, today: date) -> list[FieldError]:
    """What is wrong with the day of the next review."""
    if day <= today:
        return [FieldError(field, "in_the_past", _("Name a day that is still to come."))]
    if day > today + LONGEST_REVIEW:
        return [FieldError(field, "too_far", _("Name a day within a year."))]
    return []
