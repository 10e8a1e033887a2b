"""A connection that serves one tenant after another never shows one to the other, whoever hands it out."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, connection, models, transaction

from cso.metrics.models import Mark
from cso.people.models import Unit
from embedded.programs import find_programs
from tenants.models import Tenant, User
from tenants.scope import NoTenantScopeError, tenant_scope, user_scope
from tenants.work import tenants_with
from tests.tenants.conftest import World
from tests.tenants.connections import connected

CONNECTIONS = 2
THREADS = 12
TURNS = 40
PGBOUNCER = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")

pytestmark = pytest.mark.usefixtures("world")


class AbortError(Exception):
    """Someone changes their mind in the middle of a transaction."""


def read(tenant: Tenant) -> None:
    with tenant_scope(tenant):
        assert_alone(tenant)


def write(tenant: Tenant) -> None:
    with tenant_scope(tenant):
        Unit.objects.create(code=f"{random.random()}", name="New")
        assert_alone(tenant)


def change_ones_mind(tenant: Tenant) -> None:
    def begin() -> None:
        with tenant_scope(tenant):
            assert_alone(tenant)
            raise AbortError

    with pytest.raises(AbortError):
        begin()


def fail_at(tenant: Tenant, statement: str) -> None:
    with tenant_scope(tenant), connection.cursor() as cursor:
        assert_alone(tenant)
        cursor.execute(statement)


def trip(tenant: Tenant) -> None:
    """The database refuses a statement, and with it the whole transaction."""
    with pytest.raises(DatabaseError):
        fail_at(tenant, "SELECT 1 / 0")


def be_cut_off(tenant: Tenant) -> None:
    """The connection is lost in the middle."""
    with pytest.raises(DatabaseError):
        fail_at(tenant, "SELECT pg_terminate_backend(pg_backend_pid())")


def forget_the_scope(tenant: Tenant) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM people_unit")
        assert cursor.fetchone() == (0,)
    with pytest.raises(NoTenantScopeError):
        Unit.objects.count()


def look_at_memberships(tenant: Tenant) -> None:
    user = User.objects.get(email=f"seen-{tenant.slug}@example.com")
    with user_scope(user), connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id FROM tenants_membership")
        assert cursor.fetchall() == [(tenant.pk,)]
        cursor.execute("SELECT count(*) FROM people_unit")
        assert cursor.fetchone() == (0,)


def dispatch(tenant: Tenant) -> None:
    assert tenant.pk in tenants_with(Mark)


ACTS: list[Callable[[Tenant], None]] = [
    *(read, read, write, write, change_ones_mind, trip, forget_the_scope, look_at_memberships, dispatch)
]


def assert_alone(tenant: Tenant) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tenant_id FROM people_unit")
        assert cursor.fetchall() == [(tenant.pk,)]
        assert set(models.QuerySet(Unit).values_list("tenant_id", flat=True)) == {tenant.pk}


def work_of_threads(world: World, acts: list[Callable[[Tenant], None]], *, give_back: bool) -> None:
    """Each thread takes turns: another tenant and another act each time.

    give_back: the connection goes back to the pool after each turn; pgbouncer takes it back by itself.
    """
    tenants = [world.here.tenant, world.there.tenant]

    def take_turns(seed: int) -> int:
        choose = random.Random(seed)
        for _ in range(TURNS):
            choose.choice(acts)(choose.choice(tenants))
            if give_back:
                connection.close()
        connection.close()
        return TURNS

    with ThreadPoolExecutor(THREADS) as threads:
        assert sum(threads.map(take_turns, range(THREADS))) == THREADS * TURNS


def test_twelve_threads_share_two_connections(world: World) -> None:
    pool = {"min_size": CONNECTIONS, "max_size": CONNECTIONS, "timeout": 30}
    with connected(OPTIONS=settings.DATABASES["default"]["OPTIONS"] | {"pool": pool}, CONN_MAX_AGE=0):
        work_of_threads(world, [*ACTS, be_cut_off], give_back=True)
        pool_of_django = connection.pool  # type: ignore[attr-defined]  # PostgreSQL's own
        assert pool_of_django.get_stats()["pool_max"] == CONNECTIONS


@contextmanager
def pgbouncer() -> Iterator[dict[str, Any]]:
    """A pool of two connections that go to whoever has the next transaction; yields how to reach it."""
    assert PGBOUNCER is not None
    programs, database = find_programs(), settings.DATABASES["default"]
    with TemporaryDirectory(prefix="cso-pool-") as name:
        folder = Path(name)
        programs.own(folder)
        words = " ".join(
            f"{key}={value}"
            for key, value in {
                "host": database["HOST"],
                "user": database["USER"],
                "password": database["PASSWORD"],
                "dbname": database["NAME"],
            }.items()
        )
        users = folder / "users.txt"
        users.write_text(f'"{database["USER"]}" "{database["PASSWORD"]}"\n')
        configuration = folder / "pgbouncer.ini"
        configuration.write_text(
            f"[databases]\npooled = {words}\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = {folder}\n"
            f"listen_port = 6432\nauth_type = scram-sha-256\nauth_file = {users}\npool_mode = transaction\n"
            f"default_pool_size = {CONNECTIONS}\nmax_client_conn = 100\n"
        )
        process = subprocess.Popen(
            [PGBOUNCER, "-q", configuration], stderr=subprocess.PIPE, cwd="/", **programs.identity()
        )
        try:
            where = {"HOST": str(folder), "PORT": "6432", "NAME": "pooled"}
            _wait_for(process, folder, database)
            yield where
        finally:
            process.terminate()
            process.wait(10)


def _wait_for(process: subprocess.Popen[bytes], folder: Path, database: dict[str, Any]) -> None:
    for _ in range(100):
        try:
            psycopg.connect(
                host=str(folder), port=6432, dbname="pooled", user=database["USER"], password=database["PASSWORD"]
            ).close()
        except psycopg.OperationalError:
            assert process.poll() is None, process.communicate()[1].decode()
            time.sleep(0.05)
        else:
            return
    raise AssertionError("pgbouncer does not answer.")


@pytest.mark.skipif(PGBOUNCER is None, reason="NOT PROVED: pgbouncer is not installed (apt-get install pgbouncer)")
def test_twelve_threads_share_two_connections_of_pgbouncer(world: World) -> None:
    with pgbouncer() as where, connected(**where, DISABLE_SERVER_SIDE_CURSORS=True):
        work_of_threads(world, ACTS, give_back=False)
        servers = set()
        for _ in range(10):
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                servers.add(cursor.fetchone())
        assert len(servers) <= CONNECTIONS


def test_a_scope_that_is_left_in_any_way_leaves_nothing(world: World) -> None:
    for leave in (read, change_ones_mind, trip, be_cut_off):
        leave(world.here.tenant)
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('app.tenant_id', true), current_setting('app.user_id', true)")
            assert not any(cursor.fetchone())
        forget_the_scope(world.here.tenant)


def test_what_runs_on_commit_stands_outside_the_scope(world: World) -> None:
    seen: list[int] = []

    def announce() -> None:
        with pytest.raises(NoTenantScopeError):
            Unit.objects.count()
        with tenant_scope(world.there.tenant):
            assert_alone(world.there.tenant)
            seen.append(Unit.objects.count())

    with tenant_scope(world.here.tenant):
        transaction.on_commit(announce)
    assert seen


def test_a_thread_begins_without_a_scope(world: World) -> None:
    def look() -> None:
        forget_the_scope(world.here.tenant)
        connection.close()

    with tenant_scope(world.here.tenant), ThreadPoolExecutor(1) as threads:
        threads.submit(look).result()


def test_scopes_do_not_nest(world: World) -> None:
    with tenant_scope(world.here.tenant):
        for inner in (tenant_scope(world.there.tenant), tenant_scope(world.here.tenant)):
            with pytest.raises(RuntimeError, match="durable"), inner:
                pass
        with pytest.raises(RuntimeError, match="durable"):
            tenants_with(Mark)
        assert_alone(world.here.tenant)


def test_rows_asked_for_in_one_scope_are_not_read_in_another(world: World) -> None:
    with tenant_scope(world.here.tenant):
        ours = Unit.objects.all()
    assert list(ours) == []
    with tenant_scope(world.there.tenant):
        assert list(ours.all()) == []


def test_the_dispatcher_sees_which_tenants_have_work_and_nothing_else(world: World) -> None:
    assert tenants_with(Mark) == sorted([world.here.tenant.pk, world.there.tenant.pk])
    refusals = {
        "SELECT tenant_id FROM metrics_mark": None,
        "SELECT id FROM metrics_mark": "permission denied",
        "SELECT * FROM metrics_mark": "permission denied",
        "SELECT 1 FROM recovery_case": "permission denied",
        "SELECT 1 FROM tenants_user": "permission denied",
        "DELETE FROM metrics_mark": "permission denied",
        "UPDATE metrics_mark SET tenant_id = 1": "permission denied",
    }
    for statement, reason in refusals.items():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE cso_dispatcher")
            if reason is None:
                cursor.execute(statement)
                assert set(cursor.fetchall()) == {(world.here.tenant.pk,), (world.there.tenant.pk,)}
            else:
                with pytest.raises(DatabaseError, match=reason), transaction.atomic():
                    cursor.execute(statement)
