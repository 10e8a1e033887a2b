"""What a wall shows: the figures of everybody, a hero's story, and what went well last. No customer is named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import F, Q

from cso.committees.models import KillOrder
from cso.metrics.models import Target
from cso.metrics.periods import Period, day_start
from cso.metrics.queries.beside import Response, response_of
from cso.metrics.queries.figures import HEADLINE, Figure, target_for, whole_tenant
from cso.metrics.queries.judgement import Judgement, judge
from cso.metrics.queries.many import figures_of_many
from cso.panels.stories import without_customers
from cso.people.queries import in_or_below
from cso.recognition.actions import ERASED
from cso.recognition.models import Recognition
from cso.recovery.models import RECOVERY_TIME, Case
from cso.scorecards.models import Wall
from cso.scorecards.walls.pulse import RULES_KILLED, STORY_FOR, SURPRISED, Pulse, shown_periods
from tenants.scope import current_tenant, day_of

WINS_SHOWN, RULES_SHOWN = 4, 3
# A rule that is gone is news for so long.
KILLS_SHOWN_FOR = timedelta(days=180)


@dataclass(frozen=True)
class Hero:
    """Somebody by name, and what they did, in a colleague's words."""

    name: str
    unit: str
    kind: str
    what: str


@dataclass(frozen=True)
class Win:
    """A recovery within 24 hours whose customer was surprised: where, and how long it took."""

    unit: str
    seconds: int


@dataclass(frozen=True)
class WallFigures:
    """Of a unit with all below it, or of the whole company; shares by `period`, kills of `month`.

    rises: when the target rises next, and to what. rules: the titles of those that were killed last, and when.
    """

    period: Period
    month: Period
    recovered: Figure
    judgement: Judgement
    rises: tuple[date, Decimal] | None
    surprised: Figure
    response: Response | None
    killed: Figure
    rules: list[tuple[str, datetime]]
    pulse: Pulse
    hero: Hero | None
    wins: list[Win]


def wall_figures(wall: Wall, pulse: Pulse, *, now: datetime) -> WallFigures:
    """`pulse`: read just before, so that whatever changes meanwhile shows with the next one."""
    period, month = shown_periods(now)
    units = [wall.unit_id] if wall.unit_id else whole_tenant()
    known = figures_of_many([HEADLINE, SURPRISED, RULES_KILLED], {None: units}, [period, month], now=now)
    within = in_or_below([wall.unit_id]) if wall.unit_id else Q()
    recovered, surprised = known[HEADLINE.key, None, period], known[SURPRISED.key, None, period]
    return WallFigures(
        period=period,
        month=month,
        recovered=recovered,
        judgement=judge(recovered, target_for(HEADLINE, period, now=now)),
        rises=_next_rise(now),
        surprised=surprised,
        response=response_of(surprised),
        killed=known[RULES_KILLED.key, None, month],
        rules=_rules_killed(within, now),
        pulse=pulse,
        hero=_hero(within, now),
        wins=_wins(within, period),
    )


def _next_rise(now: datetime) -> tuple[date, Decimal] | None:
    coming = Target.objects.filter(metric=HEADLINE.key, starts_on__gt=day_of(now)).order_by("starts_on")
    return coming.values_list("starts_on", "percent").first()


def _rules_killed(within: Q, now: datetime) -> list[tuple[str, datetime]]:
    killed = KillOrder.objects.filter(within, is_killed=True, verified_at__gt=now - KILLS_SHOWN_FOR)
    last = killed.order_by("-verified_at", "-id").values_list("rule__title", "verified_at")
    return [(title, at) for title, at in last[:RULES_SHOWN] if at]


def _hero(within: Q, now: datetime) -> Hero | None:
    """The last one who may be shown, for something that a colleague tells: a customer's own words are for us alone."""
    shown = Recognition.objects.filter(
        within, withdrawn_at=None, recognised_at__gt=now - STORY_FOR, recognised_at__lte=now
    ).exclude(what__in=[ERASED, F("customer_words")])
    found = shown.select_related("person", "unit").order_by("-recognised_at", "-id").first()
    if found is None:
        return None
    return Hero(found.person.name, found.unit.name, found.get_kind_display(), without_customers(found))


def _wins(within: Q, period: Period) -> list[Win]:
    """The last ones of the period, answered last first."""
    zone = current_tenant().zone
    start, end = (day_start(day, zone) - RECOVERY_TIME for day in (period.first, period.after))
    dazzled = Case.objects.filter(within, is_valid=True, dazzled=True, clock_start__gte=start, clock_start__lt=end)
    last = dazzled.order_by("-answered_at", "-id").values_list("unit__name", "seconds_to_recover")
    return [Win(*row) for row in last[:WINS_SHOWN]]
