"""What a board reads of one period: who misses and why, the company's figures, what was done, and what blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise

from django.db.models import Q

from cso.committees.models import KillOrder
from cso.metrics.periods import Period, Status, status
from cso.metrics.queries.beside import Worth, worth_currency, worth_of
from cso.metrics.queries.drilldown import facts_behind
from cso.metrics.queries.figures import Figure, whole_tenant
from cso.metrics.queries.many import figures_of_many
from cso.metrics.queries.returned import Returned, returned
from cso.metrics.queries.standing import Standing, leaders_standing
from cso.metrics.queries.states import count_state, state_counts
from cso.metrics.registry import METRICS, Metric
from cso.recognition.models import Recognition
from cso.recognition.queries import recognitions
from cso.recovery.authority import cost_below
from cso.scorecards.changes import changes_at
from cso.scorecards.models import ProcessChange, ScoreSnapshot
from cso.scorecards.plans.versions import visible_plans
from cso.scorecards.scores.counting import GRAINS
from cso.scorecards.scores.snapshots import Restated
from cso.scorecards.scores.tables import ScoreTable, scores_of
from cso.strategy.models import Blocker, Outcome
from cso.strategy.queries import open_blockers, overdue, visible_outcomes
from tenants.models import Actor
from tenants.permissions import require
from tenants.roles import Can
from tenants.scope import current_tenant

RECOVERY = tuple(
    METRICS[key]
    for key in (
        "recovered_24h",
        "surprised",
        "dazzled",
        "double_deviation",
        "reopened",
        "promise_kept",
        "own_authority",
    )
)
LISTENING = tuple(
    METRICS[key]
    for key in ("nps", "csat", "effort", "price_only_share", "panel_response", "panel_attendance", "commitments_kept")
)
RULES = tuple(METRICS[key] for key in ("rules_killed", "rule_effect", "decided_in_time", "executed_in_time"))
VALUE = METRICS["value_saved"]
STATES = tuple(METRICS[key] for key in ("open_overdue", "silent"))
AT_RISK = METRICS["value_at_risk"]


@dataclass(frozen=True)
class BoardPack:
    """Of a period and the one before, as it stood at `as_of`.

    everyone: its leaders are those of every level, not only of the first. figures: of the whole company, by metric key
    and period. scores: None where the period is no single month, quarter or year. restated: scores that were final and
    changed, recorded within the period, or of a period within it. standing_now: how many cases are in a state, by
    metric key; those, the value at risk, the blockers and the overdue outcomes are of `as_of`, whatever the period.
    changes: of how the company works, marked on its chart. returned: what was given to those whose value was saved or
    lost in it; given: money to customers in the period, minor units by currency.
    """

    period: Period
    status: Status
    as_of: datetime
    everyone: bool
    standing: Standing
    changes: Sequence[ProcessChange]
    scores: ScoreTable | None
    figures: Mapping[tuple[str, Period], Figure]
    standing_now: Mapping[str, int]
    saved: Worth
    at_risk: Worth
    returned: Returned
    given: Mapping[str, int]
    restated: Sequence[Restated]
    killed: Sequence[KillOrder]
    recognised: Sequence[Recognition]
    blockers: Sequence[Blocker]
    overdue: Sequence[Outcome]

    def figure(self, metric: Metric) -> Figure:
        return self.figures[metric.key, self.period]

    def before(self, metric: Metric) -> Figure:
        return self.figures[metric.key, self.period.previous()]


def board_pack(viewer: Actor, period: Period, *, everyone: bool = False, now: datetime) -> BoardPack:
    """For who sees the figures of every unit: with the leaders of the first level, or with `everyone` who leads a unit.

    Scores are those of every plan. The statements do not depend on how many leaders there are.
    """
    require(viewer, Can.SEE_SCORECARD)
    tops, bounds = whole_tenant(), period.bounds(current_tenant().zone)
    metrics = [*RECOVERY, *LISTENING, *RULES, VALUE]
    known = figures_of_many(metrics, {None: tops}, [period, period.previous()], now=now)
    figures = {(key, each): figure for (key, _group, each), figure in known.items()}
    currency = worth_currency()
    at_risk = worth_of(AT_RISK, state_counts(AT_RISK, {None: tops}, now=now)[None], currency)
    saved = worth_of(VALUE, figures[VALUE.key, period].counts, currency)
    assert at_risk is not None, "it is money"
    assert saved is not None, "it is money"
    killed = facts_behind(viewer, METRICS["rules_killed"], "numerator", None, period, now=now)
    shown = recognitions(viewer).filter(recognised_at__gte=bounds[0], recognised_at__lt=bounds[1])
    return BoardPack(
        period=period,
        status=status(period, now, current_tenant().zone),
        as_of=now,
        everyone=everyone,
        standing=leaders_standing(viewer, period, everyone=everyone, now=now),
        changes=list(changes_at(viewer, None)),
        scores=scores_of(viewer, [period], now=now)[0] if is_scored(period) else None,
        figures=figures,
        standing_now={metric.key: count_state(metric, {None: tops}, now=now)[None] for metric in STATES},
        saved=saved,
        at_risk=at_risk,
        returned=returned(saved, tops, bounds, now=now),
        given=cost_below(tops, *bounds),
        restated=restated_within(viewer, period),
        killed=list(killed.select_related("rule", "unit", "owner").order_by("verified_at", "id")),
        recognised=list(shown),
        blockers=list(open_blockers(viewer)),
        overdue=list(overdue(visible_outcomes(viewer), now).select_related("owner")),
    )


def is_scored(period: Period) -> bool:
    """Whether leaders have scores of such a period."""
    return period.grain in GRAINS and period.count == 1


def restated_within(viewer: Actor, period: Period) -> list[Restated]:
    """Final scores that changed, as far as the viewer may see them: recorded in the period, or of one within it.

    By unit and person, then as they happened; with plan, unit and person. Three statements at most.
    """
    start, end = period.bounds(current_tenant().zone)
    finals = ScoreSnapshot.objects.filter(
        plan__in=list(visible_plans(viewer).values_list("pk", flat=True)), state=ScoreSnapshot.State.FINAL
    )
    of_it = Q(period__gte=period.first, period__lt=period.after)
    recorded = Q(as_of__gte=start, as_of__lt=end)
    candidates = finals.filter(of_it | recorded, because__in=[ScoreSnapshot.Because.FACTS, ScoreSnapshot.Because.PLAN])
    plans = set(candidates.values_list("plan_id", flat=True))
    if not plans:
        return []
    rows = finals.filter(plan__in=plans).select_related("plan__unit", "plan__person", "version")
    found = []
    for _key, kept in groupby(rows.order_by("plan_id", "grain", "period", "as_of", "id"), key=_of_what):
        for before, after in pairwise(kept):
            is_of_it = period.first <= after.period < period.after
            if is_of_it or start <= after.as_of < end:
                found.append(Restated(before, after))
    return sorted(found, key=lambda one: (one.after.plan.unit.name, one.after.plan.person.name, one.after.as_of))


def _of_what(row: ScoreSnapshot) -> tuple[object, ...]:
    return row.plan_id, row.grain, row.period
