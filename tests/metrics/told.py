"""Facts as their own history tells them, from instants and answers alone: no column that the database computes.

Each kind of fact says which families it counts in, by which instant, and what it adds: written out from
docs/metrics.md, sharing no rule with the engine.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from cso.metrics.formulas.histograms import BUCKET_BOUNDS

DAY = timedelta(hours=24)


@dataclass
class Fact:
    """One row of a table that figures are counted from."""

    families: ClassVar[tuple[str, ...]] = ()

    unit: UUID

    def instant(self, family: str) -> datetime | None:
        """What decides the period in which it counts."""
        raise NotImplementedError

    def counts_in(self, family: str) -> bool:
        return True

    def counts(self, family: str) -> tuple[int, ...]:
        """What it adds to a cell, in the order of the family's counters; `instant` is not None."""
        raise NotImplementedError

    def lasted(self, family: str) -> timedelta | None:
        """The time whose histogram the family keeps; None where it keeps none, or where it has not ended."""
        return None

    def bucket(self, family: str) -> int | None:
        """Of the whole seconds, rounded up."""
        lasted = self.lasted(family)
        if lasted is None:
            return None
        return bisect_right(BUCKET_BOUNDS, -(-lasted // timedelta(seconds=1))) - 1


@dataclass
class Told(Fact):
    """A case. `is_repeated` is told by the customer's other cases: see `tell_repeats`."""

    families = ("due", "reported", "started", "first_fixed", "all_due", "answered", "held_up", "closed", "contact_due")

    reported_at: datetime
    occurred_at: datetime | None = None
    first_fixed_at: datetime | None = None
    fixed_at: datetime | None = None
    first_undone_at: datetime | None = None
    excluded_as: str = ""
    key: UUID | None = None
    customer: UUID | None = None
    cause: UUID | None = None
    is_merged: bool = False
    apology: bool | None = None
    surprise: bool | None = None
    is_planned: bool = False
    promise_broken_at: datetime | None = None
    closed_at: datetime | None = None
    solution: str = ""
    approvals_asked: int = 0
    contact_due_at: datetime | None = None
    is_repeated: bool = False

    @property
    def start(self) -> datetime:
        return self.reported_at if self.occurred_at is None else self.occurred_at

    @property
    def held(self) -> bool:
        """The first fix was neither disputed nor reopened within 14 days."""
        assert self.first_fixed_at
        return self.first_undone_at is None or self.first_undone_at - self.first_fixed_at > 14 * DAY

    @property
    def is_valid(self) -> bool:
        return not self.excluded_as and not self.is_merged

    def recovered_since(self, start: datetime) -> bool:
        return self.first_fixed_at is not None and self.first_fixed_at - start <= DAY and self.held

    def instant(self, family: str) -> datetime | None:
        return {
            "due": self.start + DAY,
            "reported": self.reported_at + DAY,
            "started": self.start,
            "first_fixed": self.first_fixed_at,
            "all_due": self.start + DAY,
            "answered": self.start + DAY,
            "held_up": self.first_fixed_at,
            "closed": self.closed_at,
            "contact_due": self.contact_due_at,
        }[family]

    def counts_in(self, family: str) -> bool:
        """A confirmed exclusion takes the case out, but for what counts the exclusions themselves."""
        return self.is_valid or (family == "all_due" and self.excluded_as == "not_our_failure")

    def counts(self, family: str) -> tuple[int, ...]:
        recovered = self.recovered_since(self.start)
        failed_twice = self.first_undone_at is not None or self.promise_broken_at is not None or self.is_repeated
        of = {
            "due": (True, recovered, self.fixed_at is None, self.occurred_at is not None),
            "reported": (True, self.recovered_since(self.reported_at)),
            "started": (True, self.fixed_at is not None),
            "first_fixed": (True, self.first_fixed_at is not None and not self.held),
            "all_due": (True, bool(self.excluded_as)),
            "answered": (
                True,
                self.surprise is not None,
                self.surprise is True,
                self.apology is not None,
                self.apology is True,
                recovered and self.surprise is True,
                self.is_planned,
            ),
            "held_up": (True, failed_twice),
            "closed": (True, self.approvals_asked == 0, self.solution == "policy_quoted"),
            "contact_due": (True,),
        }
        return tuple(map(int, of[family]))

    def lasted(self, family: str) -> timedelta | None:
        return self.fixed_at - self.start if family == "started" and self.fixed_at else None


def tell_repeats(cases: Iterable[Told]) -> None:
    """Whether the same customer and cause came again within 30 days of each case's first fix."""
    alike: dict[tuple[UUID, UUID], list[Told]] = defaultdict(list)
    for case in cases:
        if case.customer and case.cause:
            alike[case.customer, case.cause].append(case)
    for case in cases:
        others = alike[case.customer, case.cause] if case.customer and case.cause else []
        fixed = case.first_fixed_at
        case.is_repeated = fixed is not None and any(
            other is not case and other.is_valid and fixed <= other.start <= fixed + 30 * DAY for other in others
        )


@dataclass
class ToldPromise(Fact):
    families = ("promises",)

    case: Told
    first_due_at: datetime
    due_at: datetime
    times_moved: int
    move_agreed: bool
    done_at: datetime | None
    disputed_at: datetime | None
    cancelled_at: datetime | None

    def instant(self, family: str) -> datetime:
        return self.first_due_at

    def counts_in(self, family: str) -> bool:
        return self.case.is_valid and self.cancelled_at is None

    def counts(self, family: str) -> tuple[int, ...]:
        done = self.done_at if self.disputed_at is None else None
        at_first = done is not None and done <= self.first_due_at
        moved_well = self.move_agreed and self.times_moved == 1
        as_moved = done is not None and not at_first and moved_well and done <= self.due_at
        return 1, int(at_first or as_moved), int(as_moved)


@dataclass
class Asked(Fact):
    """What somebody waits for, from the asking to its end."""

    asked_at: datetime
    ended_at: datetime | None
    is_counted: bool

    def instant(self, family: str) -> datetime:
        return self.asked_at

    def counts_in(self, family: str) -> bool:
        return self.is_counted

    def counts(self, family: str) -> tuple[int, ...]:
        return 1, int(self.ended_at is not None)

    def lasted(self, family: str) -> timedelta | None:
        return self.ended_at - self.asked_at if self.ended_at else None


class ToldApproval(Asked):
    families = ("approvals",)


class ToldCallBack(Asked):
    families = ("call_backs",)


@dataclass
class ToldExposure(Fact):
    families = ("at_risk", "risked")

    since: datetime
    ended_at: datetime | None
    worth: tuple[int, int] | None
    saved_at: datetime | None

    def instant(self, family: str) -> datetime:
        return self.since + 90 * DAY if family == "risked" else self.since

    def counts_in(self, family: str) -> bool:
        return family == "risked" or self.ended_at is None

    def counts(self, family: str) -> tuple[int, ...]:
        low, high = self.worth or (0, 0)
        if family == "at_risk":
            return 1, int(self.worth is None), low, high
        known = self.worth is not None
        saved = known and self.saved_at is not None
        return 1, int(saved), int(known and not saved), int(not known), low * saved, high * saved, low, high


def exposures_of(
    cases: Iterable[Told],
    worth: Mapping[UUID, tuple[int, int] | None],
    purchases: Sequence[tuple[UUID, datetime]],
) -> list[ToldExposure]:
    """A customer is at risk from the report of a case to its fix; what overlaps or touches is one time at risk."""
    by_customer: dict[UUID, list[Told]] = defaultdict(list)
    for case in cases:
        if case.customer and case.is_valid and (case.fixed_at is None or case.fixed_at > case.reported_at):
            by_customer[case.customer].append(case)
    found = []
    for customer, own in by_customer.items():
        current: ToldExposure | None = None
        for case in sorted(own, key=lambda each: (each.reported_at, each.key)):
            if current is None or (current.ended_at is not None and case.reported_at > current.ended_at):
                bought = [
                    at
                    for who, at in purchases
                    if who == customer and case.reported_at < at <= case.reported_at + 90 * DAY
                ]
                saved_at = min(bought, default=None)
                current = ToldExposure(case.unit, case.reported_at, case.fixed_at, worth.get(customer), saved_at)
                found.append(current)
            elif current.ended_at is not None:
                current.ended_at = None if case.fixed_at is None else max(current.ended_at, case.fixed_at)
    return found
