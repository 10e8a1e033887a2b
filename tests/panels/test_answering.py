"""Answering: kept as the customer goes, by conditions, final once sent; blanks and "don't know" are no scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cso.clock import database_now
from cso.panels import members, waves
from cso.panels.answering import answer_question, next_question, open_response, path_of, submit_response
from cso.panels.models import Answer, Invitation, Question, Response, Wave
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.panels.scenes import DAY, HOUR, SHORT, Scene, answer, found
from tests.panels.test_members import code_of, fields_of
from tests.personas import Company

CHOICE: dict[str, Any] = {
    "code": "right",
    "kind": "choice",
    "text_en": "What went right?",
    "asks_for": "right",
    "options": [{"code": code, "text_en": code.title()} for code in ("people", "speed", "ease")],
}


@pytest.fixture
def scene(acme: Company) -> Iterator[Scene]:
    with tenant_scope(acme.tenant):
        yield found(acme)


def invited(scene: Scene, *questions: dict[str, Any], **values: Any) -> tuple[Invitation, dict[str, Question]]:
    scene.member(segment="family", unit=scene.company.units["north"])
    wave = scene.wave(questions=questions or SHORT, **values)
    [invitation] = scene.invite(wave)
    return invitation, {question.code: question for question in wave.questions.all()}


def said(response: Response) -> dict[str, Any]:
    """What was kept, by question."""
    return {
        each.question.code: each.score if each.score is not None else each.choices or each.words or each.does_not_know
        for each in Answer.objects.filter(response=response).select_related("question").order_by("question__position")
    }


def test_two_taps_give_the_first_answer(scene: Scene) -> None:
    invitation, questions = invited(scene, CHOICE, *SHORT[1:])
    response = open_response(invitation, language="fr-ca")
    first = next_question(response)
    assert first == questions["right"]
    assert answer_question(response, first, choices=["speed"]).choices == ["speed"]
    assert next_question(response) == questions["nps"]
    assert (response.segment, response.unit, response.language) == ("family", scene.company.units["north"], "fr-ca")
    # Resumed, in another language; the last word counts while it is not sent.
    again = open_response(invitation, language="en")
    assert (again.pk, again.language, again.submitted_at) == (response.pk, "en", None)
    answer_question(again, first, choices=["ease"])
    answer_question(again, questions["nps"], does_not_know=True)
    answer_question(again, questions["better"])
    assert next_question(again) is None
    sent = submit_response(again, may_contact=True)
    assert (sent.is_counted, sent.may_contact, sent.is_late) == (True, True, False)
    assert said(sent) == {"right": ["ease"], "nps": True, "better": False}
    assert Invitation.objects.get().answered_at == sent.submitted_at
    assert Invitation.objects.get().has_answered


def test_what_was_sent_is_final(scene: Scene) -> None:
    invitation, questions = invited(scene)
    sent = answer(invitation, {"words": "Fran"}, {"score": 3}, {"words": "The queue"})
    assert submit_response(sent, may_contact=True).may_contact is False
    assert open_response(invitation, language="fr-ca").language == "en"
    assert code_of(answer_question, sent, questions["nps"], score=10) == "submitted"
    assert said(sent) == {"thanks": "Fran", "nps": 3, "better": "The queue"}


def test_conditions_skip_and_drop_what_is_not_asked(scene: Scene) -> None:
    scene.member()
    wave = scene.wave(questions=[CHOICE, SHORT[1]], is_open=False)
    _, nps = Question.objects.filter(wave=wave).order_by("position")
    why = waves.add_question(
        wave, "why", "choice", "Why?", by=None, only_if=nps, only_if_high=6,
        options=[{"code": "late", "text_en": "Late"}, {"code": "dear", "text_en": "Dear"}],
    )  # fmt: skip
    how = waves.add_question(wave, "how", "words", "How late?", by=None, only_if=why, only_if_options=["late"])
    waves.open_wave(wave, by=None, now=scene.now)
    [invitation] = scene.invite(wave)
    response = answer(invitation, {"choices": ["people"]}, is_sent=False)
    assert code_of(answer_question, response, why, choices=["late"]) == "not_asked"
    answer_question(response, nps, score=6)
    answer_question(response, why, choices=["late"])
    answer_question(response, how, words="An hour")
    assert [question.code for question, _ in path_of(response)] == ["right", "nps", "why", "how"]
    answer_question(response, why, choices=["dear"])
    assert next_question(response) is None
    assert code_of(answer_question, response, how, words="An hour") == "not_asked"
    answer_question(response, why, choices=["late"])
    # Changed on the way back: neither the reason nor what hung on it was asked then.
    answer_question(response, nps, score=7)
    assert [question.code for question, _ in path_of(response)] == ["right", "nps"]
    assert said(submit_response(response)) == {"right": ["people"], "nps": 7}


@pytest.mark.parametrize(
    ("code", "given", "wrong"),
    [
        ("nps", {"score": 11}, ("score", "out_of_range")),
        ("csat", {"score": 0}, ("score", "out_of_range")),
        ("effort", {"score": 8}, ("score", "out_of_range")),
        ("nps", {"choices": ["people"]}, ("choices", "not_a_choice")),
        ("nps", {"words": "Nine"}, ("words", "not_words")),
        ("right", {"score": 1}, ("score", "not_a_scale")),
        ("right", {"choices": ["people", "speed"]}, ("choices", "only_one")),
        ("right", {"choices": ["price"]}, ("choices", "unknown")),
        ("several", {"choices": ["people", "people"]}, ("choices", "unknown")),
        ("better", {"words": "x" * 2_001}, ("words", "too_long")),
        ("better", {"words": "a\x00b"}, ("words", "nul")),
        ("nps", {"score": 3, "does_not_know": True}, ("does_not_know", "with_an_answer")),
    ],
)
def test_an_answer_that_cannot_be_one(scene: Scene, code: str, given: dict[str, Any], wrong: Any) -> None:
    several = CHOICE | {"code": "several", "takes_several": True}
    more = [{"code": kind, "kind": kind, "text_en": "And?"} for kind in ("csat", "effort")]
    invitation, questions = invited(scene, CHOICE, *SHORT[1:], several, *more, most_questions=6)
    response = open_response(invitation, language="en")
    assert fields_of(answer_question, response, questions[code], **given) == [wrong]
    assert said(response) == {}


def test_blanks_alone_are_no_answer(scene: Scene) -> None:
    invitation, questions = invited(scene)
    response = answer(invitation, {}, {}, {}, is_sent=False)
    assert code_of(submit_response, response) == "nothing_answered"
    answer_question(response, questions["nps"], does_not_know=True)
    assert submit_response(response).is_counted


def test_a_question_of_another_wave_is_not_asked(scene: Scene) -> None:
    invitation, _ = invited(scene)
    foreign = Question.objects.filter(wave=scene.wave()).first()
    assert foreign is not None
    assert code_of(answer_question, open_response(invitation, language="en"), foreign, words="x") == "not_asked"


def test_late_is_kept_and_not_counted(scene: Scene) -> None:
    invitation, questions = invited(scene, closes_at=scene.now + HOUR)
    response = answer(invitation, {"words": "Fran"}, is_sent=False)
    Wave.objects.update(closes_at=database_now())
    assert code_of(answer_question, response, questions["nps"], score=9) == "closed"
    assert code_of(open_response, invitation, language="en") == "closed"
    late = submit_response(response)
    assert (late.is_late, late.is_counted, said(late)) == (True, False, {"thanks": "Fran"})
    assert not Invitation.objects.get().has_answered
    waves.close_wave(invitation.wave, by=None, now=scene.now)
    assert submit_response(late).submitted_at == late.submitted_at


def test_neither_before_the_opening_nor_after_leaving(scene: Scene) -> None:
    invitation, questions = invited(scene)
    response = answer(invitation, {"words": "Fran"}, is_sent=False)
    Wave.objects.update(opens_at=scene.now + HOUR)
    assert code_of(open_response, invitation, language="en") == "not_open_yet"
    Wave.objects.update(opens_at=scene.now - DAY)
    members.leave_panel(invitation.member, because="asked", by=None, now=scene.now)
    told = [
        code_of(open_response, invitation, language="en"),
        code_of(answer_question, response, questions["nps"], score=9),
        code_of(submit_response, response),
    ]
    assert told == ["left"] * 3


def test_a_closed_wave_takes_no_answer_whatever_its_time_says(scene: Scene) -> None:
    invitation, _ = invited(scene)
    response = answer(invitation, {"words": "Fran"}, is_sent=False)
    waves.close_wave(invitation.wave, by=scene.company.member(Role.CSO), now=scene.now)
    Wave.objects.update(closes_at=scene.now + DAY)
    assert code_of(open_response, invitation, language="en") == "closed"
    assert submit_response(response).is_late
