"""One event to a fresh figure, whatever stands behind it: `./dev bench refresh [--sizes 10000 100000 1000000]`.

An event is a case that comes in, every second one with its fix; its refresh counts the stale cells anew and carries the
differences up the tree. Each event of the growing tenant is followed by one of a tenant that stays at the first size,
so that a busy machine strikes both alike. Target: at 1,000,000 cases at most 1.3 times what it takes at 10,000.
"""

from __future__ import annotations

import argparse
import time
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from benchmarks._facts import fill
from benchmarks._house import administrate, house, make_tenant, median_ms, seconds, show, verdict

if TYPE_CHECKING:
    from cso.people.models import Unit
    from tenants.models import Tenant

TARGET = 1.3
TARGET_SIZE = 1_000_000


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
    rows, ratios, known = [], {}, 0
    for size in sizes:
        filled = seconds(lambda size=size, known=known: fill(tenant, known + 1, size))  # type: ignore[misc]
        known = size
        with tenant_scope(tenant):
            rebuilt = seconds(rebuild)
        administrate("VACUUM ANALYZE metrics_cell", "CHECKPOINT")
        print(f"{size:,} cases: made in {filled:.0f} s, rebuilt in {rebuilt:.0f} s", flush=True)
        play([tenant, small], 20, seed=0)
        (written, refreshed), (_, beside) = play([tenant, small], events, seed=size)
        ratios[size] = median_ms(refreshed) / median_ms(beside)
        times = [median_ms(written), median_ms(refreshed), ninth(refreshed), median_ms(beside), ratios[size]]
        rows.append([f"{size:,}", *(f"{each:.2f}" for each in times)])
    target = f"Target: at {TARGET_SIZE:,} at most {TARGET} times {sizes[0]:,}"
    judged = verdict(ratios[TARGET_SIZE] <= TARGET) if TARGET_SIZE in ratios else "not measured"
    show(
        f"One event, {teams:,} units in 3 levels, two years; milliseconds over {events} events",
        ["cases", "write", "refresh", "p90", f"refresh at {sizes[0]:,}", "ratio"],
        rows,
        f"{target}: {judged}.",
    )


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
