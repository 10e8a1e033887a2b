"""Reads of the strategy, viewer first: what is wanted, how it stands, what is done for it, and what blocks it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject

from cso.metrics.periods import Period, period_of
from cso.metrics.queries.beside import net_of
from cso.metrics.queries.figures import Figure, whole_tenant
from cso.metrics.queries.live import live_figures
from cso.metrics.queries.many import figures_of_many
from cso.metrics.registry import METRICS, Metric
from cso.strategy.goals import Goal, goal_of
from cso.strategy.models import Blocker, BlockerHandover, Initiative, Outcome, OutcomeMetric, OutcomeReview
from tenants.models import Actor
from tenants.roles import Can
from tenants.scope import current_tenant, day_of

# What has the same meaning in each month, so that one can be held against another.
_COMPARED = ("share", "net", "count")


def visible_outcomes(viewer: Actor) -> QuerySet[Outcome]:
    """All for who sees every unit's figures; else those that one owns, or does something for."""
    if viewer.can(Can.SEE_SCORECARD):
        return Outcome.objects.all()
    served = Initiative.objects.filter(owner__member=viewer.pk).values("outcome")
    return Outcome.objects.filter(Q(owner__member=viewer.pk) | Q(pk__in=served))


def visible_initiatives(viewer: Actor) -> QuerySet[Initiative]:
    """Those for the outcomes that the viewer sees."""
    if viewer.can(Can.SEE_SCORECARD):
        return Initiative.objects.all()
    return Initiative.objects.filter(outcome__in=visible_outcomes(viewer))


def visible_blockers(viewer: Actor) -> QuerySet[Blocker]:
    """All for who sees every unit's figures; else those that one clears, or raised."""
    if viewer.can(Can.SEE_SCORECARD):
        return Blocker.objects.all()
    return Blocker.objects.filter(Q(owner__member=viewer.pk) | Q(raised_by=viewer.pk))


def open_blockers(viewer: Actor) -> QuerySet[Blocker]:
    """For the executive meeting: the oldest first, each with `owner`, `outcome`, `unit`, and how often it was handed
    on (`times_handed`)."""
    return in_full(visible_blockers(viewer).filter(cleared_at=None)).order_by("raised_at", "id")


def in_full(blockers: QuerySet[Blocker]) -> QuerySet[Blocker]:
    """With what a list of them shows."""
    handovers = BlockerHandover.objects.filter(blocker=OuterRef("pk")).order_by().values("blocker")
    handed = handovers.annotate(n=Count("id")).values("n")
    return blockers.select_related("owner", "outcome", "unit", "raised_by__user").annotate(
        times_handed=Coalesce(Subquery(handed, output_field=IntegerField()), 0)
    )


def age_in_days(blocker: Blocker, now: datetime) -> int:
    """Days of the calendar since it was raised, until it was cleared: 0 on its own day."""
    return (day_of(blocker.cleared_at or now) - day_of(blocker.raised_at)).days


def overdue(outcomes: QuerySet[Outcome], now: datetime) -> QuerySet[Outcome]:
    """Of outcomes: those that should have been looked at again before today, longest ago first."""
    return outcomes.filter(ended_at=None, review_on__lt=day_of(now)).order_by("review_on", "position")


def is_overdue(outcome: Outcome, now: datetime) -> bool:
    return outcome.ended_at is None and outcome.review_on < day_of(now)


@dataclass(frozen=True)
class Standing:
    """An outcome with the figures of its metrics, in the registry's order, and all that is done for it.

    reviewed_at: when it was last looked at, and what was `decided`; None before the first time. blockers: how many of
    those that stand block it.
    """

    outcome: Outcome
    metrics: list[Goal]
    initiatives: list[Initiative]
    reviewed_at: datetime | None
    decided: str
    blockers: int


def strategy_board(viewer: Actor, period: Period, *, now: datetime) -> list[Standing]:
    """Every outcome that the viewer sees and that has not ended, in their order.

    Two statements beside those of the figures, whatever their number.
    """
    outcomes = list(_with_parts(visible_outcomes(viewer).filter(ended_at=None)).order_by("position", "id"))
    return standing_of(outcomes, period, now=now)


def standing_of(outcomes: Sequence[Outcome], period: Period, *, now: datetime) -> list[Standing]:
    """The same of outcomes that `with_parts` read."""
    served = {outcome.pk: _pairs(outcome.served) for outcome in outcomes}  # type: ignore[attr-defined]
    keys = {key for held in served.values() for key in held}
    live = live_figures([metric for key, metric in METRICS.items() if key in keys], period, now=now)
    initiatives: dict[UUID, list[Initiative]] = {outcome.pk: [] for outcome in outcomes}
    found = Initiative.objects.filter(outcome__in=list(initiatives)).select_related("owner")
    for each in found.order_by("due_on", "id"):
        initiatives[each.outcome_id].append(each)
    return [
        Standing(
            outcome,
            [goal_of(live[key], served[outcome.pk][key]) for key in METRICS if key in served[outcome.pk]],
            initiatives[outcome.pk],
            outcome.last_at,  # type: ignore[attr-defined]
            outcome.last_decided or "",  # type: ignore[attr-defined]
            outcome.blocked_by,  # type: ignore[attr-defined]
        )
        for outcome in outcomes
    ]


def _pairs(served: Iterable[Mapping[str, Any]]) -> dict[str, Decimal | None]:
    """Own targets by metric; JSON has no decimals, but its numbers are short enough to be read as they were written."""
    return {each["metric"]: None if each["target"] is None else Decimal(str(each["target"])) for each in served}


def outcome_standing(viewer: Actor, outcome: UUID, period: Period, *, now: datetime) -> Standing | None:
    """One of them, ended or not; None for what is none, or is not theirs to see."""
    return next(
        iter(standing_of(list(_with_parts(visible_outcomes(viewer).filter(pk=outcome))), period, now=now)), None
    )


def _with_parts(outcomes: QuerySet[Outcome]) -> QuerySet[Outcome]:
    served = OutcomeMetric.objects.filter(outcome=OuterRef("pk")).values(
        pair=JSONObject(metric="metric", target="target")
    )
    reviews = OutcomeReview.objects.filter(outcome=OuterRef("pk")).order_by("-at", "-id")
    blocked = Blocker.objects.filter(outcome=OuterRef("pk"), cleared_at=None).order_by().values("outcome")
    counted = blocked.annotate(n=Count("id")).values("n")
    return outcomes.select_related("owner").annotate(
        served=ArraySubquery(served),
        last_at=Subquery(reviews.values("at")[:1]),
        last_decided=Subquery(reviews.values("decided")[:1]),
        blocked_by=Coalesce(Subquery(counted, output_field=IntegerField()), 0),
    )


@dataclass(frozen=True)
class Served:
    """A metric of the registry, with the outcome that it serves; None for none: nobody answers for it.

    target: its own, where it has no target path.
    """

    metric: Metric
    outcome: Outcome | None
    target: Decimal | None


def who_serves(outcomes: QuerySet[Outcome]) -> list[Served]:
    """Every metric of the registry, in its order, with that of `outcomes` which it serves; one query."""
    found = OutcomeMetric.objects.filter(outcome__in=outcomes).select_related("outcome__owner")
    held = {each.metric: each for each in found}
    return [
        Served(metric, held[key].outcome, held[key].target) if key in held else Served(metric, None, None)
        for key, metric in METRICS.items()
    ]


@dataclass(frozen=True)
class Change:
    """A metric in the last month before an initiative began, and in the last one that is over, or in which it ended.

    by: how much more it is, a share of 0 to 1, a net figure of -1 to 1, or a count.
    """

    metric: Metric
    before: tuple[Period, Figure]
    after: tuple[Period, Figure]
    by: Fraction


def changes_since(
    initiatives: Iterable[Initiative], metrics: Sequence[Metric], *, now: datetime
) -> dict[UUID, list[Change]]:
    """What became of an outcome's metrics since each of its initiatives began, by its id; none where either month has
    no data. Whatever else changed meanwhile is in it too.

    Four statements, whatever their number.
    """
    compared = [metric for metric in metrics if metric.kind in _COMPARED and not metric.is_state]
    spans = {each.pk: span for each in initiatives if (span := _span(each, now))}
    if not compared or not spans:
        return {}
    months = sorted({month for span in spans.values() for month in span}, key=lambda month: month.first)
    known = figures_of_many(compared, {None: whole_tenant()}, months, now=now)
    return {
        pk: [
            Change(metric, (before, was), (after, is_), _value(is_) - _value(was))
            for metric in compared
            if (was := known[metric.key, None, before]) and (is_ := known[metric.key, None, after])
            if _has_data(was) and _has_data(is_)
        ]
        for pk, (before, after) in spans.items()
    }


def _span(initiative: Initiative, now: datetime) -> tuple[Period, Period] | None:
    """The months to compare; None until a whole month has passed since it began."""
    zone = current_tenant().zone
    before = _month(initiative.starts_on).previous()
    over = initiative.done_at or initiative.stopped_at
    last = period_of(now, "month", zone).previous()
    after = min(period_of(over, "month", zone), last, key=lambda month: month.first) if over else last
    return (before, after) if after.first > before.first else None


def _month(day: date) -> Period:
    return Period("month", day.replace(day=1))


def _has_data(figure: Figure) -> bool:
    return figure.metric.kind == "count" or figure.denominator > 0


def _value(figure: Figure) -> Fraction:
    if figure.metric.kind == "count":
        return Fraction(figure.numerator)
    net = net_of(figure)
    return net.value if net else figure.share or Fraction(0)
