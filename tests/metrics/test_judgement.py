"""A share against its target, in the metric's own direction."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cso.metrics.queries.figures import HEADLINE, Figure
from cso.metrics.queries.judgement import Judgement, judge
from cso.metrics.registry import METRICS

REOPENED = METRICS["reopened"]


def of(key: str, numerator: int, denominator: int) -> Figure:
    return Figure(METRICS[key], numerator, denominator, 0, "final", {})


@pytest.mark.parametrize(
    ("figure", "target", "verdict", "gap"),
    [
        (of(HEADLINE.key, 80, 100), 90, "missed", 10.0),
        (of(HEADLINE.key, 90, 100), 90, "met", 0.0),
        (of(HEADLINE.key, 2, 3), 90, "uncertain", pytest.approx(90 - 200 / 3)),
        (of(HEADLINE.key, 0, 0), 90, "no_data", None),
        (of(HEADLINE.key, 80, 100), None, "no_data", None),
        (of(REOPENED.key, 15, 100), 10, "missed", 5.0),
        (of(REOPENED.key, 5, 100), 10, "met", -5.0),
    ],
)
def test_short_of_the_target_and_beyond_it(figure: Figure, target: int | None, verdict: str, gap: float | None) -> None:
    goal = Decimal(target) if target is not None else None
    assert judge(figure, goal) == Judgement(goal, verdict, gap)  # type: ignore[arg-type]


def test_chance_is_said_of_fewer_than_20() -> None:
    assert of(HEADLINE.key, 10, 19).chance == of(HEADLINE.key, 10, 19).interval
    assert of(HEADLINE.key, 10, 20).chance is None
    assert of(HEADLINE.key, 0, 0).chance is None
