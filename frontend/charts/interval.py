"""A figure with what chance leaves open about it, on one line of a table; the figure of the whole is a line across."""

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from frontend.charts.svg import BETTER, GREY, INK, PALE, WORSE, clamp, coordinate, picture

_WIDTH, _HEIGHT = 240, 24
_INSET = 3  # per cent left free at both ends, so that a mark at the end is whole
_FILL = {"better": BETTER, "worse": WORSE, "chance": GREY}
# Where colours are not told apart, the shape is.
_SHAPES = {
    "better": '<circle class="interval__better" cy="12" r="5.5" fill="{fill}"/>',
    "worse": '<path class="interval__worse" d="M0 5.5 6.5 12 0 18.5-6.5 12Z" fill="{fill}"/>',
    "chance": '<circle class="interval__chance" cy="12" r="4.5" fill="#fff" stroke="{fill}" stroke-width="2.5"/>',
}


def interval(
    *,
    label: str,
    spoken: str,
    value: float,
    within: tuple[float, float],
    scale: tuple[float, float],
    whole: float | None = None,
    tone: str = "chance",
) -> SafeString:
    """Draw `value` and the interval `within` on `scale` (its ends); `whole` is what all together have.

    tone: "better" or "worse" where the whole interval lies beyond `whole`, else "chance". `spoken`: the value and its
    interval in words.
    """
    low, high = (_x(each, scale) for each in within)
    marks = [f'<line class="interval__scale" x1="0%" x2="100%" y1="12" y2="12" stroke="{PALE}"/>']
    if scale[0] < 0 < scale[1]:
        zero = _x(0, scale)
        marks.append(f'<line class="interval__zero" x1="{zero}" x2="{zero}" y1="8" y2="16" stroke="{GREY}"/>')
    if whole is not None:
        at = _x(whole, scale)
        marks.append(
            f'<line class="interval__whole" x1="{at}" x2="{at}" y1="1" y2="23" stroke="{INK}" stroke-dasharray="2 2"/>'
        )
    marks.append(
        f'<line class="interval__span interval__span--{tone}" x1="{low}" x2="{high}" y1="12" y2="12" '
        f'stroke="{_FILL[tone]}" stroke-width="4" stroke-linecap="round"/>'
    )
    marks.append(f'<svg x="{_x(value, scale)}" overflow="visible">{_SHAPES[tone].format(fill=_FILL[tone])}</svg>')
    return picture("interval", width=_WIDTH, height=_HEIGHT, label=f"{label}: {spoken}", marks=marks, scaled=False)


def interval_axis(*, scale: tuple[float, float], words: tuple[str, str], whole: float | None, name: str) -> SafeString:
    """Draw the scale that stands once above a column: what its ends are called, and where the whole stands."""
    text = f'<text class="chart-text" y="12" font-size="11" fill="{GREY}" '
    marks = [
        f'{text}x="{_INSET}%" text-anchor="middle">{words[0]}</text>',
        f'{text}x="{100 - _INSET}%" text-anchor="end">{words[1]}</text>',
    ]
    label = name
    if whole is not None:
        label = _("%(name)s ▾") % {"name": name}
        marks.append(f'{text}x="{_x(whole, scale)}" text-anchor="middle">{label}</text>')
    return picture("interval", width=_WIDTH, height=16, label=label, marks=marks, scaled=False)


def _x(value: float, scale: tuple[float, float]) -> str:
    share = (clamp(value, *scale) - scale[0]) / (scale[1] - scale[0])
    return f"{coordinate(_INSET + share * (100 - 2 * _INSET))}%"
