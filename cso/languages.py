"""The languages in which people are spoken to: customers, and those who work here. The API speaks English."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.utils.dateformat import format as format_date
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

# Code -> its own name. Their texts stand in locale/ and in the folders of mails; `./dev texts` keeps them.
LANGUAGES = {"en": "English", "fr-ca": "Français"}


def nearest_language(wished: Iterable[str]) -> str | None:
    """The first of the wished languages (BCP 47) that is spoken here, whatever its country; None for none of them."""
    for wish in wished:
        for code in LANGUAGES:
            if code.partition("-")[0] == wish.lower().replace("_", "-").partition("-")[0]:
                return code
    return None


def when(instant: datetime) -> str:
    """A day and a time as a customer reads it, in the language and the zone that are in force."""
    # Translators: a day and a time, in the letters of Django's filter "date".
    return _with_first(format_date(localtime(instant), _("j F Y, H:i")))


def on_day(day: date | datetime) -> str:
    """A day likewise; of an instant, in the zone that is in force."""
    # Translators: a day, in the letters of Django's filter "date".
    return _with_first(format_date(localtime(day) if isinstance(day, datetime) else day, _("j F Y")))


def _with_first(words: str) -> str:
    first, space, rest = words.partition(" ")
    # Translators: the first day of a month; "1" where it is written like the others.
    return (_("1") if first == "1" else first) + space + rest
