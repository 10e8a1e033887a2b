"""A target path: what is asked, as steps over time, and what came of it, month by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cso.languages import format_date
from cso.texts import percent
from frontend.charts.svg import BETTER, GREY, INK, PALE, WORSE, clamp, coordinate, picture

_WIDTH, _HEIGHT = 640, 240
_TOP, _FOOT = 18, 24
_LEFT, _RIGHT = 8.0, 3.0  # per cent
_BESIDE = timedelta(days=90)


@dataclass(frozen=True)
class MonthPoint:
    """A month's share (0 to 1), and whether it reached what was asked of it; None where nothing was."""

    month: date
    share: float
    is_met: bool | None


@dataclass(frozen=True)
class _Scale:
    first: date
    last: date
    low: float

    def x(self, day: date) -> str:
        share = clamp((day - self.first).days / max((self.last - self.first).days, 1), 0, 1)
        return f"{coordinate(_LEFT + (100 - _LEFT - _RIGHT) * share)}%"

    def y(self, share: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _FOOT) * (1 - (clamp(share, self.low, 1) - self.low) / (1 - self.low))


def steps_chart(
    *, label: str, steps: Sequence[tuple[date, float]], months: Sequence[MonthPoint], today: date
) -> SafeString:
    """Draw the steps (a share from a day on, in their order; at least one) to a while behind the last one.

    A month that reached its target is a dot, one that missed it a diamond; today is a dashed line.
    """
    days = [day for day, _share in steps] + [point.month for point in months] + [today]
    lowest = min([share for _day, share in steps] + [point.share for point in months])
    scale = _Scale(min(days), max(days) + _BESIDE, min(0.9, int(lowest * 10) / 10))
    marks = [*_grid(scale), *_years(scale), *_today(scale, today), *_line(scale, steps)]
    marks += [_mark(scale, point) for point in months]
    spoken = ", ".join(f"{format_date(day, 'j M Y')} {percent(share)}" for day, share in steps)
    return picture("path-chart", width=_WIDTH, height=_HEIGHT, label=f"{label}: {spoken}", marks=marks, scaled=False)


def _grid(scale: _Scale) -> list[str]:
    marks = []
    for share in (scale.low, (scale.low + 1) / 2, 1.0):
        y = scale.y(share)
        marks.append(
            f'<line class="path-chart__grid" x1="0%" x2="100%" y1="{coordinate(y)}" y2="{coordinate(y)}" '
            f'stroke="{PALE}"/>'
            f'<text class="chart-text" x="0%" y="{coordinate(y - 4)}" font-size="11" fill="{GREY}">'
            f"{percent(share)}</text>"
        )
    return marks


def _years(scale: _Scale) -> list[str]:
    years = [date(year, 1, 1) for year in range(scale.first.year + 1, scale.last.year + 1)]
    return [
        f'<text class="chart-text" x="{scale.x(day)}" y="{_HEIGHT - 6}" font-size="11" text-anchor="middle" '
        f'fill="{GREY}">{day.year}</text>'
        for day in years[:: max(1, len(years) // 6)]
    ]


def _today(scale: _Scale, today: date) -> list[str]:
    x = scale.x(today)
    return [
        f'<line class="path-chart__today" x1="{x}" x2="{x}" y1="{_TOP}" y2="{_HEIGHT - _FOOT}" stroke="{GREY}" '
        'stroke-dasharray="2 3"/>',
        f'<text class="chart-text" x="{x}" y="{_TOP - 6}" font-size="11" text-anchor="middle" fill="{GREY}">'
        f"{escape(_('today'))}</text>",
    ]


def _line(scale: _Scale, steps: Sequence[tuple[date, float]]) -> list[str]:
    """Level until the next step, then up."""
    marks = []
    ends = [*steps, (scale.last, steps[-1][1])]
    for (day, share), (until, then) in pairwise(ends):
        x1, x2, y1, y2 = scale.x(day), scale.x(until), coordinate(scale.y(share)), coordinate(scale.y(then))
        line = f'<line class="path-chart__line" stroke="{INK}" stroke-width="2" '
        marks.append(f'{line}x1="{x1}" x2="{x2}" y1="{y1}" y2="{y1}"/>')
        if y1 != y2:
            marks.append(f'{line}x1="{x2}" x2="{x2}" y1="{y1}" y2="{y2}"/>')
    return marks


def _mark(scale: _Scale, point: MonthPoint) -> str:
    x, y = scale.x(point.month), scale.y(point.share)
    if point.is_met is False:
        return (
            f'<svg x="{x}" y="{coordinate(y)}" overflow="visible"><path class="path-chart__worse" '
            f'd="M0-5 5 0 0 5-5 0z" fill="{WORSE}"/></svg>'
        )
    name, fill = ("better", BETTER) if point.is_met else ("chance", GREY)
    return f'<circle class="path-chart__{name}" cx="{x}" cy="{coordinate(y)}" r="4" fill="{fill}"/>'
