"""Registry, triggers and indexes say the same: what counts is marked, and counted from an index alone."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.models import Q

from cso.metrics.counting import Window, count_together, counted_alike
from cso.metrics.engine.marking import MarkChanges
from cso.metrics.periods import parse_period
from cso.metrics.registry import FAMILIES, METRICS, Family, Metric, as_sql, kept
from cso.recovery.models import Case
from tenants.scope import tenant_scope
from tests.personas import NOW, Company
from tests.servers import with_database

MARCH = parse_period("2026-03")


def columns_of(q: Q) -> set[str]:
    found: set[str] = set()
    for child in q.children:
        if isinstance(child, Q):
            found |= columns_of(child)
        elif isinstance(child, tuple):
            found.add(child[0].split("__")[0])
    return found


def marked_columns() -> dict[str, set[str]]:
    """Source -> the columns whose change its trigger marks, as the migrations lay it."""
    found: dict[str, set[str]] = {}
    # The last one that marks a source says all of it.
    for _, migration in sorted(MigrationLoader(None).disk_migrations.items()):
        for operation in migration.operations:
            if isinstance(operation, MarkChanges):
                found[operation.source] = {"unit_id", *operation.instants, *operation.facts}
    return found


@pytest.mark.parametrize("family", kept().values(), ids=kept())
def test_whatever_a_family_counts_by_is_marked_when_it_changes(family: Family) -> None:
    needed = {family.column, *columns_of(family.base), *family.measures.values()}
    needed |= {family.seconds} if family.seconds else set()
    for name in family.counters:
        needed |= columns_of(family.condition(name))
    assert needed <= marked_columns()[family.source.key]


def test_the_triggers_in_the_database_are_those_of_the_migrations(acme: Company) -> None:
    with connection.cursor() as cursor:
        for source, columns in marked_columns().items():
            cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = %s", [f"mark_{source}"])
            (body,) = cursor.fetchone()
            assert set(re.findall(r"was\.(\w+)", body)) == columns
            cursor.execute(
                "SELECT tgname FROM pg_trigger WHERE tgname LIKE %s AND tgenabled = 'O'", [f"mark_{source}_%"]
            )
            events = {name for (name,) in cursor.fetchall()}
            assert events == {f"mark_{source}_{event}" for event in ("insert", "update", "delete")}


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_metric_names_counters_that_its_family_keeps(metric: Metric) -> None:
    assert {metric.numerator, metric.denominator} <= set(metric.family.counters)
    assert METRICS[metric.key] is metric
    assert FAMILIES[metric.family.key] is metric.family


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_every_counter_lies_within_the_familys_base(family: Family) -> None:
    """A row outside the base counts in no counter, so reading the base alone loses nothing."""
    base = family.base_condition
    assert all(base.strip("()") in condition for condition in family.conditions.values())


def test_a_counter_with_a_value_in_it_is_refused() -> None:
    with pytest.raises(ValueError, match="must not hold values"):
        as_sql(Case, Q(times_undone__gt=3))


def log_many(company: Company) -> None:
    """30,000 cases over eight months in all units, each closed and with a contact that is owed."""
    with tenant_scope(company.tenant), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO recovery_case (tenant_id, unit_id, reported_at, channel, summary, first_fixed_at, fixed_at,
                                       closed_at, solution, next_contact, next_contact_due_at)
            SELECT u.tenant_id, u.id, told.at, '', '', told.fixed_at, told.fixed_at,
                   told.fixed_at, 'put_right', 'follow_up', told.fixed_at
            FROM people_unit u, generate_series(1, 6000) n, LATERAL (
                SELECT %(now)s - n * INTERVAL '1 hour' AS at, %(now)s - n / 40 * INTERVAL '40 hours' AS fixed_at) told
            """,
            {"now": NOW},
        )


def vacuum() -> None:
    """What autovacuum does some minutes after a load."""
    name = urlsplit(os.environ["DATABASE_URL"]).path.lstrip("/")
    with psycopg.connect(with_database(os.environ["ADMIN_DATABASE_URL"], name), autocommit=True) as admin:
        admin.execute("VACUUM (ANALYZE) recovery_case, people_unit, people_unitancestor")


def plan_of_a_count(company: Company, families: Sequence[Family], *, with_units_below: bool) -> str:
    """How the database counts March in three units; the counts are checked on the way."""
    asked: list[tuple[str, Any]] = []

    def remember(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        asked.append((sql, parameters))
        return execute(sql, parameters, many, context)

    with tenant_scope(company.tenant):
        start, end = MARCH.bounds(company.tenant.zone)
        windows = [Window(company.units[code].pk, start, end) for code in ("north-1", "north", "top")]
        with connection.execute_wrapper(remember):
            asked_of = [(family, windows) for family in families]
            tallies = count_together(asked_of, with_units_below=with_units_below)
        below = (3, 5) if with_units_below else (1, 1)
        for leaf, north, top in tallies:
            assert leaf.counts[0] > 300
            assert (north.counts[0], top.counts[0]) == (below[0] * leaf.counts[0], below[1] * leaf.counts[0])
        [(sql, parameters)] = asked
        return explained(sql, parameters)


INDEX_OF = {
    "clock_start": "clock_start",
    "reported_at": "report",
    "first_fixed_at": "first_fix",
    "closed_at": "closing",
    "next_contact_due_at": "contact_due",
}


def _alike(family: Family) -> str:
    return str(counted_alike(family))


# As the engine counts them: those together that go by the same instant, and each alone as a page does.
OF_CASES = [family for family in FAMILIES.values() if family.source.is_of_cases]
TOGETHER = [list(alike) for _, alike in itertools.groupby(sorted(OF_CASES, key=_alike), key=_alike)]
COUNTING_CASES = [*([family] for family in OF_CASES), *(families for families in TOGETHER if len(families) > 1)]


@pytest.mark.django_db(transaction=True)
def test_a_window_is_counted_from_an_index_alone(acme: Company) -> None:
    log_many(acme)
    vacuum()
    for families, below in itertools.product(COUNTING_CASES, (False, True)):
        plan, column = plan_of_a_count(acme, families, with_units_below=below), families[0].column
        assert f"Index Only Scan using case_by_{INDEX_OF[column]} " in plan, plan
        assert "Seq Scan on recovery_case" not in plan, plan
        assert re.search(rf"Index Cond: .*tenant_id.*unit_id.*{column}", plan), plan


@pytest.mark.django_db(transaction=True)
def test_a_workspace_among_others_is_counted_from_the_same_index(acme: Company, other: Company) -> None:
    log_many(other)
    log_many(acme)
    vacuum()
    for families, below in itertools.product(COUNTING_CASES, (False, True)):
        plan, column = plan_of_a_count(acme, families, with_units_below=below), families[0].column
        assert re.search(rf"Index Cond: .*tenant_id.*unit_id.*{column}", plan), plan


def explained(sql: str, parameters: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (COSTS OFF) {sql}", parameters)
        return "\n".join(line for (line,) in cursor.fetchall())


def test_a_delay_is_what_the_definition_says() -> None:
    delays = {key: (family.delay, family.matures, family.lies_ahead) for key, family in FAMILIES.items()}
    none, day = timedelta(0), timedelta(hours=24)
    due, at_once, ahead = (day, none, False), (none, none, False), (none, none, True)
    assert delays == {
        "due": due,
        "reported": due,
        "started": at_once,
        "first_fixed": at_once,
        "all_due": due,
        "answered": due,
        "held_up": (none, 30 * day, False),
        "closed": at_once,
        "contact_due": ahead,
        "promises": ahead,
        "approvals": at_once,
        "call_backs": at_once,
        "at_risk": at_once,
        "risked": (90 * day, none, False),
        "killed": at_once,
        "effects": (none, 56 * day, False),
        "executions": ahead,
        "nominated": at_once,
        "decisions": ahead,
        "covered": at_once,
        "invited": ahead,
        "attended": at_once,
        "commitments": ahead,
        "nps": at_once,
        "csat": at_once,
        "effort": at_once,
        "reasons": at_once,
    }


def test_sums_stand_in_figures_of_money_in_ratios_and_in_those_of_groups_alone() -> None:
    for metric in METRICS.values():
        sums = {name for name in metric.shown if name in metric.family.measures}
        is_of_groups = metric.family.source.key == "result_group"
        assert bool(sums) == (metric.kind in {"money", "ratio"} or is_of_groups)
        assert (metric.money is not None) == (metric.kind == "money")
        assert (metric.against is not None) == (metric.kind == "net")
        assert ({metric.numerator, metric.denominator} <= sums) == (metric.kind == "ratio" or is_of_groups)
        assert metric.counted not in metric.family.measures
