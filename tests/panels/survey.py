"""A survey that was asked elsewhere: its wave, its responses as plain rows, and its close."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from cso.panels.models import Answer, ListeningSettings, Panel, Question, Response, Wave
from cso.panels.panels import found_panel
from cso.panels.waves import add_question, close_wave, draft_wave, open_wave, set_share
from tenants.roles import Role
from tests.personas import NOW, Company

_numbers = count(1)


@dataclass(frozen=True)
class Row:
    """What one person answers: by a question's code a score, the codes of options, or words."""

    unit: str
    segment: str = ""
    says: Mapping[str, Any] = field(default_factory=dict)
    weight: str | None = None
    language: str = "en"


def panel_of(company: Company, unit: str = "top") -> Panel:
    name = f"Passengers {next(_numbers)}"
    return found_panel(name, unit=company.units[unit], steward=company.member(Role.CSO), by=None, now=NOW)


def survey(
    company: Company,
    questions: Sequence[Mapping[str, Any]],
    rows: Iterable[Row],
    *,
    panel: Panel | None = None,
    weighting: str = Wave.Weighting.NONE,
    shares: Mapping[str, str] | None = None,
    smallest_group: int = 5,
    closes_at: datetime | None = None,
) -> Wave:
    """An imported wave with its responses, closed. questions: `code`, `kind` and what else `add_question` takes."""
    wave = open_survey(company, questions, panel=panel, weighting=weighting, shares=shares, closes_at=closes_at)
    respond(company, wave, rows)
    ListeningSettings.objects.update_or_create(defaults={"smallest_group": smallest_group})
    return close_wave(wave, by=None, now=NOW)


def open_survey(
    company: Company,
    questions: Sequence[Mapping[str, Any]],
    *,
    panel: Panel | None = None,
    weighting: str = Wave.Weighting.NONE,
    shares: Mapping[str, str] | None = None,
    closes_at: datetime | None = None,
) -> Wave:
    number = next(_numbers)
    closes_at = closes_at or NOW - timedelta(days=10)
    wave = draft_wave(
        panel or panel_of(company),
        f"Wave {number}",
        opens_at=closes_at - timedelta(days=10),
        closes_at=closes_at,
        by=None,
        now=NOW,
        weighting=weighting,
        most_questions=200,
        is_imported=True,
    )
    made: dict[str, Question] = {}
    for asked in questions:
        known = dict(asked)
        known["only_if"] = made.get(known.pop("only_if", ""))
        made[known["code"]] = add_question(wave, by=None, text_en=known.pop("text", "Tell us."), **known)
    for segment, share in (shares or {}).items():
        set_share(wave, segment, Decimal(share), by=None)
    return open_wave(wave, by=None, now=NOW)


def respond(company: Company, wave: Wave, rows: Iterable[Row]) -> list[Response]:
    """The rows as responses that were sent in time, in their order."""
    questions = {question.code: question for question in Question.objects.filter(wave=wave)}
    responses, answers = [], []
    for row in rows:
        responses.append(
            Response(
                wave=wave,
                external_id=f"r-{next(_numbers)}",
                unit=company.units[row.unit],
                segment=row.segment,
                weight=None if row.weight is None else Decimal(row.weight),
                language=row.language,
                started_at=wave.opens_at,
                submitted_at=wave.opens_at,
            )
        )
        answers += [(responses[-1], questions[code], said) for code, said in row.says.items()]
    Response.objects.bulk_create(responses)
    Answer.objects.bulk_create(
        [Answer(response=at, question=question, **_said(said)) for at, question, said in answers]
    )
    return responses


def _said(said: Any) -> dict[str, Any]:
    if said is None:
        return {"does_not_know": True}
    if isinstance(said, int):
        return {"score": said}
    return {"choices": said} if isinstance(said, list) else {"words": said}
