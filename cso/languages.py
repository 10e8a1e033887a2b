"""The languages in which people are spoken to: customers, and those who work here. The API speaks English."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.utils import dateformat, translation
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

# Code -> its own name. Their texts stand in locale/ and in the folders of mails; `./dev texts` keeps them.
LANGUAGES = {"en": "English", "fr-ca": "Français"}
# How days and times are written, in the letters of Django's filter "date"; each language has its own.
DATE_LETTERS = (
    gettext_noop("j F Y"),
    gettext_noop("j F Y, H:i"),
    gettext_noop("j M Y"),
    gettext_noop("j M Y, H:i"),
    gettext_noop("j M Y, H:i:s"),
    gettext_noop("j M"),
    gettext_noop("j M, H:i"),
    gettext_noop("D j M, H:i"),
    gettext_noop("l, j F, H:i"),
    gettext_noop("M Y"),
    gettext_noop("H:i"),
)


def nearest_language(wished: Iterable[str]) -> str | None:
    """The first of the wished languages (BCP 47) that is spoken here, whatever its country; None for none of them."""
    for wish in wished:
        for code in LANGUAGES:
            if code.partition("-")[0] == wish.lower().replace("_", "-").partition("-")[0]:
                return code
    return None


def when(instant: datetime) -> str:
    """A day and a time as a customer reads it, in the language and the zone that are in force."""
    return format_date(localtime(instant), "j F Y, H:i")


def format_date(day: date, letters: str) -> str:
    """As Django's filter "date" writes it by these letters, in the order and the signs of the language in force."""
    words = dateformat.format(day, translation.gettext(letters))
    if not letters.startswith("j"):
        return words
    first, space, rest = words.partition(" ")
    # Translators: the first day of a month; "1" where it is written like the others.
    return (_("1") if first == "1" else first) + space + rest


def labelled(name: object, words: object) -> str:
    """ "Cause: late", with the colon of the language in force."""
    return _("%(name)s: %(words)s") % {"name": name, "words": words}


def on_day(day: date | datetime) -> str:
    """A day likewise; of an instant, in the zone that is in force."""
    return format_date(localtime(day) if isinstance(day, datetime) else day, "j F Y")
