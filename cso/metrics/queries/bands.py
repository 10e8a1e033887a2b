"""Who stands apart: an order of leaders in which chance ranks nobody.

The furthest from the target comes first. Whoever's likely range overlaps with that leader's stands in the same band,
where the order is that of the units' names; the next band begins with the first who does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from cso.metrics.formulas.statistics import Verdict
from cso.metrics.queries.figures import Figure

if TYPE_CHECKING:
    from cso.metrics.queries.standing import LeaderRow

_ORDER: dict[Verdict, int] = {"missed": 0, "uncertain": 1, "met": 2, "no_data": 3}


def in_bands(rows: Iterable[LeaderRow]) -> list[LeaderRow]:
    """The rows in their order, each with the number of its band; who misses comes before who meets."""
    found: list[LeaderRow] = []
    head: LeaderRow | None = None
    for row in sorted(rows, key=_furthest_first):
        begins = head is None or row.judgement.verdict != head.judgement.verdict or apart(head.figure, row.figure)
        head = row if begins else head
        found.append(replace(row, band=(found[-1].band if found else 0) + begins))
    return sorted(found, key=lambda row: (row.band, row.unit.name, row.since or date.min))


def apart(one: Figure, two: Figure) -> bool:
    """Whether two shares differ by more than chance explains: their 95 % intervals do not overlap."""
    if one.interval is None or two.interval is None:
        return False
    return one.interval.low > two.interval.high or two.interval.low > one.interval.high


def _furthest_first(row: LeaderRow) -> tuple[int, float, str]:
    found = row.judgement
    return _ORDER[found.verdict], -(found.gap if found.gap is not None else 0.0), row.unit.name
