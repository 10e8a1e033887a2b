"""What committees did, as its own history tells it: written out from docs/metrics.md, like tests/metrics/told.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tests.metrics.told import DAY, Fact, Told

EIGHT_WEEKS = 56 * DAY


@dataclass
class ToldOrder(Fact):
    """An order to kill a rule. `citing`: the cases that cite it; `others`: all orders of the workspace."""

    families = ("killed", "effects", "executions")

    rule: UUID
    ordered_at: datetime
    first_due_at: datetime
    due_at: datetime
    executed_at: datetime | None
    verified_at: datetime | None
    reinstated_at: datetime | None
    citing: Sequence[Told]
    others: Sequence[ToldOrder]

    def lasted_for(self, least: timedelta) -> bool:
        assert self.verified_at
        return self.reinstated_at is None or self.reinstated_at - self.verified_at >= least

    @property
    def held(self) -> bool:
        """Nobody brought the rule back within 90 days."""
        return self.verified_at is not None and self.lasted_for(90 * DAY + timedelta(microseconds=1))

    def is_first(self) -> bool:
        assert self.verified_at
        held = [order.verified_at for order in self.others if order.rule == self.rule and order.held]
        return not any(at < self.verified_at for at in held if at)

    def cited(self) -> tuple[int, int]:
        assert self.verified_at
        distances = [case.start - self.verified_at for case in self.citing if case.is_valid]
        before = sum(-EIGHT_WEEKS <= distance < timedelta(0) for distance in distances)
        return before, sum(timedelta(0) <= distance < EIGHT_WEEKS for distance in distances)

    def instant(self, family: str) -> datetime | None:
        return self.first_due_at if family == "executions" else self.verified_at

    def counts_in(self, family: str) -> bool:
        if family == "executions":
            return self.executed_at is not None or not (self.reinstated_at and self.reinstated_at < self.first_due_at)
        if self.verified_at is None:
            return False
        return self.held and self.is_first() if family == "killed" else self.lasted_for(EIGHT_WEEKS)

    def counts(self, family: str) -> tuple[int, ...]:
        if family == "killed":
            return (1,)
        if family == "executions":
            done = self.executed_at
            in_time = done is not None and done <= self.first_due_at
            return 1, int(in_time), int(done is not None and not in_time and done <= self.due_at)
        before, after = self.cited()
        return (1, 0, after, before) if before >= 5 else (0, 1, 0, 0)


@dataclass
class ToldNomination(Fact):
    families = ("nominated",)

    submitted_at: datetime
    killed_at: datetime | None
    ended_at: datetime | None
    status: str

    def instant(self, family: str) -> datetime:
        return self.submitted_at

    def counts_in(self, family: str) -> bool:
        return self.status != "merged"

    def counts(self, family: str) -> tuple[int, ...]:
        return 1, int(self.killed_at is not None), int(self.killed_at is None and self.ended_at is not None)

    def lasted(self, family: str) -> timedelta | None:
        return self.killed_at - self.submitted_at if self.killed_at else None


@dataclass
class ToldMotion(Fact):
    families = ("decisions",)

    moved_at: datetime
    cadence_days: int
    status: str
    decided_at: datetime | None

    @property
    def due_at(self) -> datetime:
        return self.moved_at + 2 * self.cadence_days * DAY

    def instant(self, family: str) -> datetime:
        return self.due_at

    def counts_in(self, family: str) -> bool:
        return not (self.status == "withdrawn" and self.decided_at is not None and self.decided_at < self.due_at)

    def counts(self, family: str) -> tuple[int, ...]:
        is_decided = self.status in {"carried", "lost", "referred"} and self.decided_at is not None
        return 1, int(is_decided and self.decided_at <= self.due_at)  # type: ignore[operator]


@dataclass(frozen=True)
class ToldCommittee:
    """tenures: from and to of each seat's holder, to the end of the seat or of the membership; None: still so."""

    unit: UUID
    founded_at: datetime
    dissolved_at: datetime | None
    cadence_days: int
    tenures: Sequence[tuple[datetime, datetime | None]]
    opened: Sequence[datetime]

    def is_live(self, now: datetime) -> bool:
        stands = self.founded_at <= now and (self.dissolved_at is None or now < self.dissolved_at)
        is_held = any(start <= now and (end is None or now < end) for start, end in self.tenures)
        acted = [at for at in (self.founded_at, *self.opened) if at <= now]
        return stands and is_held and now - max(acted) < 2 * self.cadence_days * DAY
