"""When something is due, by how people say it: explicit spans in English and French, and a tenant's own words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from cso.recovery.models import MAX_MINUTES

_SPAN = re.compile(
    r"(?<!\w)(?:in|within|dans|d'ici) ([0-9]{1,5}) ?"
    r"(min(?:ute)?s?|h|hrs?|hours?|heures?|d|days?|j|jours?|weeks?|semaines?)(?!\w)"
)
# By the first letter of the unit, in both languages.
_MINUTES = {"m": 1, "h": 60, "d": 1_440, "j": 1_440, "w": 10_080, "s": 10_080}


def plain_words(text: str) -> str:
    """As words are compared: one case, one kind of apostrophe, one space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("’", "'").split())


def minutes_said(text: str, known: Mapping[str, int]) -> tuple[str, int] | None:
    """(what dates it, how many minutes that is): "in 3 hours", else the longest of the `known` words in it.

    None where it is vague, or further away than a word may mean.
    """
    text = plain_words(text)
    if span := _SPAN.search(text):
        minutes = int(span[1]) * _MINUTES[span[2][0]]
        return (span[0], minutes) if 1 <= minutes <= MAX_MINUTES else None
    for word in sorted(known, key=lambda word: (-len(word), word)):
        if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text):
            return word, known[word]
    return None
