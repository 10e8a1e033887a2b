"""How things stand now: the counts of states, which have no period."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar
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
    found = states_of_many([metric], groups, now=now)
    return {group: found[metric.key, group] for group in groups}


def states_of_many(
    metrics: Sequence[Metric], groups: Mapping[K, Sequence[UUID]], *, now: datetime
) -> dict[tuple[str, K], dict[str, int]]:
    """The same for several states, by metric key and group, in as many queries as for one."""
    asked = StatesAsked(metrics, groups, now)
    return asked.counts(asked.read(asked.selects))


# Number of the metric, whether marks wait, unit, counts.
Row = tuple[int, bool, UUID, list[int]]


class StatesAsked(Generic[K]):
    """States of groups, whose `selects` give rows by `parameters`: by themselves, or as parts of another statement."""

    def __init__(self, metrics: Sequence[Metric], groups: Mapping[K, Sequence[UUID]], now: datetime) -> None:
        self.metrics, self.groups = metrics, groups
        self.by_clock = [metric for metric in metrics if metric.family.until]
        self.others = [metric for metric in metrics if not metric.family.until]
        self.units = list({unit for members in groups.values() for unit in members})
        self.parameters: dict[str, Any] = {"tenant": current_tenant_id(), "units": self.units, "now": now}
        for number, metric in enumerate([*self.others, *self.by_clock]):
            self.parameters[f"since{number}"] = metric.family.counted_before(now) - metric.family.delay

    @property
    def selects(self) -> list[str]:
        if not self.units:
            return []
        kept = [_cells_select(metric, number) for number, metric in enumerate(self.others)]
        return kept + [_facts_select(metric, len(self.others) + n) for n, metric in enumerate(self.by_clock)]

    def read(self, selects: Sequence[str]) -> list[Row]:
        """From one statement, so that all are of one instant."""
        if not selects:
            return []
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(f"({select})" for select in selects), self.parameters)
            rows: list[Row] = cursor.fetchall()
        return rows

    def counts(self, rows: Sequence[Row]) -> dict[tuple[str, K], dict[str, int]]:
        """By metric key and group; what cells hold is counted from the facts where marks wait."""
        if any(wait for _number, wait, _unit, _counts in rows):
            facts = self.read([_facts_select(metric, number) for number, metric in enumerate(self.others)])
            rows = [row for row in rows if row[0] >= len(self.others)] + facts
        keys = [metric.key for metric in [*self.others, *self.by_clock]]
        found = {(keys[number], unit): counts for number, _wait, unit, counts in rows}
        return {
            (metric.key, group): _summed(_names(metric), [found.get((metric.key, unit)) for unit in members])
            for metric in self.metrics
            for group, members in self.groups.items()
        }


def count_state(metric: Metric, groups: Mapping[K, Sequence[UUID]], *, now: datetime) -> dict[K, int]:
    """How many facts of each group, units below included, are in a state and past their delay at `now`."""
    return {group: counts[metric.numerator] for group, counts in state_counts(metric, groups, now=now).items()}


def overdue_now(groups: Mapping[K, Sequence[UUID]], *, now: datetime) -> dict[K, int]:
    """How many valid cases of each group are open and past their 24 hours, this instant."""
    return count_state(METRICS["open_overdue"], groups, now=now)


def _summed(names: Sequence[str], counted: Iterable[Sequence[int] | None]) -> dict[str, int]:
    known = [counts for counts in counted if counts is not None]
    return {name: sum(counts[place] for counts in known) for place, name in enumerate(names)}


def _cells_select(metric: Metric, number: int) -> str:
    """Number, whether marks wait, unit and counts: what cells hold, less what is not yet over."""
    family, names = metric.family, _names(metric)
    table = family.source.table
    kept = ", ".join(f"sum(total[{family.position(name) + 1}]) AS c{n}" for n, name in enumerate(names))
    early = ", ".join(f"{family.aggregate(name)} AS c{n}" for n, name in enumerate(names))
    left = ", ".join(f"(COALESCE(kept.c{n}, 0) - COALESCE(early.c{n}, 0))" for n in range(len(names)))
    return f"""
        WITH kept AS (
            SELECT unit_id, {kept} FROM metrics_cell
            WHERE tenant_id = %(tenant)s AND family = '{family.key}' AND grain = 'month' AND unit_id = ANY(%(units)s)
            GROUP BY unit_id
        ), early AS (
            SELECT above.ancestor_id AS unit_id, {early}
            FROM {table} JOIN people_unitancestor above
                ON above.tenant_id = {table}.tenant_id AND above.unit_id = {table}.unit_id
            WHERE {table}.tenant_id = %(tenant)s AND above.ancestor_id = ANY(%(units)s)
            AND {family.base_condition} AND {family.conditions[metric.numerator]}
            AND {table}.{family.indexed} >= %(since{number})s AND {table}.{family.column} >= %(since{number})s
            GROUP BY above.ancestor_id
        )
        SELECT {number}, marks.wait, unit_id, ARRAY[{left}]::bigint[]
        FROM unnest(%(units)s::uuid[]) AS wanted(unit_id) CROSS JOIN (SELECT {MARKS_WAIT}) AS marks(wait)
        LEFT JOIN kept USING (unit_id) LEFT JOIN early USING (unit_id)"""


def _facts_select(metric: Metric, number: int) -> str:
    """The same from the facts, behind which nothing stands."""
    family = metric.family
    table = family.source.table
    return f"""
        SELECT {number}, FALSE, above.ancestor_id,
            ARRAY[{", ".join(family.aggregate(name) for name in _names(metric))}]::bigint[]
        FROM {table} JOIN people_unitancestor above
            ON above.tenant_id = {table}.tenant_id AND above.unit_id = {table}.unit_id
        WHERE {table}.tenant_id = %(tenant)s AND above.ancestor_id = ANY(%(units)s)
        AND {family.base_condition} AND {_standing(metric, number)}
        GROUP BY above.ancestor_id"""


def _names(metric: Metric) -> list[str]:
    if metric.kind == "share":
        return [metric.numerator, metric.denominator]
    money = (*metric.money.numerator, metric.money.unknown) if metric.money else ()
    return [metric.numerator, *money]


def _standing(metric: Metric, number: int) -> str:
    """Which facts stand now. What ends by the clock stands from its very instant up to, not including, its end."""
    family, table = metric.family, metric.family.source.table
    if family.until is None:
        return f"{family.conditions[metric.numerator]} AND {table}.{family.column} < %(since{number})s"
    has_not_ended = f"({table}.{family.until} IS NULL OR {table}.{family.until} > %(now)s)"
    return f"{table}.{family.column} <= %(now)s AND {has_not_ended}"
