"""Whatever happens to cases and units, between whichever refreshes: the figures are those of a recount."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cso.metrics.counting import Window
from cso.metrics.engine.rebuild import verify
from cso.metrics.engine.refresh import refresh
from cso.metrics.periods import Grain, Period
from cso.metrics.queries.breakdown import breakdown, ways_to_part
from cso.metrics.queries.drilldown import Part, facts_behind
from cso.metrics.queries.figures import Figure, figures, figures_between
from cso.metrics.queries.states import count_state, overdue_now, state_counts
from cso.metrics.registry import METRICS, Metric
from tenants.models import User
from tenants.scope import tenant_scope
from tests.metrics import naive
from tests.metrics.instants import EDGES, LATER
from tests.metrics.told import DAY, Fact, Told
from tests.metrics.world import ACTS, World, new_world, three

# What panels say is counted from groups, which no history here makes: see test_panel_vectors.
SHARES: list[Metric] = [metric for key, metric in METRICS.items() if not metric.is_state and key in naive.PLACES]
# Those whose figures bound each other are looked at each time.
RELATED = [METRICS[key] for key in ("recovered_24h", "surprised", "dazzled", "value_saved")]
STATES: list[Metric] = [metric for metric in METRICS.values() if metric.is_state]


@pytest.fixture
def pair(db: None) -> list[User]:
    return [User.objects.create_user(f"{name}@example.test", None, name=name) for name in ("first", "second")]


@settings(
    max_examples=10,
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
        for kind in chance.choices(list(ACTS), list(ACTS.values()), k=chance.randint(25, 130)):
            world.act(kind, *three(chance))
        while (refreshed := refresh(3)) and refreshed.more:
            pass
        facts = naive.told_by_database()
        assert world.parents == naive.parents_in_database()
        assert {fact.key: acted(fact) for fact in facts if isinstance(fact, Told)} == {
            key: acted(told) for key, told in world.told.items()
        }
        expected = naive.expected_cells(facts, world.parents, world.tenant.zone)
        assert naive.stored_cells() == expected
        assert verify() == []
        _assert_refresh_is_idempotent(world)
        _assert_figures(world, facts, sorted({key[1:3] for key in expected}), chance.sample(SHARES, 4) + RELATED)
        for _ in range(3):
            _assert_drill_down(world, *three(chance), chance.randrange(100))


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
            UNION ALL
            SELECT tenant_id, 'exposure', unit_id, (at_risk_since AT TIME ZONE 'UTC')::date FROM recovery_exposure
            UNION ALL
            SELECT tenant_id, 'promise', unit_id, (first_due_at AT TIME ZONE 'UTC')::date FROM recovery_promise
            UNION ALL SELECT tenant_id, 'tree', id, current_date FROM people_unit
            """
        )
        refresh()
        cursor.execute(revisions)
        assert cursor.fetchall() == before


def _moments(zone: int) -> list[datetime]:
    return [EDGES[zone % len(EDGES)] + DAY, LATER]


def acted(case: Told) -> tuple[object, ...]:
    """What acts decide, of which the world keeps its own account."""
    fixes = case.first_fixed_at, case.fixed_at, case.first_undone_at
    return case.unit, case.reported_at, case.occurred_at, *fixes, case.excluded_as


def _assert_figures(world: World, facts: list[Fact], periods: list[tuple[str, date]], metrics: list[Metric]) -> None:
    """Each of some metrics, unit and period, at two moments; units sum to the tenant; what counts is a subset."""
    zone = world.tenant.zone
    by_period = {(grain, first): Period("week" if grain == "week" else "month", first) for grain, first in periods}
    groups: dict[UUID | str, list[UUID]] = {unit.pk: [unit.pk] for unit in world.units}
    groups["all"] = [unit for unit, parent in world.parents.items() if parent is None]
    for now in _moments(len(world.told)):
        by_metric = {}
        for metric in metrics:
            by_metric[metric.key] = found = figures(metric, groups, list(by_period.values()), now=now)
            expected = naive.figures(metric.key, facts, world.parents, zone, now)
            for (grain, first), period in by_period.items():
                for unit in world.units:
                    assert _plain(found[unit.pk, period]) == expected[unit.pk, grain, first]
                whole = [_plain(found[top, period]) for top in groups["all"]]
                assert _plain(found["all", period]) == tuple(map(sum, zip(*whole, strict=True)))
                if metric.kind != "ratio":
                    assert all(
                        0 <= found[group, period].numerator <= found[group, period].denominator for group in groups
                    )
        _assert_invariants(by_metric)
        for unit in world.units:
            group = {unit.pk: [unit.pk]}
            assert overdue_now(group, now=now)[unit.pk] == naive.overdue(facts, world.parents, unit.pk, now)
            silent = count_state(METRICS["silent"], group, now=now)[unit.pk]
            assert silent == naive.silent(facts, world.parents, unit.pk, now)
            coverage = state_counts(METRICS["committee_coverage"], group, now=now)[unit.pk]
            assert (coverage["covered"], coverage["units"]) == naive.covered(world.parents, unit.pk, now)
            at_risk = state_counts(METRICS["value_at_risk"], group, now=now)[unit.pk]
            assert tuple(at_risk.values()) == naive.at_risk(facts, world.parents, unit.pk, now)


def _assert_invariants(found: dict[str, dict[Any, Figure]]) -> None:
    """Dazzled <= recovered; saved + lost + unknown = exposed, and no money is saved that was not exposed."""
    for key, dazzled in found["dazzled"].items():
        recovered = found["recovered_24h"][key]
        assert dazzled.denominator == recovered.denominator
        assert dazzled.numerator <= recovered.numerator
        assert dazzled.numerator <= found["surprised"][key].numerator
    for saved in found["value_saved"].values():
        counts = saved.counts
        assert counts["saved"] + counts["lost"] + counts["unknown"] == counts["exposed"] == saved.denominator
        assert counts["saved_low"] <= counts["saved_high"] <= counts["exposed_high"]
        assert counts["saved_low"] <= counts["exposed_low"] <= counts["exposed_high"]


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
    if metric.kind == "ratio":
        parts = {"numerator": figure.counts["rules"], "denominator": figure.counts["rules"], "rest": 0}
    if metric.family.can_run:
        parts["running"] = figure.running
    listed = {part: facts_behind(viewer, metric, part, [unit.pk], period, now=now).count() for part in parts}
    assert listed == parts
    for state in STATES:
        behind = facts_behind(viewer, state, "numerator", [unit.pk], None, now=now).count()
        assert behind == count_state(state, {1: [unit.pk]}, now=now)[1]
    for by in ways_to_part(metric):
        slices = breakdown(viewer, metric, [unit.pk], period, by, now=now)
        assert _sum(each.figure for each in slices) == _plain(figure)
        for name, count in figure.counts.items():
            assert sum(each.figure.counts[name] for each in slices) == count


def _sum(found: Iterable[Figure]) -> tuple[int, int, int]:
    whole = list(map(_plain, found))
    return (sum(n for n, _, _ in whole), sum(d for _, d, _ in whole), sum(r for _, _, r in whole))
