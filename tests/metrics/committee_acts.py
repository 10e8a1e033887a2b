"""What committees do in a random history; written as the acts would, which have rules of their own."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from cso.committees.models import Ballot, Committee, KillOrder, Motion, Nomination, Seat, SeatTenure
from cso.people.models import Unit
from cso.rules.models import Rule
from tenants.models import Membership
from tests.metrics.instants import AFTER, DAY, EDGES, SHIFTS
from tests.metrics.naive import MICROSECOND

RULES = 3
_numbers = itertools.count(1)


class CommitteeActs:
    """Each act takes three numbers, by which it chooses among what there is."""

    members: list[Membership]
    units: list[Unit]
    rules: list[Rule]

    def unit(self, number: int) -> Unit:
        return self.units[number % len(self.units)]

    def found(self, a: int, b: int, c: int) -> None:
        at = EDGES[b % len(EDGES)]
        ended_at = at + AFTER[c % len(AFTER)] + timedelta(days=c % 60)
        committee = Committee.objects.create(
            unit=self.unit(a),
            name=str(next(_numbers)),
            cadence_days=1 + c % 40,
            founded_at=at,
            dissolved_at=ended_at if c % 5 == 0 else None,
        )
        seat = Seat.objects.create(committee=committee, label="1", retired_at=ended_at if c % 7 == 0 else None)
        SeatTenure.objects.create(seat=seat, member=self.members[b % 2], starts_at=at)

    def leave_seat(self, a: int, b: int, c: int) -> None:
        if tenures := list(SeatTenure.objects.order_by("id")):
            tenure = tenures[a % len(tenures)]
            ends_at = tenure.starts_at + timedelta(days=1 + b % 50)
            SeatTenure.objects.filter(pk=tenure.pk).update(ends_at=ends_at)

    def vote(self, a: int, b: int, c: int) -> None:
        """A ballot that was opened; how it ended is nothing to these figures."""
        if motions := list(Motion.objects.order_by("id")):
            at = EDGES[b % len(EDGES)] + SHIFTS[c % len(SHIFTS)]
            Ballot.objects.create(
                motion=motions[a % len(motions)],
                status="cancelled",
                cancelled_because="For a test",
                opens_at=at,
                opened_at=at,
                closes_at=at + DAY,
            )

    def move(self, a: int, b: int, c: int) -> None:
        if committees := list(Committee.objects.order_by("id")):
            Motion.objects.create(
                committee=committees[a % len(committees)],
                rule=self.rules[b % RULES],
                kind="kill",
                text="Kill it",
                moved_at=EDGES[c % len(EDGES)],
            )

    def decide(self, a: int, b: int, c: int) -> None:
        if motions := list(Motion.objects.order_by("id")):
            motion = motions[a % len(motions)]
            status = ("carried", "lost", "inquorate", "withdrawn", "referred")[c % 5]
            assert motion.due_at
            Motion.objects.filter(pk=motion.pk).update(status=status, decided_at=motion.due_at + SHIFTS[b % 6])

    def nominate(self, a: int, b: int, c: int) -> None:
        Nomination.objects.create(
            rule=self.rules[b % RULES] if c % 4 else None,
            words="Why?",
            source="person",
            unit=self.unit(a) if a % 3 else None,
            submitted_at=EDGES[c % len(EDGES)] + SHIFTS[b % len(SHIFTS)],
        )

    def end_nomination(self, a: int, b: int, c: int) -> None:
        """Dismissed, or merged with another, which then counts from the earliest."""
        found = list(Nomination.objects.exclude(status="merged").order_by("id"))
        if len(found) < 2:
            return
        one, other = found[a % len(found)], found[(a + 1) % len(found)]
        if c % 2:
            changes = {"status": "no_such_rule", "ended_at": one.submitted_at + AFTER[b % len(AFTER)]}
            Nomination.objects.filter(pk=one.pk).update(**changes)
        else:
            Nomination.objects.filter(pk=one.pk).update(status="merged", merged_into=other)
            earliest = min(one.submitted_at, other.submitted_at)
            Nomination.objects.filter(pk=other.pk).update(submitted_at=earliest)

    def order(self, a: int, b: int, c: int) -> None:
        """One order for a rule at a time; the next one after the rule was brought back."""
        rule = self.rules[b % RULES]
        orders = KillOrder.objects.filter(rule=rule)
        if orders.filter(reinstated_at=None).exists():
            return
        back = max((each.reinstated_at + MICROSECOND for each in orders if each.reinstated_at), default=EDGES[0])
        at = max(EDGES[c % len(EDGES)], back)
        nomination = Nomination.objects.create(rule=rule, words="!", source="person", submitted_at=at, status="decided")
        KillOrder.objects.create(
            rule=rule,
            unit=self.unit(a),
            nomination=nomination,
            nominated_at=at,
            ordered_at=at,
            due_at=at + timedelta(days=b % 40),
        )

    def carry_out(self, a: int, b: int, c: int) -> None:
        """The next step of an order; or it may be done later."""
        open_orders = list(KillOrder.objects.filter(reinstated_at=None).order_by("id"))
        if not open_orders:
            return
        order = open_orders[a % len(open_orders)]
        changes: dict[str, Any] = {"due_at": order.due_at + timedelta(days=20)}
        if order.executed_at is None and c % 4:
            changes = {"executed_at": order.ordered_at + timedelta(days=b % 40) + SHIFTS[0]}
        elif order.executed_at and order.verified_at is None:
            changes = {"verified_at": order.executed_at + AFTER[b % len(AFTER)]}
        KillOrder.objects.filter(pk=order.pk).update(**changes)

    def bring_back(self, a: int, b: int, c: int) -> None:
        if orders := list(KillOrder.objects.filter(reinstated_at=None).order_by("id")):
            order = orders[a % len(orders)]
            days = timedelta(days=(1, 56, 90, 120)[b % 4])
            at = (order.verified_at or order.ordered_at) + days + SHIFTS[c % 3]
            KillOrder.objects.filter(pk=order.pk).update(reinstated_at=at, status="reinstated")
