"""Tells what customers were given in the last months, so that what was saved of them can be held against it."""

from __future__ import annotations

from datetime import datetime, timedelta

from cso.demo.organization import Organization
from cso.demo.story import Story
from cso.people.models import Person, Unit, UnitAncestor
from cso.recovery.authority import give_remedy
from cso.recovery.models import Case

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Of each division so many cases, from the months whose 90 days have ended.
PER_DIVISION, EARLIEST, LATEST = 3, 200 * DAY, 91 * DAY


def tell_gifts(story: Story, organization: Organization, *, now: datetime) -> None:
    """Each is given by whoever works on the cases of the division, alone."""
    least, most = (amount // 500 * 500 for amount in story.recovery.usual_minor)
    told = 0
    for code, agent in organization.agents.items():
        person = Person.objects.get(member=agent)
        for case in _of_known_worth(organization.units[code], now):
            amount, at = max(least, most // (1 + told % 3)), case.reported_at + HOUR
            give_remedy(case, person=person, by=agent, now=at, amount_minor=amount, currency=story.currency)
            told += 1


def _of_known_worth(division: Unit, now: datetime) -> list[Case]:
    below = list(UnitAncestor.objects.filter(ancestor=division).values_list("unit_id", flat=True))
    cases = Case.objects.filter(
        unit__in=below,
        is_valid=True,
        customer__spend_per_visit_minor__isnull=False,
        reported_at__gte=now - EARLIEST,
        reported_at__lt=now - LATEST,
    )
    return list(cases.order_by("customer__external_id", "reported_at")[:PER_DIVISION])
