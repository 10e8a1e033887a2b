"""A whole office for a test that kills parts of it: PostgreSQL and Redis of its own, a real worker, a real beat."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from cso.metrics.models import Mark
from embedded.servers import Servers, embedded_servers, remove_data
from embedded.setup import manage, product_environment
from embedded.supervisor import Process, product_processes, stop_all
from tenants.scope import tenant_scope
from tests.metrics.naive import assert_cells_equal_the_cases
from tests.personas import Company
from tests.servers import with_database

PATIENCE = 60.0  # seconds, on a machine that does other things too


@dataclass
class Office:
    servers: Servers
    environment: dict[str, str]
    worker: Process
    beat: Process

    def kill_worker(self) -> None:
        """As the kernel does when memory runs out: the worker with its children, at once."""
        os.killpg(self._process(self.worker).pid, signal.SIGKILL)
        until(lambda: self.worker.death() is not None, "the worker's end")

    def kill_children(self) -> None:
        """The processes of the pool alone; the worker itself lives on and makes new ones."""
        for child in self._process(self.worker).children():
            child.kill()

    def kill_postgres(self) -> None:
        """An immediate shutdown: no checkpoint, every session cut."""
        postmaster = self.servers.postgres.postmaster()
        assert postmaster is not None
        postmaster.send_signal(signal.SIGQUIT)
        until(lambda: not self.servers.postgres.is_running(), "PostgreSQL's end")
        connection.close()

    def kill_redis(self) -> None:
        server = self.servers.redis.server()
        assert server is not None
        server.kill()
        until(lambda: not self.servers.redis.is_running(), "Redis's end")

    def revive(self) -> None:
        """What the supervisor does: start again whatever has ended."""
        self.servers.revive()
        for process in (self.worker, self.beat):
            if process.death() is not None:
                process.start()

    @contextmanager
    def held_up_at(self, table: str) -> Iterator[None]:
        """The table can be read but not written: whoever begins to work stops in the middle of a transaction."""
        with self.admin() as admin:
            admin.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
            yield
            with suppress(psycopg.OperationalError):  # the server may have been killed meanwhile
                admin.rollback()

    def wait_for_work_held_up_at(self, table: str) -> None:
        with self.admin(autocommit=True) as admin:
            until(
                lambda: admin.execute(
                    "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid)"
                    " WHERE NOT granted AND relation = %s::regclass AND usename = 'cso_app'",
                    [table],
                ).fetchone(),
                f"work that waits for {table}",
            )

    def admin(self, *, autocommit: bool = False) -> psycopg.Connection:
        return psycopg.connect(with_database(self.servers.admin_url, "cso"), autocommit=autocommit)

    def manage(self, *arguments: str) -> None:
        manage(self.servers, self.environment, *arguments)

    def _process(self, process: Process) -> psutil.Process:
        """Found by its command: the handle keeps its process to itself."""
        children = psutil.Process().children()
        return next(child for child in children if _command(child)[1:] == process.command[1:])


def _command(process: psutil.Process) -> list[str]:
    with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        return process.cmdline()
    return []


@contextmanager
def running_office() -> Iterator[Office]:
    """The office, prepared and at work; this process's own connection leads there meanwhile."""
    folder = Path(tempfile.mkdtemp(prefix="cso-office-"))
    folder.chmod(0o711)
    try:
        with embedded_servers(folder) as servers:
            environment = product_environment(servers, "http://localhost:8000")
            manage(servers, environment, "prepare_database")
            manage(servers, environment, "migrate", "--verbosity=0")
            _, worker, beat = product_processes(servers, 8000, environment)
            with connected_to(servers.app_url):
                try:
                    worker.start()
                    beat.start()
                    yield Office(servers, environment, worker, beat)
                finally:
                    stop_all([worker, beat])
    finally:
        remove_data(folder)


@contextmanager
def connected_to(url: str) -> Iterator[None]:
    """Django's connection of this thread leads to another database."""
    info = conninfo_to_dict(url)
    elsewhere = {"NAME": info["dbname"], "USER": info["user"], "PASSWORD": info["password"], "HOST": info["host"]}
    here = {name: connection.settings_dict[name] for name in elsewhere}
    connection.close()
    connection.settings_dict.update(elsewhere)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(here)


def until(look: Callable[[], object], what: str, seconds: float = PATIENCE) -> float:
    """Look until it is so; returns after how many seconds it was."""
    began = time.monotonic()
    while not look():
        waited = time.monotonic() - began
        assert waited < seconds, f"{what} did not come within {seconds:.0f} s"
        time.sleep(0.05)
    return time.monotonic() - began


def no_mark_waits(company: Company) -> bool:
    with tenant_scope(company.tenant):
        return not Mark.objects.exists()


def assert_caught_up(office: Office, company: Company) -> None:
    """Every mark is worked off in time, and every cell is what a recount says.

    Someone looks after the office meanwhile, as the supervisor does: a worker whose children are killed while it has
    lost Redis ends a moment later, by a fault of Celery.
    """

    def nothing_waits() -> bool:
        office.revive()
        return no_mark_waits(company)

    until(nothing_waits, "the last mark's end")
    with tenant_scope(company.tenant):
        assert_cells_equal_the_cases()
