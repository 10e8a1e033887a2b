"""Scores as a viewer sees them: by leader, rolled up, with those whom no plan holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from uuid import UUID

from cso.metrics.periods import Period
from cso.people.models import Leadership, Person, Unit
from cso.people.queries import in_or_below, leaderships_between, visible_units
from cso.scorecards.plans.versions import visible_plans, with_versions
from cso.scorecards.scores import scoring
from cso.scorecards.scores.counting import Score, score_plans
from cso.scorecards.scores.spans import span_of
from tenants.models import Actor
from tenants.roles import Can


@dataclass(frozen=True)
class Unplanned:
    """Somebody who led a unit in the period, and whom no plan holds to anything there."""

    unit: Unit
    leader: Person


@dataclass(frozen=True)
class ScoreTable:
    """The scores of one period, lowest first, those that are incomplete at the end."""

    period: Period
    scores: tuple[Score, ...]
    unplanned: tuple[Unplanned, ...]

    @property
    def incomplete(self) -> int:
        return sum(score.value is None for score in self.scores)

    @property
    def rolled_up(self) -> Fraction | None:
        """The mean of all scores; None while any is incomplete, and without any."""
        between = self.between
        return between[0] if between and not self.incomplete else None

    @property
    def between(self) -> tuple[Fraction, Fraction] | None:
        """Where the mean would lie if each incomplete score were 0, or 100."""
        return scoring.bounds(score.value for score in self.scores)


def scores_of(
    viewer: Actor, periods: Sequence[Period], *, under: Unit | None = None, person: Person | None = None, now: datetime
) -> list[ScoreTable]:
    """The scores that the viewer may see, of single months, quarters and years, in their order.

    under: only plans of that unit and of those below it; person: only theirs. A plan covers all units below its own, so
    a score of a unit above is no mean of those below. The number of statements does not depend on that of plans.
    """
    plans = visible_plans(viewer).filter(year__in={period.first.year for period in periods})
    units = visible_units(viewer)
    if under is not None:
        plans, units = plans.filter(in_or_below([under.pk])), units.filter(above__ancestor=under)
    if person is not None:
        plans = plans.filter(person=person)
    known = with_versions(plans)
    # Of whoever sees everything no unit is asked for.
    shown = None if under is None and viewer.can(Can.SEE_SCORECARD) else set(units.values_list("pk", flat=True))
    first, after = min(period.first for period in periods), max(period.after for period in periods)
    asked = None if shown is None else [*shown, *{plan.unit_id for plan in known} - shown]
    led = list(leaderships_between(first, after, asked))
    scores = score_plans(known, periods, now=now, led=led)
    leading = [
        each
        for each in led
        if (shown is None or each.unit_id in shown) and (person is None or each.person_id == person.pk)
    ]
    return [
        ScoreTable(
            period,
            tuple(sorted((score for score in scores if score.period == period), key=_lowest_first)),
            tuple(_unplanned(scores, leading, period, now)),
        )
        for period in periods
    ]


def _lowest_first(score: Score) -> tuple[bool, Fraction, str, str]:
    return score.value is None, score.value or Fraction(0), score.plan.unit.name, str(score.plan.pk)


def _unplanned(
    scores: Sequence[Score], leading: Sequence[Leadership], period: Period, now: datetime
) -> list[Unplanned]:
    held = {(score.plan.person_id, score.plan.unit_id) for score in scores if score.period == period}
    found: dict[tuple[UUID, UUID], Unplanned] = {}
    for each in leading:
        key = (each.person_id, each.unit_id)
        if key not in held and span_of(period, period.first, each.person_id, [each], now=now) is not None:
            found[key] = Unplanned(each.unit, each.person)
    return sorted(found.values(), key=lambda one: (one.unit.name, one.leader.name))
