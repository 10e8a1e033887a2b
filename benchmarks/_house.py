"""What every benchmark stands on: the product on temporary servers, tenants, clocks and tables."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import make_conninfo

from embedded.servers import Servers, temporary_servers
from embedded.setup import collecting_static, manage, product_environment
from embedded.supervisor import Process, product_processes, stop_all
from embedded.up import table, wait_until_ready

if TYPE_CHECKING:
    from tenants.models import Tenant

ADMIN_URL = "BENCHMARK_ADMIN_URL"


@contextmanager
def house(port: int = 8000) -> Iterator[Servers]:
    """The product, migrated, on servers that are gone afterwards. Import its modules inside the block only.

    port: where its web process is reached, if `running` starts one.
    """
    with temporary_servers() as servers:
        environment = product_environment(servers, f"http://localhost:{port}")
        os.environ.update(environment | {"LOG_LEVEL": "WARNING"})
        os.environ[ADMIN_URL] = make_conninfo(servers.admin_url, dbname="cso")
        manage(servers, environment, "prepare_database")
        manage(servers, environment, "migrate", "--no-input")
        import django

        django.setup()
        Path(environment["STATIC_ROOT"]).mkdir(exist_ok=True)  # where pages are read without a web process
        yield servers


@contextmanager
def running(servers: Servers, *names: str, port: int = 8000) -> Iterator[None]:
    """The processes of these names (web, worker, beat) as `./dev up` runs them, until the block ends."""
    environment = dict(os.environ)
    if "web" in names:
        with collecting_static(servers, environment) as wait_for_static:
            wait_for_static()
    processes: list[Process] = [each for each in product_processes(servers, port, environment) if each.name in names]
    try:
        for process in processes:
            process.start()
        if "web" in names:
            wait_until_ready(f"http://127.0.0.1:{port}/readyz", processes, servers.data / "logs")
        yield
    finally:
        stop_all(processes)


def administrate(*statements: str) -> None:
    """Run statements as the database's superuser, past row-level security."""
    with psycopg.connect(os.environ[ADMIN_URL], autocommit=True) as admin:
        for statement in statements:
            admin.execute(statement.encode())


def make_tenant(slug: str, *, divisions: int = 10, teams: int = 10) -> Tenant:
    """A tenant with a top unit, divisions below it and teams (codes team-1, team-2, ...) below these."""
    from cso.people import tree
    from cso.people.models import Unit
    from tenants.members import create_tenant
    from tenants.scope import tenant_scope

    tenant = create_tenant(slug, slug.title(), "America/New_York")
    with tenant_scope(tenant):
        top = Unit.objects.create(code="top", name="Top")
        middle = Unit.objects.bulk_create(
            [Unit(code=f"division-{n}", name=f"Division {n}", parent=top) for n in range(1, divisions + 1)]
        )
        leaves = Unit.objects.bulk_create(
            [
                Unit(code=f"team-{n + 1}", name=f"Team {n + 1}", parent=middle[n % divisions])
                for n in range(divisions * teams)
            ]
        )
        tree.hang_new([top, *middle, *leaves])
    return tenant


def seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def median_ms(times: Sequence[float]) -> float:
    return statistics.median(times) * 1_000


def percentile_ms(times: Sequence[float], percent: int) -> float:
    return sorted(times)[min(len(times) - 1, len(times) * percent // 100)] * 1_000


def show(title: str, heads: list[str], rows: list[list[str]], *notes: str) -> None:
    print(f"\n{title}\n")
    print("\n".join(table(heads, rows)))
    print("\n".join(["", *notes]), flush=True)


def verdict(is_met: bool) -> str:
    return "met" if is_met else "MISSED"
