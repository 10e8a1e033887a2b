"""The shape of what a story's panel is asked and says, what leaders promise it, and for what heroes are celebrated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# A score or a choice -> how many of a hundred give it.
Shares = Mapping[int, int]
Choices = Mapping[tuple[str, ...], int]


@dataclass(frozen=True)
class Asking:
    """How a wave is asked and answered. opened, closed: days ago (below 0: still to come). answered: of a hundred."""

    name: str
    opened: int
    closed: int
    answered: int
    nps: Shares
    csat: Shares
    effort: Shares
    reasons: Choices


@dataclass(frozen=True)
class Scale:
    """A score question about a touch-point, in English and French."""

    touch_point: str
    text_en: str
    text_fr: str


@dataclass(frozen=True)
class Word:
    """What a leader committed to: owner is a key of the roster, days are days ago. told: when the members were told."""

    owner: str
    you_said: str
    what: str
    due: int
    we_did: str = ""
    done: int | None = None
    told: int | None = None
    withdrawn: int | None = None
    because: str = ""


@dataclass(frozen=True)
class Session:
    """stays: roster key -> minutes of coming and going; who has none sent a delegate or an excuse."""

    title: str
    agenda: str
    days: int
    stays: Mapping[str, tuple[int, int]]
    delegates: Mapping[str, str]
    excuses: Mapping[str, str]
    truths: tuple[str, ...]
    words: tuple[Word, ...]


@dataclass(frozen=True)
class Deed:
    """Somebody of a unit is celebrated by a role, so many days ago."""

    kind: str
    unit: str
    days: int
    by: str
    what: str
    customer_words: str = ""


@dataclass(frozen=True)
class ListeningTexts:
    """right, wrong: with {slots} of the story's fillers, and {hero} or {staff}, who work in the customer's unit.

    others: segments of few, with how many of them are on the panel. expected: divisions whose leaders are on the
    roster as "first", "second" and "third".
    """

    name: str
    purpose: str
    chief: tuple[str, str]
    satisfied: Scale
    easy: Scale
    others: Mapping[str, int]
    waves: tuple[Asking, ...]
    draft: str
    themes: Mapping[str, tuple[str, ...]]
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    expected: tuple[str, str, str]
    sessions: tuple[Session, ...]
    planned: tuple[str, str]
    deeds: tuple[Deed, ...]
    right_fr: tuple[str, ...] = ()
    wrong_fr: tuple[str, ...] = ()


# Sixty minutes, of which who leaves after 42 was there for 70 %.
WHOLE, LEFT_EARLY, CAME_LATE = (0, 60), (0, 42), (24, 60)

RIGHT: Choices = {("people",): 36, ("ease",): 20, ("speed",): 16, ("quality",): 16, ("surprise",): 12}
