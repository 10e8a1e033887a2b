"""A share against its target, as wide as a wall's screen, to be read from across the room."""

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cso.texts import percent
from frontend.charts.svg import GREY, INK, PALE, clamp, coordinate, picture

_WIDTH, _HEIGHT, _TARGET = 1_000, 36, 8


def wall_bar(*, label: str, value: float | None, target: float | None) -> SafeString:
    """Draw a share (0 to 1; None: there is no data) and, where there is one, its target."""
    marks = [f'<rect class="bar__all" y="7" width="{_WIDTH}" height="22" fill="{PALE}"/>']
    spoken = f"{label}: {percent(value)}"
    if value is not None:
        marks.append(f'<rect class="bar__value" y="7" width="{_x(value)}" height="22" fill="{GREY}"/>')
    if target is not None:
        spoken += ", " + _("target %(target)s") % {"target": percent(target)}
        x = coordinate(clamp(target * _WIDTH, 0, _WIDTH) - _TARGET / 2)
        marks.append(f'<rect class="bar__target" x="{x}" width="{_TARGET}" height="{_HEIGHT}" fill="{INK}"/>')
    return picture("bar", width=_WIDTH, height=_HEIGHT, label=spoken, marks=marks, scaled=True)


def _x(share: float) -> str:
    return coordinate(clamp(share, 0, 1) * _WIDTH)
