"""What was seen: scores as they stood, kept whenever they changed, so that any instant can be shown again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from cso.alarms.actions import set_alarm, when_ringing
from cso.metrics.engine.turns import when_refreshed
from cso.metrics.periods import FINAL_AFTER, Period, day_start, period_of
from cso.scorecards.models import Plan, ScoreSnapshot
from cso.scorecards.plans.versions import visible_plans, with_versions
from cso.scorecards.scores.counting import GRAINS, ItemScore, Score, score_plans
from cso.scorecards.scores.staleness import CALENDAR, STALE, TENANT, scores_are_stale
from tenants import audit
from tenants.locks import hold_names
from tenants.models import Actor
from tenants.scope import current_tenant, current_tenant_id, day_of

# Acts, other than what the engine counts, on which scores rest.
RESTED_ON = (
    "make_plan",
    "change_plan",
    "record_figures",
    "set_target",
    "set_target_path",
    "name_leader",
    "end_leadership",
    "load_org_chart",
)
# How often a score is kept that is still running; one that is provisional or final is kept at once.
KEPT_EVERY = timedelta(minutes=15)
_STEP = Decimal("0.001")
# What of an item the plan says; the rest is what happened.
_OF_THE_PLAN = ("what", "category", "weight")
State, Because = ScoreSnapshot.State, ScoreSnapshot.Because
_Key = tuple[UUID, str, date]


def take_snapshots(*, now: datetime) -> datetime | None:
    """Keep each score that is another one than when it was last kept; what is running, every `KEPT_EVERY` at most.

    Of every plan, in each period that is not final or became so since it was last kept, and in final ones whose figures
    changed. Returns when the first score that was not kept yet may be; None where all are.
    """
    hold_names("scorecards.snapshots")
    plans = with_versions(Plan.objects.select_related("person", "unit"))
    if not plans:
        return None
    made_now = [_snapshot(score, now) for score in score_plans(plans, _periods(plans, now), now=now)]
    last = {_key(row): row for row in _latest([_key(made) for made in made_now], now)}
    new, waits_until = [], None
    for made in made_now:
        before = last.get(_key(made))
        because = _because(before, made)
        if because is None:
            continue
        if before is not None and because == Because.FACTS and made.state == State.RUNNING:
            free = before.as_of + KEPT_EVERY
            if now < free:
                waits_until = min(free, waits_until or free)
                continue
        made.because = because
        new.append(made)
    ScoreSnapshot.objects.bulk_create(new)
    return waits_until


def as_seen(viewer: Actor, period: Period, instant: datetime) -> list[ScoreSnapshot]:
    """The score of every plan that the viewer may see, as it stood at an instant: what the board saw then.

    By unit and person; with plan and version. A score that was running may be up to `KEPT_EVERY` older.
    """
    plans = list(visible_plans(viewer).filter(year=period.first.year).values_list("pk", flat=True))
    found = _latest([(plan, period.grain, period.first) for plan in plans], instant)
    return sorted(found, key=lambda row: (row.plan.unit.name, row.plan.person.name, str(row.plan_id)))


def snapshots_of(plan: Plan, period: Period) -> QuerySet[ScoreSnapshot]:
    """All that was kept of a plan (one that the viewer was let in to see) in a period, the last first."""
    return ScoreSnapshot.objects.filter(plan=plan, grain=period.grain, period=period.first).order_by("-as_of", "-id")


@dataclass(frozen=True)
class Change:
    """One item before and after; None where it stood in one of the two only."""

    what: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True)
class Restated:
    """A score that changed after it was final: what it was, what it is, and what of it changed."""

    before: ScoreSnapshot
    after: ScoreSnapshot

    @property
    def changes(self) -> list[Change]:
        return changes_between(self.before, self.after)


def restatements_of(plan: Plan, period: Period) -> list[Restated]:
    """In the order in which they happened. Why: `after.because`, and the changes of the items."""
    rows = list(snapshots_of(plan, period).filter(state=State.FINAL))[::-1]
    return [Restated(one, two) for one, two in pairwise(rows)]


def changes_between(before: ScoreSnapshot, after: ScoreSnapshot) -> list[Change]:
    """The items that differ, in the order of the later one."""
    old, new = ({item["what"]: item for item in row.items} for row in (before, after))
    return [
        Change(what, old.get(what), new.get(what))
        for what in dict.fromkeys([*new, *old])
        if old.get(what) != new.get(what)
    ]


@when_ringing(STALE)
def _count_what_is_stale(_: UUID, *, now: datetime) -> None:
    waits_until = take_snapshots(now=now)
    if waits_until is not None:
        set_alarm(STALE, TENANT, waits_until)
    _set_calendar(now)


@when_ringing(CALENDAR)
def _follow_the_calendar(_: UUID, *, now: datetime) -> None:
    """A day began: periods begin, end and become final, and leaders come and go, with it."""
    if Plan.objects.exists():
        _count_what_is_stale(TENANT, now=now)


@audit.when_recorded(*RESTED_ON)
@when_refreshed
def _something_changed() -> None:
    if Plan.objects.exists():
        scores_are_stale(timezone.now())


def _set_calendar(now: datetime) -> None:
    """Ring at the next instant at which a day of the tenant begins, or a month becomes final."""
    zone = current_tenant().zone
    month = period_of(now, "month", zone)
    ended = [month.previous().previous(), month.previous()]
    instants = [each.bounds(zone)[1] + FINAL_AFTER for each in ended]
    tomorrow = day_start(day_of(now) + timedelta(days=1), zone)
    set_alarm(CALENDAR, TENANT, min([tomorrow, *(instant for instant in instants if instant > now)]))


def _periods(plans: Sequence[Plan], now: datetime) -> list[Period]:
    """Every month, quarter and year of the plans that has begun; a final one may be restated."""
    zone = current_tenant().zone
    found = []
    for year in sorted({plan.year for plan in plans}):
        for grain in GRAINS:
            period = Period(grain, date(year, 1, 1))
            while period.first.year == year and period.bounds(zone)[0] <= now:
                found.append(period)
                period = period.next()
    return found


def _snapshot(score: Score, now: datetime) -> ScoreSnapshot:
    value = score.value
    return ScoreSnapshot(
        plan=score.plan,
        version=score.version,
        grain=score.period.grain,
        period=score.period.first,
        state=score.status,
        score=None if value is None else rounded(value),
        items=[_item_json(item) for item in score.items],
        as_of=now,
    )


def rounded(value: Fraction) -> Decimal:
    """To three decimals, halves to even."""
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(_STEP)


def _item_json(item: ItemScore) -> dict[str, Any]:
    """Exact: fractions as texts such as 125/3, which Python's and other libraries read."""
    return {
        "what": item.what,
        "is_measure": item.item.measure_id is not None,
        "category": item.category.code,
        "numerator": _text(item.numerator),
        "denominator": _text(item.denominator),
        "value": _text(item.actual),
        "floor": _text(item.floor),
        "target": _text(item.target),
        "months": _text(item.months),
        "weight": _text(Fraction(item.weight)),
        "points": _text(item.points),
        "lacks": item.lacks,
    }


def _text(value: Fraction | Decimal | int | None) -> str | None:
    return None if value is None else str(Fraction(value))


def _because(before: ScoreSnapshot | None, made: ScoreSnapshot) -> ScoreSnapshot.Because | None:
    """What made it another one than the one before; None where nothing did."""
    if before is None:
        return Because.FIRST
    if before.version_id != made.version_id or _plan_says(before.items) != _plan_says(made.items):
        return Because.PLAN
    if before.items != made.items:
        return Because.FACTS
    return Because.STATE if before.state != made.state else None


def _plan_says(items: Iterable[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Floor and target of what adds up as those of one month: more of it passed, and the plan is the same."""
    return [
        (*(item[name] for name in _OF_THE_PLAN), *(_of_a_month(item, name) for name in ("floor", "target")))
        for item in items
    ]


def _of_a_month(item: dict[str, Any], name: str) -> Fraction | None:
    months = Fraction(item["months"])
    return None if item[name] is None or not months else Fraction(item[name]) / months


def _latest(keys: Sequence[_Key], until: datetime) -> list[ScoreSnapshot]:
    """The last row of each plan, grain and period by an instant: one step into an index each, however many are kept."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT latest.id FROM unnest(%(plans)s::uuid[], %(grains)s::text[], %(periods)s::date[])
                AS wanted(plan_id, grain, period)
            CROSS JOIN LATERAL (
                SELECT kept.id FROM scorecards_scoresnapshot kept
                WHERE kept.tenant_id = %(tenant)s AND kept.plan_id = wanted.plan_id AND kept.grain = wanted.grain
                AND kept.period = wanted.period AND kept.as_of <= %(until)s
                ORDER BY kept.as_of DESC, kept.id DESC LIMIT 1
            ) latest
            """,
            {
                "plans": [plan for plan, _, _ in keys],
                "grains": [grain for _, grain, _ in keys],
                "periods": [period for _, _, period in keys],
                "until": until,
                "tenant": current_tenant_id(),
            },
        )
        ids = [pk for (pk,) in cursor.fetchall()]
    return list(ScoreSnapshot.objects.filter(pk__in=ids).select_related("plan__unit", "plan__person", "version"))


def _key(row: ScoreSnapshot) -> _Key:
    return row.plan_id, row.grain, row.period
