"""How things stand now: the counts of states, which have no period."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db import connection

from cso.metrics.queries.figures import MARKS_WAIT
from cso.metrics.registry import METRICS, Metric
from tenants.scope import current_tenant_id

K = TypeVar("K", bound=Hashable)


def count_state(metric: Metric, groups: Mapping[K, Sequence[UUID]], *, now: datetime) -> dict[K, int]:
    """How many facts of each group, units below included, are in a state and past their delay at `now`.

    What all months hold, less what is not yet over; one query. While marks wait, one more counts the facts.
    """
    units = list({unit for members in groups.values() for unit in members})
    if not units:
        return dict.fromkeys(groups, 0)
    rows = _from_cells(metric, units, now)
    by_unit = {unit: count for unit, count, _ in rows}
    if any(is_behind for _, _, is_behind in rows):
        by_unit = _from_facts(metric, units, now)
    return {group: sum(by_unit.get(unit, 0) for unit in members) for group, members in groups.items()}


def overdue_now(groups: Mapping[K, Sequence[UUID]], *, now: datetime) -> dict[K, int]:
    """How many valid cases of each group are open and past their 24 hours, this instant."""
    return count_state(METRICS["open_overdue"], groups, now=now)


def _from_cells(metric: Metric, units: Sequence[UUID], now: datetime) -> list[tuple[UUID, int, bool]]:
    """Each unit, its count, and whether marks wait: from one statement, so that all three are of one instant."""
    family = metric.family
    table = family.source.table
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH kept AS (
                SELECT unit_id, sum(total[%(position)s]) AS facts FROM metrics_cell
                WHERE tenant_id = %(tenant)s AND family = %(family)s AND grain = 'month' AND unit_id = ANY(%(units)s)
                GROUP BY unit_id
            ), early AS (
                SELECT above.ancestor_id AS unit_id, count(*) AS facts
                FROM {table} JOIN people_unitancestor above
                    ON above.tenant_id = {table}.tenant_id AND above.unit_id = {table}.unit_id
                WHERE {table}.tenant_id = %(tenant)s AND above.ancestor_id = ANY(%(units)s)
                AND {family.base_condition} AND {family.conditions[metric.numerator]}
                AND {table}.{family.source.known_at} >= %(since)s AND {table}.{family.column} >= %(since)s
                GROUP BY above.ancestor_id
            )
            SELECT unit_id, (COALESCE(kept.facts, 0) - COALESCE(early.facts, 0))::bigint, marks.wait
            FROM unnest(%(units)s::uuid[]) AS wanted(unit_id) CROSS JOIN (SELECT {MARKS_WAIT}) AS marks(wait)
            LEFT JOIN kept USING (unit_id) LEFT JOIN early USING (unit_id)
            """,
            {
                "tenant": current_tenant_id(),
                "family": family.key,
                "position": family.position(metric.numerator) + 1,
                "units": list(units),
                "since": now - family.delay,
            },
        )
        rows: list[tuple[UUID, int, bool]] = cursor.fetchall()
    return rows


def _from_facts(metric: Metric, units: Sequence[UUID], now: datetime) -> dict[UUID, int]:
    family = metric.family
    table = family.source.table
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT above.ancestor_id, count(*)
            FROM {table} JOIN people_unitancestor above
                ON above.tenant_id = {table}.tenant_id AND above.unit_id = {table}.unit_id
            WHERE {table}.tenant_id = %s AND above.ancestor_id = ANY(%s)
            AND {family.base_condition} AND {family.conditions[metric.numerator]} AND {table}.{family.column} < %s
            GROUP BY above.ancestor_id
            """,
            [current_tenant_id(), list(units), now - family.delay],
        )
        return dict(cursor.fetchall())
