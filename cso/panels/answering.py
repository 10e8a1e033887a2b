"""Answering a survey: kept as the customer goes, final once sent.

What counts is the database's clock, read under a lock of the wave's row that answers share and the close holds alone.
So what was sent is either in before the close, and counted, or known to be late; there is no third.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from cso.customers.models import Customer
from cso.errors import ConflictError, FieldError, InvalidFieldsError
from cso.panels.holding import hold_wave
from cso.panels.models import MAX_WORDS, Answer, Invitation, Option, Question, Response, Wave
from cso.panels.scales import SCALES
from cso.texts import text_errors

_SAID = ["score", "choices", "words", "does_not_know"]


def open_response(invitation: Invitation, *, language: str) -> Response:
    """The response of who was invited: a new one, or the one that they began, from now on in this language.

    Raises `ConflictError` with the code `not_open_yet`, `closed` or `left`.
    """
    db_now = _hold_open(invitation.wave_id)
    invitation = _hold(invitation.pk)
    response, is_new = Response.objects.get_or_create(
        invitation=invitation,
        defaults={
            "wave_id": invitation.wave_id,
            "segment": invitation.segment,
            "unit_id": invitation.unit_id,
            "language": language,
            "started_at": db_now,
        },
    )
    if not is_new and response.submitted_at is None and response.language != language:
        response.language = language
        response.save(update_fields=["language"])
    return response


def answer_question(
    response: Response,
    question: Question,
    *,
    score: int | None = None,
    choices: Sequence[str] = (),
    words: str = "",
    does_not_know: bool = False,
) -> Answer:
    """Keep what is said to one question, instead of what was said to it before. Nothing at all is a blank.

    Raises `ConflictError` with the code `closed`, `left`, `submitted` or `not_asked` (by its condition); and
    `InvalidFieldsError` of `score`, `choices` or `words`.
    """
    _hold_open(response.wave_id)
    _hold(response.invitation_id)
    response = Response.objects.get(pk=response.pk)
    if response.submitted_at is not None:
        raise ConflictError(_("This survey was sent: what was answered is final."), code="submitted")
    if question.wave_id != response.wave_id or not is_asked(question, _answers(response)):
        raise ConflictError(_("This question is not asked, after what was answered before."), code="not_asked")
    answer = Answer(
        response=response,
        question=question,
        score=score,
        choices=list(choices),
        words=words.strip(),
        does_not_know=does_not_know,
    )
    if errors := answer_errors(answer):
        raise InvalidFieldsError(errors)
    Answer.objects.bulk_create(
        [answer], update_conflicts=True, unique_fields=["tenant", "response", "question"], update_fields=_SAID
    )
    return Answer.objects.get(response=response, question=question)


def submit_response(response: Response, *, may_contact: bool = False) -> Response:
    """Send it; sent twice it stays as it was. After the close it is kept as late, and not counted (`is_late`).

    may_contact: the customer agrees to be contacted about what they said. Answers to questions that are not asked after
    all, because an earlier answer was changed, are dropped. Raises `ConflictError` with the code `cancelled`, `left` or
    `nothing_answered`.
    """
    wave, db_now = hold_wave(response.wave_id, alone=False)
    if wave.status == Wave.Status.CANCELLED:
        raise ConflictError(_("This survey was called off."), code="cancelled")
    invitation = _hold(response.invitation_id)
    response = Response.objects.get(pk=response.pk)
    if response.submitted_at is not None:
        return response
    answers = _answers(response)
    asked = {question.pk for question in _questions(response) if is_asked(question, answers)}
    if not any(says_something(answer) for question, answer in answers.items() if question in asked):
        raise ConflictError(_("Nothing was answered yet."), code="nothing_answered")
    Answer.objects.filter(pk__in=[each.pk for question, each in answers.items() if question not in asked]).delete()
    response.submitted_at, response.may_contact = db_now, may_contact
    response.is_late = wave.status != Wave.Status.OPEN or db_now >= wave.closes_at
    response.save(update_fields=["submitted_at", "may_contact", "is_late"])
    if not response.is_late:
        # Who answers was reached, whatever a mail server said.
        Invitation.objects.filter(pk=invitation.pk).update(answered_at=db_now, bounced_at=None)
    response.refresh_from_db(fields=["is_counted"])
    return response


def next_question(response: Response) -> Question | None:
    """The first question that is asked and was not answered, nor left blank; None when the survey can be sent."""
    return next((question for question, answer in path_of(response) if answer is None), None)


def path_of(response: Response) -> list[tuple[Question, Answer | None]]:
    """The questions that are asked after what was answered so far, in their order, each with what was said to it.

    Of questions whose condition hangs on one that was not answered yet, none is in it.
    """
    answers = _answers(response)
    return [(question, answers.get(question.pk)) for question in _questions(response) if is_asked(question, answers)]


def is_asked(question: Question, answers: Mapping[UUID, Answer]) -> bool:
    """Whether its condition holds; `answers` by question. What it hangs on was asked, and answered with a score in its
    range or one of its options."""
    if question.only_if_id is None:
        return True
    answer = answers.get(question.only_if_id)
    if answer is None or question.only_if is None or not is_asked(question.only_if, answers):
        return False
    if question.only_if_options:
        return bool(set(answer.choices) & set(question.only_if_options))
    low, high = question.only_if_low, question.only_if_high
    return answer.score is not None and (low is None or low <= answer.score) and (high is None or answer.score <= high)


def says_something(answer: Answer) -> bool:
    """Not a blank; "don't know" is said too."""
    return answer.score is not None or bool(answer.choices or answer.words) or answer.does_not_know


def answer_errors(answer: Answer) -> list[FieldError]:
    """What is wrong with an answer, by field: of another kind than its question, out of the scale, or no option."""
    if answer.does_not_know and (answer.score is not None or answer.choices or answer.words):
        return [FieldError("does_not_know", "with_an_answer", _("Answer, or say that you do not know."))]
    question = answer.question
    return [
        *_score_errors(question, answer.score),
        *_choice_errors(question, answer.choices),
        *_words_errors(question, answer.words),
    ]


def _score_errors(question: Question, score: int | None) -> list[FieldError]:
    if score is None:
        return []
    if question.kind not in SCALES:
        return [FieldError("score", "not_a_scale", _("This question takes no score."))]
    low, high = SCALES[question.kind]
    return (
        []
        if low <= score <= high
        else [FieldError("score", "out_of_range", _("Use %(low)s to %(high)s.") % {"low": low, "high": high})]
    )


def _choice_errors(question: Question, choices: Sequence[str]) -> list[FieldError]:
    if not choices:
        return []
    if question.kind != Question.Kind.CHOICE:
        return [FieldError("choices", "not_a_choice", _("This question takes no choice."))]
    if len(choices) > 1 and not question.takes_several:
        return [FieldError("choices", "only_one", _("Choose one."))]
    known = set(question.options.values_list("code", flat=True))
    if len(set(choices)) < len(choices) or not set(choices) <= known:
        return [FieldError("choices", "unknown", _("Choose among the options, each once."))]
    return []


def _words_errors(question: Question, words: str) -> list[FieldError]:
    if words and question.kind != Question.Kind.WORDS:
        return [FieldError("words", "not_words", _("This question takes no words."))]
    return text_errors("words", words, MAX_WORDS)


def _hold_open(wave: UUID) -> datetime:
    """The wave held, shared; raises when it takes no answers. The database's clock."""
    held, db_now = hold_wave(wave, alone=False)
    if held.status != Wave.Status.OPEN or db_now >= held.closes_at:
        raise ConflictError(_("This survey is closed."), code="closed")
    if db_now < held.opens_at:
        raise ConflictError(_("This survey is not open yet."), code="not_open_yet")
    return db_now


def _hold(invitation: UUID | None) -> Invitation:
    """The invitation, locked, so that who leaves or is erased meanwhile waits until we are done, or we see that they
    did; two tabs line up here too. What was imported has none, and is not answered here."""
    held = Invitation.objects.select_for_update(no_key=True).filter(pk=invitation or UUID(int=0)).first()
    if held is None or held.withdrew_at is not None:
        raise ConflictError(_("You left this panel."), code="left")
    # Asked after we have the lock: with it, the database would tell how they were before we waited.
    if not Customer.objects.filter(pk=held.customer_id, erased_at=None).exists():
        raise ConflictError(_("You left this panel."), code="left")
    return held


def _answers(response: Response) -> dict[UUID, Answer]:
    return {answer.question_id: answer for answer in response.answers.all()}


def _questions(response: Response) -> Iterable[Question]:
    """In their order, each with what it hangs on: the same objects, so that a chain is not read link by link."""
    questions = list(Question.objects.filter(wave=response.wave_id).order_by("position"))
    by_id = {question.pk: question for question in questions}
    for question in questions:
        if question.only_if_id is not None:
            question.only_if = by_id[question.only_if_id]
    return questions


def options_of(questions: Iterable[Question]) -> dict[UUID, list[Option]]:
    """The options of each question, in their order."""
    found: dict[UUID, list[Option]] = {question.pk: [] for question in questions}
    for option in Option.objects.filter(question__in=list(found)).order_by("position"):
        found[option.question_id].append(option)
    return found
