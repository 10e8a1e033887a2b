"""The embedded servers as users meet them: they start, want secrets, keep data and leave nothing behind."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
import redis
from psycopg.conninfo import make_conninfo

from embedded.children import end
from embedded.errors import InUseError
from embedded.servers import Servers, embedded_servers, remove_data, temporary_servers

ROOT = Path(__file__).resolve().parent.parent.parent
# Starts the servers on a folder, says so, and waits to be killed.
HOLDER = """
import sys, time
from pathlib import Path
from embedded.servers import embedded_servers
with embedded_servers(Path(sys.argv[1]), durable=False):
    print("started", flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with temporary_servers() as running:
        yield running


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder with a space in its name, below one that only its owner may enter, as pytest's are."""
    folder = tmp_path / "the data"
    yield folder
    remove_data(folder)
    assert not folder.exists()


def processes_on(folder: Path) -> list[psutil.Process]:
    home = str((folder / "servers").resolve())
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(word.startswith(home) for word in process.info["cmdline"] or [])
    ]


def test_postgres_is_version_18_and_makes_ids_ordered_by_time(servers: Servers) -> None:
    with psycopg.connect(servers.admin_url) as connection:
        major, first, second = connection.execute(
            "SELECT current_setting('server_version_num')::int / 10000, uuidv7(), uuidv7()"
        ).fetchone() or (0, 0, 0)
    assert major == 18
    assert first < second


@pytest.mark.parametrize("password", ["", "wrong"])
def test_postgres_refuses_a_wrong_password(servers: Servers, password: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(make_conninfo(servers.admin_url, password=password, passfile="/nonexistent"))


def test_postgres_listens_on_no_network_address(servers: Servers) -> None:
    with psycopg.connect(servers.admin_url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


@pytest.mark.parametrize("password", ["", "wrong"])
def test_redis_refuses_a_wrong_password(servers: Servers, password: str) -> None:
    url = servers.redis_url.replace(servers.redis.password, password)
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(url).ping()


def test_secrets_are_readable_by_their_owner_alone(servers: Servers) -> None:
    home = (servers.data / "servers").resolve()
    assert (home / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert (home / "redis" / "redis.conf").stat().st_mode & 0o777 == 0o600
    assert servers.redis.password not in " ".join(
        word for process in processes_on(servers.data) for word in process.cmdline()
    )


def test_servers_never_run_as_root(servers: Servers) -> None:
    assert processes_on(servers.data)
    for process in processes_on(servers.data):
        assert process.uids().effective != 0


def test_stopping_leaves_no_process_and_a_restart_keeps_the_data(data: Path) -> None:
    with embedded_servers(data) as servers, psycopg.connect(servers.admin_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    assert processes_on(data) == []
    with embedded_servers(data) as again, psycopg.connect(again.admin_url) as connection:
        assert again.environment() == servers.environment()
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_the_folders_above_the_data_keep_their_permissions(data: Path) -> None:
    before = [parent.stat().st_mode for parent in data.parents]
    with embedded_servers(data, durable=False):
        assert [parent.stat().st_mode for parent in data.parents] == before
    assert [parent.stat().st_mode for parent in data.parents] == before


def test_a_second_start_on_the_same_data_is_told_who_holds_it(data: Path) -> None:
    with (
        embedded_servers(data, durable=False),
        pytest.raises(InUseError, match=f"in use by process {os.getpid()}"),
        embedded_servers(data),
    ):
        pass


@pytest.mark.parametrize("name", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_leaves_nothing_that_hinders_the_next(data: Path, name: signal.Signals) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, data], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "started\n"
    left_over = processes_on(data)
    assert len(left_over) == 2
    holder.send_signal(name)
    holder.communicate()
    with embedded_servers(data, durable=False) as servers:
        assert set(left_over).isdisjoint(processes_on(data))
        psycopg.connect(servers.admin_url).close()


def test_a_server_left_over_without_its_parent_is_stopped_by_the_next_start(data: Path) -> None:
    with embedded_servers(data, durable=False) as servers:
        postmaster = servers.postgres.postmaster()
        assert postmaster is not None
        end(postmaster, gently=signal.SIGINT)
        command = [str(servers.postgres.programs.postgres / "postgres"), "-D", str(servers.postgres.folder)]
        identity = servers.postgres.programs.identity()
        orphan = subprocess.Popen(command, cwd="/", stderr=subprocess.DEVNULL, start_new_session=True, **identity)
        while not servers.postgres.is_running():
            assert orphan.poll() is None
        servers.postgres.start = lambda: None  # type: ignore[method-assign]
        servers.postgres.stop = lambda: None  # type: ignore[method-assign]
    assert orphan.poll() is None
    with embedded_servers(data, durable=False) as again:
        assert orphan.wait(5) == 0
        psycopg.connect(again.admin_url).close()


def test_a_server_that_dies_is_revived_on_the_same_address(data: Path) -> None:
    with embedded_servers(data, durable=False) as servers:
        before = servers.environment()
        for process in (servers.postgres.postmaster(), servers.redis.server()):
            assert process is not None
            process.kill()
            process.wait(5)
        with socket.create_server(("127.0.0.1", urlsplit(servers.redis_url).port or 0)) as held:
            # The kernel may let go of a dead server's port late, on a busy machine.
            Timer(1, lambda: held.shutdown(socket.SHUT_RDWR)).start()
            assert servers.revive() == ["PostgreSQL", "Redis"]
        assert servers.environment() == before
        psycopg.connect(servers.admin_url).close()
        assert redis.Redis.from_url(servers.redis_url).ping()
