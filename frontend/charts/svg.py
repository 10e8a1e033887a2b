"""What the charts share: coordinates, and the frame of a picture.

Coordinates are written here, never by a template: under French formats a template prints 12,5, which SVG
does not read. Each mark carries a class, which the style sheet colours on screen, and a presentation
attribute, which print and PDF fall back on.
"""

import math
from collections.abc import Iterable

from django.utils.html import escape
from django.utils.safestring import SafeString

INK = "#17202e"
GREY = "#66707d"
PALE = "#d3d0c7"
PAPER = "#fff"
BETTER = "#0b5cad"
WORSE = "#a84300"


def known(value: float | None) -> float | None:
    """The value, or None where there is no number to draw (None, NaN, an infinity)."""
    return value if value is not None and math.isfinite(value) else None


def clamp(value: float, low: float, high: float) -> float:
    """The value, held between `low` and `high`."""
    return min(max(value, low), high)


def coordinate(value: float) -> str:
    """Write a length with at most one decimal and a point, whatever the language of the page."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def picture(name: str, *, width: int, height: int, label: str, marks: Iterable[str], scaled: bool) -> SafeString:
    """One SVG picture named `label` to those who hear the page; `marks` must be safe already.

    `scaled` pictures keep their proportions at any width; the others take percentages for x.
    """
    box = f' viewBox="0 0 {width} {height}"' if scaled else ""
    return SafeString(
        f'<svg class="{name}" width="{width}" height="{height}"{box} role="img" aria-label="{escape(label)}">'
        f"{''.join(marks)}</svg>"
    )
