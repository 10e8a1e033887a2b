"""Why leaders miss the targets of their plans: the reasons behind each figure that happened to customers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cso.metrics.queries.why import Missed, Why, can_tell, why_missed
from cso.scorecards.scores.counting import ItemScore, Score


def why_of(scores: Sequence[Score], *, now: datetime, most: int = 3) -> list[list[tuple[ItemScore, Why]]]:
    """For each score, its items short of their target of whose misses reasons can be told, in the plan's order.

    One statement, whatever the number of leaders and items; none where no target was missed.
    """
    short = [(score, [item for item in score.items if _is_short(item)]) for score in scores]
    asked = [
        Missed(item.metric, score.span.windows(score.plan.unit_id), item.target)
        for score, items in short
        for item in items
        if item.metric is not None
    ]
    told = iter(why_missed(asked, now=now, most=most))
    return [[(item, next(told)) for item in items] for _score, items in short]


def _is_short(item: ItemScore) -> bool:
    return item.metric is not None and can_tell(item.metric) and item.points is not None and item.points < 100
