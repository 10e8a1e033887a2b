"""The table of buckets and what is read from it: boundaries, merging, the stated error."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cso.metrics.formulas.histograms import (
    BUCKET_BOUNDS,
    ERROR_BOUND,
    Estimate,
    Histogram,
    bucket_of,
    histogram_of,
    histogram_quantile,
    seconds_in,
    time_to_recover_from,
    width_bucket_thresholds,
)
from cso.metrics.formulas.statistics import MEDIAN, P90, kaplan_meier_quantile, time_to_recover

EMPTY = Histogram.of([], [])
LAST = len(BUCKET_BOUNDS) - 1
HISTOGRAMS = st.lists(st.tuples(st.integers(0, LAST), st.integers(-5, 5))).map(
    lambda pairs: Histogram.of([bucket for bucket, _ in pairs], [count for _, count in pairs])
)
# Few distinct hours with many near neighbours, so that events and censorings meet within a bucket.
SECONDS = st.lists(
    st.one_of(st.integers(0, BUCKET_BOUNDS[-1] - 1), st.integers(86_000, 88_000), st.integers(3600, 3700)),
    max_size=40,
)


def test_the_table_covers_ten_years_in_steps_of_one_and_a_half_percent() -> None:
    widths = np.diff(BUCKET_BOUNDS)
    assert BUCKET_BOUNDS[:4] == (0, 1, 2, 3)
    assert BUCKET_BOUNDS[-1] >= 10 * 365.25 * 86_400
    assert (widths >= 1).all()
    assert (widths[widths > 1] / np.array(BUCKET_BOUNDS[:-1])[widths > 1]).max() <= 0.015
    assert len(BUCKET_BOUNDS) == 1141


def test_every_bucket_is_represented_within_the_stated_error() -> None:
    for bucket in range(1, LAST):
        first, last = BUCKET_BOUNDS[bucket], BUCKET_BOUNDS[bucket + 1] - 1
        assert abs(seconds_in(bucket) - first) <= ERROR_BOUND * first
        assert abs(seconds_in(bucket) - last) <= ERROR_BOUND * last
    assert seconds_in(0) == 0


@pytest.mark.parametrize(
    ("seconds", "lower_bound"),
    [
        (0, 0),
        (1, 1),
        (0.2, 1),
        (86_400, 86_400),  # 24:00:00 is in time, and alone in its bucket
        (86_400.000001, 86_401),
        (86_401, 86_401),
        (10**9, BUCKET_BOUNDS[-1]),
    ],
)
def test_bucket_of(seconds: float, lower_bound: int) -> None:
    assert BUCKET_BOUNDS[int(bucket_of(seconds))] == lower_bound


def test_the_day_ends_at_a_boundary() -> None:
    before, at, after = bucket_of([86_399, 86_400, 86_401]).tolist()
    assert (at - before, after - at) == (1, 1)


def test_bucket_of_an_array_is_int16() -> None:
    buckets = bucket_of(np.array([0, 5, 5], dtype=np.int32))
    assert buckets.dtype == np.int16
    assert buckets.tolist() == [0, 5, 5]
    assert bucket_of([]).tolist() == []


@pytest.mark.parametrize("seconds", [[-1], [float("nan")]])
def test_bucket_of_refuses(seconds: list[float]) -> None:
    with pytest.raises(ValueError, match="from 0 up"):
        bucket_of(seconds)


@given(st.integers(0, 400_000_000))
def test_width_bucket_counts_the_thresholds_passed(seconds: int) -> None:
    """What PostgreSQL documents for width_bucket(operand, thresholds): how many are <= the operand."""
    assert sum(threshold <= seconds for threshold in width_bucket_thresholds()) == int(bucket_of(seconds))


def test_a_histogram_is_sorted_summed_and_without_zeros() -> None:
    histogram = Histogram.of([7, 3, 7, 9, 9], [1, 2, 3, 4, -4])
    assert (histogram.buckets.tolist(), histogram.counts.tolist()) == ([3, 7], [2, 4])
    assert histogram.n == 6
    assert histogram == histogram_of([3, 3, 7, 7, 7, 7])


@pytest.mark.parametrize(("buckets", "counts"), [([-1], [1]), ([LAST + 1], [1]), ([1], [1, 2])])
def test_a_histogram_refuses(buckets: list[int], counts: list[int]) -> None:
    with pytest.raises(ValueError, match=r"[Bb]ucket"):
        Histogram.of(buckets, counts)


@given(HISTOGRAMS, HISTOGRAMS, HISTOGRAMS)
def test_histograms_form_a_group(a: Histogram, b: Histogram, c: Histogram) -> None:
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert hash(a + b) == hash(b + a)
    assert a + EMPTY == a
    assert a - a == EMPTY
    assert (a - b) + b == a


@given(SECONDS, SECONDS)
def test_the_sum_of_histograms_is_the_histogram_of_all(a: list[int], b: list[int]) -> None:
    assert histogram_of(a) + histogram_of(b) == histogram_of(a + b)


@given(SECONDS, SECONDS, st.sampled_from([MEDIAN, P90, Fraction(1, 4)]))
def test_a_certain_estimate_is_within_the_stated_error(
    durations: list[int], censored_at: list[int], q: Fraction
) -> None:
    exact = kaplan_meier_quantile(durations, censored_at, q)
    estimate = histogram_quantile(histogram_of(durations), histogram_of(censored_at), q)
    if not censored_at:
        assert estimate.certain
    if estimate.certain:
        assert (estimate.seconds is None) == (exact is None)
    if estimate.certain and exact is not None and estimate.seconds is not None:
        assert abs(estimate.seconds - exact) <= ERROR_BOUND * exact


def test_an_estimate_says_when_a_bucket_hides_the_order() -> None:
    """One case ended at 10,000 s; one was open at 9,990 s, or at 10,001 s: the same two buckets."""
    ended, still_open = histogram_of([10_000, 50_000]), histogram_of([9_990])
    assert still_open == histogram_of([10_001])
    assert kaplan_meier_quantile([10_000, 50_000], [9_990], MEDIAN) == 10_000
    assert kaplan_meier_quantile([10_000, 50_000], [10_001], MEDIAN) == 50_000
    assert not histogram_quantile(ended, still_open, MEDIAN).certain


def test_an_estimate_by_hand() -> None:
    bucket = int(bucket_of(3600))
    assert (BUCKET_BOUNDS[bucket], BUCKET_BOUNDS[bucket + 1]) == (3595, 3648)
    hour = Estimate(3621.0, certain=True)
    assert histogram_quantile(histogram_of([3600]), EMPTY, MEDIAN) == hour
    assert histogram_quantile(histogram_of([3600, 10]), histogram_of([9]), MEDIAN) == Estimate(10.0, certain=True)
    assert histogram_quantile(EMPTY, histogram_of([3600]), MEDIAN) == Estimate(None, certain=True)
    assert histogram_quantile(histogram_of([10**9]), EMPTY, MEDIAN) == Estimate(316_224_000.0, certain=False)


def test_a_difference_has_no_quantile() -> None:
    with pytest.raises(ValueError, match="count"):
        histogram_quantile(EMPTY - histogram_of([5]), EMPTY, MEDIAN)


def test_time_to_recover_from_histograms_is_exact_for_short_times() -> None:
    durations, censored_at = [5, 8, 8, 20, 31, 40, 41, 60, 61], [50, 62]
    assert time_to_recover_from(histogram_of(durations), histogram_of(censored_at)) == time_to_recover(
        durations, censored_at
    )
    assert time_to_recover_from(histogram_of([5]), EMPTY).p90 is None
