"""The org tree at full size: moved, too deep, against itself, and by two at once."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from cso.errors import ConflictError, DomainError, InvalidFieldsError
from cso.metrics.engine.rebuild import rebuild, verify
from cso.metrics.engine.refresh import refresh
from cso.metrics.periods import parse_period
from cso.metrics.queries.figures import HEADLINE, figures, whole_tenant
from cso.people import actions, tree
from cso.people.models import MAX_DEPTH, Unit, UnitAncestor
from tenants.scope import tenant_scope
from tests.metrics import naive
from tests.personas import NOW, Company
from tests.servers import with_database

# 1 + 6 + 36 + 216 + 1,296 + 7,776 units: six levels below each other.
WIDTH, LEVELS = 6, 6


def closure() -> set[tuple[UUID, UUID, int]]:
    return set(UnitAncestor.objects.values_list("unit", "ancestor", "distance"))


def assert_closure_is_the_tree() -> None:
    """Each unit with each unit above it, walked up by hand."""
    parents = naive.parents_in_database()
    walked = {(unit, above, n) for unit in parents for n, above in enumerate(naive.upwards(unit, parents))}
    assert closure() == walked


def analyze() -> None:
    """What autovacuum does after a load; with the statistics of empty tables each step below takes minutes."""
    name = urlsplit(os.environ["DATABASE_URL"]).path.lstrip("/")
    with psycopg.connect(with_database(os.environ["ADMIN_DATABASE_URL"], name), autocommit=True) as admin:
        admin.execute("ANALYZE people_unit, people_unitancestor, recovery_case")


def grow(company: Company) -> list[list[Unit]]:
    """A tree of six levels, its leaves with a case each: `levels[n][m]` hangs below `levels[n - 1][m // 6]`."""
    levels: list[list[Unit]] = []
    with tenant_scope(company.tenant):
        levels.append([Unit.objects.create(code="root", name="Root")])
        while len(levels) < LEVELS:
            units = [
                Unit(code=f"{parent.code}.{n}", name=f"Unit {n}", parent=parent)
                for parent in levels[-1]
                for n in range(WIDTH)
            ]
            levels.append(Unit.objects.bulk_create(units))
    analyze()
    with tenant_scope(company.tenant), connection.cursor() as cursor:
        tree.hang_new([unit for level in levels for unit in level])
        # Every third case is fixed in time.
        cursor.execute(
            """
            INSERT INTO recovery_case (tenant_id, unit_id, reported_at, channel, summary, first_fixed_at, fixed_at)
            SELECT tenant_id, id, %(at)s, '', '', fixed.at, fixed.at
            FROM (SELECT *, row_number() OVER (ORDER BY code) AS number FROM people_unit WHERE length(code) = 14) leaf,
                LATERAL (SELECT CASE WHEN number %% 3 = 0 THEN %(at)s::timestamptz END AS at) fixed
            """,
            {"at": NOW - timedelta(days=5)},
        )
    analyze()
    return levels


@pytest.mark.django_db(transaction=True)
def test_ten_thousand_units_in_six_levels_and_a_branch_of_them_moves(acme: Company) -> None:
    march = parse_period("2026-03")
    levels = grow(acme)
    with tenant_scope(acme.tenant):
        leaves = WIDTH ** (LEVELS - 1)
        assert (Unit.objects.count() - len(acme.units), sum(map(len, levels))) == (9_331, 9_331)
        rebuild()
        branch, target = levels[1][0], levels[1][5]
        asked = {unit.code: [unit.pk] for unit in (levels[0][0], branch, target)} | {"all": whole_tenant()}

        def shares() -> dict[str, tuple[int, int]]:
            found = figures(HEADLINE, asked, [march], now=NOW)
            return {code: (figure.numerator, figure.denominator) for (code, _), figure in found.items()}

        part = (leaves // 18, leaves // 6)
        everything = (leaves // 3, leaves)
        assert shares() == {"root": everything, "root.0": part, "root.5": part, "all": everything}
        with pytest.raises(ConflictError):
            actions.move_unit(levels[0][0], levels[5][-1], by=None)
        actions.move_unit(branch, target, by=None)
        while (refreshed := refresh()) and refreshed.more:
            pass
        assert shares() == {
            "root": everything,
            "root.0": part,
            "root.5": (2 * part[0], 2 * part[1]),
            "all": everything,
        }
        assert verify() == []
        below = UnitAncestor.objects.filter(ancestor=target)
        assert below.count() == 2 * sum(WIDTH**n for n in range(LEVELS - 1))
        assert UnitAncestor.objects.filter(unit=levels[5][0]).count() == LEVELS + 1


def test_a_move_takes_everything_below_along_and_back_to_the_top(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        actions.move_unit(acme.units["north"], acme.units["south"], by=None)
        assert_closure_is_the_tree()
        actions.move_unit(acme.units["north"], None, by=None)
        assert_closure_is_the_tree()
        assert UnitAncestor.objects.filter(unit=acme.units["north-1"]).count() == 2


def test_a_unit_cannot_hang_below_itself(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        before = closure()
        for parent in ("north", "north-1"):
            with pytest.raises(ConflictError) as refused:
                actions.move_unit(acme.units["north"], acme.units[parent], by=None)
            assert refused.value.code == "ring"
        assert closure() == before


def test_a_tree_that_is_too_deep_is_refused_whether_it_grows_or_is_moved(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        chain = [actions.add_unit("level-1", "Level 1", None, by=None)]
        for level in range(2, MAX_DEPTH + 1):
            chain.append(actions.add_unit(f"level-{level}", f"Level {level}", chain[-1], by=None))
        with pytest.raises(InvalidFieldsError) as refused, transaction.atomic():
            actions.add_unit("level-13", "Level 13", chain[-1], by=None)
        assert refused.value.errors[0].code == "too_deep"
        before = closure()
        # `north` has one level below it: below the 11th there is room for one.
        with pytest.raises(InvalidFieldsError):
            actions.move_unit(acme.units["north"], chain[10], by=None)
        assert closure() == before
        actions.move_unit(acme.units["north"], chain[9], by=None)
        assert_closure_is_the_tree()


def test_the_database_refuses_a_unit_as_its_own_parent(acme: Company) -> None:
    refusal = pytest.raises(IntegrityError, match="a_unit_is_not_its_own_parent")
    with tenant_scope(acme.tenant), refusal, transaction.atomic():
        Unit.objects.filter(code="south").update(parent=acme.units["south"])


@pytest.mark.django_db(transaction=True)
def test_two_moves_at_once_cannot_make_a_ring(acme: Company) -> None:
    """North below south, and south below north, each right when looked at alone."""
    for _ in range(5):
        barrier = Barrier(2)

        def move(code: str, below: str, barrier: Barrier = barrier) -> str:
            try:
                barrier.wait(10)
                with tenant_scope(acme.tenant):
                    actions.move_unit(acme.units[code], acme.units[below], by=None)
            except DomainError as error:
                return error.code
            else:
                return "moved"
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            moves = [pool.submit(move, "north", "south"), pool.submit(move, "south", "north-1")]
            assert sorted(each.result() for each in moves) == ["moved", "ring"]
        with tenant_scope(acme.tenant):
            assert_closure_is_the_tree()
            for code in ("north", "south"):
                actions.move_unit(Unit.objects.get(code=code), acme.units["top"], by=None)


@pytest.mark.django_db(transaction=True)
def test_units_added_and_moved_at_once_leave_a_whole_tree(acme: Company) -> None:
    def add(number: int) -> None:
        try:
            with tenant_scope(acme.tenant):
                actions.add_unit(f"new-{number}", f"New {number}", acme.units["north-1"], by=None)
        finally:
            connection.close()

    def move(below: str) -> None:
        try:
            with tenant_scope(acme.tenant):
                actions.move_unit(acme.units["north"], acme.units[below], by=None)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(add, n) for n in range(8)] + [pool.submit(move, code) for code in ("south", "top")]
        for job in jobs:
            job.result()
    with tenant_scope(acme.tenant):
        assert_closure_is_the_tree()
        assert Unit.objects.filter(code__startswith="new-").count() == 8


def test_a_unit_is_renamed_or_moved_and_what_is_not_given_stays(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        north = Unit.objects.get(code="north-1")
        changes: list[dict[str, Any]] = [
            {},
            {"name": "Far North"},
            {"parent": acme.units["south"]},
            {"name": "Free North", "parent": None},
        ]
        seen = []
        for change in changes:
            actions.change_unit(north, **change, by=None)
            found = Unit.objects.select_related("parent").get(pk=north.pk)
            seen.append((found.name, found.parent.code if found.parent else None))
        assert seen == [("North-1", "north"), ("Far North", "north"), ("Far North", "south"), ("Free North", None)]


def test_a_refused_move_does_not_rename_either(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        with pytest.raises(ConflictError), transaction.atomic():
            actions.change_unit(acme.units["north"], name="Ring", parent=acme.units["north-1"], by=None)
        assert Unit.objects.get(code="north").name == "North"
