"""XmR, the process behaviour chart: which points are signals, and what the target can expect.

The rules stand in the metrics' definitions. All comparisons are made on fractions: a point *on* the
mean breaks a row, and rounding must not decide whether it is. Results are floats and keys;
the words belong to the pages.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Literal

Number = int | float | Decimal | Fraction
Kind = Literal["outside", "run", "trend", "two_of_three"]
Side = Literal["high", "low"]
Outlook = Literal["will_keep_missing", "will_keep_meeting", "hit_and_miss"]

LIMIT_FACTOR = Fraction("2.66")
SCREEN_FACTOR = Fraction("3.267")
TRIAL_BELOW = 12
ROW = 7


@dataclass(frozen=True)
class Signal:
    """Points that chance does not explain, by their indexes.

    `side` is high for points above the mean and for rising ones; `better` says whether that is good.
    """

    kind: Kind
    side: Side
    points: tuple[int, ...]
    better: bool


@dataclass(frozen=True)
class Point:
    """One period: its value and the range from the one before (None where one is missing), its signals."""

    value: float | None
    moving_range: float | None
    signals: tuple[Signal, ...]


@dataclass(frozen=True)
class Chart:
    """An XmR chart. `lower` and `upper` are the natural limits, the `drawn` ones are cut to the scale.

    Without limits (fewer than 2 points in a row, or a mean range of 0) these are None, and so is the
    outlook. `trial` is True for limits from fewer than 12 points. `mean_range` is the screened one.
    """

    points: tuple[Point, ...]
    signals: tuple[Signal, ...]
    mean: float | None
    mean_range: float | None
    lower: float | None
    upper: float | None
    drawn_lower: float | None
    drawn_upper: float | None
    trial: bool
    target: float | None
    outlook: Outlook | None


@dataclass(frozen=True)
class Phrase:
    """One part of the sentence above a chart: the key of its wording and the values that go into it."""

    key: str
    values: Mapping[str, int | float | str | bool] = field(default_factory=dict)


@dataclass(frozen=True)
class _Limits:
    mean: Fraction
    width: Fraction  # from the mean to a limit


def xmr_chart(
    values: Sequence[Number | None],
    *,
    target: Number | None = None,
    lower_is_better: bool = False,
    scale: tuple[Number | None, Number | None] = (0, 100),
) -> Chart:
    """Chart the values of consecutive periods, oldest first; None stands for a period without data.

    A missing period has no range to its neighbours and interrupts every row. To re-base, see
    `xmr_stretches`. `scale` is what the drawn limits are cut to (percentages; None for an open end).
    Floats are taken as the decimals they print as; pass fractions where a share must be exact.
    """
    exact = [None if value is None else _exact(value) for value in values]
    present = [value for value in exact if value is not None]
    ranges = [None, *(_range(a, b) for a, b in pairwise(exact))] if exact else []
    mean = sum(present, Fraction(0)) / len(present) if present else None
    mean_range = _screened_mean([r for r in ranges if r is not None])
    limits = _Limits(mean, LIMIT_FACTOR * mean_range) if mean is not None and mean_range else None
    goal = None if target is None else _exact(target)
    signals = tuple(_signals(exact, mean, limits, lower_is_better)) if mean is not None else ()
    lower, upper = (limits.mean - limits.width, limits.mean + limits.width) if limits else (None, None)
    return Chart(
        points=tuple(
            Point(_float(value), _float(moved), tuple(s for s in signals if i in s.points))
            for i, (value, moved) in enumerate(zip(exact, ranges, strict=True))
        ),
        signals=signals,
        mean=_float(mean),
        mean_range=_float(mean_range),
        lower=_float(lower),
        upper=_float(upper),
        drawn_lower=_clamped(lower, scale),
        drawn_upper=_clamped(upper, scale),
        trial=limits is not None and len(present) < TRIAL_BELOW,
        target=_float(goal),
        outlook=_outlook(limits, goal, lower_is_better) if limits and goal is not None else None,
    )


@dataclass(frozen=True)
class Stretch:
    """Points from the index `first` on, up to the next stretch, charted by themselves."""

    first: int
    chart: Chart


def xmr_stretches(
    values: Sequence[Number | None],
    bases: Iterable[int],
    *,
    target: Number | None = None,
    lower_is_better: bool = False,
) -> tuple[Stretch, ...]:
    """The same values, with limits counted anew from each of the indexes `bases`; one stretch where there is none.

    A base behind the last value begins a stretch without points: nothing is known yet of the new way of working. One
    before the first value changes nothing.
    """
    starts = sorted({0, *(min(base, len(values)) for base in bases if base > 0)})
    ends = [*starts[1:], len(values)]
    return tuple(
        Stretch(start, xmr_chart(values[start:end], target=target, lower_is_better=lower_is_better))
        for start, end in zip(starts, ends, strict=True)
    )


def phrases(chart: Chart) -> tuple[Phrase, ...]:
    """The parts of the chart's sentence, in order: limits, signals (latest first), outlook on the target.

    Keys and their values: no_data; no_limits (points); trial_limits (points, lower, upper); limits (lower,
    upper); the kind of a signal (first, last: indexes, points, side, better); no_signal; the outlook
    (target, lower, upper).
    """
    count = sum(point.value is not None for point in chart.points)
    if count == 0:
        return (Phrase("no_data"),)
    if chart.lower is None or chart.upper is None:
        return (Phrase("no_limits", {"points": count}), *_signal_phrases(chart))
    limits: dict[str, float] = {"lower": chart.lower, "upper": chart.upper}
    opening = Phrase("trial_limits", {"points": count, **limits}) if chart.trial else Phrase("limits", limits)
    parts = [opening, *(_signal_phrases(chart) or [Phrase("no_signal")])]
    if chart.outlook and chart.target is not None:
        parts.append(Phrase(chart.outlook, {"target": chart.target, **limits}))
    return tuple(parts)


def _signal_phrases(chart: Chart) -> list[Phrase]:
    latest_first = sorted(chart.signals, key=lambda signal: signal.points[-1], reverse=True)
    return [
        Phrase(
            signal.kind,
            {
                "first": signal.points[0],
                "last": signal.points[-1],
                "points": len(signal.points),
                "side": signal.side,
                "better": signal.better,
            },
        )
        for signal in latest_first
    ]


def _screened_mean(ranges: list[Fraction]) -> Fraction | None:
    """Mean range after dropping, once, those that are too large to be routine."""
    if not ranges:
        return None
    ceiling = SCREEN_FACTOR * sum(ranges) / len(ranges)
    routine = [r for r in ranges if r < ceiling] or ranges  # all 0: the ceiling is 0 too
    return sum(routine, Fraction(0)) / len(routine)


def _signals(
    values: Sequence[Fraction | None], mean: Fraction, limits: _Limits | None, lower_is_better: bool
) -> Iterator[Signal]:
    """Signals above the mean, then those below it, which are the same seen in a mirror."""
    above = [None if value is None else value - mean for value in values]
    below = [None if offset is None else -offset for offset in above]
    for kind, points in _rows_above(above, limits):
        yield Signal(kind, "high", points, better=not lower_is_better)
    for kind, points in _rows_above(below, limits):
        yield Signal(kind, "low", points, better=lower_is_better)


def _rows_above(offsets: Sequence[Fraction | None], limits: _Limits | None) -> Iterator[tuple[Kind, tuple[int, ...]]]:
    """The points of each signal on the positive side; offsets are distances from the mean."""
    if limits:
        for row in _stretches([o is not None and o > limits.width for o in offsets], at_least=1):
            yield "outside", tuple(row)
    for row in _stretches([o is not None and o > 0 for o in offsets], at_least=ROW):
        yield "run", tuple(row)
    rises = [a is not None and b is not None and b > a for a, b in pairwise(offsets)]
    for steps in _stretches(rises, at_least=ROW - 1):
        yield "trend", (*steps, steps[-1] + 1)
    if limits:
        for points in _two_of_three(offsets, limits.width * 2 / 3):
            yield "two_of_three", points


def _stretches(flags: Sequence[bool], *, at_least: int) -> Iterator[range]:
    """Longest stretches of True, as ranges of indexes."""
    start = 0
    for flag, group in groupby(flags):
        end = start + len(list(group))
        if flag and end - start >= at_least:
            yield range(start, end)
        start = end


def _two_of_three(offsets: Sequence[Fraction | None], far: Fraction) -> list[tuple[int, ...]]:
    """Points beyond `far`, two in three neighbours on this side; what shares a point is one signal."""
    found: list[tuple[int, ...]] = []
    for start in range(len(offsets) - 2):
        window = [(i, o) for i, o in enumerate(offsets[start : start + 3], start) if o is not None and o > 0]
        if len(window) < 3:
            continue
        beyond = [i for i, offset in window if offset > far]
        if len(beyond) < 2:
            continue
        if found and beyond[0] in found[-1]:
            found[-1] = tuple(sorted({*found[-1], *beyond}))
        else:
            found.append(tuple(beyond))
    return found


def _outlook(limits: _Limits, target: Fraction, lower_is_better: bool) -> Outlook:
    if target > limits.mean + limits.width:
        return "will_keep_meeting" if lower_is_better else "will_keep_missing"
    if target < limits.mean - limits.width:
        return "will_keep_missing" if lower_is_better else "will_keep_meeting"
    return "hit_and_miss"


def _range(before: Fraction | None, value: Fraction | None) -> Fraction | None:
    return None if before is None or value is None else abs(value - before)


def _clamped(limit: Fraction | None, scale: tuple[Number | None, Number | None]) -> float | None:
    if limit is None:
        return None
    low, high = (None if end is None else _exact(end) for end in scale)
    if low is not None:
        limit = max(limit, low)
    return float(limit if high is None else min(limit, high))


def _exact(value: Number) -> Fraction:
    return Fraction(str(value)) if isinstance(value, float) else Fraction(value)


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
