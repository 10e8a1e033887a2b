"""Waves: drafted with their questions, opened once what went right is asked first, copied, called off, closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from cso.alarms.actions import ring_alarms
from cso.alarms.models import Alarm
from cso.errors import ConflictError
from cso.outbox.models import OutgoingMail
from cso.panels import waves
from cso.panels.answering import submit_response
from cso.panels.models import Invitation, Question, Wave
from cso.panels.questions import questions_of
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.panels.scenes import DAY, HOUR, SHORT, Scene, answer, found
from tests.panels.test_members import code_of, fields_of
from tests.personas import Company


@pytest.fixture
def scene(acme: Company) -> Iterator[Scene]:
    with tenant_scope(acme.tenant):
        yield found(acme)


def codes(wave: Wave) -> list[str]:
    return [question.code for question in questions_of(wave)]


def test_the_standard_questions_ask_first_what_went_right(scene: Scene) -> None:
    wave = scene.wave(questions=(), is_open=False)
    first, *others = waves.standard_questions(wave, by=None)
    assert (first.asks_for, first.kind, [each.code for each in others]) == (
        "right",
        "choice",
        ["thanks", "nps", "reasons", "better"],
    )
    assert all(each.text_fr and all(option.text_fr for option in each.options.all()) for each in [first, *others])
    assert others[2].options.get(is_price=True).code == "price"
    assert waves.open_wave(wave, by=None, now=scene.now).status == "open"


@pytest.mark.parametrize(
    ("questions", "settings", "wrong"),
    [
        ((), {}, ("questions", "required")),
        (SHORT[1:], {}, ("questions", "right_first")),
        (SHORT, {"most_questions": 2}, ("questions", "too_many")),
        (({**SHORT[0], "kind": "choice"},), {}, ("questions", "few_options")),
        (SHORT, {"opens_at": -3 * DAY, "closes_at": -DAY}, ("closes_at", "in_the_past")),
        (SHORT, {"weighting": "segments"}, ("weighting", "no_shares")),
    ],
)
def test_what_may_not_be_opened(scene: Scene, questions: Any, settings: dict[str, Any], wrong: Any) -> None:
    given = {name: scene.now + value if isinstance(value, timedelta) else value for name, value in settings.items()}
    wave = scene.wave(questions=questions, is_open=False, **given)
    assert fields_of(waves.open_wave, wave, by=None, now=scene.now) == [wrong]


def test_what_was_asked_elsewhere_is_opened_as_it_was(scene: Scene) -> None:
    past: dict[str, Any] = {"opens_at": scene.now - 60 * DAY, "closes_at": scene.now - 30 * DAY, "most_questions": 1}
    wave = scene.wave(questions=SHORT[1:], is_imported=True, weighting="given", **past)
    assert (wave.status, wave.opens_at, Alarm.objects.count()) == ("open", past["opens_at"], 0)
    assert waves.close_wave(wave, by=None, now=scene.now).closes_at == past["closes_at"]


def test_wrong_settings_are_told_by_field(scene: Scene) -> None:
    scene.panel.unit = scene.company.units["north"]
    scene.panel.save(update_fields=["unit"])
    wrong: dict[str, Any] = {
        "unit": scene.company.units["south"],
        "weighting": "given",
        "sample_size": 0,
        "reminder_days": 61,
    }
    assert fields_of(scene.wave, closes_at=scene.now - DAY, **wrong) == [
        ("closes_at", "before_opening"),
        ("unit", "not_of_the_panel"),
        ("weighting", "only_imported"),
        ("sample_size", "out_of_range"),
        ("reminder_days", "out_of_range"),
    ]
    wave = scene.wave(is_open=False)
    assert waves.change_wave(wave, by=None, now=scene.now, sample_size=50, name=" March  wave ").name == "March wave"
    with pytest.raises(ConflictError, match="of that name"):
        waves.copy_wave(wave, "March wave", opens_at=scene.now, closes_at=scene.now + DAY, by=None, now=scene.now)


def test_questions_stand_in_their_order_and_behind_what_they_hang_on(scene: Scene) -> None:
    wave = scene.wave(is_open=False)
    thanks, nps, better = questions_of(wave)
    why = waves.add_question(
        wave, "why", "words", "Why not?", by=None, only_if=nps, only_if_low=0, only_if_high=6, position=3
    )
    assert codes(wave) == ["thanks", "nps", "why", "better"]
    waves.move_question(better, 1, by=None)
    assert codes(wave) == ["better", "thanks", "nps", "why"]
    assert fields_of(waves.move_question, why, 1, by=None) == [("position", "before_its_condition")]
    assert fields_of(waves.move_question, nps, 9, by=None) == [("position", "before_its_condition")]
    assert code_of(waves.remove_question, nps, by=None) == "hangs_on_it"
    assert fields_of(waves.change_question, nps, by=None, kind="words") == [("only_if", "no_scale")]
    waves.remove_question(why, by=None)
    waves.remove_question(thanks, by=None)
    assert [(each.position, each.code) for each in questions_of(wave)] == [(1, "better"), (2, "nps")]


@pytest.mark.parametrize(
    ("question", "wrong"),
    [
        ({"code": "nps"}, [("code", "taken")]),
        (
            {"code": "a b", "kind": "stars", "text_en": " "},
            [("code", "invalid"), ("kind", "unknown"), ("text_en", "required")],
        ),
        ({"kind": "choice", "options": [{"code": "a", "text_en": "A"}] * 2}, [("options", "twice")]),
        ({"kind": "choice", "options": [{"code": "a", "text_en": ""}]}, [("options", "invalid")]),
        ({"only_if": "nps"}, [("only_if_low", "out_of_range")]),
        ({"only_if": "nps", "only_if_low": 7, "only_if_high": 11}, [("only_if_low", "out_of_range")]),
        ({"only_if": "thanks", "only_if_low": 1}, [("only_if", "no_scale")]),
        ({"only_if_low": 1}, [("only_if", "required")]),
        ({"only_if": "nps", "only_if_low": 1, "position": 1}, [("only_if", "not_before")]),
    ],
)
def test_a_question_that_cannot_be_asked(scene: Scene, question: dict[str, Any], wrong: Any) -> None:
    wave = scene.wave(is_open=False)
    given = {"code": "more", "kind": "words", "text_en": "More?"} | question
    if "only_if" in given:
        given["only_if"] = Question.objects.get(wave=wave, code=given["only_if"])
    assert fields_of(waves.add_question, wave, by=None, **given) == wrong
    assert codes(wave) == ["thanks", "nps", "better"]


def test_nothing_changes_once_it_was_opened(scene: Scene) -> None:
    wave = scene.wave()
    nps = questions_of(wave)[1]
    told = [
        code_of(waves.add_question, wave, "more", "words", "More?", by=None),
        code_of(waves.change_question, nps, by=None, text_en="Would you?"),
        code_of(waves.remove_question, nps, by=None),
        code_of(waves.move_question, nps, 1, by=None),
        code_of(waves.set_share, wave, "family", Decimal(1), by=None),
        code_of(waves.change_wave, wave, by=None, now=scene.now, most_questions=9),
        code_of(waves.open_wave, wave, by=None, now=scene.now),
    ]
    assert told == ["not_a_draft"] * 7
    leader = scene.company.member(Role.LEADER)
    draft = scene.wave(is_open=False)
    assert code_of(waves.open_wave, draft, by=leader, now=scene.now) == "not_allowed"
    assert waves.open_wave(draft, by=scene.company.member(Role.AUDITOR), now=scene.now).status == "open"


def test_a_copy_asks_the_same_again(scene: Scene) -> None:
    wave = scene.wave(is_open=False, sample_size=40, weighting="segments")
    nps = questions_of(wave)[1]
    options: list[dict[str, Any]] = [
        {"code": "late", "text_en": "Late", "text_fr": "En retard"},
        {"code": "dear", "text_en": "Dear", "is_price": True},
    ]
    reason = waves.add_question(
        wave, "why", "choice", "Why?", by=None, options=options, only_if=nps, only_if_high=6, takes_several=True
    )
    waves.add_question(wave, "how", "words", "How?", by=None, only_if=reason, only_if_options=["late"])
    waves.set_share(wave, "family", Decimal("0.4"), by=None)
    copy = waves.copy_wave(wave, "Again", opens_at=scene.now, closes_at=scene.now + DAY, by=None, now=scene.now)
    assert (copy.sample_size, copy.weighting, copy.status, codes(copy)) == (40, "segments", "draft", codes(wave))
    *_, why, how = questions_of(copy)
    assert (why.only_if and why.only_if.code, why.only_if_high, why.only_if and why.only_if.wave_id) == (
        "nps",
        6,
        copy.pk,
    )
    assert (how.only_if_id, how.only_if_options) == (why.pk, ["late"])
    assert [(each.code, each.is_price) for each in why.options.order_by("position")] == [
        ("late", False),
        ("dear", True),
    ]
    assert [(each.segment, each.share) for each in copy.segment_shares.all()] == [("family", Decimal("0.4"))]


def test_what_speaks_against_opening(scene: Scene) -> None:
    scene.member(scene.customer(language="fr-ca", segment="family"))
    wave = scene.wave(is_open=False, weighting="segments")
    waves.set_share(wave, "business", Decimal(1), by=None)
    assert waves.warnings_of(wave) == [
        "Some members speak French, and not all questions are written in French.",
        "Without a share these segments weigh nothing: family.",
    ]


def test_the_deadline_closes_it_once_for_all(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        scene = found(acme)
        scene.members(2)
        wave = scene.wave(closes_at=scene.now + HOUR)
        first, second = scene.invite(wave)
        answer(first, {"words": "Fran"}, {"score": 9}, {})
        # Not before its time, but by who runs the panel.
        assert waves.close_wave(wave, by=None, now=scene.now).status == "open"
        Wave.objects.filter(pk=wave.pk).update(closes_at=scene.now)
    ring_alarms(acme.tenant, now=scene.now + HOUR)
    with tenant_scope(acme.tenant):
        wave = Wave.objects.get(pk=wave.pk)
        assert (wave.status, wave.smallest_group, wave.closes_at) == ("closed", 5, scene.now)
        assert code_of(answer, second, {"words": "Late"}) == "closed"
        again = waves.close_wave(wave, by=acme.member(Role.CSO), now=scene.now)
        assert again.closed_at == wave.closed_at
        assert not Alarm.objects.filter(kind__in=["close_wave", "invite_to_wave", "remind_of_wave"]).exists()


def test_closed_early_its_invitations_count_from_then(scene: Scene) -> None:
    scene.member()
    wave = scene.wave()
    scene.invite(wave)
    closed = waves.close_wave(wave, by=scene.company.member(Role.CSO), now=scene.now)
    assert closed.status == "closed"
    # A mail that still waited for its server asks nobody any more.
    assert OutgoingMail.objects.get().status == "cancelled"
    assert closed.closes_at == closed.closed_at == Invitation.objects.get().closes_at
    assert scene.now <= closed.closes_at < scene.now + HOUR
    assert code_of(waves.cancel_wave, wave, by=None, now=scene.now) == "closed"
    later = scene.wave(opens_at=scene.now + DAY)
    assert code_of(waves.close_wave, later, by=scene.company.member(Role.CSO), now=scene.now) == "not_open"


def test_called_off_it_counts_nowhere(scene: Scene) -> None:
    scene.member()
    wave = scene.wave()
    [invitation] = scene.invite(wave)
    response = answer(invitation, {"words": "Fran"}, is_sent=False)
    waves.cancel_wave(wave, by=None, now=scene.now)
    assert (Wave.objects.get().status, Invitation.objects.get().closes_at) == ("cancelled", None)
    assert (Alarm.objects.count(), OutgoingMail.objects.get().status) == (0, "cancelled")
    assert code_of(submit_response, response) == "cancelled"
    assert code_of(waves.close_wave, wave, by=scene.company.member(Role.CSO), now=scene.now) == "not_open"
