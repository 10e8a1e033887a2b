"""A question of a wave as a customer sees it: on the page of the survey, and in the preview of who writes it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cso.panels.models import Answer, Option, Question

Kind = Question.Kind
# The names under which a form sends an answer.
SCORE, CHOICE, WORDS, DOES_NOT_KNOW, SKIP = "score", "choice", "words", "does_not_know", "skip"


@dataclass(frozen=True)
class Button:
    """One answer: what is sent, what stands on it, what is read out behind that, and whether it was given before."""

    value: str
    label: str
    spoken: str
    is_chosen: bool


@dataclass(frozen=True)
class ShownQuestion:
    """`layout`: "scale" (numbers in rows, `low` and `high` say what the ends mean), "list", "ticks" or "words".

    `written_in`: the language of the text and the options, where it is not the page's; `buttons` send `name`.
    """

    code: str
    text: str
    written_in: str
    layout: str
    name: str
    buttons: Sequence[Button]
    low: str = ""
    high: str = ""
    words: str = ""
    is_unknown: bool = False


def shown_question(question: Question, options: Collection[Option], *, answer: Answer | None = None) -> ShownQuestion:
    """In the language that is in force; in English where nobody wrote it in French. `answer`: what was said before."""
    is_french = (get_language() or "").startswith("fr") and bool(question.text_fr)
    shown: dict[str, Any] = {
        "code": question.code,
        "text": question.text_fr if is_french else question.text_en,
        "written_in": "" if is_french or not (get_language() or "").startswith("fr") else "en",
        "is_unknown": answer is not None and answer.does_not_know,
    }
    if question.kind == Kind.WORDS:
        said = answer.words if answer else ""
        return ShownQuestion(**shown, layout="words", name=WORDS, buttons=(), words=said)
    if question.kind == Kind.CHOICE:
        layout = "ticks" if question.takes_several else "list"
        chosen = answer.choices if answer else []
        return ShownQuestion(
            **shown, layout=layout, name=CHOICE, buttons=_options(options, chosen, is_french=is_french)
        )
    score = answer.score if answer else None
    return ShownQuestion(**shown, name=SCORE, **_scale(Kind(question.kind), score))


def _options(options: Collection[Option], chosen: Collection[str], *, is_french: bool) -> list[Button]:
    return [
        Button(each.code, (each.text_fr if is_french else "") or each.text_en, "", each.code in chosen)
        for each in options
    ]


def _scale(kind: Kind, score: int | None) -> dict[str, Any]:
    if kind == Kind.CSAT:
        words = [
            (5, _("Very satisfied")),
            (4, _("Satisfied")),
            (3, _("Neither")),
            (2, _("Dissatisfied")),
            (1, _("Very dissatisfied")),
        ]
        return {"layout": "list", "buttons": [Button(str(n), word, "", n == score) for n, word in words]}
    if kind == Kind.NPS:
        first, last, low, high = 0, 10, _("Not at all likely"), _("Extremely likely")
    else:
        first, last, low, high = 1, 7, _("Very hard"), _("Very easy")
    spoken = {first: low, last: high}
    buttons = [Button(str(n), str(n), spoken.get(n, ""), n == score) for n in range(first, last + 1)]
    return {"layout": "scale", "buttons": buttons, "low": low, "high": high}


def said_words(question: Question, options: Collection[Option], answer: Answer | None) -> str:
    """What was answered, as the page of the question called it."""
    if answer is None or not (answer.does_not_know or answer.words or answer.choices or answer.score is not None):
        return _("Skipped")
    if answer.does_not_know:
        return _("I don’t know")
    if question.kind == Kind.WORDS:
        return f"“{answer.words}”"
    if question.kind == Kind.NPS:
        return _("%(score)s of 10") % {"score": answer.score}
    if question.kind == Kind.EFFORT:
        return _("%(score)s of 7") % {"score": answer.score}
    return ", ".join(
        button.label for button in shown_question(question, options, answer=answer).buttons if button.is_chosen
    )
