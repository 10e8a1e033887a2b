"""Rules that were nominated, voted on and killed, written as the acts would."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from cso.committees.models import Committee, KillOrder, Motion, Nomination, Seat, SeatTenure
from cso.metrics.engine.refresh import refresh
from cso.people.models import Unit
from cso.recovery.models import Case
from cso.rules.models import Rule
from tenants.roles import Role
from tests.personas import NOW, Company, log_case

DAY = timedelta(days=1)
_numbers = itertools.count(1)


def a_rule(**values: Any) -> Rule:
    return Rule.objects.create(**{"title": f"Rule {next(_numbers)}", "origin": "habit"} | values)


def nominated(unit: Unit, at: datetime, **values: Any) -> Nomination:
    return Nomination.objects.create(
        **{"rule": None, "words": "It helps nobody", "source": "person", "unit": unit, "submitted_at": at} | values
    )


def killed(unit: Unit, verified_at: datetime | None, *, rule: Rule | None = None, **values: Any) -> KillOrder:
    """An order, given ten days before its verification, or NOW, and executed five days before it."""
    rule, ordered_at = rule or a_rule(), (verified_at or NOW) - 10 * DAY
    nomination = values.pop("nomination", None) or nominated(unit, ordered_at - DAY, rule=rule, status="decided")
    given: dict[str, Any] = {
        "rule": rule,
        "unit": unit,
        "nomination": nomination,
        "nominated_at": nomination.submitted_at,
        "ordered_at": ordered_at,
        "due_at": ordered_at + 28 * DAY,
        "executed_at": verified_at - 5 * DAY if verified_at else None,
        "verified_at": verified_at,
        "status": "observing" if verified_at else "ordered",
    }
    return KillOrder.objects.create(**given | values)


def brought_back(order: KillOrder, at: datetime) -> None:
    KillOrder.objects.filter(pk=order.pk).update(status="reinstated", reinstated_at=at)


def cited(rule: Rule, at: datetime, times: int, unit: Unit) -> list[Case]:
    cases = [log_case(unit, at, fixed_after=timedelta(hours=1)) for _ in range(times)]
    Case.objects.filter(pk__in=[case.pk for case in cases]).update(quoted_rule=rule, solution="policy_quoted")
    return cases


def seated(company: Company, unit: Unit, since: datetime, **values: Any) -> Committee:
    committee = Committee.objects.create(
        **{"unit": unit, "name": f"Committee {next(_numbers)}", "cadence_days": 14, "founded_at": since} | values
    )
    seat = Seat.objects.create(committee=committee, label="1")
    SeatTenure.objects.create(seat=seat, member=company.member(Role.CSO), starts_at=since)
    return committee


def moved(
    committee: Committee, at: datetime, *, status: str = "deliberating", after: timedelta | None = None
) -> Motion:
    """A motion, decided, or withdrawn, so long `after`."""
    return Motion.objects.create(
        committee=committee,
        rule=a_rule(),
        kind="kill",
        text="Kill it",
        moved_at=at,
        status=status,
        decided_at=at + after if after else None,
    )


def a_month_of_kills(company: Company) -> dict[str, KillOrder]:
    """March 2026 of `south` and `north-1`, refreshed: rules killed and voted on, and one of January that helped."""
    south, north = company.units["south"], company.units["north-1"]
    march, january = NOW - 3 * DAY, NOW - 57 * DAY
    orders = {
        "killed": killed(south, march),
        "late": killed(north, NOW - 2 * DAY, due_at=NOW - 8 * DAY),
        "ordered": killed(north, None),
        "overdue": killed(south, None, due_at=NOW - DAY),
        "of January": killed(south, january),
    }
    cited(orders["of January"].rule, january - DAY, 6, south)
    cited(orders["of January"].rule, january + DAY, 2, north)
    committee = seated(company, south, NOW - 20 * DAY)
    due_now = NOW - 28 * DAY - DAY
    moved(committee, due_now, status="carried", after=7 * DAY)
    moved(committee, due_now, status="inquorate", after=7 * DAY)
    moved(committee, NOW - 27 * DAY)
    nominated(north, march)
    nominated(north, march, status="no_such_rule", ended_at=NOW)
    refresh()
    return orders
