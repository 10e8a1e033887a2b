"""How often something happened in each week, as columns; those after a turning point change shape and colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString

from frontend.charts.svg import BETTER, GREY, INK, coordinate, picture


@dataclass(frozen=True, slots=True)
class WeeksChart:
    """The same chart for a wide and for a narrow screen (the style sheet shows one), and its table."""

    wide: SafeString
    narrow: SafeString
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class _Frame:
    name: str
    width: int
    height: int
    font: int
    top: int = 28
    bottom: int = 24
    left: int = 28


_WIDE = _Frame("xmr xmr--wide weeks", width=760, height=180, font=13)
_NARROW = _Frame("xmr xmr--narrow weeks", width=340, height=170, font=11)


def weeks_chart(
    weeks: Sequence[tuple[str, int]],
    *,
    label: str,
    headings: tuple[str, str],
    turn: int | None = None,
    turned: str = "",
) -> WeeksChart:
    """Draw (name, count) of each week, the oldest first; `turn` is the first week after the change called `turned`.

    Before it columns are filled and grey, after it they are outlined and blue.
    """
    rows = tuple((name, str(count)) for name, count in weeks)

    def drawn(frame: _Frame) -> SafeString:
        marks = _marks(weeks, frame, turn, turned)
        return picture(frame.name, width=frame.width, height=frame.height, label=label, marks=marks, scaled=True)

    return WeeksChart(drawn(_WIDE), drawn(_NARROW), headings, rows)


def _marks(weeks: Sequence[tuple[str, int]], frame: _Frame, turn: int | None, turned: str) -> Iterator[str]:
    most = max([count for _name, count in weeks], default=0) or 1
    floor, room = frame.height - frame.bottom, frame.height - frame.bottom - frame.top
    step = (frame.width - frame.left) / max(len(weeks), 1)
    yield _text(0, frame.top + frame.font / 3, str(most), frame)
    yield _line(frame.left, frame.top, frame.width, frame.top, "xmr__grid", GREY)
    yield _line(frame.left, floor, frame.width, floor, "xmr__centre", INK)
    for index, (_name, count) in enumerate(weeks):
        height = room * count / most
        if count:
            x = frame.left + step * index + step * 0.15
            yield _column(x, floor - height, step * 0.7, height, after=turn is not None and index >= turn)
    if turn is not None:
        x = frame.left + step * turn
        yield _line(x, frame.top - 14, x, floor, "xmr__target", INK, dashed=True)
        anchor = "end" if turn > len(weeks) / 2 else "start"
        yield _text(x + (-5 if anchor == "end" else 5), frame.top - 8, turned, frame, anchor=anchor)
    if weeks:
        yield _text(frame.left, frame.height - 6, weeks[0][0], frame)
        yield _text(frame.width, frame.height - 6, weeks[-1][0], frame, anchor="end")


def _column(x: float, y: float, width: float, height: float, *, after: bool) -> str:
    box = f'x="{coordinate(x)}" y="{coordinate(y)}" width="{coordinate(width)}" height="{coordinate(height)}"'
    if after:
        return f'<rect class="weeks__after" {box} fill="none" stroke="{BETTER}" stroke-width="2"/>'
    return f'<rect class="weeks__before" {box} fill="{GREY}"/>'


def _line(x1: float, y1: float, x2: float, y2: float, name: str, colour: str, *, dashed: bool = False) -> str:
    ends = " ".join(f'{axis}="{coordinate(value)}"' for axis, value in (("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2)))
    dashes = ' stroke-dasharray="4 3"' if dashed else ""
    return f'<line class="{name}" {ends} stroke="{colour}"{dashes}/>'


def _text(x: float, y: float, words: str, frame: _Frame, *, anchor: str = "start") -> str:
    place = f'x="{coordinate(x)}" y="{coordinate(y)}" font-size="{frame.font}" text-anchor="{anchor}"'
    return f'<text class="chart-text" {place} fill="{GREY}">{escape(words)}</text>'
