"""What the scores of many leaders cost: `./dev bench scores [--cases 100000] [--leaders 1 50]`.

Every leader's score of a month, a quarter and a year at once, then what it costs to keep them: a first round of
snapshots, and one in which nothing changed. Target: 10 statements for the scores, however many leaders.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from benchmarks._house import administrate, house, median_ms, percentile_ms, seconds, show, verdict
from benchmarks._leaders import make_office

TARGET = 10


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench scores", description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--leaders", type=int, nargs="+", default=[1, 50])
    parser.add_argument("--rounds", type=int, default=30, help="how often scores are computed (30)")
    options = parser.parse_args()
    with house():
        measure(options.cases, options.leaders, options.rounds)


def measure(cases: int, leaders: list[int], rounds: int) -> None:
    from cso.scorecards.models import ScoreSnapshot
    from cso.scorecards.scores.snapshots import take_snapshots
    from tenants.scope import tenant_scope

    now = datetime.now(UTC)
    rows, most = [], 0
    for count in leaders:
        tenant = make_office(f"office-{count}", leaders=count, cases=cases, now=now)
        administrate("VACUUM ANALYZE", "CHECKPOINT")
        with tenant_scope(tenant):
            asked = statements(lambda: score_all(now))
            times = [seconds(lambda: score_all(now)) for _ in range(rounds)]
            asked_first = statements(lambda: take_snapshots(now=now))
            kept = ScoreSnapshot.objects.count()
            again = [seconds(lambda: take_snapshots(now=now + timedelta(seconds=1))) for _ in range(3)]
        most = max(most, asked)
        rows.append(
            [
                f"{count}",
                f"{asked}",
                f"{median_ms(times):.0f}",
                f"{percentile_ms(times, 95):.0f}",
                f"{asked_first}",
                f"{kept}",
                f"{median_ms(again):.0f}",
            ]
        )
    show(
        f"Scores of a month, its quarter and its year; {cases:,} cases, 4 metrics a plan",
        ["leaders", "statements", "p50 ms", "p95 ms", "to keep them", "kept", "kept again ms"],
        rows,
        f"Target: {TARGET} statements, for one leader and for all: {verdict(most <= TARGET)}.",
    )


def score_all(now: datetime) -> None:
    from cso.metrics.periods import period_of
    from cso.scorecards.models import Plan
    from cso.scorecards.plans.versions import with_versions
    from cso.scorecards.scores.counting import GRAINS, score_plans
    from tenants.scope import current_tenant

    periods = [period_of(now, grain, current_tenant().zone) for grain in GRAINS]
    plans = with_versions(Plan.objects.select_related("person", "unit"))
    scores = score_plans(plans, periods, now=now)
    assert len(scores) == len(plans) * len(periods), (len(scores), len(plans))


def statements(act: Callable[[], object]) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


if __name__ == "__main__":
    main()
