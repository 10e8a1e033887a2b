"""Scores of leaders: what a plan asks, held against what happened in a month, a quarter or a year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal
from uuid import UUID

from cso.metrics.actions import in_force as target_in_force
from cso.metrics.periods import Grain, Period, Status, status
from cso.metrics.queries.asks import Ask, Parts
from cso.metrics.queries.figures import Figure
from cso.metrics.queries.many import figures_of_asks
from cso.metrics.queries.targets import courses
from cso.metrics.registry import METRICS, Metric
from cso.people.models import Leadership
from cso.people.queries import leaderships_between
from cso.scorecards.models import Category, MeasureFigure, Plan, PlanItem, PlanVersion
from cso.scorecards.plans import measures
from cso.scorecards.plans.versions import version_at
from cso.scorecards.scores import scoring
from cso.scorecards.scores.rollup import NOTHING, Rolled, roll_up
from cso.scorecards.scores.spans import Span, span_of
from tenants.scope import current_tenant

GRAINS: tuple[Grain, ...] = ("month", "quarter", "year")
# Beside every score: how many of the unit's cases were taken out of it.
EXCLUDED = METRICS["not_our_failure"]

Lack = Literal["", "data", "target"]


@dataclass(frozen=True)
class ItemScore:
    """One item of a score, as it was held. Shares are in percent.

    floor, target: of the whole period; what adds up is held against so many months. target None: none is in force.
    months: of what adds up, how many; else 1.
    numerator, denominator: what `actual` is made of; None without data. points: 0 to 100, None where something lacks:
    `data`, or a `target` on the better side of the floor. figure: of a metric, with its interval and its running facts.
    told: of a measure, the figure in force of the last month of the period that has one.
    """

    item: PlanItem
    floor: Fraction
    target: Fraction | None
    months: Fraction
    numerator: Decimal | int | None
    denominator: Decimal | int | None
    actual: Fraction | None
    points: Fraction | None
    lacks: Lack
    figure: Figure | None
    told: MeasureFigure | None = None

    @property
    def category(self) -> Category:
        category: Category = self.item.category
        return category

    @property
    def weight(self) -> Decimal:
        return self.item.weight

    @property
    def metric(self) -> Metric | None:
        return METRICS.get(self.item.metric)

    @property
    def what(self) -> str:
        """The key of the metric, or the code of the measure."""
        return self.item.measure.code if self.item.measure else self.item.metric


@dataclass(frozen=True)
class Score:
    """A plan's score of a period, by the version in force at its start, or when the plan began within it.

    value: 0 to 100, exact; None is "incomplete". excluded: the cases that were taken out of the unit's figures.
    is_in_doubt: some kept figures of the workspace were not what their facts say, when they were last compared.
    """

    plan: Plan
    version: PlanVersion
    span: Span
    status: Status
    items: tuple[ItemScore, ...]
    excluded: Figure
    is_in_doubt: bool

    @property
    def period(self) -> Period:
        return self.span.period

    @property
    def value(self) -> Fraction | None:
        return scoring.score((item.weight, item.points) for item in self.items)

    @property
    def by_category(self) -> list[tuple[Category, Fraction | None]]:
        """Each category with its own score; None where it is incomplete."""
        held: dict[UUID, list[ItemScore]] = defaultdict(list)
        for item in self.items:
            held[item.category.pk].append(item)
        scored = (scoring.score((item.weight, item.points) for item in items) for items in held.values())
        return list(zip((items[0].category for items in held.values()), scored, strict=True))

    @property
    def has_begun_late(self) -> bool:
        """Whether what it is scored by was made when its first month had begun already."""
        return self.version.made_at.astimezone(current_tenant().zone).date() >= self.version.starts_on


def score_plans(
    plans: Sequence[Plan], periods: Sequence[Period], *, now: datetime, led: Sequence[Leadership] | None = None
) -> list[Score]:
    """The scores of plans (from `with_versions`) in those single months, quarters and years that are of their year.

    A plan has none for a period that ended before it began, in which its leader did not lead, or that lies ahead. The
    statements do not depend on the number of plans. led: who led their units then, where the caller knows it.
    """
    if led is None:
        first, after = _ends(periods)
        led = list(leaderships_between(first, after, list({plan.unit_id for plan in plans})))
    held = _held(plans, periods, led, now)
    items = [item for each in held for item in each.version.items.all()]
    metrics = list({item.metric: METRICS[item.metric] for item in items if item.metric in METRICS}.values())
    figures, is_in_doubt = _figures([*metrics, EXCLUDED], held, now)
    known = _Known(
        courses({item.metric for item in items} - {""}),
        measures.in_force(
            {item.measure_id for item in items if item.measure_id},
            {each.plan.unit_id for each in held},
            {month for each in held for month in each.span.period.cells()},
        )
        if any(item.measure_id for item in items)
        else {},
        now,
    )
    return [
        Score(
            each.plan,
            each.version,
            each.span,
            status(each.span.period, now, current_tenant().zone),
            tuple(_score_item(item, each, found, known) for item in each.version.items.all()),
            found[EXCLUDED.key],
            is_in_doubt,
        )
        for each, found in zip(held, figures, strict=True)
    ]


@dataclass(frozen=True)
class _Held:
    """A plan in a period: by which version, and for which part of it."""

    plan: Plan
    version: PlanVersion
    span: Span
    begins: date


@dataclass(frozen=True)
class _Known:
    """What scores rest on beside what happened: targets and figures of others."""

    courses: Mapping[str, Mapping[date, Decimal]]
    figures: Mapping[measures.Key, MeasureFigure]
    now: datetime


def _held(plans: Sequence[Plan], periods: Sequence[Period], led: Sequence[Leadership], now: datetime) -> list[_Held]:
    by_unit: dict[UUID, list[Leadership]] = defaultdict(list)
    for leadership in led:
        by_unit[leadership.unit_id].append(leadership)
    found = []
    for plan in plans:
        versions = list(plan.versions.all())
        begins = min(version.starts_on for version in versions)
        for period in periods:
            if period.grain not in GRAINS or period.count != 1 or period.first.year != plan.year:
                continue
            span = span_of(period, begins, plan.person_id, by_unit[plan.unit_id], now=now)
            if span is not None:
                starts = max(period.first, begins)
                found.append(_Held(plan, version_at(versions, starts), span, starts))
    return found


def _figures(metrics: Sequence[Metric], held: Sequence[_Held], now: datetime) -> tuple[list[dict[str, Figure]], bool]:
    """The figures of each, by metric: from cells for a whole period, from the facts for a part of one; and whether any
    cell of the workspace is in doubt."""
    whole = [each for each in held if each.span.is_whole]
    groups = {each.plan.unit_id: [each.plan.unit_id] for each in whole}
    parts = [each for each in held if not each.span.is_whole]
    windows = [(window, each.span.period) for each in parts for window in each.span.windows(each.plan.unit_id)]
    ask = Ask(metrics, groups, [each.span.period for each in whole])
    answers = figures_of_asks([ask], parts=Parts(metrics, windows), now=now)
    [kept], counted = answers.figures, iter(answers.parts)
    of_parts = {id(each): [next(counted) for _ in each.span.pieces] for each in parts}
    found = [
        {
            metric.key: _sum([piece[metric.key] for piece in of_parts[id(each)]])
            if id(each) in of_parts
            else kept[metric.key, each.plan.unit_id, each.span.period]
            for metric in metrics
        }
        for each in held
    ]
    return found, answers.is_in_doubt


def _sum(pieces: Sequence[Figure]) -> Figure:
    """The figure of several windows of one period together."""
    one = pieces[0]
    if len(pieces) == 1:
        return one
    counts = {name: sum(piece.counts[name] for piece in pieces) for name in one.counts}
    running = sum(piece.running for piece in pieces)
    return Figure(one.metric, counts[one.metric.numerator], counts[one.metric.denominator], running, one.status, counts)


def _score_item(item: PlanItem, held: _Held, found: Mapping[str, Figure], known: _Known) -> ItemScore:
    told = None
    if item.measure is not None:
        unit, months = held.plan.unit_id, held.span.period.cells()
        rolled, figure = roll_up(item.measure, unit, held.span, known.figures, now=known.now), None
        of_months = [known.figures.get((item.measure.pk, unit, month)) for month in months]
        told = next((each for each in reversed(of_months) if each is not None), None)
    else:
        figure = found[item.metric]
        rolled = _rolled(figure, held.span)
    target = item.target if item.target is not None else _path_target(known, item.metric, held)
    floor = Fraction(item.floor) * rolled.months
    goal = None if target is None else Fraction(target) * rolled.months
    lacks = _lacks(item, target, rolled)
    return ItemScore(
        item,
        floor,
        goal,
        rolled.months,
        rolled.numerator,
        rolled.denominator,
        rolled.actual,
        None if lacks or rolled.actual is None or goal is None else scoring.points(rolled.actual, floor, goal),
        lacks,
        figure,
        told,
    )


def _rolled(figure: Figure, span: Span) -> Rolled:
    """A metric's figure as an item holds it: a share in percent, a net one in points, a count by months passed."""
    if figure.metric.kind == "count":
        return Rolled(figure.numerator, None, Fraction(figure.numerator), span.months_passed())
    if not figure.denominator:
        return NOTHING
    net = figure.counts[figure.metric.against] if figure.metric.against else 0
    numerator = figure.numerator - net
    return Rolled(numerator, figure.denominator, Fraction(100 * numerator, figure.denominator), Fraction(1))


def _lacks(item: PlanItem, target: Decimal | None, rolled: Rolled) -> Lack:
    # A path that was lowered behind the floor would turn the item round: what is worse would gain.
    better = item.measure.better if item.measure else METRICS[item.metric].better
    if target is None or target == item.floor or (target < item.floor) != (better == "lower"):
        return "target"
    return "data" if rolled.actual is None else ""


def _path_target(known: _Known, metric: str, held: _Held) -> Decimal | None:
    """The path's target in force at the start; where it began later, the first one of the period, by now."""
    course = known.courses.get(metric, {})
    target = target_in_force(course, held.begins)
    if target is None:
        last = min(held.span.period.after - timedelta(days=1), held.span.today)
        within = [day for day in course if held.begins < day <= last]
        target = course[min(within)] if within else None
    return target


def _ends(periods: Iterable[Period]) -> tuple[date, date]:
    """The first day of the first, and the day after the last."""
    known = list(periods)
    return min(period.first for period in known), max(period.after for period in known)
