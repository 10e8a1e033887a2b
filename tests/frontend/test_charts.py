"""The charts, down to their coordinates, in small cases worked by hand."""

import gzip
import math
import re
import time
from collections.abc import Callable
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from django.utils import translation
from django.utils.safestring import SafeString

from cso.texts import percent
from frontend.charts.bullet import bullet, bullet_axis
from frontend.charts.sparkline import sparkline
from frontend.charts.xmr import XmrChart, XmrMark, XmrPoint, XmrStretch, xmr_chart

BAD_WEEK = [
    XmrPoint(f"week {index}", share, "worse" if share < 0.55 else "better" if index > 19 else None)
    for index, share in enumerate([0.70, 0.73, 0.48, 0.72, 0.66] * 4 + [0.85] * 6)
]


def full_xmr(points: list[XmrPoint] = BAD_WEEK) -> XmrChart:
    return xmr_chart(title="Recovered within 24 h", points=points, centre=0.7, limits=(0.51, 0.89), target=0.95)


def full_bullet() -> SafeString:
    return bullet(label="Cargo", value=0.786, target=0.95, interval=(0.524, 0.924), previous=0.8)


def long_sparkline() -> SafeString:
    return sparkline(label="Cargo", values=[0.7 + 0.01 * (index % 7) for index in range(26)], target=0.75)


def elements(svg: str, name: str) -> list[dict[str, str]]:
    """The attributes of all elements of one class, in the order drawn."""
    root = ElementTree.fromstring(svg)  # also proves that the picture is well-formed
    return [dict(node.attrib) for node in root.iter() if name in node.get("class", "").split()]


def the(svg: str, name: str) -> dict[str, str]:
    (found,) = elements(svg, name)
    return found


# Shares as text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0%"),
        (1, "100%"),
        (0.724, "72%"),
        (0.725, "73%"),
        (0.9996, "99.9%"),
        (0.9949, "99%"),
        (0.0003, "0.1%"),
        (None, "no data"),
        (math.nan, "no data"),
    ],
)
def test_a_share_reads_as_whole_per_cent_and_never_falsely_as_none_or_all(share: float | None, text: str) -> None:
    assert percent(share) == text


def test_a_share_is_written_in_the_language_of_the_page() -> None:
    with translation.override("fr"):
        assert percent(0.9996).startswith("99,9")


# The bullet graph


def test_a_bullet_draws_value_target_and_bands_in_per_cent_of_its_width() -> None:
    svg = bullet(label="Cargo", value=0.672, target=0.95)
    assert the(svg, "bullet__value") == {
        "class": "bullet__value", "x": "0", "y": "8", "width": "67.2%", "height": "8", "fill": "#17202e",
    }  # fmt: skip
    assert 'x="95%"' in svg
    assert [(e["x"], e["width"]) for n in "123" for e in elements(svg, f"bullet__band--{n}")] == [
        ("0%", "70%"), ("70%", "20%"), ("90%", "10%"),
    ]  # fmt: skip
    assert elements(svg, "bullet__interval") == []
    assert elements(svg, "bullet__previous") == []


def test_a_bullet_of_few_cases_shows_what_chance_leaves_open_and_the_period_before() -> None:
    svg = full_bullet()
    whisker = the(svg, "bullet__interval")
    assert (whisker["x1"], whisker["x2"]) == ("52.4%", "92.4%")
    assert the(svg, "bullet__previous")["cx"] == "80%"
    assert the(svg, "bullet")["aria-label"] == ("Cargo: 79%, target 95%, likely between 52% and 92%, before 80%")


@pytest.mark.parametrize(("value", "width"), [(0, "0%"), (1, "100%"), (1.2, "100%"), (-0.1, "0%"), (1 / 3, "33.3%")])
def test_a_bullet_stays_within_its_scale(value: float, width: str) -> None:
    assert the(bullet(label="Cargo", value=value, target=0.95), "bullet__value")["width"] == width


@pytest.mark.parametrize("nothing", [None, math.nan, math.inf])
def test_a_bullet_without_data_has_a_target_but_no_bar(nothing: float | None) -> None:
    svg = bullet(label="Cargo", value=nothing, target=0.95, interval=(0, 1), previous=nothing)
    assert elements(svg, "bullet__value") == elements(svg, "bullet__interval") == []
    assert elements(svg, "bullet__previous") == []
    assert len(elements(svg, "bullet__target")) == 1
    assert the(svg, "bullet")["aria-label"] == "Cargo: no data, target 95%"


def test_the_axis_names_its_target_where_it_stands() -> None:
    begin, target = elements(bullet_axis(target=0.95), "chart-text")
    assert begin["x"] == "0%"
    assert (target["x"], target["text-anchor"]) == ("95%", "end")
    (_, low) = elements(bullet_axis(target=0.3), "chart-text")
    assert (low["x"], low["text-anchor"]) == ("30%", "start")


# The sparkline


def test_a_sparkline_spans_its_own_range() -> None:
    svg = sparkline(label="Cargo", values=[0.4, 0.8, 0.6])
    assert the(svg, "spark__line")["points"] == "4,20 48,4 92,12"
    last = the(svg, "spark__last")
    assert (last["cx"], last["cy"]) == ("92", "12")
    assert the(svg, "spark")["aria-label"] == "Cargo: from 40% to 60%"


def test_a_sparkline_makes_no_mountain_of_a_molehill() -> None:
    svg = sparkline(label="Cargo", values=[0.5, 0.52])
    assert the(svg, "spark__line")["points"] == "4,12.8 92,11.2"  # drawn on 41 to 61 per cent


def test_a_sparkline_leaves_a_gap_where_there_is_no_data() -> None:
    svg = sparkline(label="Cargo", values=[0.4, 0.8, None, 0.6, 0.6, math.nan])
    assert [line["points"] for line in elements(svg, "spark__line")] == ["4,20 21.6,4", "56.8,12 74.4,12"]
    assert the(svg, "spark__last")["cx"] == "74.4"


@pytest.mark.parametrize(("share", "y"), [(0.0, "20"), (1.0, "4"), (0.5, "12")])
def test_a_sparkline_of_one_point_is_a_dot(share: float, y: str) -> None:
    svg = sparkline(label="Cargo", values=[share])
    assert elements(svg, "spark__line") == []
    assert (the(svg, "spark__last")["cx"], the(svg, "spark__last")["cy"]) == ("92", y)


@pytest.mark.parametrize("values", [[], [None], [None, math.nan]])
def test_a_sparkline_without_data_says_so(values: list[float | None]) -> None:
    svg = sparkline(label="Cargo", values=values, target=0.9)
    assert the(svg, "spark")["aria-label"] == "Cargo: no data"
    assert "<polyline" not in svg
    assert "<circle" not in svg


def test_a_sparkline_shows_a_target_within_its_range_only() -> None:
    assert the(sparkline(label="", values=[0.4, 0.8], target=0.6), "spark__target")["y1"] == "12"
    assert elements(sparkline(label="", values=[0.4, 0.8], target=0.9), "spark__target") == []


# The XmR chart


def test_an_xmr_chart_draws_points_and_levels_on_round_numbers() -> None:
    points = [XmrPoint("Jan", 0.5), XmrPoint("Feb", 0.6, "better"), XmrPoint("Mar", 0.4, "worse")]
    svg = xmr_chart(title="Share", points=points, centre=0.5, limits=(0.4, 0.6), target=0.6).wide
    # 740 px from 48 for three points; 260 px from 12 for 40 to 60 per cent
    assert the(svg, "xmr__line")["d"] == "M48 142L418 12L788 272"
    chance, better = the(svg, "xmr__chance"), the(svg, "xmr__better")
    assert (chance["cx"], chance["cy"], better["cx"], better["cy"]) == ("48", "142", "418", "12")
    assert the(svg, "xmr__worse")["d"] == "M788 272m0-7l7 7-7 7-7-7z"
    assert the(svg, "xmr__centre")["y1"] == "142"
    assert [line["y1"] for line in elements(svg, "xmr__limit")] == ["12", "272"]
    assert the(svg, "xmr__target")["x2"] == "788"


def test_an_xmr_chart_tells_its_signals_by_shape_as_well_as_colour() -> None:
    svg = full_xmr().wide
    assert {element["fill"] for element in elements(svg, "xmr__better")} == {"#0b5cad"}
    assert len(re.findall('<circle class="xmr__better"', svg)) == 6
    assert len(re.findall('<path class="xmr__worse"', svg)) == 4
    assert len(re.findall('<circle class="xmr__chance"', svg)) == 16


def test_an_xmr_chart_names_its_levels_without_overlap() -> None:
    svg = xmr_chart(title="", points=BAD_WEEK, centre=0.9, limits=(0.89, 0.91), target=0.905).wide
    heights = [float(label["y"]) for label in elements(svg, "xmr__label")]
    assert len(heights) == 4
    assert all(below - above >= 16 for above, below in pairwise(heights))


def test_an_xmr_chart_marks_changes_by_shape_and_text_and_begins_anew() -> None:
    points = [XmrPoint(name, share) for name, share in zip("ABCDE", (0.4, 0.5, 0.8, 0.9, 0.8), strict=True)]
    chart = xmr_chart(
        title="Share",
        points=points,
        centre=0.85,
        limits=(0.7, 1.0),
        target=0.9,
        base=2,
        earlier=[XmrStretch(0, 1, 0.45, (0.3, 0.6))],
        marks=[XmrMark(0.5, "1", "Tea", rebases=False), XmrMark(1.5, "2", "One queue", rebases=True)],
    )
    old, new = elements(chart.wide, "xmr__centre")
    assert (old["x1"], old["x2"], new["x1"], new["x2"]) == ("48", "325.5", "325.5", "788")
    assert len(elements(chart.wide, "xmr__limit")) == 4
    assert len(elements(chart.wide, "xmr__target")) == 1
    assert [mark["fill"] for mark in elements(chart.narrow, "xmr__change") if "fill" in mark] == ["none", "#17202e"]
    assert chart.narrow.count("xmr__change--base") == 1
    assert [row[-1] for row in chart.rows] == ["", "Tea", "One queue", "", ""]
    assert chart.spoken.endswith("1: Tea, 2: One queue")


def test_an_xmr_chart_has_its_numbers_as_a_table_and_its_story_as_a_label() -> None:
    points = [XmrPoint("Jan", 0.5), XmrPoint("Feb", None), XmrPoint("Mar", 0.9, "better")]
    chart = xmr_chart(title="Share", points=points, centre=0.7, limits=None, target=0.95)
    assert chart.headings == ("Period", "Share", "Signal")
    assert chart.rows == (("Jan", "50%", ""), ("Feb", "no data", ""), ("Mar", "90%", "better"))
    assert the(chart.narrow, "xmr")["aria-label"] == ("Share, 3 periods, Mar: 90%, Target 95%, Average 70%, 1 signal")
    assert the(chart.wide, "xmr__line")["d"].count("M") == 2  # the gap of February
    assert elements(chart.wide, "xmr__limit") == []


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_an_xmr_chart_of_one_point_stands_in_the_middle_and_within_all_or_nothing(share: float) -> None:
    chart = xmr_chart(title="", points=[XmrPoint("Jan", share)], centre=share, limits=None, target=None)
    dot = the(chart.wide, "xmr__chance")
    assert (dot["cx"], dot["cy"]) == ("418", "272" if share == 0 else "12")


@pytest.mark.parametrize("points", [[], [XmrPoint("Jan", None), XmrPoint("Feb", math.nan)]])
def test_an_xmr_chart_without_data_says_so(points: list[XmrPoint]) -> None:
    chart = xmr_chart(title="", points=points, centre=math.nan, limits=None, target=None)
    assert ">no data</text>" in chart.wide
    assert elements(chart.wide, "xmr__line") == elements(chart.wide, "xmr__centre") == []


def test_xmr_limits_beyond_all_or_nothing_are_drawn_at_it() -> None:
    svg = xmr_chart(title="", points=[XmrPoint("Jan", 0.5)], centre=0.5, limits=(-0.2, 1.3), target=None).wide
    assert [line["y1"] for line in elements(svg, "xmr__limit")] == ["12", "272"]


# All of them

DRAWN: dict[str, Callable[[], SafeString]] = {
    "bullet": full_bullet,
    "sparkline": long_sparkline,
    "xmr wide": lambda: full_xmr().wide,
    "xmr narrow": lambda: full_xmr().narrow,
}
each_chart = pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN.keys())


@each_chart
def test_charts_keep_their_coordinates_in_a_french_page(draw: Callable[[], SafeString]) -> None:
    numbers = re.compile(r'\b(?:x|y|x1|x2|y1|y2|cx|cy|r|width|height|points|d)="([^"]*)"')
    english = numbers.findall(draw())
    with translation.override("fr"):
        assert numbers.findall(draw()) == english


@each_chart
def test_each_mark_has_a_class_and_a_colour_of_its_own_for_print(draw: Callable[[], SafeString]) -> None:
    marks = [node for node in ElementTree.fromstring(draw()).iter() if node.tag != "svg"]
    assert len(marks) > 1
    for mark in marks:
        assert mark.get("class")
        assert mark.get("fill", "none") != "none" or mark.get("stroke")


@each_chart
def test_charts_carry_no_style_and_no_script(draw: Callable[[], SafeString]) -> None:
    assert not re.search(r"style=|<style|<script|\son\w+=", draw())


@each_chart
def test_charts_weigh_at_most_one_and_a_half_kilobytes(draw: Callable[[], SafeString]) -> None:
    assert len(gzip.compress(draw().encode())) <= 1536


@pytest.mark.parametrize(("draw", "pictures"), [(full_bullet, 1), (long_sparkline, 1), (full_xmr, 2)])
def test_charts_take_at_most_a_millisecond(draw: Callable[[], object], pictures: int) -> None:
    took = []
    for _ in range(20):
        started = time.perf_counter()
        draw()
        took.append(time.perf_counter() - started)
    assert min(took) / pictures <= 0.001  # the best of some, as the machine may be busy with others


def test_labels_are_text_whatever_they_hold() -> None:
    evil = '"><script>alert(1)</script>&'
    chart = xmr_chart(title=evil, points=[XmrPoint(evil, 0.5)], centre=None, limits=None, target=None)
    for svg in (
        bullet(label=evil, value=0.5, target=0.9),
        sparkline(label=evil, values=[0.5]),
        chart.wide,
        chart.narrow,
    ):
        assert "<script" not in svg
        assert evil in ElementTree.fromstring(svg).attrib["aria-label"]
    assert chart.rows[0][0] == evil  # the template escapes the table
