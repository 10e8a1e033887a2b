"""Every cell of a tenant from nothing: `./dev bench rebuild [--sizes 100000 1000000]`.

Compared with one hand-written GROUP BY over the same facts that counts the same four families by unit, month and week.
The rebuild also keeps histograms of times, sums each unit with all below it and writes the cells; the GROUP BY writes
its counts to a temporary table, with memory enough to sort nothing on disk. Target: at most 1.2 times the GROUP BY.
"""

from __future__ import annotations

import argparse

from benchmarks._facts import fill
from benchmarks._house import administrate, house, make_tenant, seconds, show, verdict

TARGET = 1.2

GROUP_BY = """
CREATE TEMPORARY TABLE by_hand ON COMMIT DROP AS
SELECT unit_id, family, grain, period, count(*) AS cases, count(*) FILTER (WHERE hit) AS hits,
    count(*) FILTER (WHERE other) AS others, count(*) FILTER (WHERE third) AS thirds
FROM recovery_case
CROSS JOIN LATERAL (VALUES
    ('due', clock_start + INTERVAL '24 hours', recovered_24h, seconds_to_recover IS NULL, occurrence_known),
    ('reported', reported_at + INTERVAL '24 hours', recovered_24h_reported, NULL, NULL),
    ('started', clock_start, seconds_to_recover IS NOT NULL, NULL, NULL),
    ('first_fixed', first_fixed_at, undone_in_14d, NULL, NULL)
) counted(family, at, hit, other, third)
CROSS JOIN LATERAL (VALUES
    ('month', date_trunc('month', at AT TIME ZONE 'America/New_York')),
    ('week', date_trunc('week', at AT TIME ZONE 'America/New_York'))
) falls(grain, period)
WHERE tenant_id = %s AND is_valid AND at IS NOT NULL
GROUP BY unit_id, family, grain, period
"""


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
                by_hand.append(seconds(lambda: run(GROUP_BY, tenant.pk)))
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
