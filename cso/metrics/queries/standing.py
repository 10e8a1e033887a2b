"""Which leaders miss the 24-hour target, by how much, and why: the first page of an executive."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from cso.metrics.counting import Window
from cso.metrics.formulas.statistics import Verdict
from cso.metrics.periods import Period, day_start
from cso.metrics.queries.asks import Ask, Figures, Parts
from cso.metrics.queries.bands import in_bands
from cso.metrics.queries.figures import HEADLINE, Figure, last_full_weeks, target_of
from cso.metrics.queries.judgement import Judgement, judge
from cso.metrics.queries.levels import Level, everyone_led, side_by_side
from cso.metrics.queries.many import figures_of_asks
from cso.metrics.queries.states import StatesAsked
from cso.metrics.queries.why import Missed, Why, why_missed
from cso.metrics.registry import METRICS, Metric
from cso.people.models import Leadership, Person, Unit
from cso.people.queries import leaderships_between
from tenants.models import Actor
from tenants.scope import current_tenant, day_of

WEEKS_SHOWN = 26
# Beside each leader; a page of one unit may want more.
MOST_REASONS = 3
OVERDUE, EXCLUDED, SURPRISED = METRICS["open_overdue"], METRICS["not_our_failure"], METRICS["surprised"]


@dataclass(frozen=True)
class LeaderRow:
    """One unit and who answers for it. `leader` None: nobody was named, which is a finding too.

    since, until: set where the leader held the unit for part of the period only; the figure is then that part's,
    counted from the cases themselves, and `between` its instants. surprised: of those who answered. weeks: the unit's
    last full weeks, oldest first, as shares (None: no data). These and `overdue` stand with who leads the unit today:
    [] and None for everybody else.
    band: leaders of one are not told apart by more than chance; see `cso.metrics.queries.bands`.
    """

    unit: Unit
    leader: Person | None
    since: date | None
    until: date | None
    between: tuple[datetime, datetime] | None
    figure: Figure
    previous: Figure | None
    surprised: Figure
    judgement: Judgement
    weeks: list[float | None]
    why: Why
    overdue: int | None
    has_below: bool
    band: int = 0


@dataclass(frozen=True)
class Beside:
    """What a page wants to know of the organization by the same statements: figures, states, why a window misses."""

    asks: Sequence[Ask[None]] = ()
    states: Sequence[Metric] = ()
    misses_in: Window | None = None
    most_reasons: int = MOST_REASONS


@dataclass(frozen=True)
class FoundBeside:
    """figures: of each ask. states: counts by metric key. why: None where no window was asked for."""

    figures: list[Figures[None]]
    states: Mapping[str, Mapping[str, int]]
    why: Why | None


@dataclass(frozen=True)
class Standing:
    """The leaders of one level in one period, furthest from the target first, and the organization as a whole.

    overdue: cases of the organization that are open and past their 24 hours, this instant. excluded: those that were
    taken out of its figures as not our failure. leadership: who leads `under` today. has_units: whether there is any.
    is_behind: cells stand behind the facts. is_in_doubt: some were not what their facts say, when last compared.
    """

    period: Period
    target: Decimal | None
    rows: list[LeaderRow]
    organization: Figure
    overdue: int
    weeks: list[tuple[Period, Figure]]
    excluded: Figure
    leadership: Leadership | None
    has_units: bool
    is_behind: bool
    is_in_doubt: bool
    beside: FoundBeside

    @property
    def missing(self) -> int:
        """Leaders who miss the target."""
        return self._leaders("missed")

    @property
    def judged(self) -> int:
        """Leaders with enough data to say whether they meet the target or not."""
        return self._leaders("missed", "met")

    @property
    def unsure(self) -> int:
        """Leaders with too few cases to say so."""
        return self._leaders("uncertain")

    @property
    def pooled(self) -> Figure | None:
        """These leaders together; None for fewer than two, and where one may stand above another."""
        few = [row for row in self.rows if row.leader is not None and row.judgement.verdict == "uncertain"]
        if len(few) < 2 or len({row.unit.parent_id for row in few}) > 1:
            return None
        one = few[0].figure
        counts = {name: sum(row.figure.counts[name] for row in few) for name in one.counts}
        running = sum(row.figure.running for row in few)
        return Figure(
            one.metric, counts[one.metric.numerator], counts[one.metric.denominator], running, one.status, counts
        )

    @property
    def without_leader(self) -> int:
        """Units that nobody led, be it for a part of the period."""
        return len({row.unit.pk for row in self.rows if row.leader is None})

    def _leaders(self, *verdicts: Verdict) -> int:
        return sum(row.leader is not None and row.judgement.verdict in verdicts for row in self.rows)


def leaders_standing(
    viewer: Actor,
    period: Period,
    *,
    under: Unit | Level | None = None,
    everyone: bool = False,
    now: datetime,
    beside: Beside | None = None,
) -> Standing:
    """How the leaders directly below `under` (None: below the top) stand; with `everyone`, all below it.

    The organization's figure is that of `under`, or of all that the viewer may see. The number of queries does not
    depend on the number of leaders.
    """
    beside = beside or Beside()
    tops, units = side_by_side(viewer, under)
    if isinstance(under, Level):
        under = under.unit
    if everyone:
        units = everyone_led(viewer, under, day_of(now))
    groups: dict[UUID | None, Sequence[UUID]] = {unit.pk: [unit.pk] for unit in units} | {None: tops}
    led = _led([*units, *([under] if under else [])], period, now)
    tenures = _tenures(units, period, led, now)
    parts = [tenure for tenure in tenures if tenure.is_part]
    weeks, before = last_full_weeks(WEEKS_SHOWN, now=now), period.previous()
    todays = {tenure.unit.pk: [tenure.unit.pk] for tenure in tenures if tenure.is_todays}
    answers = figures_of_asks(
        [
            Ask([HEADLINE], groups, [period, before]),
            Ask([HEADLINE], {None: tops}, weeks),
            Ask([EXCLUDED], {None: tops}, [period]),
            Ask([SURPRISED], groups, [period]),
            *beside.asks,
        ],
        parts=Parts([HEADLINE, SURPRISED], [(part.window, period) for part in parts]),
        states=StatesAsked([OVERDUE, *beside.states], groups, now),
        courses=[Ask([HEADLINE], todays, weeks)],
        targets_of=HEADLINE,
        now=now,
    )
    known, of_weeks, excluded, surprised, *figures = answers.figures
    states, [courses] = answers.states, answers.courses
    target = target_of(answers.targets, period, now=now)
    of_parts = dict(zip(parts, answers.parts, strict=True))
    asked = [tenure.window for tenure in tenures] + ([beside.misses_in] if beside.misses_in else [])
    missed = [Missed(HEADLINE, [window], target) for window in asked]
    whys = why_missed(missed, now=now, most=beside.most_reasons)
    why = {
        tenure: replace(each, reasons=each.reasons[:MOST_REASONS]) for tenure, each in zip(tenures, whys, strict=False)
    }
    overdue = {group: states[OVERDUE.key, group][OVERDUE.numerator] for group in groups}

    def row(tenure: _Tenure) -> LeaderRow:
        unit = tenure.unit.pk
        of_part = of_parts.get(tenure, {})
        figure = of_part.get(HEADLINE.key, known[HEADLINE.key, unit, period])
        return LeaderRow(
            unit=tenure.unit,
            leader=tenure.leader,
            since=tenure.since,
            until=tenure.until,
            between=(tenure.window.start, tenure.window.end) if tenure.is_part else None,
            figure=figure,
            previous=None if tenure.is_part else known[HEADLINE.key, unit, before],
            surprised=of_part.get(SURPRISED.key, surprised[SURPRISED.key, unit, period]),
            judgement=judge(figure, target),
            weeks=courses[HEADLINE.key, unit] if tenure.is_todays else [],
            why=why[tenure],
            overdue=overdue[unit] if tenure.is_todays else None,
            has_below=tenure.unit.has_below,  # type: ignore[attr-defined]
        )

    # A part of the period without a leader is a row only when a case fell due in it, or waits overdue for a leader.
    rows = [row(tenure) for tenure in tenures]
    rows = [row for row in rows if row.leader or row.between is None or row.figure.denominator or row.overdue]
    return Standing(
        period=period,
        target=target,
        rows=in_bands(rows),
        organization=known[HEADLINE.key, None, period],
        overdue=overdue[None],
        weeks=[(week, of_weeks[HEADLINE.key, None, week]) for week in weeks],
        excluded=excluded[EXCLUDED.key, None, period],
        leadership=_leads(led[under.pk], day_of(now)) if under else None,
        has_units=bool(tops),
        is_behind=answers.is_behind,
        is_in_doubt=answers.is_in_doubt,
        beside=FoundBeside(
            figures,
            {metric.key: states[metric.key, None] for metric in beside.states},
            whys[-1] if beside.misses_in else None,
        ),
    )


@dataclass(frozen=True)
class _Tenure:
    """Someone's (or nobody's) time in a unit within a period; since and until only where it is not the whole of it.

    is_todays: whoever it is has the unit today.
    """

    unit: Unit
    leader: Person | None
    window: Window
    since: date | None = None
    until: date | None = None
    is_todays: bool = False

    @property
    def is_part(self) -> bool:
        return self.since is not None or self.until is not None


def _led(units: Sequence[Unit], period: Period, now: datetime) -> dict[UUID, list[Leadership]]:
    """Who led each unit in a period, and who leads it today, by their start."""
    today = day_of(now)
    first, last = min(period.first, today), max(_elapsed(period, today), _day_after(today))
    led: dict[UUID, list[Leadership]] = defaultdict(list)
    for leadership in leaderships_between(first, last, [unit.pk for unit in units]):
        led[leadership.unit_id].append(leadership)
    return led


def _elapsed(period: Period, today: date) -> date:
    """The day after the last day of a period that has begun."""
    return max(period.first, min(period.after, _day_after(today)))


def _leads(led: Sequence[Leadership], day: date) -> Leadership | None:
    """Who leads on a day."""
    return next((each for each in led if each.starts_on <= day and (each.ends_on is None or each.ends_on > day)), None)


def _tenures(
    units: Sequence[Unit], period: Period, led: Mapping[UUID, Sequence[Leadership]], now: datetime
) -> list[_Tenure]:
    """Who led which unit in the elapsed part of a period."""
    today = day_of(now)
    end = _elapsed(period, today)
    found = []
    for unit in units:
        known = led.get(unit.pk, [])
        within = [
            each for each in known if each.starts_on < end and (each.ends_on is None or each.ends_on > period.first)
        ]
        tenures = _tenures_of(unit, within, period, end)
        leads = _leads(known, today)
        person = leads.person if leads else None
        todays = max((n for n, each in enumerate(tenures) if each.leader == person), default=None)
        found += [replace(each, is_todays=n == todays) for n, each in enumerate(tenures)]
    return found


def _tenures_of(unit: Unit, led: Sequence[Leadership], period: Period, end: date) -> list[_Tenure]:
    """One unit's, in their order, without a gap between them."""
    found = []
    day = period.first
    for leadership in led:
        since, until = max(leadership.starts_on, period.first), min(leadership.ends_on or end, end)
        if day < since:
            found.append(_tenure(unit, None, day, since, period, end))
        found.append(_tenure(unit, leadership.person, since, until, period, end))
        day = until
    if day < end or not led:
        found.append(_tenure(unit, None, day, end, period, end))
    return found


def _tenure(unit: Unit, leader: Person | None, since: date, until: date, period: Period, end: date) -> _Tenure:
    zone = current_tenant().zone
    # The last part reaches to the period's end, so that what is still running stands with today's leader.
    last = period.after if until >= end else until
    return _Tenure(
        unit,
        leader,
        Window(unit.pk, day_start(since, zone), day_start(last, zone)),
        since if since > period.first else None,
        last if last < period.after else None,
    )


def _day_after(day: date) -> date:
    return day + timedelta(days=1)
