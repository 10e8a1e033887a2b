"""Figures and charts as sentences."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from cso.metrics.formulas.xmr import xmr_chart
from cso.metrics.periods import parse_period
from cso.metrics.queries.figures import HEADLINE, Figure
from cso.metrics.queries.judgement import Judgement
from frontend.words.figures import (
    chance_words,
    gap_words,
    period_words,
    share_words,
    span_words,
    status_words,
    xmr_sentence,
)
from frontend.words.money import short_range_words

VECTOR = [70, 72, 68, 71, 69, 73, 70, 72, 71, 69, 70, 95]


def weeks(count: int) -> list[date]:
    return [date(2026, 1, 5) + timedelta(weeks=number) for number in range(count)]


def figure(part: int, whole: int, status: str = "final", running: int = 0) -> Figure:
    return Figure(HEADLINE, part, whole, running, status, {})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("part", "whole", "share", "chance"),
    [
        (0, 0, "no data", ""),
        (3, 3, "100%", "few cases: likely 44% to 100%"),
        (0, 5, "0%", "few cases: likely 0% to 43%"),
        (9, 10, "90%", "few cases: likely 60% to 98%"),
        (19, 20, "95%", ""),
        (9_999, 10_000, "99.9%", ""),
    ],
)
def test_shares_say_what_few_cases_leave_open(part: int, whole: int, share: str, chance: str) -> None:
    assert (share_words(figure(part, whole)), chance_words(figure(part, whole))) == (share, chance)


@pytest.mark.parametrize(
    ("judgement", "words"),
    [
        (Judgement(Decimal(90), "missed", 27.4), ("27 points short", "worse")),
        (Judgement(Decimal(90), "missed", 0.2), ("less than 1 point short", "worse")),
        (Judgement(Decimal(90), "met", -3.0), ("met", "better")),
        (Judgement(Decimal(90), "uncertain", 3.0), ("too close to call", "chance")),
        (Judgement(Decimal(90), "no_data", None), ("no data", "chance")),
    ],
)
def test_the_gap_has_words_and_a_tone(judgement: Judgement, words: tuple[str, str]) -> None:
    assert gap_words(judgement) == words


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("2026-10", "October 2026"),
        ("2026-Q3", "Q3 2026"),
        ("2026", "2026"),
        ("2026-W44..2026-W47", "26 Oct – 22 Nov 2026"),
        ("2026-W01", "29 Dec 2025 – 4 Jan 2026"),
    ],
)
def test_periods(key: str, words: str) -> None:
    assert period_words(parse_period(key)) == words


def test_what_can_still_change_is_said() -> None:
    period = parse_period("2026-10")
    assert status_words(figure(1, 2, "running", 1), period).endswith("1 case is not yet due and not counted.")
    assert status_words(figure(1, 2, "provisional"), period).endswith("may change it until 16 Dec 2026.")
    assert status_words(figure(1, 2), period) == "Final."


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "not reached"), (90, "2 min"), (19_200, "5 h 20 min"), (183_600, "2 d 3 h")],
)
def test_spans(seconds: float | None, words: str) -> None:
    assert span_words(seconds) == words


def test_the_vectors_last_week_is_news() -> None:
    said = xmr_sentence(xmr_chart(VECTOR, target=95), weeks(12))
    assert (said["lead"], said["tone"]) == ("Better than usual.", "better")
    assert said["text"] == (
        "The week of 23 Mar stands above what chance explains. Between 66% and 79% a week is as usual."
        " The target of 95% is beyond that: this way of working will keep missing it without a change."
    )


def test_an_old_signal_is_history() -> None:
    said = xmr_sentence(xmr_chart([*VECTOR, 70, 72, 71, 69, 70, 71], target=60), weeks(18))
    assert (said["lead"], said["tone"]) == ("Steady lately.", "chance")


def test_seven_above_the_average_get_better() -> None:
    said = xmr_sentence(xmr_chart([50, 60, 52, 58, 51, 59, 70, 72, 71, 73, 70, 72, 71]), weeks(13))
    assert said["lead"] == "Getting better."
    assert "7 weeks in a row, from 16 Feb to 30 Mar, lie above the average." in said["text"]


def test_too_little_says_so() -> None:
    assert xmr_sentence(xmr_chart([]), [])["lead"] == "Too early to tell."
    assert xmr_sentence(xmr_chart([70]), weeks(1))["lead"] == "Too early to tell."
    trial = xmr_sentence(xmr_chart([70, 72, 71]), weeks(3))
    assert trial["lead"] == "Only chance."
    assert "for trial" in trial["text"]


def test_large_money_is_said_short() -> None:
    assert short_range_words(12_00, 900_000_00, "CAD") == "12 to 900,000\u00a0CAD"
    assert short_range_words(950_000_00, 4_372_403_00, "CAD") == "1.0 to 4.4 M CAD"
    assert short_range_words(2_000_000, 3_000_000, "JPY") == "2.0 to 3.0 M JPY"
