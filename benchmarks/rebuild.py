"""Every cell of a tenant from nothing: `./dev bench rebuild [--sizes 100000 1000000]`.

Compared with one GROUP BY for each table of facts, as one would write it by hand: it counts the same families of all
sources by unit, month and week, reading each table once. The rebuild also keeps histograms of times, sums each unit
with all below it and writes the cells; the GROUP BY writes its counts to a temporary table, with memory enough to sort
nothing on disk. Target: at most 1.2 times the GROUP BY.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmarks._facts import fill
from benchmarks._house import administrate, house, make_tenant, seconds, show, verdict

if TYPE_CHECKING:
    from cso.metrics.registry import Family

TARGET = 1.2


def group_bys() -> list[str]:
    """A statement for each source; its counters stand in columns by their place in their family."""
    from cso.metrics.registry import kept

    sources: dict[str, list[Family]] = defaultdict(list)
    for family in kept().values():
        sources[family.source.key].append(family)
    return [_group_by(families) for families in sources.values()]


def _group_by(families: Sequence[Family]) -> str:
    source = families[0].source
    width = max(len(family.counters) for family in families)
    # What a counter adds for a row: 1, or the column that it sums.
    told = ", ".join(
        f"('{family.key}', {source.table}.{family.column} + INTERVAL '{family.delay.total_seconds()} seconds', "
        + ", ".join([*_added(family), *["NULL::bigint"] * (width - len(family.counters))])
        + f", {family.base_condition})"
        for family in families
    )
    names = [f"c{n}" for n in range(width)]
    return f"""
        CREATE TEMPORARY TABLE by_hand_{source.key} ON COMMIT DROP AS
        SELECT {source.table}.unit_id, family, grain, period, {", ".join(f"sum({name}) AS {name}" for name in names)}
        FROM {source.table}
        CROSS JOIN LATERAL (VALUES {told}) counted(family, at, {", ".join(names)}, base)
        CROSS JOIN LATERAL (VALUES
            ('month', date_trunc('month', counted.at AT TIME ZONE 'America/New_York')),
            ('week', date_trunc('week', counted.at AT TIME ZONE 'America/New_York'))
        ) falls(grain, period)
        WHERE {source.table}.tenant_id = %s AND base AND counted.at IS NOT NULL
        GROUP BY {source.table}.unit_id, family, grain, period
    """


def _added(family: Family) -> list[str]:
    return [
        f"CASE WHEN {sql} THEN {family.measures.get(name, 1)} END::bigint" for name, sql in family.conditions.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench rebuild", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--teams", type=int, default=200, help="units that cases fall in, below ten divisions (200)")
    parser.add_argument("--rounds", type=int, default=2, help="how often each is measured; the best counts (2)")
    options = parser.parse_args()
    with house():
        measure(sorted(options.sizes), options.teams, options.rounds)


def measure(sizes: list[int], teams: int, rounds: int) -> None:
    from cso.metrics.engine.rebuild import rebuild
    from cso.metrics.models import Cell
    from tenants.scope import tenant_scope

    tenant = make_tenant("acme", divisions=10, teams=teams // 10)
    rows, ratio, known = [], 0.0, 0
    for size in sizes:
        fill(tenant, known + 1, size)
        known = size
        by_hand, first, again = [], [], []
        for _ in range(rounds):
            with tenant_scope(tenant):
                run("SET LOCAL work_mem = '256MB'")
                by_hand.append(sum(seconds(lambda sql=sql: run(sql, tenant.pk)) for sql in group_bys()))  # type: ignore[misc]
            administrate("TRUNCATE metrics_cell")
            with tenant_scope(tenant):
                first.append(seconds(rebuild))
                cells = Cell.objects.count()
            with tenant_scope(tenant):
                again.append(seconds(rebuild))
        ratio = min(first) / min(by_hand)
        times = [f"{min(each):.2f}" for each in (by_hand, first, again)]
        rows.append([f"{size:,}", f"{cells:,}", *times, f"{ratio:.2f}", f"{min(again) / min(by_hand):.2f}"])
    show(
        f"All figures of a tenant, {teams:,} teams, two years; seconds, best of {rounds}",
        ["cases", "cells", "GROUP BY", "rebuild", "rebuilt again", "ratio", "ratio again"],
        rows,
        f"Target: at most {TARGET} times the GROUP BY: {verdict(ratio <= TARGET)} at {sizes[-1]:,}.",
    )


def run(statement: str, *parameters: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


if __name__ == "__main__":
    main()
