"""Weights by shares, and which weighted figures may be told."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cso.intervals import net_interval
from cso.panels.scores import Score, WeightedScore
from cso.panels.weighting import Side, weighable, weights_by_share


def test_a_group_weighs_its_share() -> None:
    shares = {"a": Fraction(3, 4), "b": Fraction(1, 4)}
    assert weights_by_share({"a": 10, "b": 30, "c": 40}, shares) == {"a": 6, "b": Fraction(2, 3), "c": 0}


@pytest.mark.parametrize(
    ("groups", "told"),
    [
        ([(40, 5), (40, 0)], [True, True]),
        ([(19, 5), (40, 9)], [False, False]),  # a small one; all less the other would be it
        ([(40, 4), (40, 9), (50, 9)], [False, False, True]),  # the smallest makes room
        ([(40, 3), (40, 3), (50, 9)], [False, False, True]),  # six together
        ([(40, 1), (40, 0)], [False, False]),
        ([(60, 7)], [True]),
        ([], []),
    ],
)
def test_own_weights_are_told_of_enough_critical_answers(groups: list[tuple[int, int]], told: list[bool]) -> None:
    assert weighable([Side(*group) for group in groups], 5) == told


@pytest.mark.parametrize(
    ("favourable", "unfavourable", "answers", "low", "high"),
    [
        # By hand: p 50.75/103, d 20.75/103, net 0.291262, variance (0.694175 - 0.084834)/103, half 0.150751.
        (50, 20, 100, 0.140511, 0.442013),
        # p 5.75/8, d 0.75/8, net 0.625, variance (0.8125 - 0.390625)/8, half 0.450086.
        (5, 0, 5, 0.174914, 1.0),
        (0, 5, 5, -1.0, -0.174914),
    ],
)
def test_intervals_of_nps_are_adjusted_wald(
    favourable: int, unfavourable: int, answers: int, low: float, high: float
) -> None:
    found = net_interval(favourable, unfavourable, answers)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-5)


def test_no_answers_have_no_interval() -> None:
    assert net_interval(0, 0, 0) is None
    with pytest.raises(ValueError, match="not a share"):
        net_interval(3, 3, 5)


def test_equal_weights_say_what_plain_answers_say() -> None:
    for kind in ("nps", "csat", "effort"):
        plain = Score(kind, 40, 22, 9, 150, ())
        weighted = WeightedScore(kind, 20.0, 10.0, 11.0, 4.5, 75.0)  # each weighs one half
        assert weighted.effective_answers == pytest.approx(40)
        assert weighted.value == pytest.approx(float(plain.value))
        assert plain.mean is not None
        assert weighted.mean == pytest.approx(float(plain.mean))
        assert (weighted.interval.low, weighted.interval.high) == pytest.approx(
            (plain.interval.low, plain.interval.high)
        )
