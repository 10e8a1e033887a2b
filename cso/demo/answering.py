"""Draws what a panel's members answer, and writes it: hundreds at once, as if they had tapped it one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle
from random import Random
from typing import Any, TypeVar
from uuid import UUID

from cso.demo.listening_texts import RIGHT, Asking, ListeningTexts
from cso.demo.story import Story
from cso.panels.models import Answer, Invitation, Question, Response, Wave
from cso.people.models import Person

T = TypeVar("T")
MINUTE = timedelta(minutes=1)
# Of a hundred who answer, so many write who made it right, or what to do better; do not know, or leave a score out.
PRAISE, CRITICISM, UNKNOWN, BLANK = 55, 50, 4, 2
# How much a division and its recent improvement weigh in what its customers feel.
DIVISION, IMPROVED = 0.5, 0.5


@dataclass(frozen=True)
class Drawn:
    """What one member answers, by the question's code; None: they do not know."""

    invitation: Invitation
    at: datetime
    said: Mapping[str, Any]


class Answering:
    """Scores are dealt from a deck with the shares of the wave: of few answers as of many the figure is the same."""

    def __init__(self, story: Story, texts: ListeningTexts, random: Random, now: datetime) -> None:
        self.story, self.texts, self.random, self.now = story, texts, random, now
        self.divisions = {team.code: division.code for division in story.divisions for team in division.teams}
        self.ease = {division.code: random.gauss(0, DIVISION) for division in story.divisions}
        self.staff = _staff()
        self.right = {"": self._dealt(texts.right), "fr-ca": self._dealt(texts.right_fr)}
        self.wrong = {"": self._dealt(texts.wrong), "fr-ca": self._dealt(texts.wrong_fr)}

    def draw(self, wave: Wave, asking: Asking) -> list[Drawn]:
        """The answers up to now, the earliest first."""
        asked = Invitation.objects.filter(wave=wave, is_counted=True).select_related("customer", "unit")
        invitations = list(asked.order_by("customer__external_id"))
        few = [each for each in invitations if each.segment in self.texts.others]
        many = [each for each in invitations if each.segment not in self.texts.others]
        answering = [*few, *self.random.sample(many, round(len(many) * asking.answered / 100))]
        by_mood = sorted(answering, key=lambda each: self._mood(each, asking), reverse=True)
        said = self._said(by_mood, asking)
        until = min(wave.closes_at, self.now)
        drawn = [Drawn(each, self._when(wave, until), said[each.pk]) for each in by_mood]
        return sorted(drawn, key=lambda each: each.at)

    def write(self, drawn: Sequence[Drawn]) -> None:
        """As responses that were sent."""
        if not drawn:
            return
        wave = drawn[0].invitation.wave_id
        questions = {question.code: question for question in Question.objects.filter(wave=wave)}
        responses = [_response(each, self.random) for each in drawn]
        Response.objects.bulk_create(responses)
        Answer.objects.bulk_create(
            Answer(response=response, question=questions[code], **_filled(questions[code], what))
            for response, each in zip(responses, drawn, strict=True)
            for code, what in each.said.items()
            if code in questions
        )
        for each in drawn:
            each.invitation.answered_at = each.at
        Invitation.objects.bulk_update([each.invitation for each in drawn], ["answered_at"])

    def _mood(self, invitation: Invitation, asking: Asking) -> float:
        division = self.divisions.get(invitation.unit.code, "")
        improved = IMPROVED if division == self.story.improvement.division and asking is not self.texts.waves[0] else 0
        return self.random.gauss(self.ease.get(division, 0) + improved, 1)

    def _when(self, wave: Wave, until: datetime) -> datetime:
        """Most answer soon."""
        whole = until - wave.opens_at - 20 * MINUTE
        at: datetime = wave.opens_at + 10 * MINUTE + whole * self.random.random() ** 1.6
        return at

    def _said(self, by_mood: Sequence[Invitation], asking: Asking) -> dict[UUID, dict[str, Any]]:
        """The happiest get the highest scores, roughly."""
        many = len(by_mood)
        said: dict[UUID, dict[str, Any]] = {each.pk: {} for each in by_mood}
        decks = {"nps": asking.nps, "satisfied": asking.csat, "easy": asking.effort}
        for code, shares in decks.items():
            order = sorted(range(many), key=lambda place: place + self.random.gauss(0, many / 12))
            for place, score in zip(order, deck(shares, many), strict=True):
                said[by_mood[place].pk][code] = score
        for code, choices in (("right", RIGHT), ("reasons", asking.reasons)):
            cards = deck(choices, many)
            self.random.shuffle(cards)
            for each, card in zip(by_mood, cards, strict=True):
                said[each.pk][code] = card
        for each in by_mood:
            self._write_words(each, said[each.pk])
        self._leave_out(said)
        return said

    def _write_words(self, invitation: Invitation, said: dict[str, Any]) -> None:
        is_happy = said["nps"] > 6 and said["satisfied"] > 2 and said["easy"] > 3
        language = invitation.customer.language
        if is_happy and self.random.random() * 100 < PRAISE:
            said["thanks"] = self._words(self.right[language], invitation)
        if said["nps"] < 9 and self.random.random() * 100 < CRITICISM:
            said["better"] = self._words(self.wrong[language], invitation)

    def _words(self, texts: Iterator[str], invitation: Invitation) -> str:
        names = self.staff.get(invitation.unit_id) or next(iter(self.staff.values()))
        fillers = {slot: filler(self.random) for slot, filler in self.story.fillers.items()}
        return next(texts).format(**fillers, hero=self.random.choice(names), staff=self.random.choice(names))

    def _leave_out(self, said: Mapping[UUID, dict[str, Any]]) -> None:
        for answers in said.values():
            if self.random.random() * 100 < UNKNOWN:
                answers["easy"] = None
            if self.random.random() * 100 < BLANK:
                del answers["satisfied"]

    def _dealt(self, texts: Sequence[str]) -> Iterator[str]:
        """One after the other, each as often."""
        order = list(texts)
        self.random.shuffle(order)
        return cycle(order)


def deck(shares: Mapping[T, int], many: int) -> list[T]:
    """So many cards in the order of `shares` (of a hundred), as near to them as whole cards are."""
    cards: list[T] = []
    reached = 0
    for card, share in shares.items():
        reached += share
        cards += [card] * (round(many * reached / 100) - len(cards))
    return cards


def _staff() -> dict[UUID, list[str]]:
    """By unit the names of those who work there and do not sign in."""
    found: dict[UUID, list[str]] = {}
    people: Iterable[Person] = Person.objects.filter(member=None, unit__isnull=False).order_by("external_id")
    for person in people:
        assert person.unit_id is not None, "filtered"
        found.setdefault(person.unit_id, []).append(person.name)
    return found


def _response(drawn: Drawn, random: Random) -> Response:
    invitation = drawn.invitation
    return Response(
        wave_id=invitation.wave_id,
        invitation=invitation,
        segment=invitation.segment,
        unit_id=invitation.unit_id,
        language=invitation.customer.language or "en",
        may_contact=random.random() < 0.4,
        started_at=drawn.at - random.uniform(1, 6) * MINUTE,
        submitted_at=drawn.at,
    )


def _filled(question: Question, said: Any) -> dict[str, Any]:
    if said is None:
        return {"does_not_know": True}
    if question.kind == Question.Kind.CHOICE:
        return {"choices": list(said)}
    return {"words": said} if question.kind == Question.Kind.WORDS else {"score": said}
