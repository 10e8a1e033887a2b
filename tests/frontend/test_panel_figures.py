"""Figures of panels in words and marks; nothing here reads a row."""

from __future__ import annotations

from django.utils.translation import override

from cso.panels.results import Part
from cso.panels.scores import Score, WeightedScore
from frontend.charts.interval import interval
from frontend.charts.shares import Part as Share
from frontend.charts.shares import columns, divided_bar
from frontend.charts.waves import WavePoint, waves_chart
from frontend.figures.panels import change_words, part_words, score_words, tone_against, unweighted_words, within_words


def nps(promoters: int, detractors: int, answers: int) -> Part:
    return Part(Score("nps", answers, promoters, detractors, 0, ()))


def test_a_net_score_has_its_sign_and_a_share_its_per_cent() -> None:
    assert [score_words("nps", value) for value in (0.431, -0.12, 0.0, 0.004)] == ["+43", "−12", "0", "0"]
    assert score_words("csat", 0.715) == "72%"
    assert part_words(nps(30, 10, 40)) == "+50"
    assert within_words(nps(30, 10, 40)) == "+21 to +72"


def test_of_few_people_it_says_how_many_of_how_many() -> None:
    assert part_words(nps(5, 1, 8)) == "5 for, 1 against, of 8"
    assert part_words(Part(Score("csat", 12, 9, 1, 48, (0, 1, 2, 5, 4)))) == "9 of 12"


def test_only_what_is_certain_is_called_better_or_worse() -> None:
    whole = nps(60, 20, 100)
    assert [tone_against(part, whole) for part in (nps(58, 1, 60), nps(30, 10, 50), nps(5, 40, 50))] == [
        "better",
        "chance",
        "worse",
    ]
    assert change_words(nps(58, 1, 60), nps(5, 40, 50), "Spring") == ("Up 165 points from −70 in Spring.", "better")
    assert change_words(nps(30, 10, 50), nps(28, 10, 50), "Spring") == (
        "Spring had +36: the difference may be chance.",
        "chance",
    )
    assert change_words(nps(30, 10, 50), Part(Score("csat", 50, 30, 10, 0, ())), "Spring") == ("", "chance")


def test_a_weighted_figure_says_what_it_would_be_without() -> None:
    part = Part(Score("nps", 40, 30, 10, 0, ()), WeightedScore("nps", 40.0, 60.0, 20.0, 18.0, 300.0))
    assert part_words(part) == "+5"
    assert "each answer alike it is +50." in unweighted_words(part)
    assert unweighted_words(nps(30, 10, 40)) == ""


def test_marks_are_placed_by_points_in_every_language() -> None:
    with override("fr"):
        marks = [
            interval(label="a", spoken="b", value=0.333, within=(0.1, 0.5), scale=(-1, 1), whole=0.2, tone="better"),
            divided_bar(label="a", parts=[Share("for", 2, "better"), Share("against", 1, "worse")]),
            columns(label="a", parts=[Share("<0>", 0, "worse"), Share("1", 3, "better")]),
            waves_chart(
                label="a",
                points=[WavePoint("May", 12.5, (1.5, 20.5), "+13"), WavePoint("June", -3, (-9, 3), "−3")],
                ends=(-100, 100),
                step=10,
            ),
        ]
    for mark in marks:
        assert ",5" not in mark.partition("aria-label")[0]
        assert 'role="img"' in mark
    assert 'cx="7%"' in marks[3]
    assert "for 67" in marks[1]
    assert "&lt;0&gt;" in marks[2]
