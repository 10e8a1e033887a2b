"""A workspace in which anything may happen, kept in plain Python beside it as far as acts decide it."""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from cso.customers.models import Customer, Purchase
from cso.errors import DomainError
from cso.metrics.engine.refresh import refresh
from cso.people import actions as people
from cso.people.models import Person, Unit
from cso.recovery import actions as recovery
from cso.recovery.models import CallBack, Case, Promise, RecoverySettings, Remedy
from cso.rules.models import Rule
from tenants.members import add_member, create_tenant
from tenants.models import Membership, Tenant, User
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.metrics.committee_acts import RULES, CommitteeActs
from tests.metrics.instants import AFTER, EDGES, LATER, SHIFTS, ZONES
from tests.metrics.told import Told

_numbers = itertools.count(1)

# How often each act is tried; many are refused.
ACTS = {
    "open": 10,
    "fix": 10,
    "undo": 6,
    "refresh": 6,
    "correct": 3,
    "move case": 2,
    "many": 1,
    "exclude": 3,
    "include": 2,
    "delete": 2,
    "move unit": 6,
    "add unit": 1,
    # What customers, approvers and colleagues add; written as the acts would, which have rules of their own.
    "answer": 5,
    "close": 5,
    "contact": 3,
    "plan": 2,
    "promise": 6,
    "end promise": 6,
    "break promise": 2,
    "ask approval": 3,
    "ask call": 3,
    "end asked": 4,
    "buy": 4,
    "value": 4,
    "give customer": 4,
    "found": 3,
    "vote": 3,
    "leave seat": 1,
    "nominate": 4,
    "end nomination": 2,
    "order": 5,
    "carry out": 9,
    "bring back": 2,
    "move": 3,
    "decide": 3,
}
CUSTOMERS = 3


@dataclass
class World(CommitteeActs):
    """A workspace, and what its cases ought to say, kept in plain Python beside it."""

    tenant: Tenant
    members: list[Membership]
    units: list[Unit] = field(default_factory=list)
    parents: dict[UUID, UUID | None] = field(default_factory=dict)
    told: dict[UUID, Told] = field(default_factory=dict)
    customers: list[Customer] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)

    def case(self, number: int) -> Case | None:
        if not self.told:
            return None
        return Case.objects.get(pk=list(self.told)[number % len(self.told)])

    def act(self, kind: str, a: int, b: int, c: int) -> None:
        # What is refused leaves no trace, neither here nor there.
        with suppress(DomainError), transaction.atomic():
            getattr(self, kind.replace(" ", "_"))(a, b, c)

    def open(self, a: int, b: int, c: int) -> None:
        reported = EDGES[b % len(EDGES)] + SHIFTS[c % len(SHIFTS)]
        occurred = reported - AFTER[b % len(AFTER)] if c % 3 else None
        unit = self.unit(a)
        case = recovery.open_case(
            by=None,
            unit=unit,
            reported_at=reported,
            occurred_at=occurred,
            customer=self.customer(a // 7),
            cause=("Late", "Lost", "")[b % 3],
            now=LATER,
        )
        self.told[case.pk] = Told(unit.pk, reported, occurred)

    def fix(self, a: int, b: int, c: int) -> None:
        if case := self.case(a):
            told = self.told[case.pk]
            at = (told.first_undone_at or told.start) + AFTER[b % len(AFTER)] + timedelta(minutes=c % 2)
            recovery.fix_case(case, by=None, at=at, now=LATER)
            told.first_fixed_at = told.first_fixed_at or at
            told.fixed_at = at

    def undo(self, a: int, b: int, c: int) -> None:
        if case := self.case(a):
            told = self.told[case.pk]
            at = (told.first_fixed_at or told.start) + AFTER[b % len(AFTER)]
            undo = recovery.reopen_case if c % 2 else recovery.dispute_case
            undo(case, by=None, at=at, now=LATER, note="It did not hold.")
            told.first_undone_at = told.first_undone_at or at
            told.fixed_at = None

    def correct(self, a: int, b: int, c: int) -> None:
        if case := self.case(a):
            reported = EDGES[b % len(EDGES)] + SHIFTS[c % len(SHIFTS)]
            occurred = reported - AFTER[c % len(AFTER)] if b % 2 else None
            recovery.correct_case(case, by=None, now=LATER, reported_at=reported, occurred_at=occurred)
            self.told[case.pk].reported_at, self.told[case.pk].occurred_at = reported, occurred

    def move_case(self, a: int, b: int, c: int) -> None:
        if case := self.case(a):
            recovery.move_case(case, self.unit(b), by=None, now=LATER)
            self.told[case.pk].unit = self.unit(b).pk

    def exclude(self, a: int, b: int, c: int) -> None:
        if case := self.case(a):
            first, second = self.members
            reason = "duplicate" if c % 2 else "not_our_failure"
            case = recovery.propose_exclusion(case, reason, "So it was.", by=first, now=LATER)
            if b % 4:
                recovery.confirm_exclusion(case, by=second, now=LATER)
                self.told[case.pk].excluded_as = reason

    def include(self, a: int, b: int, c: int) -> None:
        if case := self.case(a):
            recovery.withdraw_exclusion(case, by=self.members[0], now=LATER)
            self.told[case.pk].excluded_as = ""

    def delete(self, a: int, b: int, c: int) -> None:
        if case := self.case(a):
            key = case.pk
            with connection.cursor() as cursor:
                # As an erasure would; the application cannot delete lines of the log, so a fresh case alone goes.
                cursor.execute(
                    """
                    DELETE FROM recovery_case c WHERE id = %s AND customer_id IS NULL AND NOT EXISTS (
                        SELECT FROM recovery_caseevent WHERE case_id = c.id
                        UNION ALL SELECT FROM recovery_promise WHERE case_id = c.id
                        UNION ALL SELECT FROM recovery_remedy WHERE case_id = c.id
                        UNION ALL SELECT FROM recovery_callback WHERE case_id = c.id)
                    """,
                    [key],
                )
                if cursor.rowcount:
                    del self.told[key]

    def many(self, a: int, b: int, c: int) -> None:
        """One statement that moves all cases of a unit."""
        source, target = self.unit(a).pk, self.unit(b).pk
        Case.objects.filter(unit=source).update(unit=target)
        for told in self.told.values():
            if told.unit == source:
                told.unit = target

    def move_unit(self, a: int, b: int, c: int) -> None:
        unit, parent = self.unit(a), self.unit(b) if c % 5 else None
        people.move_unit(unit, parent, by=None)
        self.parents[unit.pk] = parent.pk if parent else None

    def add_unit(self, a: int, b: int, c: int) -> None:
        parent = self.unit(a) if self.units and c % 7 else None
        unit = people.add_unit(f"u{len(self.units)}", f"Unit {len(self.units)}", parent, by=None)
        self.units.append(unit)
        self.parents[unit.pk] = parent.pk if parent else None

    def refresh(self, a: int, b: int, c: int) -> None:
        refresh((1, 2, 5_000)[a % 3])

    def customer(self, number: int) -> Customer | None:
        """Two of five cases name nobody."""
        return self.customers[number % 5] if number % 5 < CUSTOMERS else None

    def answer(self, a: int, b: int, c: int) -> None:
        if case := self.case(a):
            apology, surprised = (True, False, None)[b % 3], (True, False, None)[c % 3]
            Case.objects.filter(pk=case.pk).update(
                answered_at=LATER, said_fixed=True, said_apology=apology, said_surprised=surprised
            )

    def close(self, a: int, b: int, c: int) -> None:
        if (case := self.case(a)) and case.fixed_at:
            solution = ("put_right", "policy_quoted", "explained")[b % 3]
            Case.objects.filter(pk=case.pk).update(
                closed_at=case.fixed_at + AFTER[c % len(AFTER)],
                solution=solution,
                quoted_rule=self.rules[c % RULES] if solution == "policy_quoted" else None,
                approvals_asked=c % 2,
            )

    def contact(self, a: int, b: int, c: int) -> None:
        if case := self.case(a):
            due = EDGES[b % len(EDGES)] + SHIFTS[c % len(SHIFTS)] if b % 4 else None
            Case.objects.filter(pk=case.pk).update(next_contact="status" if due else "", next_contact_due_at=due)

    def plan(self, a: int, b: int, c: int) -> None:
        if case := self.case(a):
            Case.objects.filter(pk=case.pk).update(planned_surprise="A song" if b % 3 else "")

    def promise(self, a: int, b: int, c: int) -> None:
        if case := self.case(a):
            made_at = case.reported_at + AFTER[b % len(AFTER)]
            due_at = EDGES[c % len(EDGES)] + timedelta(days=150 * (b % 2))
            with suppress(IntegrityError), transaction.atomic():
                Promise.objects.create(
                    case=case,
                    unit=case.unit,
                    what="A call",
                    made_at=made_at,
                    first_due_at=due_at,
                    due_at=due_at + timedelta(days=b % 3),
                    times_moved=b % 3,
                    move_agreed=bool(c % 2),
                )

    def end_promise(self, a: int, b: int, c: int) -> None:
        if promises := list(Promise.objects.order_by("id")):
            promise = promises[a % len(promises)]
            done_at = promise.first_due_at + SHIFTS[b % len(SHIFTS)]
            changes: list[dict[str, Any]] = [
                {"done_at": max(done_at, promise.made_at), "cancelled_at": None},
                {"disputed_at": LATER},
                {"done_at": None, "cancelled_at": LATER},
                {"done_at": None, "cancelled_at": None},
            ]
            Promise.objects.filter(pk=promise.pk).update(**changes[c % 4])

    def break_promise(self, a: int, b: int, c: int) -> None:
        if case := self.case(a):
            Case.objects.filter(pk=case.pk).update(first_promise_broken_at=LATER if b % 3 else None)

    def ask_approval(self, a: int, b: int, c: int) -> None:
        if case := self.case(a):
            Remedy.objects.create(
                case=case,
                unit=case.unit,
                person=self.person,
                status="asked",
                amount_minor=100,
                currency="USD",
                on_own_authority=False,
                asked_at=EDGES[b % len(EDGES)],
            )

    def ask_call(self, a: int, b: int, c: int) -> None:
        if (case := self.case(a)) and not case.call_backs.filter(called_at=None).exists():
            CallBack.objects.create(case=case, unit=case.unit, asked_at=EDGES[b % len(EDGES)])

    def end_asked(self, a: int, b: int, c: int) -> None:
        asked: list[Remedy | CallBack] = [*Remedy.objects.order_by("id"), *CallBack.objects.order_by("id")]
        if asked:
            one = asked[a % len(asked)]
            assert one.asked_at is not None
            at = one.asked_at + AFTER[b % len(AFTER)]
            if isinstance(one, CallBack):
                CallBack.objects.filter(pk=one.pk).update(called_at=at)
            else:
                status = ("refused", "withdrawn")[b % 2]
                Remedy.objects.filter(pk=one.pk).update(status=status, decided_at=at)

    def buy(self, a: int, b: int, c: int) -> None:
        at = EDGES[b % len(EDGES)] + timedelta(days=c % 100)
        if c % 5:
            Purchase.objects.create(
                customer=self.customers[a % CUSTOMERS],
                external_id=str(next(_numbers)),
                bought_at=at,
                amount_minor=1,
                currency="USD",
            )
        else:
            Purchase.objects.filter(customer=self.customers[a % CUSTOMERS]).update(bought_at=at)

    def value(self, a: int, b: int, c: int) -> None:
        """A customer's worth, and now and then the currency in which worth is summed."""
        Customer.objects.filter(pk=self.customers[a % CUSTOMERS].pk).update(
            spend_per_visit_minor=b % 10_000_000,
            spend_per_visit_high_minor=b % 10_000_000 + c % 1_000 if c % 2 else None,
            visits_per_year=c % 100 if b % 4 else None,
            years=a % 20,
            currency=("USD", "EUR")[c % 3 == 0],
        )
        if c % 7 == 0:
            RecoverySettings.objects.update_or_create(defaults={"currency": ("USD", "EUR")[b % 2]})

    def give_customer(self, a: int, b: int, c: int) -> None:
        """All cases of a unit in one statement, as a load would; or one case."""
        cases = Case.objects.filter(unit=self.unit(a))
        if c % 4 and (case := self.case(a)):
            cases = Case.objects.filter(pk=case.pk)
        cases.update(customer=self.customer(b))

    @property
    def person(self) -> Person:
        return Person.objects.get()


def new_world(users: list[User], chance: Random) -> World:
    tenant = create_tenant(f"world-{next(_numbers)}", "World", chance.choice(ZONES))
    with tenant_scope(tenant):
        world = World(tenant, [add_member(user, Role.CSO, by=None) for user in users])
        people.add_person("Anna", by=None)
        world.rules = [Rule.objects.create(title=f"No exceptions {n}", origin="habit") for n in range(RULES)]
        world.customers = [Customer.objects.create(name=f"Customer {n}") for n in range(CUSTOMERS)]
        for _ in range(chance.randint(3, 7)):
            world.add_unit(*three(chance))
    return world


def three(chance: Random) -> tuple[int, int, int]:
    return chance.randrange(1_000_000), chance.randrange(1_000_000), chance.randrange(1_000_000)
