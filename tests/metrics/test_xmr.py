"""Process behaviour charts: the vector of the definitions, each rule at its edge."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cso.metrics.formulas.xmr import Chart, Number, Phrase, Signal, phrases, xmr_chart, xmr_stretches

VECTOR = [70, 72, 68, 71, 69, 73, 70, 72, 71, 69, 70, 95]
# Mean 50 and every range 2: the limits are 44.68 and 55.32.
CALM = [49, 51] * 10


def signals_of(chart: Chart, kind: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(signal.side, signal.points) for signal in chart.signals if signal.kind == kind]


def test_the_vector() -> None:
    chart = xmr_chart(VECTOR)
    assert (chart.mean, chart.mean_range, chart.lower, chart.upper) == (72.5, 2.4, 66.116, 78.884)
    assert chart.signals == (Signal("outside", "high", (11,), better=True),)
    assert [point.moving_range for point in chart.points] == [None, 2, 4, 3, 2, 4, 3, 2, 1, 2, 1, 25]
    assert [bool(point.signals) for point in chart.points] == [False] * 11 + [True]
    assert not chart.trial


def test_screening_happens_once() -> None:
    """Ranges 1 x 20, 10, 200: the mean 10.5 drops 200 only; then 10 would be too large, but stays."""
    chart = xmr_chart([i % 2 for i in range(21)] + [10, 210], scale=(None, None))
    assert chart.mean_range == float(Fraction(30, 21))


@pytest.mark.parametrize(("count", "trial"), [(2, True), (11, True), (12, False)])
def test_limits_are_on_trial_below_twelve_points(count: int, trial: bool) -> None:
    chart = xmr_chart([50, 52] * 6 if count == 12 else ([50, 52] * 6)[:count])
    assert chart.lower is not None
    assert chart.trial is trial


@pytest.mark.parametrize("values", [[], [None, None], [70], [70, None, 71], [70] * 20, [70] * 20 + [95]])
def test_no_limits_without_a_routine_range(values: list[Number | None]) -> None:
    chart = xmr_chart(values, target=80)
    assert (chart.lower, chart.upper, chart.drawn_lower, chart.drawn_upper) == (None, None, None, None)
    assert chart.outlook is None
    assert not chart.trial


def test_all_equal_points_are_no_signal() -> None:
    assert xmr_chart([70] * 20).signals == ()


@pytest.mark.parametrize(
    ("values", "drawn"),
    [([98, 100] * 6, (93.68, 100.0)), ([0, 2] * 6, (0.0, 6.32)), ([0, 100] * 6, (0.0, 100.0))],
)
def test_limits_are_cut_to_the_scale_for_drawing_only(values: list[int], drawn: tuple[float, float]) -> None:
    chart = xmr_chart(values)
    assert (chart.drawn_lower, chart.drawn_upper) == drawn
    assert chart.lower is not None
    assert chart.upper is not None
    assert chart.lower < 0 or chart.upper > 100


def test_an_open_scale_cuts_nothing() -> None:
    chart = xmr_chart([98, 100] * 6, scale=(0, None))
    assert (chart.drawn_lower, chart.drawn_upper) == (93.68, 104.32)


@pytest.mark.parametrize(("far", "points"), [("7.98", []), ("7.981", [("high", (21,))])])
def test_a_point_on_the_limit_is_not_outside(far: str, points: list[tuple[str, tuple[int, ...]]]) -> None:
    """Ranges of 3 around 0 and two points without neighbours: the limits are 2.66 x 3 = 7.98."""
    calm = [Fraction(-3, 2), Fraction(3, 2)] * 10
    chart = xmr_chart([*calm, None, Fraction(far), None, -Fraction(far)], scale=(None, None))
    assert (chart.mean, chart.upper) == (0.0, 7.98)
    assert [found for found in signals_of(chart, "outside") if found[0] == "high"] == points


def test_six_on_one_side_are_not_a_run_but_seven_are() -> None:
    assert signals_of(xmr_chart([51] * 6 + [49] * 6), "run") == []
    assert signals_of(xmr_chart([51] * 7 + [49] * 7), "run") == [
        ("high", tuple(range(7))),
        ("low", tuple(range(7, 14))),
    ]


def test_a_point_on_the_mean_breaks_a_run() -> None:
    assert signals_of(xmr_chart([51, 51, 51, 50, 51, 51, 51, 49, 49, 49, 49, 49, 49]), "run") == []


def test_the_mean_of_tenths_is_met_exactly() -> None:
    """0.1 + 0.2 + ... in floats: the point 0.3 would lie just off the mean 0.3 and lengthen the run."""
    values = [0.4, 0.4, 0.4, 0.3, 0.4, 0.4, 0.4, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2]
    assert sum(values) / len(values) != 0.3
    assert xmr_chart(values).mean == 0.3
    assert signals_of(xmr_chart(values), "run") == []


def test_seven_rising_points_are_a_trend_six_are_not() -> None:
    assert signals_of(xmr_chart([1, 2, 3, 4, 5, 6, 6, 5, 4, 3, 2, 1]), "trend") == []
    assert signals_of(xmr_chart([9, 1, 2, 3, 4, 5, 6, 7, 7]), "trend") == [("high", tuple(range(1, 8)))]
    assert signals_of(xmr_chart([8, 7, 6, 5, 4, 3, 2, 1]), "trend") == [("low", tuple(range(8)))]


def test_a_plateau_breaks_a_trend() -> None:
    assert signals_of(xmr_chart([1, 2, 3, 4, 4, 5, 6, 7]), "trend") == []


def test_a_missing_period_interrupts_rows_and_ranges() -> None:
    chart = xmr_chart([51, 51, 51, None, 51, 51, 51, 51, 49, 49, 49, 49, 49, 49])
    assert signals_of(chart, "run") == []
    assert [point.moving_range for point in chart.points[2:6]] == [0, None, None, 0]
    assert chart.points[3].value is None
    assert signals_of(xmr_chart([1, 2, 3, None, 4, 5, 6, 7]), "trend") == []


def two_of_three(*tail: int | None) -> list[tuple[str, tuple[int, ...]]]:
    chart = xmr_chart([*CALM, 50, *tail, 50, *(None if value is None else 100 - value for value in tail), 50])
    assert chart.mean == 50.0
    return [found for found in signals_of(chart, "two_of_three") if found[0] == "high"]


def test_two_of_three_far_out_on_one_side() -> None:
    """The mirrored tail keeps the mean at 50; two thirds of the way is above 54 and below 55 or so."""
    assert two_of_three(56, 51, 56) == [("high", (21, 23))]
    assert two_of_three(56, 56, 51) == [("high", (21, 22))]
    assert two_of_three(56, 50, 56) == []  # the one between is on the mean
    assert two_of_three(56, 49, 56) == []  # or on the other side
    assert two_of_three(56, 51, 51, 56) == []  # two of four
    assert two_of_three(56, None, 56) == []
    assert two_of_three(56, 56, 56, 56) == [("high", (21, 22, 23, 24))]


@pytest.mark.parametrize(("factor", "points"), [("1", []), ("1.001", [("high", (21, 22, 23))])])
def test_two_thirds_of_the_way_is_not_beyond(factor: str, points: list[tuple[str, tuple[int, ...]]]) -> None:
    """19 ranges of 3 and, at either side, 2 of 0 between three points two thirds of the way out."""
    calm = [Fraction(-3, 2), Fraction(3, 2)] * 10
    far = Fraction("2.66") * Fraction(19 * 3, 23) * Fraction(2, 3) * Fraction(factor)
    chart = xmr_chart([*calm, None, far, far, far, None, -far, -far, -far], scale=(None, None))
    assert chart.mean == 0.0
    assert [found for found in signals_of(chart, "two_of_three") if found[0] == "high"] == points


@pytest.mark.parametrize(
    ("target", "higher", "lower"),
    [
        (80, "will_keep_missing", "will_keep_meeting"),
        (78.884, "hit_and_miss", "hit_and_miss"),
        (70, "hit_and_miss", "hit_and_miss"),
        (66.116, "hit_and_miss", "hit_and_miss"),
        (60, "will_keep_meeting", "will_keep_missing"),
    ],
)
def test_outlook_on_the_target(target: float, higher: str, lower: str) -> None:
    assert xmr_chart(VECTOR, target=target).outlook == higher
    assert xmr_chart(VECTOR, target=target, lower_is_better=True).outlook == lower


def test_high_is_worse_where_lower_is_better() -> None:
    assert xmr_chart(VECTOR, lower_is_better=True).signals == (Signal("outside", "high", (11,), better=False),)


def test_a_re_based_chart_forgets_what_was_before() -> None:
    assert xmr_chart([10, 12] * 6 + [70, 72] * 6).signals != ()
    assert xmr_chart(([10, 12] * 6 + [70, 72] * 6)[12:]).signals == ()


def test_phrases_of_the_vector() -> None:
    limits = {"lower": 66.116, "upper": 78.884}
    assert phrases(xmr_chart(VECTOR, target=90)) == (
        Phrase("limits", limits),
        Phrase("outside", {"first": 11, "last": 11, "points": 1, "side": "high", "better": True}),
        Phrase("will_keep_missing", {"target": 90.0, **limits}),
    )


def test_phrases_of_little() -> None:
    assert phrases(xmr_chart([None])) == (Phrase("no_data"),)
    assert phrases(xmr_chart([70, 70, 70], target=90)) == (Phrase("no_limits", {"points": 3}),)
    assert [phrase.key for phrase in phrases(xmr_chart([50, 52] * 3))] == ["trial_limits", "no_signal"]
    assert phrases(xmr_chart([50, 52] * 3))[0].values["points"] == 6


def test_phrases_name_the_latest_signal_first() -> None:
    keys = [(p.key, p.values.get("last")) for p in phrases(xmr_chart([51] * 7 + [49] * 7))]
    assert keys[1:] == [("run", 13), ("run", 6)]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_is_a_number(value: float) -> None:
    with pytest.raises((ValueError, OverflowError)):
        xmr_chart([1, value])


@given(st.lists(st.one_of(st.none(), st.integers(0, 100)), max_size=40))
def test_turned_upside_down_the_signals_change_sides(values: list[int | None]) -> None:
    other = {"high": "low", "low": "high"}
    turned = xmr_chart([None if value is None else 100 - value for value in values])
    chart = xmr_chart(values)
    assert {(s.kind, s.side, s.points) for s in chart.signals} == {
        (s.kind, other[s.side], s.points) for s in turned.signals
    }
    assert all(point.value is not None for point in chart.points if point.signals)


def test_re_based_limits_are_those_of_the_values_since() -> None:
    before, since = [70, 72, 68, 71, 69, 73], [80, 82, 78, 81, 79, 83]
    [whole] = xmr_stretches([*before, *since], [])
    assert whole.chart == xmr_chart([*before, *since])
    assert xmr_stretches([*before, *since], [0, -3]) == (whole,)
    old, new = xmr_stretches([*before, *since], [6, 6], target=75)
    assert (old.first, old.chart) == (0, xmr_chart(before, target=75))
    assert (new.first, new.chart) == (6, xmr_chart(since, target=75))
    assert (old.chart.mean, new.chart.mean) == (70.5, 80.5)
    assert (whole.chart.outlook, old.chart.outlook, new.chart.outlook) == (None, "hit_and_miss", "hit_and_miss")
    # Decided this week: of the new way of working no full week is known.
    *_, empty = xmr_stretches(before, [9])
    assert (empty.first, [phrase.key for phrase in phrases(empty.chart)]) == (6, ["no_data"])
