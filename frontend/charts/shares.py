"""How the answers to a question fall: one bar that is divided, or a row of columns for each score."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString

from cso.texts import percent
from frontend.charts.svg import BETTER, GREY, INK, PAPER, WORSE, coordinate, picture

_FILL = {"better": BETTER, "chance": "#c9c5ba", "worse": WORSE}
_ON = {"better": PAPER, "chance": INK, "worse": PAPER}
_WIDTH, _BAR = 640, 44
_GAP = 0.4  # per cent between two parts
# A narrower part has no room for its share.
_NARROWEST = 0.09
_COLUMNS_HEIGHT, _COLUMNS_FOOT, _COLUMNS_HEAD = 132, 20, 18


@dataclass(frozen=True)
class Part:
    """A part of all answers: its name, how many, and what it stands for ("better", "chance" or "worse")."""

    label: str
    count: int
    tone: str


def divided_bar(*, label: str, parts: Sequence[Part]) -> SafeString:
    """Draw the parts as one bar, the favourable first; the share stands in each that has room for it."""
    whole = sum(part.count for part in parts) or 1
    marks, at = [], 0.0
    for part in parts:
        share = part.count / whole
        if share:
            x, width = coordinate(at * 100), coordinate(max(share * 100 - _GAP, 0.2))
            marks.append(
                f'<rect class="shares__{part.tone}" x="{x}%" y="0" width="{width}%" height="{_BAR}" '
                f'fill="{_FILL[part.tone]}"/>'
            )
            if share >= _NARROWEST:
                middle = coordinate((at + share / 2) * 100)
                marks.append(
                    f'<text class="shares__on shares__on--{part.tone}" x="{middle}%" y="{_BAR / 2 + 6:.0f}" '
                    f'font-size="16" font-weight="600" text-anchor="middle" fill="{_ON[part.tone]}">'
                    f"{percent(share)}</text>"
                )
        at += share
    spoken = ", ".join(f"{part.label} {percent(part.count / whole)}" for part in parts)
    return picture("shares", width=_WIDTH, height=_BAR, label=f"{label}: {spoken}", marks=marks, scaled=False)


def columns(*, label: str, parts: Sequence[Part]) -> SafeString:
    """Draw one column for each score, from the lowest on, with its count above and its name below."""
    most = max((part.count for part in parts), default=0) or 1
    slot = 100 / len(parts)
    room = _COLUMNS_HEIGHT - _COLUMNS_FOOT - _COLUMNS_HEAD
    floor = _COLUMNS_HEIGHT - _COLUMNS_FOOT
    marks = [f'<line class="shares__floor" x1="0%" x2="100%" y1="{floor}" y2="{floor}" stroke="{GREY}"/>']
    for index, part in enumerate(parts):
        height = room * part.count / most
        middle = coordinate((index + 0.5) * slot)
        marks.append(
            f'<rect class="shares__{part.tone}" x="{coordinate(index * slot + slot * 0.12)}%" '
            f'y="{coordinate(floor - height)}" width="{coordinate(slot * 0.76)}%" height="{coordinate(height)}" '
            f'fill="{_FILL[part.tone]}"/>'
        )
        text = f'<text class="chart-text" x="{middle}%" font-size="12" text-anchor="middle" fill="{GREY}" '
        marks.append(f'{text}y="{coordinate(floor - height - 5)}">{part.count}</text>')
        marks.append(f'{text}y="{_COLUMNS_HEIGHT - 4}">{escape(part.label)}</text>')
    spoken = ", ".join(f"{part.label}: {part.count}" for part in parts)
    return picture(
        "shares", width=_WIDTH, height=_COLUMNS_HEIGHT, label=f"{label}: {spoken}", marks=marks, scaled=False
    )
