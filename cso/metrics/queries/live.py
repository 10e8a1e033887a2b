"""Any metrics of the whole tenant at once, whatever each of them is: shares and counts, times, and states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cso.metrics.formulas.statistics import Summary
from cso.metrics.periods import Period
from cso.metrics.queries.figures import Figure, target_of, whole_tenant
from cso.metrics.queries.judgement import Judgement, judge
from cso.metrics.queries.many import figures_of_many
from cso.metrics.queries.states import states_of_many
from cso.metrics.queries.targets import courses
from cso.metrics.queries.times import time_summaries
from cso.metrics.registry import Metric


@dataclass(frozen=True)
class Live:
    """A metric as it is: of a period its `figure`, of a time also `times`; of a state `counts` alone.

    target: in percent, of a share; None where none is in force.
    """

    metric: Metric
    figure: Figure | None = None
    times: Summary | None = None
    counts: Mapping[str, int] | None = None
    target: Decimal | None = None

    @property
    def judgement(self) -> Judgement | None:
        """The share against its target; None where there is none to hold it against."""
        is_held = self.figure is not None and self.metric.kind == "share" and self.target is not None
        return judge(self.figure, self.target) if is_held and self.figure else None


def live_figures(metrics: Sequence[Metric], period: Period, *, now: datetime) -> dict[str, Live]:
    """The figures of the whole tenant, by metric key; of states those of this instant.

    Six statements whatever the number of metrics; one more for a period that is final, and two while marks wait.
    """
    if not metrics:
        return {}
    tops = whole_tenant()
    states = [metric for metric in metrics if metric.is_state]
    others = [metric for metric in metrics if not metric.is_state]
    counts = states_of_many(states, {None: tops}, now=now)
    figures = figures_of_many(others, {None: tops}, [period], now=now)
    times = time_summaries([metric for metric in others if metric.kind == "time"], tops, period, now=now)
    known = courses(metric.key for metric in others if metric.kind == "share")
    live = {metric.key: Live(metric, counts=counts[metric.key, None]) for metric in states}
    for metric in others:
        target = target_of(known.get(metric.key, {}), period, now=now)
        figure = figures[metric.key, None, period]
        live[metric.key] = Live(metric, figure, times.get(metric.key), target=target)
    return live
