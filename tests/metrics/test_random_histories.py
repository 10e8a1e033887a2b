"""Whatever happens to cases and units, between whichever refreshes: the figures are those of a recount."""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cso.errors import DomainError
from cso.metrics.counting import Window
from cso.metrics.engine.rebuild import verify
from cso.metrics.engine.refresh import refresh
from cso.metrics.periods import Grain, Period
from cso.metrics.queries.drilldown import Part, cases_behind
from cso.metrics.queries.figures import Figure, figures, figures_between
from cso.metrics.queries.states import overdue_now
from cso.metrics.registry import METRICS, Metric
from cso.people import actions as people
from cso.people.models import Unit
from cso.recovery import actions as recovery
from cso.recovery.models import Case
from tenants.members import add_member, create_tenant
from tenants.models import Membership, Tenant, User
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.metrics import naive
from tests.metrics.naive import MICROSECOND, Told

# Later than every instant of a story, so that no act lies in the future.
LATER = datetime(2026, 6, 20, 12, tzinfo=UTC)
ZONES = ["America/Toronto", "Asia/Kathmandu", "Pacific/Auckland"]
# Where months, weeks and clock changes are; in UTC, so that each zone is near some of them.
EDGES = [
    datetime(2025, 11, 1, 4, tzinfo=UTC),
    datetime(2025, 11, 2, 6, tzinfo=UTC),
    datetime(2026, 2, 28, 18, 15, tzinfo=UTC),
    datetime(2026, 3, 1, 5, tzinfo=UTC),
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 3, 16, 4, tzinfo=UTC),
    datetime(2026, 3, 31, 11, tzinfo=UTC),
]
DAY, FORTNIGHT = timedelta(hours=24), timedelta(days=14)
SHIFTS = [timedelta(0), MICROSECOND, -MICROSECOND, timedelta(hours=5), -timedelta(hours=7), timedelta(days=3)]
AFTER = [
    timedelta(0),
    timedelta(seconds=1),
    timedelta(minutes=90, microseconds=1),
    DAY - MICROSECOND,
    DAY,
    DAY + MICROSECOND,
    timedelta(days=13),
    FORTNIGHT,
    FORTNIGHT + MICROSECOND,
]
SHARES: list[Metric] = [metric for metric in METRICS.values() if not metric.is_state]
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
}


@dataclass
class World:
    """A workspace, and what its cases ought to say, kept in plain Python beside it."""

    tenant: Tenant
    members: list[Membership]
    units: list[Unit] = field(default_factory=list)
    parents: dict[UUID, UUID | None] = field(default_factory=dict)
    told: dict[UUID, Told] = field(default_factory=dict)

    def unit(self, number: int) -> Unit:
        return self.units[number % len(self.units)]

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
        case = recovery.open_case(by=None, unit=unit, reported_at=reported, occurred_at=occurred, now=LATER)
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
                    "DELETE FROM recovery_case WHERE id = %s AND NOT EXISTS"
                    " (SELECT 1 FROM recovery_caseevent WHERE case_id = %s)",
                    [key, key],
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


@pytest.fixture
def pair(db: None) -> list[User]:
    return [User.objects.create_user(f"{name}@example.test", None, name=name) for name in ("first", "second")]


def new_world(pair: list[User], chance: Random) -> World:
    tenant = create_tenant(f"world-{next(_numbers)}", "World", chance.choice(ZONES))
    with tenant_scope(tenant):
        world = World(tenant, [add_member(user, Role.CSO, by=None) for user in pair])
        for _ in range(chance.randint(3, 7)):
            world.add_unit(*_three(chance))
    return world


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # a seed cannot be shrunk
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32))
def test_the_figures_are_the_recount_whatever_happened(pair: list[User], seed: int) -> None:
    chance = Random(seed)
    world = new_world(pair, chance)
    with tenant_scope(world.tenant):
        for kind in chance.choices(list(ACTS), list(ACTS.values()), k=chance.randint(20, 90)):
            world.act(kind, *_three(chance))
        while (refreshed := refresh(3)) and refreshed.more:
            pass
        expected = naive.expected_cells(world.told.values(), world.parents, world.tenant.zone)
        assert naive.stored_cells() == expected
        assert verify() == []
        _assert_refresh_is_idempotent(world)
        _assert_figures(world, sorted({key[1:3] for key in expected}))
        for _ in range(3):
            _assert_drill_down(world, *_three(chance), chance.randrange(100))


def _three(chance: Random) -> tuple[int, int, int]:
    return chance.randrange(1_000_000), chance.randrange(1_000_000), chance.randrange(1_000_000)


def _assert_refresh_is_idempotent(world: World) -> None:
    """Everything marked once more, and worked off: no cell is even written."""
    with connection.cursor() as cursor:
        revisions = "SELECT id, revision FROM metrics_cell ORDER BY id"
        cursor.execute(revisions)
        before = cursor.fetchall()
        cursor.execute(
            """
            INSERT INTO metrics_mark (tenant_id, source, unit_id, day)
            SELECT tenant_id, 'case', unit_id, (clock_start AT TIME ZONE 'UTC')::date FROM recovery_case
            UNION ALL SELECT tenant_id, 'tree', id, current_date FROM people_unit
            """
        )
        refresh()
        cursor.execute(revisions)
        assert cursor.fetchall() == before


def _moments(zone: int) -> list[datetime]:
    return [EDGES[zone % len(EDGES)] + DAY, LATER]


def _assert_figures(world: World, periods: list[tuple[str, date]]) -> None:
    """Each metric, unit and period, at two moments; units sum to the tenant; what counts is a subset."""
    zone = world.tenant.zone
    by_period = {(grain, first): Period("week" if grain == "week" else "month", first) for grain, first in periods}
    groups: dict[UUID | str, list[UUID]] = {unit.pk: [unit.pk] for unit in world.units}
    groups["all"] = [unit for unit, parent in world.parents.items() if parent is None]
    for now in _moments(len(world.told)):
        cases = list(world.told.values())
        for metric in SHARES:
            found = figures(metric, groups, list(by_period.values()), now=now)
            for (grain, first), period in by_period.items():
                for unit in world.units:
                    expected = naive.figure(metric.key, cases, world.parents, unit.pk, grain, first, zone, now)
                    assert _plain(found[unit.pk, period]) == expected
                whole = [_plain(found[top, period]) for top in groups["all"]]
                assert _plain(found["all", period]) == tuple(map(sum, zip(*whole, strict=True)))
                assert all(0 <= found[group, period].numerator <= found[group, period].denominator for group in groups)
        expected_overdue = {unit.pk: naive.overdue(cases, world.parents, unit.pk, now) for unit in world.units}
        assert overdue_now({unit.pk: [unit.pk] for unit in world.units}, now=now) == expected_overdue


def _plain(figure: Figure) -> tuple[int, int, int]:
    return figure.numerator, figure.denominator, figure.running


def _assert_drill_down(world: World, a: int, b: int, c: int, d: int) -> None:
    """A figure, the same counted between its bounds, and each of its parts as a list of cases."""
    metric, unit, now = SHARES[a % len(SHARES)], world.unit(b), _moments(c)[d % 2]
    grain: Grain = "week" if d % 3 == 0 else "month"
    first = EDGES[c % len(EDGES)].date()
    first = first - timedelta(days=first.weekday()) if grain == "week" else first.replace(day=1)
    period, viewer = Period(grain, first), world.members[0]
    figure = figures(metric, {unit.pk: [unit.pk]}, [period], now=now)[unit.pk, period]
    window = Window(unit.pk, *period.bounds(world.tenant.zone))
    (between,) = figures_between(metric, [window], now=now)
    assert (_plain(between), between.counts) == (_plain(figure), figure.counts)
    parts: dict[Part, int] = {
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "rest": figure.denominator - figure.numerator,
    }
    if metric.family.delay:
        parts["running"] = figure.running
    listed = {part: cases_behind(viewer, metric, part, [unit.pk], period, now=now).count() for part in parts}
    assert listed == parts
    state = METRICS["open_overdue"]
    assert (
        cases_behind(viewer, state, "numerator", [unit.pk], None, now=now).count()
        == overdue_now({1: [unit.pk]}, now=now)[1]
    )
