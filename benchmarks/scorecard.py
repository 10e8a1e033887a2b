"""What the pages of leaders cost to read: `./dev bench scorecard [--cases 100000] [--leaders 1 50]`.

The landing page of an executive and the page of a leader's unit, answered in this process: the statements that read
rows, and the milliseconds of the whole request without the network. Target: 12 statements, 150 ms at the 95th
percentile, for 1 leader and for 50 alike.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benchmarks._house import administrate, house, percentile_ms, seconds, show, verdict
from benchmarks._leaders import make_office

if TYPE_CHECKING:
    from django.test import Client

TARGET_STATEMENTS, TARGET_MS = 12, 150.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench scorecard", description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--leaders", type=int, nargs="+", default=[1, 50])
    parser.add_argument("--reads", type=int, default=100, help="how often each page is read (100)")
    options = parser.parse_args()
    with house():
        measure(options.cases, options.leaders, options.reads)


def measure(cases: int, leaders: list[int], reads: int) -> None:
    from django.conf import settings
    from django.test import override_settings

    import cso.wsgi  # noqa: F401 (what a web process does before its first request)

    pages: list[tuple[str, Client, str]] = []
    for count in leaders:
        tenant, client, unit = office(f"office-{count}", count, cases)
        pages += [
            (f"landing, leaders: {count}", client, f"/{tenant}/"),
            (f"unit, leaders: {count}", client, f"/{tenant}/units/{unit}/"),
        ]
    administrate("VACUUM ANALYZE", "CHECKPOINT")
    plain = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    with override_settings(STORAGES=settings.STORAGES | plain):
        times: list[list[float]] = [[] for _ in pages]
        asked = [statements(client, path) for _, client, path in pages]
        for _ in range(reads):
            for (_name, client, path), spent in zip(pages, times, strict=True):
                spent.append(seconds(lambda client=client, path=path: read(client, path)))  # type: ignore[misc]
    rows = [
        [name, str(count), f"{percentile_ms(spent, 50):.0f}", f"{percentile_ms(spent, 95):.0f}"]
        for (name, _, _), count, spent in zip(pages, asked, times, strict=True)
    ]
    slowest = max(percentile_ms(spent, 95) for spent in times)
    show(
        f"Pages of a tenant with {cases:,} cases; {reads} reads each, by turns",
        ["page", "statements", "p50 ms", "p95 ms"],
        rows,
        f"Target: {TARGET_STATEMENTS} statements: {verdict(max(asked) <= TARGET_STATEMENTS)};"
        f" {TARGET_MS:.0f} ms at p95: {verdict(slowest <= TARGET_MS)}.",
    )


def office(slug: str, leaders: int, cases: int) -> tuple[str, Client, str]:
    """An office, an executive's browser there, and the unit of a leader."""
    from django.test import Client

    from cso.people.models import Unit
    from tenants.members import add_member
    from tenants.models import User
    from tenants.roles import Role
    from tenants.scope import tenant_scope

    tenant = make_office(slug, leaders=leaders, cases=cases, now=datetime.now(UTC))
    executive = User.objects.create_user(f"executive@{slug}.example", None, name="Executive")
    with tenant_scope(tenant):
        add_member(executive, Role.EXECUTIVE, by=None)
        unit = str(Unit.objects.get(code="division-1").pk)
    client = Client(headers={"Host": "localhost"})
    client.force_login(executive)
    return slug, client, unit


def read(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)


def statements(client: Client, path: str) -> int:
    """How many statements that read rows, after a first visit."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    read(client, path)
    with CaptureQueriesContext(connection) as captured:
        read(client, path)
    asked = (query["sql"].strip() for query in captured.captured_queries)
    return sum(sql.startswith(("SELECT", "WITH", "(SELECT")) and "set_config" not in sql for sql in asked)


if __name__ == "__main__":
    main()
