"""Many metrics at once: the figures of `cso.metrics.queries.figures`, by a few statements whatever their number.

A scorecard holds metrics of several families for every leader; family by family it would take more statements than a
page may.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from cso.metrics.counting import Window
from cso.metrics.periods import Period, status
from cso.metrics.queries.asks import Ask, Asked, Courses, Figures, K, Key, Part, Parts, Read, Split, added, figure_from
from cso.metrics.queries.figures import Figure, rest_of, undue_part
from cso.metrics.queries.kept import read_kept
from cso.metrics.queries.states import StatesAsked
from cso.metrics.registry import Family, Metric
from tenants.scope import current_tenant, current_tenant_id


def figures_of_many(
    metrics: Sequence[Metric], groups: Mapping[K, Sequence[UUID]], periods: Sequence[Period], *, now: datetime
) -> Figures[K]:
    """A figure for each metric (by key) of each group in each period, as `figures` gives.

    One statement, one more while a period is not over, and one while marks wait.
    """
    [found] = figures_of_asks([Ask(metrics, groups, periods)], now=now).figures
    return found


def figures_of_parts(
    metrics: Sequence[Metric], windows: Sequence[tuple[Window, Period]], *, now: datetime
) -> list[dict[str, Figure]]:
    """The same for windows of instants, each a part of its period: by metric key, in the windows' order.

    Counted from the facts, units below included; one statement.
    """
    return figures_of_asks([], parts=Parts(metrics, windows), now=now).parts


@dataclass(frozen=True)
class Answers:
    """figures: of each ask; parts: of each window, by metric key; states: by metric key and group.

    courses: of each ask whose course was wanted. targets: of the metric, in percent, by the day from which each is in
    force, in their order. is_behind: cells stand behind the facts, for marks wait, or could not be counted.
    is_in_doubt: some were not what their facts say, when they were last compared.
    """

    figures: list[Figures[Any]]
    parts: list[dict[str, Figure]]
    states: dict[tuple[str, Any], dict[str, int]]
    courses: list[Courses[Any]]
    targets: Mapping[date, Decimal]
    is_behind: bool
    is_in_doubt: bool


def figures_of_asks(
    asks: Sequence[Ask[Any]],
    *,
    parts: Parts | None = None,
    states: StatesAsked[Any] | None = None,
    courses: Sequence[Ask[Any]] = (),
    targets_of: Metric | None = None,
    now: datetime,
) -> Answers:
    """`figures_of_many` of each ask, `figures_of_parts` and states, in as many statements as for one of them.

    courses: asks of which only the shares are wanted. targets_of: the metric whose targets are wanted too.
    """
    parts = parts or Parts([], [])
    asked = [Asked(ask, n, now, is_course=n >= len(asks)) for n, ask in enumerate([*asks, *courses])]
    # What is running is read before the cells: a change between the two has then left its mark, which their query sees.
    undue = [part for one in asked for part in one.parts(undue_part)]
    running, counted = _count(undue, parts, now)
    kept = read_kept([one for one in asked if one.holders], states, targets_of)
    live: dict[Key, dict[Hashable, Split]] = {}
    if kept.is_behind:
        live, _ = _count([part for one in asked for part in one.parts(rest_of)], Parts([], []), now)
    read = Read(kept.sums, kept.restated, running, live, kept.is_behind)
    return Answers(
        figures=[one.figures(read) for one in asked[: len(asks)]],
        parts=counted,
        states=states.counts(kept.states) if states else {},
        courses=[one.courses(read) for one in asked[len(asks) :]],
        targets=kept.targets,
        is_behind=kept.is_behind,
        is_in_doubt=kept.is_in_doubt,
    )


def _count(
    wanted: Sequence[Part], parts: Parts, now: datetime
) -> tuple[dict[Key, dict[Hashable, Split]], list[dict[str, Figure]]]:
    """The facts decided within each part, split at what counts by now, and the figures of windows; one statement."""
    parameters: dict[str, Any] = {"tenant": current_tenant_id()}
    selects = []
    for number, part in enumerate(wanted):
        delay = part.family.delay
        instants = (*part.between, part.family.counted_before(now))
        names = (f"start{number}", f"end{number}", f"until{number}")
        parameters |= {name: instant - delay for name, instant in zip(names, instants, strict=True)}
        parameters[f"units{part.asked.number}"] = list(part.asked.owners)
        selects.append(_select_part(part, number))
    families = {metric.family.key: metric.family for metric in parts.metrics} if parts.windows else {}
    for number, family in enumerate(families.values()):
        parameters |= _window_parameters(family, number, parts, now)
        selects.append(_select_windows(family, number))
    if not selects:
        return {}, [{} for _ in parts.windows]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(selects), parameters)
        rows = cursor.fetchall()
    found: dict[Key, dict[Hashable, Split]] = {}
    counted: dict[tuple[str, int], Split] = {}
    for key, number, unit, due, undue in rows:
        if key is not None:
            counted[key, number - 1] = (due, undue)
            continue
        part = wanted[number]
        by_group = found.setdefault((part.asked.number, part.family.key, part.period), {})
        for group in part.asked.owners[unit]:
            known = by_group.get(group)
            by_group[group] = (added(known[0], due), added(known[1], undue)) if known else (due, undue)
    zone = current_tenant().zone
    return found, [
        {
            metric.key: figure_from(metric, *counted[metric.family.key, ordinal], status(period, now, zone))
            for metric in parts.metrics
        }
        for ordinal, (_, period) in enumerate(parts.windows)
    ]


def _window_parameters(family: Family, number: int, parts: Parts, now: datetime) -> dict[str, Any]:
    return {
        "window_units": [window.unit for window, _ in parts.windows],
        f"window_starts{number}": [window.start - family.delay for window, _ in parts.windows],
        f"window_ends{number}": [window.end - family.delay for window, _ in parts.windows],
        f"window_until{number}": family.counted_before(now) - family.delay,
    }


def _select_part(part: Part, number: int) -> str:
    family, table = part.family, part.family.source.table
    return f"""
        SELECT NULL, {number}, above.ancestor_id, {_split(family, f"%(until{number})s")}
        FROM {table} JOIN people_unitancestor above
            ON above.tenant_id = {table}.tenant_id AND above.unit_id = {table}.unit_id
        WHERE {table}.tenant_id = %(tenant)s AND above.ancestor_id = ANY(%(units{part.asked.number})s)
        AND {family.base_condition} AND {table}.{family.indexed} >= %(start{number})s
        AND {table}.{family.column} >= %(start{number})s AND {table}.{family.column} < %(end{number})s
        GROUP BY above.ancestor_id"""


def _select_windows(family: Family, number: int) -> str:
    table = family.source.table
    until = f"%(window_until{number})s" if family.can_run else "'infinity'::timestamptz"
    return f"""
        SELECT '{family.key}', w.ordinal::int, NULL::uuid, counted.due, counted.undue
        FROM unnest(%(window_units)s::uuid[], %(window_starts{number})s::timestamptz[],
            %(window_ends{number})s::timestamptz[]) WITH ORDINALITY AS w(unit_id, starts, ends, ordinal)
        CROSS JOIN LATERAL (
            SELECT {_split(family, until)} FROM {table}
            WHERE {table}.tenant_id = %(tenant)s AND {family.base_condition} AND {table}.unit_id IN (
                SELECT below.unit_id FROM people_unitancestor below
                WHERE below.tenant_id = %(tenant)s AND below.ancestor_id = w.unit_id)
            AND {table}.{family.column} >= w.starts AND {table}.{family.column} < w.ends
        ) counted(due, undue)"""


def _split(family: Family, until: str) -> str:
    """Two arrays of the family's counters: what is decided before an instant, and what is not."""
    column = f"{family.source.table}.{family.column}"
    sides = (f"{column} < {until}", f"{column} >= {until}")
    arrays = [", ".join(family.aggregate(name, side) for name in family.counters) for side in sides]
    return ", ".join(f"ARRAY[{counters}]::bigint[]" for counters in arrays)
