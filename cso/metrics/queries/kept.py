"""What is kept beside the facts, in one statement and so as of one instant: cells, restatements, how states stand, the
targets of a metric, and whether marks wait or cells are in doubt."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import product
from typing import Any
from uuid import UUID

from django.db import connection

from cso.metrics.queries.asks import Asked, Key, Sum, added
from cso.metrics.queries.figures import MARKS_WAIT
from cso.metrics.queries.states import Row as StateRow
from cso.metrics.queries.states import StatesAsked
from cso.metrics.registry import Metric
from tenants.scope import current_tenant_id


@dataclass
class Kept:
    """sums, restated: by ask, family or metric, and period, and therein by group; when a final figure was restated.

    targets: in percent, by the day from which each is in force, in their order. is_behind: marks wait; the sums then
    leave out the cells that are not over, where facts of a family can run. is_in_doubt: some cell of the tenant was not
    what its facts say, when all were last compared.
    """

    sums: dict[Key, dict[Hashable, Sum]] = field(default_factory=dict)
    restated: dict[Key, dict[Hashable, datetime]] = field(default_factory=dict)
    states: list[StateRow] = field(default_factory=list)
    targets: dict[date, Decimal] = field(default_factory=dict)
    is_behind: bool = False
    is_in_doubt: bool = False


_IN_DOUBT = "EXISTS (SELECT FROM metrics_discrepancy WHERE tenant_id = %(tenant)s)"
# Asks are numbered from 0 on, states downwards behind these two.
_MARKS, _TARGETS = -1, -2


def read_kept(asked: Sequence[Asked], states: StatesAsked[Any] | None, targets_of: Metric | None) -> Kept:
    parameters: dict[str, Any] = {"tenant": current_tenant_id(), **(states.parameters if states else {})}
    selects = [_select_state(select) for select in states.selects] if states else []
    for one in asked:
        parameters |= _parameters(one)
        selects += [_select_cells(one), *([_select_restatements(one.number)] if one.has_final else [])]
    if targets_of is not None:
        parameters["metric"] = targets_of.key
        selects.append(_SELECT_TARGETS)
    if not selects:
        return Kept()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH marks AS (SELECT {MARKS_WAIT} AS wait)
            SELECT {_MARKS}, marks.wait, NULL::text, NULL::uuid, NULL::text, NULL::date, NULL::bigint[],
                NULL::bigint[], ({_IN_DOUBT})::int, NULL::timestamptz FROM marks
            UNION ALL {" UNION ALL ".join(selects)}
            """,
            parameters,
        )
        rows = cursor.fetchall()
    return _sorted_out(rows, {one.number: one for one in asked})


def _sorted_out(rows: Sequence[tuple[Any, ...]], asked: dict[int, Asked]) -> Kept:
    wait, in_doubt = next((row[1], row[8]) for row in rows if row[0] == _MARKS)
    kept = Kept(is_behind=bool(wait), is_in_doubt=bool(in_doubt))
    left_out = {number: one.not_over() if kept.is_behind else set() for number, one in asked.items()}
    for number, wait, name, unit, grain, cell, total, after, revision, at in rows:
        if number < _TARGETS:
            kept.states.append((_TARGETS - 1 - number, wait, unit, total))
        elif number == _TARGETS:
            kept.targets[cell] = Decimal(name)
        elif after is not None:
            _add_restatement(kept, asked[number], (name, unit, grain, cell, total, after, at))
        elif number != _MARKS:
            counts = [0] * len(total) if (name, grain, cell) in left_out[number] else total
            _add_cell(kept, asked[number], (name, unit, grain, cell), (counts, revision, at))
    kept.targets = dict(sorted(kept.targets.items()))
    return kept


def _add_cell(kept: Kept, one: Asked, of: tuple[str, UUID, str, date], cell: Sum) -> None:
    family, unit, grain, first = of
    for period in one.holders[grain, first]:
        by_group = kept.sums.setdefault((one.number, family, period), {})
        for group in one.owners[unit]:
            known = by_group.setdefault(group, cell)
            if known is not cell:
                by_group[group] = _joined(known, cell)


def _joined(one: Sum, two: Sum) -> Sum:
    return added(one[0], two[0]), one[1] + two[1], max(filter(None, (one[2], two[2])), default=None)


def _add_restatement(kept: Kept, one: Asked, row: tuple[Any, ...]) -> None:
    """A counter that a metric does not show restates nothing of it."""
    family, unit, grain, cell, before, after, at = row
    for metric in one.ask.metrics:
        shown = [metric.family.position(name) for name in metric.shown]
        if metric.family.key == family and any(before[n] != after[n] for n in shown):
            for group, period in product(one.owners[unit], one.holders[grain, cell]):
                if one.states[period] == "final":
                    by_group = kept.restated.setdefault((one.number, metric.key, period), {})
                    by_group[group] = max(at, by_group.get(group, at))


def _parameters(one: Asked) -> dict[str, Any]:
    values = {
        "families": list(one.families),
        "grains": [grain for grain, _ in one.holders],
        "cells": [cell for _, cell in one.holders],
        "units": list(one.owners),
    }
    return {f"{name}{one.number}": value for name, value in values.items()}


def _select_cells(one: Asked) -> str:
    number, as_of = one.number, "NULL" if one.is_course else "cell.as_of"
    return f"""
        SELECT {number}, NULL, cell.family, cell.unit_id, cell.grain, cell.period, cell.total, NULL, cell.revision,
            {as_of}
        FROM unnest(%(families{number})s::text[]) AS wanted(family)
        CROSS JOIN unnest(%(grains{number})s::text[], %(cells{number})s::date[]) AS span(grain, period)
        JOIN metrics_cell cell ON cell.tenant_id = %(tenant)s AND cell.family = wanted.family
            AND cell.grain = span.grain AND cell.period = span.period AND cell.unit_id = ANY(%(units{number})s)"""


def _select_restatements(number: int) -> str:
    return f"""
        SELECT {number}, NULL, family, unit_id, grain, period, before, after, NULL, at FROM metrics_restatement
        WHERE tenant_id = %(tenant)s AND family = ANY(%(families{number})s) AND unit_id = ANY(%(units{number})s)
        AND (grain, period) IN (SELECT * FROM unnest(%(grains{number})s::text[], %(cells{number})s::date[]))"""


def _select_state(select: str) -> str:
    return f"""
        SELECT {_TARGETS - 1} - state.number, state.wait, NULL, state.unit_id, NULL, NULL, state.counts, NULL, NULL,
            NULL
        FROM ({select}) AS state(number, wait, unit_id, counts)"""


_SELECT_TARGETS = f"""
        SELECT {_TARGETS}, NULL, percent::text, NULL, NULL, starts_on, NULL, NULL, NULL, NULL FROM metrics_target
        WHERE tenant_id = %(tenant)s AND metric = %(metric)s"""
