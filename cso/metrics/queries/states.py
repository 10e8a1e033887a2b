"""How things stand now: the counts of states, which have no period."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection

from cso.metrics.queries.figures import MARKS_WAIT
from cso.metrics.registry import METRICS, Metric
from tenants.scope import current_tenant_id

K = TypeVar("K", bound=Hashable)


def state_counts(metric: Metric, groups: Mapping[K, Sequence[UUID]], *, now: datetime) -> dict[K, dict[str, int]]:
    """How many facts of each group, units below included, stand in it past the delay at `now`, and their worth.

    By counter: the numerator, and those of money, which lie within it; of a share the denominator too. What all months
    hold, less what is not yet over; one query. While marks wait, one more counts the facts.
    """
    names = _names(metric)
    none = dict.fromkeys(names, 0)
    units = list({unit for members in groups.values() for unit in members})
    if not units:
        return {group: dict(none) for group in groups}
    by_unit, is_behind = ({}, True) if metric.family.until else _from_cells(metric, units, now)
    if is_behind:
        by_unit = _from_facts(metric, units, now)
    return {
        group: {name: sum(by_unit.get(unit, none)[name] for unit in members) for name in names}
        for group, members in groups.items()
    }


def count_state(metric: Metric, groups: Mapping[K, Sequence[UUID]], *, now: datetime) -> dict[K, int]:
    """How many facts of each group, units below included, are in a state and past their delay at `now`."""
    return {group: counts[metric.numerator] for group, counts in state_counts(metric, groups, now=now).items()}


def overdue_now(groups: Mapping[K, Sequence[UUID]], *, now: datetime) -> dict[K, int]:
    """How many valid cases of each group are open and past their 24 hours, this instant."""
    return count_state(METRICS["open_overdue"], groups, now=now)


def _from_cells(metric: Metric, units: Sequence[UUID], now: datetime) -> tuple[dict[UUID, dict[str, int]], bool]:
    """The counts of each unit, and whether marks wait: from one statement, so that all are of one instant."""
    family, names = metric.family, _names(metric)
    table = family.source.table
    kept = ", ".join(f"sum(total[{family.position(name) + 1}]) AS c{n}" for n, name in enumerate(names))
    early = ", ".join(f"{family.aggregate(name)} AS c{n}" for n, name in enumerate(names))
    left = ", ".join(f"(COALESCE(kept.c{n}, 0) - COALESCE(early.c{n}, 0))::bigint" for n in range(len(names)))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH kept AS (
                SELECT unit_id, {kept} FROM metrics_cell
                WHERE tenant_id = %(tenant)s AND family = %(family)s AND grain = 'month' AND unit_id = ANY(%(units)s)
                GROUP BY unit_id
            ), early AS (
                SELECT above.ancestor_id AS unit_id, {early}
                FROM {table} JOIN people_unitancestor above
                    ON above.tenant_id = {table}.tenant_id AND above.unit_id = {table}.unit_id
                WHERE {table}.tenant_id = %(tenant)s AND above.ancestor_id = ANY(%(units)s)
                AND {family.base_condition} AND {family.conditions[metric.numerator]}
                AND {table}.{family.indexed} >= %(since)s AND {table}.{family.column} >= %(since)s
                GROUP BY above.ancestor_id
            )
            SELECT marks.wait, unit_id, {left}
            FROM unnest(%(units)s::uuid[]) AS wanted(unit_id) CROSS JOIN (SELECT {MARKS_WAIT}) AS marks(wait)
            LEFT JOIN kept USING (unit_id) LEFT JOIN early USING (unit_id)
            """,
            {
                "tenant": current_tenant_id(),
                "family": family.key,
                "units": list(units),
                "since": family.counted_before(now) - family.delay,
            },
        )
        rows = cursor.fetchall()
    return _by_unit(metric, (row[1:] for row in rows)), bool(rows[0][0])


def _from_facts(metric: Metric, units: Sequence[UUID], now: datetime) -> dict[UUID, dict[str, int]]:
    family = metric.family
    table = family.source.table
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT above.ancestor_id, {", ".join(family.aggregate(name) for name in _names(metric))}
            FROM {table} JOIN people_unitancestor above
                ON above.tenant_id = {table}.tenant_id AND above.unit_id = {table}.unit_id
            WHERE {table}.tenant_id = %(tenant)s AND above.ancestor_id = ANY(%(units)s)
            AND {family.base_condition} AND {_standing(metric)}
            GROUP BY above.ancestor_id
            """,
            {
                "tenant": current_tenant_id(),
                "units": list(units),
                "since": family.counted_before(now) - family.delay,
                "now": now,
            },
        )
        return _by_unit(metric, cursor.fetchall())


def _by_unit(metric: Metric, rows: Iterable[Sequence[Any]]) -> dict[UUID, dict[str, int]]:
    return {unit: dict(zip(_names(metric), counts, strict=True)) for unit, *counts in rows}


def _names(metric: Metric) -> list[str]:
    if metric.kind == "share":
        return [metric.numerator, metric.denominator]
    money = (*metric.money.numerator, metric.money.unknown) if metric.money else ()
    return [metric.numerator, *money]


def _standing(metric: Metric) -> str:
    """Which facts stand now. What ends by the clock stands from its very instant up to, not including, its end."""
    family, table = metric.family, metric.family.source.table
    if family.until is None:
        return f"{family.conditions[metric.numerator]} AND {table}.{family.column} < %(since)s"
    has_not_ended = f"({table}.{family.until} IS NULL OR {table}.{family.until} > %(now)s)"
    return f"{table}.{family.column} <= %(now)s AND {has_not_ended}"
