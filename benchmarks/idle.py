"""What many small tenants cost: `./dev bench idle [--tenants 10000] [--marks 20000]`.

First what asleep tenants cost: every task that beat sends by the clock is run for one tenant and for all, and its
statements and milliseconds are those of a minute. Then one of them wakes: the dispatch finds it and counts its case.
At last, with a real worker and beat, a huge tenant has many marks to work off and some small ones a case each: how long
these wait, and how long it takes. Target: not one statement more for 10,000 tenants than for one; a small tenant waits
3 s at most, whatever the huge one has to do.
"""

from __future__ import annotations

import argparse
import os
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg

from benchmarks._house import ADMIN_URL, administrate, house, make_tenant, median_ms, running, seconds, show, verdict

if TYPE_CHECKING:
    from embedded.servers import Servers
    from tenants.models import Tenant

TARGET_SECONDS = 3.0
CASES_EACH = 10
SMALL = 20  # tenants that want a figure while the huge one is at work
# Slugs begin with it; each has one unit, which is its top.
_ASLEEP = """
INSERT INTO tenants_tenant (slug, name, time_zone)
SELECT 'asleep-' || n, 'Asleep ' || n, 'America/New_York' FROM generate_series({first}, {last}) n;
INSERT INTO people_unit (tenant_id, code, name)
SELECT t.id, 'top', 'Top' FROM tenants_tenant t
WHERE t.slug LIKE 'asleep-%' AND NOT EXISTS (SELECT FROM people_unit u WHERE u.tenant_id = t.id);
INSERT INTO people_unitancestor (tenant_id, unit_id, ancestor_id, distance)
SELECT u.tenant_id, u.id, u.id, 0 FROM people_unit u JOIN tenants_tenant t ON t.id = u.tenant_id
WHERE t.slug LIKE 'asleep-%' AND NOT EXISTS (
    SELECT FROM people_unitancestor a WHERE a.tenant_id = u.tenant_id AND a.unit_id = u.id);
INSERT INTO recovery_case (tenant_id, unit_id, channel, summary, reported_at, first_fixed_at, fixed_at)
SELECT u.tenant_id, u.id, 'web', '', told.at, told.at + INTERVAL '3 hours', told.at + INTERVAL '3 hours'
FROM people_unit u JOIN tenants_tenant t ON t.id = u.tenant_id, generate_series(1, {cases}) n, LATERAL (
    SELECT now() - n * INTERVAL '9 days' AS at) told
WHERE t.slug LIKE 'asleep-%' AND NOT EXISTS (SELECT FROM recovery_case c WHERE c.tenant_id = u.tenant_id)
"""
_MARKS = """
INSERT INTO metrics_mark (tenant_id, source, unit_id, day)
SELECT tenant_id, 'case', id, current_date - n FROM people_unit, generate_series(1, {days}) n
WHERE tenant_id = {tenant} AND code LIKE 'team-%'
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench idle", description=__doc__)
    parser.add_argument("--tenants", type=int, default=1_000, help="that are asleep (1000)")
    parser.add_argument("--marks", type=int, default=4_000, help="of the huge tenant (4000)")
    options = parser.parse_args()
    with house() as servers:
        huge = make_tenant("huge", divisions=10, teams=20)
        asleep(options.tenants)
        wake(options.tenants)
        share(servers, huge, options.marks)


def asleep(tenants: int) -> None:
    """A minute of beat's schedule, with one tenant asleep and with all."""
    from django.conf import settings

    from cso.celery import app

    app.loader.import_default_modules()
    # What comes by the hour of the day is no matter of minutes.
    sent = {
        str(entry["task"]): 60 / entry["schedule"]
        for entry in settings.CELERY_BEAT_SCHEDULE.values()
        if isinstance(entry["schedule"], float)
    }
    found: list[dict[str, tuple[int, float]]] = []
    for first, last in ((1, 1), (2, tenants)):
        add_asleep(first, last)
        for name in sent:
            app.tasks[name]()  # the first call connects
        found.append({name: cost(app.tasks[name]) for name in sent})
    one, all_of_them = found
    rows = [
        [
            name,
            f"{times:.2g}",
            f"{one[name][0] * times:.0f}",
            f"{all_of_them[name][0] * times:.0f}",
            f"{one[name][1] * times:.0f}",
            f"{all_of_them[name][1] * times:.0f}",
        ]
        for name, times in sent.items()
    ]
    more = sum((all_of_them[name][1] - one[name][1]) * times for name, times in sent.items()) / tenants
    same = all(all_of_them[name][0] == one[name][0] for name in sent)
    show(
        f"A minute of the schedule: 1 tenant asleep, and {tenants:,}",
        ["task", "a minute", "statements, 1", f"{tenants:,}", "ms, 1", f"{tenants:,}"],
        rows,
        f"An idle tenant costs {max(0.0, more) * 1_000:.2f} µs a minute. Target: no statement more: {verdict(same)}.",
    )


def add_asleep(first: int, last: int) -> None:
    with psycopg.connect(os.environ[ADMIN_URL], autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        for statement in _ASLEEP.format(first=first, last=last, cases=CASES_EACH).split(";"):
            admin.execute(statement.encode())
        admin.execute("VACUUM ANALYZE")


def cost(act: object, times: int = 20) -> tuple[int, float]:
    """Statements, and median milliseconds."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    assert callable(act)
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured), median_ms([seconds(act) for _ in range(times)])


def wake(tenants: int) -> None:
    """A case in one of them; the dispatch finds its tenant, and a turn counts it, as the two messages do."""
    from cso.metrics.engine.turns import take_turn
    from cso.metrics.models import Mark
    from tenants.models import Tenant
    from tenants.work import tenants_with

    find, count = [], []
    for tenant in Tenant.objects.filter(slug__startswith="asleep-").order_by("?")[:SMALL]:
        log(tenant)
        busy: list[int] = []
        find.append(seconds(lambda busy=busy: busy.extend(tenants_with(Mark))))  # type: ignore[misc]
        assert busy == [tenant.pk], "the others sleep on"
        count.append(seconds(lambda tenant=tenant: take_turn(tenant)))  # type: ignore[misc]
    show(
        f"One case in one tenant while {tenants - 1:,} sleep; median of {len(find)}",
        ["", "ms"],
        [["find it", f"{median_ms(find):.1f}"], ["count it", f"{median_ms(count):.1f}"]],
    )


def log(tenant: Tenant) -> None:
    from cso.people.models import Unit
    from cso.recovery.actions import open_case
    from tenants.scope import tenant_scope

    now = datetime.now(UTC)
    with tenant_scope(tenant):
        open_case(by=None, unit=Unit.objects.get(code="top"), reported_at=now - timedelta(hours=36), now=now)


def share(servers: Servers, huge: Tenant, marks: int) -> None:
    """Small tenants have a case each while a huge one is at work: who waits how long."""
    from cso.metrics.models import Mark
    from tenants.models import Tenant
    from tenants.work import tenants_with

    small = list(Tenant.objects.filter(slug__startswith="asleep-").order_by("?")[:SMALL])
    with running(servers, "worker", "beat"):
        log(small[0])
        while tenants_with(Mark):  # until both are up
            time.sleep(0.1)
        administrate(_MARKS.format(tenant=huge.pk, days=marks // 200))
        began = time.monotonic()
        time.sleep(1.0)
        waiting, waited = {}, []
        for tenant in small:
            log(tenant)
            waiting[tenant.pk] = time.monotonic()
        done = 0.0
        while waiting or not done:
            busy = set(tenants_with(Mark))
            now = time.monotonic()
            waited += [now - since for pk, since in waiting.items() if pk not in busy]
            waiting = {pk: since for pk, since in waiting.items() if pk in busy}
            if not done and huge.pk not in busy:
                done = now - began
            time.sleep(0.02)
    show(
        f"{len(small)} small tenants with a case each, a huge one with {marks:,} marks, one worker of two processes",
        ["", "seconds"],
        [
            ["a small tenant waits, median", f"{median_ms(waited) / 1_000:.2f}"],
            ["and the last of them", f"{max(waited):.2f}"],
            ["the huge tenant takes", f"{done:.2f}"],
        ],
        f"Target: {TARGET_SECONDS:g} s for a small tenant: {verdict(max(waited) <= TARGET_SECONDS)}.",
    )


if __name__ == "__main__":
    main()
