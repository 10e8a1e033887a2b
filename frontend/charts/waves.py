"""A score from wave to wave, each with what chance leaves open."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.html import escape
from django.utils.safestring import SafeString

from frontend.charts.svg import GREY, INK, PALE, PAPER, coordinate, picture

_WIDTH, _HEIGHT = 640, 176
_TOP, _FOOT, _LEFT, _RIGHT = 22, 24, 7.0, 5.0  # the last two in per cent
# More names than these would run into each other on a phone.
_NAMED = 4


@dataclass(frozen=True)
class WavePoint:
    """One wave: its short name, its figure and interval, and the figure as it is written."""

    label: str
    value: float
    within: tuple[float, float]
    words: str


def waves_chart(*, label: str, points: Sequence[WavePoint], ends: tuple[float, float], step: float) -> SafeString:
    """Draw the points, oldest first, on the part of the scale that they need: `ends` is all of it, cut at `step`s."""
    low, high = _range(points, ends, step)
    marks = _grid(low, high, step)
    places = [(_x(index, len(points)), point) for index, point in enumerate(points)]
    marks += [_line(first, second, low, high) for first, second in pairwise(places)]
    for index, (x, point) in enumerate(places):
        is_named = _is_named(index, len(places))
        marks += _mark(x, point, low, high, is_last=index == len(places) - 1, is_named=is_named)
        if is_named:
            marks.append(
                f'<text class="chart-text" x="{coordinate(x)}%" y="{_HEIGHT - 4}" font-size="12" fill="{GREY}" '
                f'text-anchor="middle">{escape(point.label)}</text>'
            )
    spoken = ", ".join(f"{point.label} {point.words}" for point in points)
    return picture("waves", width=_WIDTH, height=_HEIGHT, label=f"{label}: {spoken}", marks=marks, scaled=False)


def _range(points: Sequence[WavePoint], ends: tuple[float, float], step: float) -> tuple[float, float]:
    lowest, highest = min(point.within[0] for point in points), max(point.within[1] for point in points)
    low, high = (lowest // step) * step, -(-highest // step) * step
    return max(low, ends[0]), max(min(high, ends[1]), low + step)


def _x(index: int, count: int) -> float:
    return _LEFT + (100 - _LEFT - _RIGHT) * (index / (count - 1) if count > 1 else 0.5)


def _y(value: float, low: float, high: float) -> float:
    return _TOP + (_HEIGHT - _TOP - _FOOT) * (1 - (value - low) / (high - low))


def _is_named(index: int, count: int) -> bool:
    """Some, evenly from the last one back."""
    every = -(-count // _NAMED)
    return (count - 1 - index) % every == 0


def _grid(low: float, high: float, step: float) -> list[str]:
    marks = []
    steps = round((high - low) / step)
    every = max(-(-steps // 4), 1)
    for number in range(0, steps + 1, every):
        value = low + number * step
        y = coordinate(_y(value, low, high))
        marks.append(f'<line class="waves__grid" x1="0%" x2="100%" y1="{y}" y2="{y}" stroke="{PALE}"/>')
        marks.append(
            f'<text class="chart-text" x="0%" y="{coordinate(_y(value, low, high) - 4)}" font-size="11" '
            f'fill="{GREY}">{_signed(value)}</text>'
        )
    return marks


def _signed(value: float) -> str:
    return f"\u2212{round(-value)}" if value < 0 else str(round(value))


def _line(first: tuple[float, WavePoint], second: tuple[float, WavePoint], low: float, high: float) -> str:
    ends = [
        f'x{number}="{coordinate(x)}%" y{number}="{coordinate(_y(point.value, low, high))}"'
        for number, (x, point) in ((1, first), (2, second))
    ]
    return f'<line class="waves__line" {" ".join(ends)} stroke="{GREY}" stroke-width="1.5"/>'


def _mark(x: float, point: WavePoint, low: float, high: float, *, is_last: bool, is_named: bool) -> list[str]:
    place = f"{coordinate(x)}%"
    bottom, top = (coordinate(_y(each, low, high)) for each in point.within)
    y = _y(point.value, low, high)
    marks = [
        f'<line class="waves__span" x1="{place}" x2="{place}" y1="{bottom}" y2="{top}" stroke="{GREY}" '
        'stroke-width="4" stroke-linecap="round" stroke-opacity=".45"/>',
        f'<circle class="waves__point{" waves__point--last" if is_last else ""}" cx="{place}" cy="{coordinate(y)}" '
        f'r="5" fill="{INK if is_last else PAPER}" stroke="{INK}" stroke-width="2"/>',
    ]
    if is_named:
        marks.append(
            f'<text class="waves__value" x="{place}" y="{coordinate(max(float(top) - 7, 12))}" font-size="13" '
            f'font-weight="600" fill="{INK}" text-anchor="middle">{escape(point.words)}</text>'
        )
    return marks
