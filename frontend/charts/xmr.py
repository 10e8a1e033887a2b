"""The XmR chart (process behaviour chart) of a share: points, their mean, their limits and the target.

Which point is a signal is decided by the formulas; here it is only drawn. A signal changes its shape with its
colour: grey dot = chance, large blue dot = better, orange diamond = worse.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cso.texts import percent
from frontend.charts.svg import BETTER, GREY, INK, PALE, WORSE, clamp, coordinate, known, picture

Signal = Literal["better", "worse"]


@dataclass(frozen=True, slots=True)
class XmrPoint:
    """One period: its name, its share (0 to 1, None = no data) and, if it is a signal, what that says."""

    label: str
    value: float | None
    signal: Signal | None = None


@dataclass(frozen=True, slots=True)
class XmrStretch:
    """Points before the last re-basing, from the index `first` to `last`, with the mean and limits they had."""

    first: int
    last: int
    centre: float | None
    limits: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class XmrMark:
    """A change of the way of working: where it stands (0 is the middle of the first point), its name in the chart and
    in the table, and whether limits begin anew with it."""

    at: float
    name: str
    text: str
    rebases: bool


@dataclass(frozen=True, slots=True)
class XmrChart:
    """The same chart for a wide and for a narrow screen (the style sheet shows one), what it says in words, and its
    table."""

    wide: SafeString
    narrow: SafeString
    spoken: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where things stand in one variant: sizes in px, room at the sides, how many labels fit below."""

    name: str
    width: int
    height: int
    left: int
    right: int
    font: int
    labels: int
    top: int = 12
    bottom: int = 28


_WIDE = _Frame("xmr xmr--wide", width=900, height=300, left=48, right=112, font=13, labels=8)
_NARROW = _Frame("xmr xmr--narrow", width=340, height=240, left=36, right=76, font=11, labels=3)


@dataclass(frozen=True, slots=True)
class _Scale:
    """From an index and a share to px."""

    frame: _Frame
    count: int
    low: float
    high: float

    def x(self, index: float) -> float:
        span = self.frame.width - self.frame.left - self.frame.right
        return self.frame.left + span * (index / (self.count - 1) if self.count > 1 else 0.5)

    def y(self, share: float) -> float:
        span = self.frame.height - self.frame.top - self.frame.bottom
        height = (clamp(share, self.low, self.high) - self.low) / (self.high - self.low)
        return self.frame.top + span * (1 - height)


def xmr_chart(
    *,
    title: str,
    points: Sequence[XmrPoint],
    centre: float | None,
    limits: tuple[float, float] | None,
    target: float | None,
    base: int = 0,
    earlier: Sequence[XmrStretch] = (),
    marks: Sequence[XmrMark] = (),
) -> XmrChart:
    """Draw points (oldest first) with their mean, lower and upper limit and the target, all shares of 0 to 1.

    None leaves a line out. Limits are clamped to 0 and 1 for drawing. base: the index from which they hold; `earlier`
    stretches have their own.
    """
    lines = _lines(known(centre), limits, known(target))
    spoken = _spoken(title, points, lines, marks)
    told = _Told(points, lines, base, earlier, marks)
    wide, narrow = (_draw(frame, told, spoken) for frame in (_WIDE, _NARROW))
    headings = [_("Period"), title, _("Signal"), *([_("Change")] if marks else [])]
    rows = [[point.label, percent(point.value), _signal_word(point.signal)] for point in points]
    for index, row in enumerate(rows if marks else []):
        row.append("; ".join(mark.text for mark in marks if index - 0.5 <= mark.at < index + 0.5))
    return XmrChart(wide, narrow, spoken, tuple(headings), tuple(map(tuple, rows)))


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    share: float
    text: str
    attributes: str


@dataclass(frozen=True, slots=True)
class _Told:
    """All that one chart shows."""

    points: Sequence[XmrPoint]
    lines: Sequence[_Line]
    base: int
    earlier: Sequence[XmrStretch]
    marks: Sequence[XmrMark]


def _lines(centre: float | None, limits: tuple[float, float] | None, target: float | None) -> list[_Line]:
    """The level lines by their names, the target first: its label has the right of way."""
    found: list[tuple[str, float | None, str, str]] = [
        ("target", target, _("Target %(share)s"), f'stroke="{INK}" stroke-width="2" stroke-dasharray="2 3"'),
        ("centre", centre, _("Average %(share)s"), f'stroke="{INK}" stroke-width="1"'),
    ]
    if limits is not None:
        dashes = f'stroke="{GREY}" stroke-width="1" stroke-dasharray="6 4"'
        lower, upper = (clamp(limit, 0, 1) for limit in limits)
        found.append(("limit", known(upper), _("Upper %(share)s"), dashes))
        found.append(("limit", known(lower), _("Lower %(share)s"), dashes))
    return [
        _Line(name, share, text % {"share": percent(share)}, attributes)
        for name, share, text, attributes in found
        if share is not None
    ]


def _draw(frame: _Frame, told: _Told, spoken: str) -> SafeString:
    points = told.points
    shares = [share for point in points if (share := known(point.value)) is not None]
    before = [(stretch, line) for stretch in told.earlier for line in _lines(stretch.centre, stretch.limits, None)]
    low, high, step = _range([*shares, *(line.share for line in told.lines), *(line.share for _each, line in before)])
    scale = _Scale(frame, len(points), low, high)
    marks = [
        *_grid(scale, step),
        *(_between(scale, line, stretch.first, stretch.last) for stretch, line in before),
        *_levels(scale, told.lines, told.base),
        *_changes(scale, told.marks),
        *_path(scale, points),
        *_dots(scale, points),
        *_periods(scale, points),
    ]
    if not shares:
        middle = coordinate((frame.left + frame.width - frame.right) / 2)
        marks.append(_text(middle, scale.y((low + high) / 2), percent(None), "middle", frame))
    return picture(frame.name, width=frame.width, height=frame.height, label=spoken, marks=marks, scaled=True)


def _range(shares: Sequence[float]) -> tuple[float, float, float]:
    """Lowest and highest share drawn, and the step between grid lines: round numbers, four to six steps."""
    if not shares:
        return 0.0, 1.0, 0.25
    spread = max(shares) - min(shares)
    step = next((step for step in (0.02, 0.05, 0.1) if spread / step <= 5), 0.2)
    low = max(math.floor(round(min(shares) / step, 6)) * step, 0)
    high = min(math.ceil(round(max(shares) / step, 6)) * step, 1)
    return (low, high, step) if high > low else (max(low - step, 0), min(high + step, 1), step)


def _text(x: str, y: float, text: str, anchor: str, frame: _Frame, name: str = "chart-text") -> str:
    colour = GREY if name == "chart-text" else INK
    return (
        f'<text class="{name}" x="{x}" y="{coordinate(y + frame.font * 0.35)}" text-anchor="{anchor}" '
        f'font-size="{frame.font}" fill="{colour}">{escape(text)}</text>'
    )


def _across(scale: _Scale, share: float, name: str, attributes: str) -> str:
    y, frame = coordinate(scale.y(share)), scale.frame
    ends = f'x1="{frame.left}" x2="{frame.width - frame.right}" y1="{y}" y2="{y}"'
    return f'<line class="xmr__{name}" {ends} {attributes}/>'


def _grid(scale: _Scale, step: float) -> Iterator[str]:
    for index in range(round((scale.high - scale.low) / step) + 1):
        share = scale.low + index * step
        yield _across(scale, share, "grid", f'stroke="{PALE}"')
        yield _text(str(scale.frame.left - 8), scale.y(share), percent(share), "end", scale.frame)


def _between(scale: _Scale, line: _Line, first: int, last: int) -> str:
    """A level line under some of the points, half a step beyond them."""
    frame = scale.frame
    ends = [scale.x(first - 0.5), scale.x(last + 0.5)]
    left, right = (coordinate(clamp(x, frame.left, frame.width - frame.right)) for x in ends)
    y = coordinate(scale.y(line.share))
    return f'<line class="xmr__{line.name}" x1="{left}" x2="{right}" y1="{y}" y2="{y}" {line.attributes}/>'


def _changes(scale: _Scale, marks: Sequence[XmrMark]) -> Iterator[str]:
    """A line down at each change: with a full triangle where limits begin anew, with an empty one elsewhere."""
    frame = scale.frame
    for mark in marks:
        x = coordinate(clamp(scale.x(mark.at), frame.left, frame.width - frame.right))
        dashes, fill = ("", INK) if mark.rebases else (' stroke-dasharray="2 3"', "none")
        yield (
            f'<path class="xmr__change" d="M{x} {frame.top}V{frame.height - frame.bottom}" stroke="{INK}"{dashes}/>'
            f'<path class="xmr__change{" xmr__change--base" if mark.rebases else ""}" d="M{x} {frame.top}l-5-9h10z"'
            f' fill="{fill}" stroke="{INK}"/>'
        )
        yield _text(coordinate(float(x) + 8), frame.top - 4, mark.name, "start", frame, "chart-text xmr__label")


def _levels(scale: _Scale, lines: Sequence[_Line], base: int) -> Iterator[str]:
    """Each level line with its name at its end; names that would touch move apart."""
    for line in lines:
        if base and line.name != "target":
            yield _between(scale, line, base, scale.count - 1)
        else:
            yield _across(scale, line.share, line.name, line.attributes)
    x = str(scale.frame.width - scale.frame.right + 8)
    for line, y in _apart(scale, lines):
        yield _text(x, y, line.text, "start", scale.frame, "chart-text xmr__label")


def _apart(scale: _Scale, lines: Sequence[_Line]) -> list[tuple[_Line, float]]:
    """The lines from top to bottom, each label at least one line of text below the one above it."""
    room = scale.frame.font + 3
    placed: list[tuple[_Line, float]] = []
    for line in sorted(lines, key=lambda line: -line.share):
        y = scale.y(line.share)
        placed.append((line, max(y, placed[-1][1] + room) if placed else y))
    spill = placed[-1][1] - (scale.frame.height - scale.frame.bottom) if placed else 0
    return [(line, y - max(spill, 0)) for line, y in placed]


def _path(scale: _Scale, points: Sequence[XmrPoint]) -> Iterator[str]:
    """The line between neighbours; a period without data leaves a gap."""
    path = ""
    for index, (before, point) in enumerate(pairwise([None, *points])):
        share = known(point.value) if point else None
        if share is None:
            continue
        joins = before is not None and known(before.value) is not None
        path += f"{'L' if joins else 'M'}{coordinate(scale.x(index))} {coordinate(scale.y(share))}"
    if path:
        yield f'<path class="xmr__line" d="{path}" fill="none" stroke="{GREY}" stroke-width="1.5"/>'


def _dots(scale: _Scale, points: Sequence[XmrPoint]) -> Iterator[str]:
    for index, point in enumerate(points):
        share = known(point.value)
        if share is None:
            continue
        x, y = coordinate(scale.x(index)), coordinate(scale.y(share))
        if point.signal == "worse":
            yield f'<path class="xmr__worse" d="M{x} {y}m0-7l7 7-7 7-7-7z" fill="{WORSE}"/>'
        elif point.signal == "better":
            yield f'<circle class="xmr__better" cx="{x}" cy="{y}" r="5.5" fill="{BETTER}"/>'
        else:
            yield f'<circle class="xmr__chance" cx="{x}" cy="{y}" r="3" fill="{GREY}"/>'


def _periods(scale: _Scale, points: Sequence[XmrPoint]) -> Iterator[str]:
    """As many names of periods as fit, evenly spread back from the newest."""
    frame = scale.frame
    stride = max(math.ceil(len(points) / frame.labels), 1)
    for index in range(len(points) - 1, -1, -stride):
        x = coordinate(scale.x(index))
        yield _text(x, frame.height - frame.font * 0.7, points[index].label, "middle", frame)


def _signal_word(signal: Signal | None) -> str:
    return {"better": _("better"), "worse": _("worse"), None: ""}[signal]


def _spoken(title: str, points: Sequence[XmrPoint], lines: Sequence[_Line], marks: Sequence[XmrMark]) -> str:
    signals = sum(point.signal is not None for point in points)
    last = next((point for point in reversed(points) if known(point.value) is not None), None)
    parts = [_("%(title)s, %(count)s periods") % {"title": title, "count": len(points)}]
    if last is not None:
        parts.append(f"{last.label}: {percent(last.value)}")
    parts += [line.text for line in lines]
    parts.append(ngettext("%(n)s signal", "%(n)s signals", signals) % {"n": signals})
    parts += [f"{mark.name}: {mark.text}" for mark in marks]
    return ", ".join(parts)
