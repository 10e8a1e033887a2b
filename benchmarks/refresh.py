"""One event to a fresh figure, whatever stands behind it: `./dev bench refresh [--sizes 10000 100000 1000000]`.

An event is a case that comes in, every second one with its fix; its refresh counts the stale cells anew and carries the
differences up the tree. At the last size it is also a row of each other table of facts whose instant moves by a minute.
Each event of the growing tenant is followed by one of a tenant that stays at the first size, so that a busy machine
strikes both alike. Target: at most 1.3 times what it takes at the first size.
"""

from __future__ import annotations

import argparse
import os
import time
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import psycopg

from benchmarks._facts import TABLES, fill
from benchmarks._house import ADMIN_URL, administrate, house, make_tenant, median_ms, seconds, show, verdict

if TYPE_CHECKING:
    from cso.people.models import Unit
    from tenants.models import Tenant

TARGET = 1.3


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench refresh", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--events", type=int, default=200, help="how many at each size (200)")
    parser.add_argument("--teams", type=int, default=200, help="units that cases fall in, below ten divisions (200)")
    options = parser.parse_args()
    with house():
        measure(sorted(options.sizes), options.events, options.teams)


def measure(sizes: list[int], events: int, teams: int) -> None:
    from cso.metrics.engine.rebuild import rebuild
    from tenants.scope import tenant_scope

    small = make_tenant("small", divisions=10, teams=teams // 10)
    fill(small, 1, sizes[0])
    with tenant_scope(small):
        rebuild()
    tenant = make_tenant("acme", divisions=10, teams=teams // 10)
    rows, ratio, known = [], 0.0, 0
    for size in sizes:
        filled = seconds(lambda size=size, known=known: fill(tenant, known + 1, size))  # type: ignore[misc]
        known = size
        with tenant_scope(tenant):
            rebuilt = seconds(rebuild)
        administrate("VACUUM ANALYZE metrics_cell", "CHECKPOINT")
        print(f"{size:,} cases: made in {filled:.0f} s, rebuilt in {rebuilt:.0f} s", flush=True)
        play([tenant, small], 20, seed=0)
        (written, refreshed), (_, beside) = play([tenant, small], events, seed=size)
        ratio = median_ms(refreshed) / median_ms(beside)
        times = [median_ms(written), median_ms(refreshed), ninth(refreshed), median_ms(beside), ratio]
        rows.append([f"{size:,}", *(f"{each:.2f}" for each in times)])
    show(
        f"One event, {teams:,} units in 3 levels, two years; milliseconds over {events} events",
        ["cases", "write", "refresh", "p90", f"refresh at {sizes[0]:,}", "ratio"],
        rows,
        f"Target: at {sizes[-1]:,} at most {TARGET} times {sizes[0]:,}: {verdict(ratio <= TARGET)}.",
    )
    show_sources(tenant, small, sizes, max(20, events // 10))


def play(tenants: list[Tenant], events: int, *, seed: int) -> list[tuple[list[float], list[float]]]:
    """Events in each tenant by turns: for each the seconds of the events' own transactions, and of the refreshes."""
    from cso.people.models import Unit
    from tenants.scope import tenant_scope

    random = Random(seed)
    played: list[tuple[list[float], list[float]]] = [([], []) for _ in tenants]
    teams = []
    for tenant in tenants:
        with tenant_scope(tenant):
            teams.append(list(Unit.objects.filter(code__startswith="team-")))
    for n in range(events):
        for tenant, units, times in zip(tenants, teams, played, strict=True):
            spent = play_one(tenant, random.choice(units), timedelta(minutes=random.randint(5, 900_000)), n % 2 == 1)
            for total, each in zip(times, spent, strict=True):
                total.append(each)
    return played


def show_sources(tenant: Tenant, small: Tenant, sizes: list[int], events: int) -> None:
    rows = []
    for table, column in INSTANTS.items():
        spent = move([tenant, small], table, column, events)
        ratio = median_ms(spent[0]) / median_ms(spent[1])
        rows.append([table, *(f"{median_ms(times):.2f}" for times in spent), f"{ratio:.2f}"])
    show(
        f"One row of each other table of facts; milliseconds over {events} events",
        ["facts", f"refresh at {sizes[-1]:,}", f"at {sizes[0]:,}", "ratio"],
        rows,
    )


# Of each table an instant by which it is counted.
INSTANTS = {
    "recovery_case": "next_contact_due_at",
    "recovery_promise": "first_due_at",
    "recovery_remedy": "asked_at",
    "recovery_callback": "asked_at",
    "recovery_exposure": "at_risk_since",
    "committees_nomination": "submitted_at",
    "committees_motion": "due_at",
    "committees_killorder": "first_due_at",
    "panels_invitation": "closes_at",
    "panels_rosterentry": "held_at",
    "panels_resultgroup": "at",
    "panels_commitment": "due_at",
}
assert set(INSTANTS) == set(TABLES)


def move(tenants: list[Tenant], table: str, column: str, events: int) -> list[list[float]]:
    """Rows of each tenant, by turns, come a minute earlier than was told; for each the seconds of the refreshes."""
    from cso.metrics.engine.refresh import refresh
    from tenants.scope import tenant_scope

    some = f"SELECT id FROM {table} WHERE tenant_id = %s AND {column} IS NOT NULL ORDER BY id LIMIT %s"
    moved = f"UPDATE {table} SET {column} = {column} - INTERVAL '1 minute' WHERE tenant_id = %s AND id = %s"
    times: list[list[float]] = [[] for _ in tenants]
    with psycopg.connect(os.environ[ADMIN_URL], autocommit=True) as admin:
        found = [admin.execute(some.encode(), [tenant.pk, events]).fetchall() for tenant in tenants]
        for rows in zip(*found, strict=False):
            for tenant, (row,), spent in zip(tenants, rows, times, strict=True):
                admin.execute(moved.encode(), [tenant.pk, row])
                with tenant_scope(tenant):
                    spent.append(seconds(refresh))
    return times


def play_one(tenant: Tenant, unit: Unit, ago: timedelta, is_fixed: bool) -> tuple[float, float]:
    """A case comes in, fixed or not; then its figures are refreshed. Seconds of both."""
    from django.utils import timezone

    from cso.metrics.engine.refresh import refresh
    from cso.recovery.actions import fix_case, open_case
    from tenants.scope import tenant_scope

    now = timezone.now()
    began = time.perf_counter()
    with tenant_scope(tenant):
        case = open_case(by=None, unit=unit, reported_at=now - ago, now=now)
        if is_fixed:
            fix_case(case, by=None, at=now - ago / 2, now=now)
    between = time.perf_counter()
    with tenant_scope(tenant):
        refresh()
    return between - began, time.perf_counter() - between


def ninth(times: list[float]) -> float:
    return sorted(times)[len(times) * 9 // 10] * 1_000


if __name__ == "__main__":
    main()
