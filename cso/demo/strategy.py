"""Tells what a story wants for its customers: outcomes with their reviews and initiatives, and what blocks them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from cso.demo.organization import Organization
from cso.demo.story import Story
from cso.demo.strategy_texts import STRATEGIES, Begun, Blocked, Wanted
from cso.metrics.actions import set_target
from cso.people.models import Person
from cso.strategy import blockers, initiatives
from cso.strategy.models import Blocker, Outcome
from cso.strategy.outcomes import give_metric, make_outcome, review_outcome
from tenants.models import Membership
from tenants.scope import day_of

DAY = timedelta(days=1)


def tell_strategy(story: Story, organization: Organization, *, now: datetime) -> int:
    """How many outcomes were made."""
    telling = _Telling(story, organization, now)
    for wanted in STRATEGIES[story.slug].outcomes:
        telling.want(wanted)
    for blocked in STRATEGIES[story.slug].blockers:
        telling.block(blocked)
    return Outcome.objects.count()


class _Telling:
    def __init__(self, story: Story, organization: Organization, now: datetime) -> None:
        self.organization, self.now = organization, now
        self.members: dict[str, Membership] = organization.leaders | organization.roles
        people = Person.objects.filter(member__in=self.members.values())
        self.people = {person.member_id: person for person in people}
        self.cso = organization.roles["cso"]

    def want(self, wanted: Wanted) -> None:
        made_at = self._at(wanted.days)
        outcome = make_outcome(
            wanted.name,
            description=wanted.description,
            owner=self._person(wanted.owner),
            review_on=day_of(made_at) + wanted.first_in * DAY,
            by=self.cso,
            now=made_at,
        )
        for metric, target in wanted.metrics:
            give_metric(metric, outcome, by=self.cso, target=Decimal(target) if target else None)
        for metric, percent in wanted.paths:
            set_target(metric, Decimal(percent), day_of(made_at).replace(day=1), by=self.cso)
        for each in wanted.reviews:
            at = self._at(each.days)
            by = self.members[wanted.owner]
            review_outcome(outcome, decided=each.decided, next_on=day_of(at) + each.next_in * DAY, by=by, now=at)
        for begun in wanted.initiatives:
            self._begin(outcome, begun)

    def _begin(self, outcome: Outcome, begun: Begun) -> None:
        initiative = initiatives.start_initiative(
            outcome,
            begun.name,
            owner=self._person(begun.owner),
            starts_on=self._day(begun.days),
            due_on=self._day(begun.until),
            is_remarkable=begun.is_remarkable,
            by=self.cso,
        )
        if begun.over is not None:
            end = initiatives.stop_initiative if begun.was_stopped else initiatives.finish_initiative
            end(initiative, what_came_of_it=begun.came, by=self.members[begun.owner], now=self._at(begun.over))

    def block(self, blocked: Blocked) -> None:
        severity = Blocker.Severity.STOPS if blocked.stops else Blocker.Severity.SLOWS
        blocker = blockers.raise_blocker(
            blocked.what,
            owner=self._person(blocked.owner),
            severity=severity,
            outcome=Outcome.objects.get(name=blocked.outcome) if blocked.outcome else None,
            unit=self.organization.units[blocked.unit] if blocked.unit else None,
            by=self.members[blocked.raised_by],
            now=self._at(blocked.days),
        )
        if blocked.handed:
            to, days, why = blocked.handed
            by = self.members[blocked.owner]
            blockers.hand_over_blocker(blocker, self._person(to), why=why, by=by, now=self._at(days))
        if blocked.cleared:
            days, how = blocked.cleared
            blockers.clear_blocker(blocker, how=how, by=self.members[blocked.owner], now=self._at(days))

    def _person(self, who: str) -> Person:
        """Whoever holds a role, or leads a division."""
        return self.people[self.members[who].pk]

    def _at(self, days: int) -> datetime:
        return self.now - days * DAY

    def _day(self, days: int) -> date:
        return day_of(self._at(days))
