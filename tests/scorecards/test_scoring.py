"""Points and scores against tables worked by hand, and against what must hold for all numbers."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as draw

from cso.scorecards.scores.scoring import bounds, points, score

NUMBERS = draw.decimals(-1_000, 1_000, places=3) | draw.fractions(-1_000, 1_000, max_denominator=1_000)
WEIGHTS = draw.decimals("0.001", 1_000, places=3)
POINTS = draw.fractions(0, 100, max_denominator=10_000)


@pytest.mark.parametrize(
    ("actual", "floor", "target", "expected"),
    [
        (50, 50, 90, 0),
        (90, 50, 90, 100),
        (70, 50, 90, 50),
        (49, 50, 90, 0),  # behind the floor
        (100, 50, 90, 100),  # beyond the target
        (Fraction(200, 3), 50, 90, Fraction(125, 3)),
        (6, 24, 4, 90),  # lower is better: the floor lies above
        (24, 24, 4, 0),
        (30, 24, 4, 0),
        (4, 24, 4, 100),
        (0, 24, 4, 100),
        (-10, -40, 60, 30),  # NPS
    ],
)
def test_points_worked_by_hand(actual: int | Fraction, floor: int, target: int, expected: int | Fraction) -> None:
    assert points(actual, floor, target) == expected


def test_a_target_that_is_the_floor_has_no_points() -> None:
    with pytest.raises(ValueError, match="the floor"):
        points(1, 5, 5)


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([(1, Fraction(80))], 80),
        ([(1, Fraction(80)), (3, Fraction(40))], 50),
        # 3 x 100 + 1 x 0 + 4 x 50 over 8
        ([(3, Fraction(100)), (1, Fraction(0)), (4, Fraction(50))], Fraction(125, 2)),
        ([(3, Fraction(100)), (1, None), (4, Fraction(50))], None),
        ([], None),
    ],
)
def test_scores_worked_by_hand(items: list[tuple[int, Fraction | None]], expected: Fraction | None) -> None:
    assert score(items) == expected


@settings(deadline=None)
@given(NUMBERS, NUMBERS, NUMBERS)
def test_points_are_the_clamped_fraction_and_mirrored_where_low_is_better(
    actual: Fraction, floor: Fraction, target: Fraction
) -> None:
    if Fraction(floor) == Fraction(target):
        return
    found = points(actual, floor, target)
    assert 0 <= found <= 100
    assert found == points(-Fraction(actual), -Fraction(floor), -Fraction(target))
    if 0 < found < 100:
        assert Fraction(floor) + found * (Fraction(target) - Fraction(floor)) / 100 == Fraction(actual)


@settings(deadline=None)
@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_who_does_better_never_has_fewer_points(
    one: Fraction, two: Fraction, floor: Fraction, target: Fraction
) -> None:
    if Fraction(floor) == Fraction(target):
        return
    worse, better = sorted([Fraction(one), Fraction(two)], reverse=Fraction(floor) > Fraction(target))
    assert points(worse, floor, target) <= points(better, floor, target)


@settings(deadline=None)
@given(draw.lists(draw.tuples(WEIGHTS, POINTS), min_size=1, max_size=12), draw.integers(2, 1_000))
def test_a_score_is_the_exact_weighted_mean_whatever_the_scale_of_the_weights(
    items: list[tuple[Fraction, Fraction]], scale: int
) -> None:
    found = score(items)
    assert found is not None
    assert found * sum(Fraction(weight) for weight, _ in items) == sum(Fraction(w) * gained for w, gained in items)
    assert min(gained for _, gained in items) <= found <= max(gained for _, gained in items)
    assert found == score([(weight * scale, gained) for weight, gained in items])
    assert found == score(items[::-1])


@settings(deadline=None)
@given(draw.lists(draw.tuples(WEIGHTS, POINTS | draw.none()), max_size=12))
def test_one_figure_that_is_missing_makes_the_whole_incomplete(items: list[tuple[Fraction, Fraction | None]]) -> None:
    assert (score(items) is None) == (not items or any(gained is None for _, gained in items))


@settings(deadline=None)
@given(draw.lists(POINTS | draw.none(), min_size=1, max_size=12))
def test_what_is_incomplete_lies_between_nothing_and_everything(scores: list[Fraction | None]) -> None:
    found = bounds(scores)
    assert found is not None
    as_nothing, as_everything = ([each if each is not None else filled for each in scores] for filled in (0, 100))
    assert found == tuple(Fraction(sum(each)) / len(scores) for each in (as_nothing, as_everything))


def test_nobody_has_no_mean() -> None:
    assert bounds([]) is None
