"""One event to a fresh figure, whatever stands behind it: `./dev bench refresh [--sizes 10000 100000 1000000]`.

An event is a case that is opened, or one that is fixed; its refresh counts the stale cells anew and carries the
differences up the tree. Target: at 1,000,000 cases at most 1.3 times what it takes at 10,000.
"""

from __future__ import annotations

import argparse
import time
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from benchmarks._house import administrate, fill, house, make_tenant, median_ms, seconds, show, verdict

if TYPE_CHECKING:
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
    from cso.metrics.rebuild import rebuild
    from tenants.scope import tenant_scope

    tenant = make_tenant("acme", divisions=10, teams=teams // 10)
    results, known = [], 0
    for size in sizes:
        filled = seconds(lambda size=size, known=known: fill(tenant, known + 1, size))  # type: ignore[misc]
        known = size
        with tenant_scope(tenant):
            rebuilt = seconds(rebuild)
        administrate("VACUUM ANALYZE metrics_cell", "CHECKPOINT")
        print(f"{size:,} cases: made in {filled:.0f} s, rebuilt in {rebuilt:.0f} s", flush=True)
        play(tenant, 20, seed=0)
        results.append((size, *play(tenant, events, seed=size)))
    base = results[0][2]
    rows = [
        [f"{size:,}", f"{median_ms(written):.2f}", f"{median_ms(refreshed):.2f}", f"{ninth(refreshed):.2f}", ratio]
        for size, written, refreshed in results
        for ratio in [f"{median_ms(refreshed) / median_ms(base):.2f}"]
    ]
    ratios = {size: median_ms(refreshed) / median_ms(base) for size, _, refreshed in results}
    target = f"Target: at {TARGET_SIZE:,} at most {TARGET} times {sizes[0]:,}"
    judged = verdict(ratios[TARGET_SIZE] <= TARGET) if TARGET_SIZE in ratios else "not measured"
    show(
        f"One event, {teams:,} units in 3 levels, two years; milliseconds over {events} events",
        ["cases", "write", "refresh", "p90", "ratio"],
        rows,
        f"{target}: {judged}.",
    )


def play(tenant: Tenant, events: int, *, seed: int) -> tuple[list[float], list[float]]:
    """Seconds of each event's own transaction, and of the refresh that follows."""
    from django.utils import timezone

    from cso.metrics.refresh import refresh
    from cso.people.models import Unit
    from cso.recovery.actions import fix_case, open_case
    from tenants.scope import tenant_scope

    random = Random(seed)
    written, refreshed = [], []
    case = None
    with tenant_scope(tenant):
        teams = list(Unit.objects.filter(code__startswith="team-"))
    for n in range(events):
        began = time.perf_counter()
        now = timezone.now()
        with tenant_scope(tenant):
            if n % 2 == 0 or case is None:
                reported_at = now - timedelta(minutes=random.randint(5, 900_000))
                case = open_case(by=None, unit=random.choice(teams), reported_at=reported_at, now=now)
            else:
                case = fix_case(case, by=None, at=min(now, case.reported_at + timedelta(hours=7)), now=now)
        between = time.perf_counter()
        with tenant_scope(tenant):
            refresh()
        written.append(between - began)
        refreshed.append(time.perf_counter() - between)
    return written, refreshed


def ninth(times: list[float]) -> float:
    return sorted(times)[len(times) * 9 // 10] * 1_000


if __name__ == "__main__":
    main()
