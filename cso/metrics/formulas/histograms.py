"""Times as mergeable histograms: one table of buckets, which Python and SQL share.

A duration is whole seconds, rounded up, so that 24 h and a microsecond is not 24 h. Buckets are about
1.5 % wide; up to two minutes they are single seconds. 86,400 s is a bucket of its own: nothing
after 24:00:00 can hide among what was in time.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cso.metrics.formulas.statistics import MEDIAN, P90, P90_NEEDS, Ints, Summary, kaplan_meier_quantile

DAY_SECONDS = 86_400
LAST_BOUND = 10 * 366 * DAY_SECONDS
# A time read from a bucket is at most this far, relatively, from the one that was put in.
ERROR_BOUND = 0.01


def _bounds() -> Iterator[int]:
    """Lower bounds of the buckets: each 1.5 % above the one before, whole seconds, 24 h to the second."""
    stops = iter([DAY_SECONDS, DAY_SECONDS + 1, LAST_BOUND])
    bound, stop = 0, next(stops)
    while bound < LAST_BOUND:
        yield bound
        bound = min(max(bound + 1, bound * 1015 // 1000), stop)
        if bound == stop:
            stop = next(stops, LAST_BOUND)
    yield LAST_BOUND


BUCKET_BOUNDS: tuple[int, ...] = tuple(_bounds())
"""Bucket i holds BUCKET_BOUNDS[i] <= seconds < BUCKET_BOUNDS[i + 1]; the last one is open."""

_LOWER: Ints = np.array(BUCKET_BOUNDS, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Histogram:
    """A sparse histogram: bucket numbers, rising, and their counts, none of them 0.

    Counts are below 0 only in a difference (`new - old`), which is added to a sum later.
    """

    buckets: NDArray[np.int16]
    counts: Ints

    @classmethod
    def of(cls, buckets: Iterable[int] | Ints, counts: Iterable[int] | Ints) -> "Histogram":
        """Sort the buckets, sum those named twice and drop those that come to 0.

        Raises ValueError for a bucket that is not in the table and for lengths that differ.
        """
        numbers = np.asarray(_listed(buckets), dtype=np.int64)
        weights = np.asarray(_listed(counts), dtype=np.int64)
        if numbers.shape != weights.shape:
            raise ValueError("Each bucket needs one count.")
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < len(BUCKET_BOUNDS):
            raise ValueError(f"Buckets are numbered from 0 to {len(BUCKET_BOUNDS) - 1}.")
        distinct, where = np.unique(numbers, return_inverse=True)
        sums = np.zeros(distinct.size, dtype=np.int64)
        np.add.at(sums, where, weights)
        return cls(distinct[sums != 0].astype(np.int16), sums[sums != 0])

    @property
    def n(self) -> int:
        return int(self.counts.sum())

    def __add__(self, other: "Histogram") -> "Histogram":
        # Most families keep no times: of the sums of a refresh nearly all are of nothing.
        if not other.buckets.size:
            return self
        if not self.buckets.size:
            return other
        return Histogram.of(np.concatenate([self.buckets, other.buckets]), np.concatenate([self.counts, other.counts]))

    def __neg__(self) -> "Histogram":
        return Histogram(self.buckets, -self.counts)

    def __sub__(self, other: "Histogram") -> "Histogram":
        return self + -other

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Histogram):
            return NotImplemented
        return np.array_equal(self.buckets, other.buckets) and np.array_equal(self.counts, other.counts)

    def __hash__(self) -> int:
        return hash((self.buckets.tobytes(), self.counts.tobytes()))


@dataclass(frozen=True)
class Estimate:
    """A quantile in seconds (None: not reached) and whether it is surely within ERROR_BOUND."""

    seconds: float | None
    certain: bool


def bucket_of(seconds: ArrayLike) -> NDArray[np.int16]:
    """The bucket of each duration; parts of a second are rounded up. Raises ValueError below 0."""
    whole = np.ceil(np.asarray(seconds))
    if whole.size and not whole.min() >= 0:
        raise ValueError("Seconds are numbers from 0 up.")
    buckets: NDArray[np.int16] = (np.searchsorted(_LOWER, whole, side="right") - 1).astype(np.int16)
    return buckets


def width_bucket_thresholds() -> list[int]:
    """The array for PostgreSQL: `width_bucket(seconds, thresholds)` of whole seconds equals `bucket_of`."""
    return list(BUCKET_BOUNDS[1:])


def histogram_of(seconds: ArrayLike) -> Histogram:
    """Count durations by bucket."""
    buckets, counts = np.unique(bucket_of(seconds), return_counts=True)
    return Histogram(buckets, counts.astype(np.int64))


def seconds_in(bucket: int) -> float:
    """The duration that stands for a bucket: its middle second; for the open last one, where it starts."""
    if bucket == len(BUCKET_BOUNDS) - 1:
        return float(LAST_BOUND)
    return (BUCKET_BOUNDS[bucket] + BUCKET_BOUNDS[bucket + 1] - 1) / 2


def histogram_quantile(events: Histogram, censored: Histogram, q: Fraction) -> Estimate:
    """Kaplan-Meier quantile from the histograms of those that ended and of those still open.

    The order of events and censorings *within* a bucket is lost. Survival lies between two extremes:
    all its censorings after its events, or all before. If both put the quantile into one bucket,
    the exact answer is in that bucket too, and the estimate is within ERROR_BOUND of it; if not,
    `certain` is False, the events are taken first, and only the facts can tell. Without censorings
    it is always certain, save in the open last bucket. Raises ValueError for negative counts.
    """
    after, before = (_quantile_bucket(events, censored, q, censored_first=first) for first in (False, True))
    if after is None:
        return Estimate(None, certain=before is None)
    return Estimate(seconds_in(after), certain=after == before and after < len(BUCKET_BOUNDS) - 1)


def time_to_recover_from(events: Histogram, censored: Histogram) -> Summary:
    """What `formulas.time_to_recover` says, read from histograms."""
    n = events.n + censored.n
    median = histogram_quantile(events, censored, MEDIAN)
    p90 = histogram_quantile(events, censored, P90) if n >= P90_NEEDS else Estimate(None, certain=True)
    return Summary(n, events.n, median.seconds, p90.seconds, median.certain and p90.certain)


def _quantile_bucket(events: Histogram, censored: Histogram, q: Fraction, *, censored_first: bool) -> int | None:
    """The bucket of the quantile: events stand at odd ticks, censorings beside or just before them."""
    tick = kaplan_meier_quantile(
        _ticks(events) + 1,
        _ticks(censored) + (0 if censored_first else 1),
        q,
        duration_counts=events.counts,
        censored_counts=censored.counts,
    )
    return None if tick is None else int(tick) // 2


def _ticks(histogram: Histogram) -> Ints:
    return histogram.buckets.astype(np.int64) * 2


def _listed(numbers: Iterable[int] | Ints) -> Sequence[int] | Ints:
    return numbers if isinstance(numbers, np.ndarray) else list(numbers)
