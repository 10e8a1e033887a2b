"""Shares, verdicts, Kaplan-Meier: tables worked by hand, and a naive reference in fractions."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cso.intervals import wilson_interval
from cso.metrics.formulas.statistics import (
    MEDIAN,
    P90,
    Summary,
    kaplan_meier_quantile,
    time_to_recover,
    verdict,
)

SHARES = st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
SMALL_SHARES = st.integers(1, 19).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
SECONDS = st.lists(st.integers(0, 12), max_size=25)
QUANTILES = st.fractions(Fraction(1, 20), Fraction(19, 20), max_denominator=20)


@pytest.mark.parametrize(
    ("numerator", "denominator", "low", "high"),
    [
        (3, 3, 43.85, 100.0),
        (9, 10, 59.58, 98.21),
        (0, 5, 0.0, 43.45),
        (0, 1, 0.0, 79.35),
        (50, 100, 40.38, 59.62),
    ],
)
def test_wilson_interval_by_hand(numerator: int, denominator: int, low: float, high: float) -> None:
    interval = wilson_interval(numerator, denominator)
    assert interval is not None
    assert (round(interval.low * 100, 2), round(interval.high * 100, 2)) == (low, high)


def test_wilson_interval_without_data() -> None:
    assert wilson_interval(0, 0) is None


@given(SHARES)
def test_wilson_interval_holds_the_share(share: tuple[int, int]) -> None:
    interval = wilson_interval(*share)
    if interval is None:
        assert share[1] == 0
    else:
        assert 0 <= interval.low <= share[0] / share[1] <= interval.high <= 1


@given(SHARES)
def test_wilson_interval_mirrors(share: tuple[int, int]) -> None:
    numerator, denominator = share
    interval, mirror = wilson_interval(*share), wilson_interval(denominator - numerator, denominator)
    if interval is not None and mirror is not None:
        assert (interval.low, interval.high) == pytest.approx((1 - mirror.high, 1 - mirror.low))


@pytest.mark.parametrize(("numerator", "denominator"), [(-1, 5), (6, 5), (0, -1)])
def test_a_numerator_is_a_subset(numerator: int, denominator: int) -> None:
    with pytest.raises(ValueError, match="subset"):
        wilson_interval(numerator, denominator)
    with pytest.raises(ValueError, match="subset"):
        verdict(numerator, denominator, Fraction(1, 2))


@pytest.mark.parametrize(
    ("numerator", "denominator", "target", "expected"),
    [
        (0, 0, "0.9", "no_data"),
        (18, 20, "0.9", "met"),  # exactly on target; 0.9 * 20 in floats is not to decide it
        (17, 20, "0.9", "missed"),
        (7, 25, "0.28", "met"),
        (9, 10, "0.9", "uncertain"),  # 59.6 to 98.2
        (9, 10, "0.59", "met"),
        (9, 10, "0.60", "uncertain"),
        (9, 10, "0.98", "uncertain"),
        (9, 10, "0.99", "missed"),
        (3, 3, "0.43", "met"),  # 43.9 to 100
        (3, 3, "0.44", "uncertain"),
        (19, 19, "1", "uncertain"),
        (18, 19, "1", "missed"),
        (0, 5, "0.43", "uncertain"),  # 0 to 43.5
        (0, 5, "0.44", "missed"),
        (0, 5, "0", "met"),
        (20, 20, "1", "met"),
    ],
)
def test_verdict(numerator: int, denominator: int, target: str, expected: str) -> None:
    assert verdict(numerator, denominator, Decimal(target)) == expected


@pytest.mark.parametrize(
    ("numerator", "denominator", "target", "expected"),
    [
        (0, 0, "0.1", "no_data"),
        (2, 20, "0.1", "met"),
        (3, 20, "0.1", "missed"),
        (1, 10, "0.1", "uncertain"),
        (1, 10, "0.41", "met"),
        (1, 10, "0.01", "missed"),
    ],
)
def test_verdict_where_lower_is_better(numerator: int, denominator: int, target: str, expected: str) -> None:
    assert verdict(numerator, denominator, Decimal(target), lower_is_better=True) == expected


@given(SMALL_SHARES, st.integers(1, 999))
def test_a_small_sample_is_decided_by_its_interval(share: tuple[int, int], permille: int) -> None:
    interval = wilson_interval(*share)
    assert interval is not None
    expected = "uncertain"
    if interval.low >= permille / 1000:
        expected = "met"
    if interval.high < permille / 1000:
        expected = "missed"
    assert verdict(*share, Fraction(permille, 1000)) == expected


@pytest.mark.parametrize("target", [Decimal("1.1"), Fraction(-1, 10)])
def test_a_target_is_a_share(target: Decimal | Fraction) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        verdict(1, 2, target)


@pytest.mark.parametrize(
    ("durations", "censored_at", "median", "p90"),
    [
        ([], [], None, None),
        ([5], [], 5.0, 5.0),
        ([], [5, 6], None, None),
        ([1, 2, 3, 4], [], 2.0, 4.0),  # survival 3/4, 1/2: the earliest time at which half have ended
        ([1, 2], [3, 4], 2.0, None),
        ([1], [2, 3], None, None),  # 2/3 stay above one half for ever
        ([4, 4], [4, 4], 4.0, None),  # at equal times events come first: 2 of 4
        ([4], [3], 4.0, 4.0),  # the one watched until 3 is no longer at risk
        # Freireich's 6-MP arm, the textbook's example: 0.448 at 23 is the first below one half.
        ([6, 6, 6, 7, 10, 13, 16, 22, 23], [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35], 23.0, None),
    ],
)
def test_kaplan_meier_by_hand(
    durations: list[int], censored_at: list[int], median: float | None, p90: float | None
) -> None:
    assert kaplan_meier_quantile(durations, censored_at, MEDIAN) == median
    assert kaplan_meier_quantile(durations, censored_at, P90) == p90


def test_exactly_one_half_is_one_half() -> None:
    """12 of 24 are one half; as a product of 12 floats it is a little more."""
    left = np.arange(24, 11, -1)
    assert np.cumprod(left[1:] / left[:-1])[-1] > 0.5
    assert kaplan_meier_quantile(range(1, 25), [], MEDIAN) == 12.0
    # 12 fall to 8, four are lost from sight, 4 fall to 3: 2/3 x 3/4.
    assert kaplan_meier_quantile([1] * 4 + [3], [2] * 4 + [4] * 3, MEDIAN) == 3.0


@given(SECONDS, SECONDS, QUANTILES)
def test_kaplan_meier_against_the_naive_reference(durations: list[int], censored_at: list[int], q: Fraction) -> None:
    assert kaplan_meier_quantile(durations, censored_at, q) == _naive_quantile(durations, censored_at, q)


@given(SECONDS, SECONDS, QUANTILES)
def test_counts_stand_for_repetition(durations: list[int], censored_at: list[int], q: Fraction) -> None:
    ended, ended_counts = np.unique(np.array(durations, dtype=int), return_counts=True)
    still_open, open_counts = np.unique(np.array(censored_at, dtype=int), return_counts=True)
    assert kaplan_meier_quantile(
        ended, still_open, q, duration_counts=ended_counts, censored_counts=open_counts
    ) == kaplan_meier_quantile(durations, censored_at, q)


def test_a_count_of_zero_is_not_there() -> None:
    assert kaplan_meier_quantile([1, 9], [], MEDIAN, duration_counts=[0, 1]) == 9.0


def test_fractions_of_a_second_are_kept() -> None:
    assert kaplan_meier_quantile([86400.000001], [], MEDIAN) == 86400.000001


@pytest.mark.parametrize(
    ("durations", "counts", "q"),
    [([-1], None, MEDIAN), ([float("nan")], None, MEDIAN), ([1], [-1], MEDIAN), ([1], [1, 2], MEDIAN)]
    + [([1], None, Fraction(q)) for q in (0, 1)],
)
def test_kaplan_meier_refuses(durations: list[float], counts: list[int] | None, q: Fraction) -> None:
    with pytest.raises(ValueError, match=r"Seconds|count|quantile"):
        kaplan_meier_quantile(durations, [], q, duration_counts=counts)


def test_p90_needs_ten_cases() -> None:
    assert time_to_recover(range(1, 10), []) == Summary(n=9, events=9, median=5.0, p90=None)
    assert time_to_recover(range(1, 11), []) == Summary(n=10, events=10, median=5.0, p90=9.0)
    assert time_to_recover(range(1, 10), [100]) == Summary(n=10, events=9, median=5.0, p90=9.0)
    assert time_to_recover([], []) == Summary(n=0, events=0, median=None, p90=None)


def test_open_cases_lengthen_the_median() -> None:
    assert time_to_recover([1, 2, 3], []).median == 2.0
    assert time_to_recover([1, 2, 3], [2, 2, 9]).median == 3.0  # 5/6, 4/6, 4/6 x 1/2
    assert time_to_recover([1, 2, 3], [9, 9, 9, 9]).median is None


def _naive_quantile(durations: list[int], censored_at: list[int], q: Fraction) -> float | None:
    survival = Fraction(1)
    for time in sorted(set(durations)):
        at_risk = sum(t >= time for t in durations) + sum(t >= time for t in censored_at)
        survival *= 1 - Fraction(durations.count(time), at_risk)
        if survival <= 1 - q:
            return float(time)
    return None
