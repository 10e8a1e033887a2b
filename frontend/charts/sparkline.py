"""A line the size of a word: how a share has moved, without axes."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cso.texts import percent
from frontend.charts.svg import GREY, INK, coordinate, known, picture

_WIDTH, _HEIGHT, _PAD = 96, 24, 4
# A narrower range than this would turn two cases more or less into mountains.
_LEAST_RANGE = 0.2


def sparkline(*, label: str, values: Sequence[float | None], target: float | None = None) -> SafeString:
    """Draw shares (0 to 1, oldest first; None or NaN leaves a gap) on their own range, 20 points at least.

    The last known share is a dot; the target is a dashed line, where it lies within the range.
    """
    shares = [known(value) for value in values]
    found = [share for share in shares if share is not None]
    marks: list[str] = []
    if found:
        low, high = _range(found)
        marks += _target(target, low, high)
        points = [_point(x, share, low, high) for x, share in zip(_across(len(shares)), shares, strict=True)]
        marks += [_run(run) for run in _runs(points) if len(run) > 1]
        marks.append(_last(next(point for point in reversed(points) if point)))
    return picture("spark", width=_WIDTH, height=_HEIGHT, label=_spoken(label, found), marks=marks, scaled=True)


def _range(found: Sequence[float]) -> tuple[float, float]:
    """The range drawn: all shares, at least `_LEAST_RANGE`, pushed back where it would leave 0 to 1."""
    spare = max(_LEAST_RANGE - (max(found) - min(found)), 0) / 2
    low, high = min(found) - spare, max(found) + spare
    shift = max(-low, 0) - max(high - 1, 0)
    return low + shift, high + shift


# A point as it is written, x and y.
_Point = tuple[str, str]


@lru_cache(maxsize=50)
def _across(count: int) -> tuple[str, ...]:
    """The x of each of so many points: the same in every line of a table."""
    return tuple(coordinate(_PAD + (_WIDTH - 2 * _PAD) * (n / (count - 1) if count > 1 else 1)) for n in range(count))


def _y(share: float, low: float, high: float) -> str:
    return coordinate(_PAD + (_HEIGHT - 2 * _PAD) * (high - share) / (high - low))


def _point(x: str, share: float | None, low: float, high: float) -> _Point | None:
    return None if share is None else (x, _y(share, low, high))


def _runs(points: Sequence[_Point | None]) -> Iterator[list[_Point]]:
    """Each stretch without a gap."""
    for is_known, stretch in groupby(points, key=bool):
        if is_known:
            yield [point for point in stretch if point]


def _run(points: Sequence[_Point]) -> str:
    path = " ".join(f"{x},{y}" for x, y in points)
    return (
        f'<polyline class="spark__line" points="{path}" fill="none" stroke="{GREY}" stroke-width="1.5" '
        'stroke-linejoin="round"/>'
    )


def _target(target: float | None, low: float, high: float) -> list[str]:
    if target is None or not low <= target <= high:
        return []
    y = _y(target, low, high)
    return [
        f'<line class="spark__target" x1="0" x2="{_WIDTH}" y1="{y}" y2="{y}" stroke="{GREY}" stroke-dasharray="2 2"/>'
    ]


def _last(point: _Point) -> str:
    x, y = point
    return f'<circle class="spark__last" cx="{x}" cy="{y}" r="2.5" fill="{INK}"/>'


def _spoken(label: str, found: Sequence[float]) -> str:
    if not found:
        return f"{label}: {percent(None)}"
    ends = {"first": percent(found[0]), "last": percent(found[-1])}
    return f"{label}: " + _("from %(first)s to %(last)s") % ends
