"""Tells how some divisions handle what they miss: cases go from hand to hand, or wait for somebody's approval.

Only what came to the office before its 24 hours were over can tell so; so these cases are opened by their people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from cso.demo.cases import DrawnCase
from cso.demo.organization import Organization
from cso.demo.story import PASSED_ON, Story
from cso.people.models import Person
from cso.recovery import teamwork
from cso.recovery.approvals import decide_remedy
from cso.recovery.authority import give_remedy
from cso.recovery.models import Case, Remedy
from tenants.models import Membership

Deed = tuple[datetime, Callable[[Case], Case | None]]

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# So long it has been so: the four weeks of the first page, and the days of the first of them.
SINCE = timedelta(days=29)
# The case is passed on, or approval asked for, so long after it came in; and decided so long after it was due.
AFTER, TOO_LATE = 5 * HOUR, 2 * HOUR
# Of what was recovered people open one of so many.
ONE_OF = 2


def tells_habit(case: DrawnCase, story: Story, now: datetime) -> bool:
    """Whether it is opened by people because of how its division handles cases."""
    if case.division not in story.habits or case.reported_at < now - SINCE or case.exclusion is not None:
        return False
    return _is_missed(case, now) or int(case.external_id[-1]) % ONE_OF == 0


def is_handled(case: DrawnCase, story: Story, now: datetime) -> bool:
    """Whether its division's habit kept it from being recovered in time."""
    return tells_habit(case, story, now) and _is_missed(case, now) and case.reported_at + AFTER < _start(case) + DAY


def habit_of(
    case: DrawnCase, story: Story, organization: Organization, by: Membership, *, now: datetime
) -> Iterator[Deed]:
    """What kept a missed case from being recovered in time, by the habit of its division."""
    if not is_handled(case, story, now):
        return
    at = case.reported_at + AFTER
    if story.habits[case.division] == PASSED_ON:
        # Whoever is next, in the order of the divisions.
        codes = list(organization.agents)
        other = organization.agents[codes[(codes.index(case.division) + 1) % len(codes)]]
        yield at, lambda known: teamwork.hand_over(known, other, by=by, at=at, now=at)
    else:
        yield from _waits(case, story, organization, by, at=at)


def _waits(
    case: DrawnCase, story: Story, organization: Organization, by: Membership, *, at: datetime
) -> Iterator[Deed]:
    """Money above what one may give alone is asked for, and granted too late."""
    asked: list[Remedy] = []
    person = Person.objects.get(member=by)
    amount = story.recovery.asked_minor[0] // 500 * 500
    leader, currency = organization.leaders[case.division], story.currency

    def ask(known: Case) -> None:
        asked.append(give_remedy(known, person=person, by=by, now=at, amount_minor=amount, currency=currency))

    yield at, ask
    decided_at = _start(case) + DAY + TOO_LATE
    if case.fixed_at is not None and decided_at < case.fixed_at:
        yield decided_at, lambda _: _grant(asked[0], leader, decided_at)


def _grant(remedy: Remedy, leader: Membership, at: datetime) -> None:
    if remedy.status == Remedy.Status.ASKED:
        decide_remedy(remedy, by=leader, approve=True, now=at)


def _is_missed(case: DrawnCase, now: datetime) -> bool:
    due = _start(case) + DAY
    return due < now and (case.fixed_at is None or case.fixed_at > due)


def _start(case: DrawnCase) -> datetime:
    return case.occurred_at or case.reported_at
