"""What the codes of a survey's file mean. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cso.errors import FieldError
from cso.panels.models import MAX_WORDS, Question
from cso.panels.scales import SCALES
from cso.texts import shown, text_errors

BLANK, DONT_KNOW = "blank", "dont_know"
# Tables made of numbers write whole ones so.
_WHOLE = re.compile(r"([+-]?\d+)\.0*", re.ASCII)
_DIGITS = re.compile(r"\d{1,4}", re.ASCII)


@dataclass(frozen=True)
class Said:
    """What a code says to a question; nothing at all is a blank."""

    score: int | None = None
    choice: str = ""
    words: str = ""
    does_not_know: bool = False


NOTHING = Said()
NOT_KNOWN = Said(does_not_know=True)


def text_of(value: Any) -> str | None:
    """A cell as text, as it is compared with codes: 5, 5.0, "5.0" and " 5 " are all "5"; None for what is no cell."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value).strip()
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


@dataclass(frozen=True)
class Coding:
    """How the answers to a question are read.

    means: code -> what it says. Where none of these is an answer (blanks and "don't know" alone), any other cell holds
    the answer itself: the score, the option's code, the words. `options` are the codes of a choice.
    """

    question: Question
    columns: tuple[str, ...]
    means: Mapping[str, Said]
    options: frozenset[str] = frozenset()
    _read: dict[str, Said | FieldError] = field(default_factory=dict, compare=False)

    def read(self, column: str, text: str) -> Said | FieldError:
        """What a cell says, or that it says nothing known."""
        if self.question.kind == Question.Kind.WORDS:
            return self._words(column, text)
        if text not in self._read:
            self._read[text] = self._coded(column, text)
        return self._read[text]

    def meaning(self, code: Any) -> Said | None:
        """What a code list says of a code; None for what this question cannot be answered with."""
        text = text_of(code)
        if text == BLANK or text == "":
            return NOTHING
        return NOT_KNOWN if text == DONT_KNOW else self._itself(text or "")

    @property
    def answers(self) -> str:
        """What may be answered, in words."""
        if self.question.kind in SCALES:
            low, high = SCALES[self.question.kind]
            return f"a score from {low} to {high}"
        return "the code of an option" if self.question.kind == Question.Kind.CHOICE else "nothing (words are words)"

    def _words(self, column: str, text: str) -> Said | FieldError:
        if text in self.means:
            return self.means[text]
        wrong = text_errors(column, text, MAX_WORDS)
        return wrong[0] if wrong else Said(words=text)

    def _coded(self, column: str, text: str) -> Said | FieldError:
        if text in self.means:
            return self.means[text]
        if not text:
            return NOTHING
        found = None if self._is_complete else self._itself(text)
        message = f"“{shown(text, 40)}” is not in the code list of “{self.question.code}”."
        return found or FieldError(column, "unknown_code", message)

    @property
    def _is_complete(self) -> bool:
        """Whether the list says of every answer what it is."""
        return any(said not in (NOTHING, NOT_KNOWN) for said in self.means.values())

    def _itself(self, text: str) -> Said | None:
        if self.question.kind == Question.Kind.CHOICE:
            return Said(choice=text) if text in self.options else None
        low, high = SCALES.get(self.question.kind, (0, -1))
        is_score = _DIGITS.fullmatch(text) is not None and low <= int(text) <= high
        return Said(score=int(text)) if is_score else None
