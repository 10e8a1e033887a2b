"""Stephen Few's bullet graph: a share against its target, in the space of one line of a table.

x is given in per cent of the width, so that the picture fills a column or a phone without blurring its marks.
"""

from itertools import pairwise

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cso.texts import percent
from frontend.charts.svg import GREY, INK, PAPER, clamp, coordinate, known, picture

_WIDTH, _HEIGHT = 240, 24
_BAND_FILLS = ("#d3d0c7", "#e2dfd6", "#eeebe3")
# Where the poor and the middling range begin and end.
_BAND_EDGES = (0.0, 0.7, 0.9, 1.0)


def bullet(
    *,
    label: str,
    value: float | None,
    target: float,
    interval: tuple[float, float] | None = None,
    previous: float | None = None,
) -> SafeString:
    """Draw a share (0 to 1; None or NaN = no data, only the target stands) against its target.

    `interval` is what chance leaves open about the value, drawn as a whisker; `previous` the share of the
    period before, a hollow circle.
    """
    value, previous = known(value), known(previous)
    marks = [_BANDS]
    if value is not None:
        marks.append(f'<rect class="bullet__value" x="0" y="8" width="{_x(value)}" height="8" fill="{INK}"/>')
    if value is not None and interval is not None:
        marks += _whisker(*interval)
    if previous is not None:
        marks.append(
            f'<circle class="bullet__previous" cx="{_x(previous)}" cy="12" r="3" fill="{PAPER}" '
            f'stroke="{INK}" stroke-width="1.5"/>'
        )
    marks.append(
        f'<svg x="{_x(target)}" overflow="visible">'
        f'<rect class="bullet__target" x="-1.5" y="3" width="3" height="18" fill="{INK}"/></svg>'
    )
    spoken = _spoken(label, value, target, interval, previous)
    return picture("bullet", width=_WIDTH, height=_HEIGHT, label=spoken, marks=marks, scaled=False)


def bullet_axis(*, target: float) -> SafeString:
    """Draw the scale that stands once above a column of bullets: where it begins, and the target by name."""
    text = f'<text class="chart-text" y="12" font-size="11" fill="{GREY}" '
    marks = [f'{text}x="0%">{percent(0)}</text>']
    words = _("target %(target)s") % {"target": percent(target)}
    anchor = "end" if target > 0.6 else "start"
    marks.append(f'{text}x="{_x(target)}" text-anchor="{anchor}">{words} ▾</text>')
    return picture("bullet", width=_WIDTH, height=16, label=words, marks=marks, scaled=False)


def _x(share: float) -> str:
    return f"{coordinate(clamp(share, 0, 1) * 100)}%"


# The same behind every bullet.
_BANDS = "".join(
    f'<rect class="bullet__band--{index + 1}" x="{_x(low)}" y="2" width="{_x(high - low)}" height="20" '
    f'fill="{_BAND_FILLS[index]}"/>'
    for index, (low, high) in enumerate(pairwise(_BAND_EDGES))
)


def _whisker(low: float, high: float) -> list[str]:
    """A line with a paper-coloured edge, to be seen on the bar and beside it."""
    ends = f'x1="{_x(low)}" x2="{_x(high)}" y1="12" y2="12"'
    return [
        f'<line class="bullet__halo" {ends} stroke="{PAPER}" stroke-width="5"/>',
        f'<line class="bullet__interval" {ends} stroke="{GREY}" stroke-width="2"/>',
    ]


def _spoken(
    label: str,
    value: float | None,
    target: float,
    interval: tuple[float, float] | None,
    previous: float | None,
) -> str:
    parts = [f"{label}: {percent(value)}", _("target %(target)s") % {"target": percent(target)}]
    if value is not None and interval is not None:
        bounds = {"low": percent(interval[0]), "high": percent(interval[1])}
        parts.append(_("likely between %(low)s and %(high)s") % bounds)
    if previous is not None:
        parts.append(_("before %(previous)s") % {"previous": percent(previous)})
    return ", ".join(parts)
