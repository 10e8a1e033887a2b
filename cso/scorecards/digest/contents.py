"""What a person's weekly digest is made of: their own, and nothing that asks nothing of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from cso.committees.models import KillOrder, RollEntry
from cso.committees.queries import awaiting_vote
from cso.metrics.counting import Window
from cso.metrics.periods import Period, period_of
from cso.metrics.queries.figures import HEADLINE, Figure, figures, target_for
from cso.metrics.queries.judgement import Judgement, judge
from cso.metrics.queries.standing import LeaderRow, leaders_standing
from cso.metrics.queries.why import Missed, Why, why_missed
from cso.panels.models import Commitment
from cso.panels.queries import visible_commitments, waiting
from cso.people.models import Unit
from cso.people.queries import in_or_below, led_units
from cso.recovery.approvals import waiting_for
from cso.recovery.models import RECOVERY_TIME, Case, Remedy
from cso.recovery.queries import open_cases
from cso.recovery.teamwork import held_by
from cso.strategy.models import Blocker, Outcome
from cso.strategy.queries import open_blockers
from tenants.models import Membership
from tenants.roles import Can
from tenants.scope import current_tenant, day_of

# Over so many weeks leaders are held against the target: one week has too few cases to say anything of most of them.
POOLED = 4
# What falls due later is next week's.
AHEAD = timedelta(days=7)
MOST_CASES = 5


@dataclass(frozen=True)
class OwnUnit:
    """A unit that the person leads, with all below it, in the week, and why its cases were missed."""

    unit: Unit
    figure: Figure
    judgement: Judgement
    why: Why


@dataclass(frozen=True)
class Digest:
    """One person's week, as it stands at an instant.

    week: the last one that is over; units: those of theirs in which it had a miss. leaders: for who sees the whole
    scorecard, those who missed the target in the weeks of `pooled`, of which it is the last, furthest first. late: the
    first `MOST_CASES` of the open cases past their 24 hours, longest first, which they hold or lead; late_all: how many
    there are. The rest waits for them, overdue or due within a week.
    """

    week: Period
    pooled: Period
    units: Sequence[OwnUnit]
    leaders: Sequence[LeaderRow]
    late: Sequence[Case]
    late_all: int
    votes: Sequence[RollEntry]
    approvals: Sequence[Remedy]
    commitments: Sequence[Commitment]
    orders: Sequence[KillOrder]
    blockers: Sequence[Blocker]
    reviews: Sequence[Outcome]

    @property
    def is_empty(self) -> bool:
        mine = (self.late, self.votes, self.approvals, self.commitments, self.orders, self.blockers, self.reviews)
        return not any((self.units, self.leaders, *mine))


def digest_for(member: Membership, *, now: datetime) -> Digest:
    """Of the current tenant. What the person may not see is none of it."""
    week = period_of(now, "week", current_tenant().zone).previous()
    led = list(led_units(member).order_by("name"))
    mine = {"owner__member": member}
    orders = KillOrder.objects.filter(**mine, status__in=KillOrder.OPEN, due_at__lt=now + AHEAD)
    blockers = open_blockers(member).filter(**mine)
    reviews = Outcome.objects.filter(**mine, ended_at=None, review_on__lt=day_of(now + AHEAD))
    commitments = waiting(visible_commitments(member).filter(**mine, due_at__lt=now + AHEAD))
    late = _late(member, led, now)
    pooled = Period("week", week.first - timedelta(weeks=POOLED - 1), POOLED)
    return Digest(
        week=week,
        pooled=pooled,
        units=_own_units(led, week, now),
        leaders=_missing(member, pooled, now),
        late=list(late.select_related("unit")[:MOST_CASES]),
        late_all=late.count(),
        votes=awaiting_vote(member, now=now),
        approvals=waiting_for(member, now=now) if member.can(Can.WORK_CASE) else [],
        commitments=list(commitments),
        orders=list(orders.select_related("rule").order_by("due_at", "id")),
        blockers=list(blockers),
        reviews=list(reviews.order_by("review_on", "position")),
    )


def _own_units(led: Sequence[Unit], week: Period, now: datetime) -> list[OwnUnit]:
    if not led:
        return []
    zone, target = current_tenant().zone, target_for(HEADLINE, week, now=now)
    known = figures(HEADLINE, {unit.pk: [unit.pk] for unit in led}, [week], now=now)
    missed = [unit for unit in led if known[unit.pk, week].missed]
    asked = [Missed(HEADLINE, [Window(unit.pk, *week.bounds(zone))], target) for unit in missed]
    return [
        OwnUnit(unit, known[unit.pk, week], judge(known[unit.pk, week], target), why)
        for unit, why in zip(missed, why_missed(asked, now=now, most=1), strict=True)
    ]


def _missing(member: Membership, period: Period, now: datetime) -> list[LeaderRow]:
    if not member.can(Can.SEE_SCORECARD):
        return []
    rows = leaders_standing(member, period, now=now).rows
    return [row for row in rows if row.leader is not None and row.judgement.verdict == "missed"]


def _late(member: Membership, led: Sequence[Unit], now: datetime) -> QuerySet[Case]:
    if not member.can(Can.WORK_CASE):
        return Case.objects.none()
    mine: Q = held_by(member)
    if led:
        mine |= in_or_below([unit.pk for unit in led])
    return open_cases(member).filter(mine, clock_start__lt=now - RECOVERY_TIME)
