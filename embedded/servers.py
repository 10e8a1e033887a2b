"""A real PostgreSQL 18 and a real Redis below one data folder.

    with embedded_servers(Path(".local")) as servers:
        psycopg.connect(servers.admin_url)

PostgreSQL listens on a socket in a folder of its own, Redis on a free port of 127.0.0.1; both want a secret.
Redis keeps nothing over a stop, on purpose: whatever must be remembered stands in PostgreSQL.
"""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from embedded.errors import InUseError
from embedded.postgres import Postgres
from embedded.programs import Programs, find_programs, make_stand_in
from embedded.redis import Redis

# A Unix socket's path has at most 107 bytes; PostgreSQL adds a file name of up to 20.
LONGEST_SOCKET_FOLDER = 80


@dataclass(frozen=True)
class Servers:
    """Two running servers: URLs with their secrets inside, and the processes behind them."""

    data: Path
    postgres: Postgres
    redis: Redis
    secret_key: str

    @property
    def admin_url(self) -> str:
        """PostgreSQL as its superuser, in the database `postgres`."""
        return self._url("postgres", "postgres")

    @property
    def migrator_url(self) -> str:
        return self._url("cso_migrator", "cso")

    @property
    def app_url(self) -> str:
        return self._url("cso_app", "cso")

    @property
    def redis_url(self) -> str:
        return self.redis.url

    def environment(self, public_url: str = "http://localhost:8000") -> dict[str, str]:
        """The environment variables that the product wants, for these servers."""
        return {
            "ADMIN_DATABASE_URL": self.admin_url,
            "MIGRATOR_DATABASE_URL": self.migrator_url,
            "DATABASE_URL": self.app_url,
            "REDIS_URL": self.redis_url,
            "SECRET_KEY": self.secret_key,
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "PUBLIC_URL": public_url,
            "STATIC_ROOT": str(self.data / "static"),
        }

    def is_prepared(self) -> bool:
        """Whether the product's roles and database have been made (`manage.py prepare_database`)."""
        try:
            psycopg.connect(self.app_url).close()
        except psycopg.OperationalError:
            return False
        return True

    def revive(self) -> list[str]:
        """Starts a server that has died; returns the names of those."""
        dead = [server for server in (self.postgres, self.redis) if not server.is_running()]
        for server in dead:
            server.start()
        return [server.name for server in dead]

    def _url(self, role: str, database: str) -> str:
        password = self.postgres.passwords[role]
        return f"postgresql://{role}:{password}@/{database}?host={quote(str(self.postgres.sockets), safe='/')}"


@contextmanager
def embedded_servers(data: Path, *, durable: bool = True) -> Iterator[Servers]:
    """Starts both servers on the data folder (made when missing) and stops them at the end.

    Servers that a killed run left over are stopped first. `durable=False` trades safety against a power
    failure for speed, for data that lives as long as a test. Raises InUseError when another program holds
    the folder, ServersError when a server does not start.
    """
    data = data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    with _held(data):
        servers = _servers(data, durable=durable)
        try:
            servers.redis.stop()
            servers.postgres.stop()
            servers.redis.start()
            servers.postgres.start()
            yield servers
        finally:
            servers.redis.stop()
            servers.postgres.stop()


@contextmanager
def temporary_servers() -> Iterator[Servers]:
    """Both servers on a new data folder that is removed at the end; for tests and benchmarks."""
    data = Path(tempfile.mkdtemp(prefix="cso-"))
    try:
        with embedded_servers(data, durable=False) as servers:
            yield servers
    finally:
        remove_data(data)
        shutil.rmtree(data, ignore_errors=True)


def servers_in_use(data: Path) -> Servers:
    """The servers that another program has started on this data folder."""
    return _servers(data.resolve(), durable=True)


def remove_data(data: Path) -> None:
    """Removes what we made in the data folder, and the folder when nothing else is in it."""
    data = data.resolve()
    if not data.exists():
        return
    with _held(data):
        if (data / "servers").exists():
            servers = _servers(data, durable=True)
            servers.redis.stop()
            servers.postgres.stop()
            shutil.rmtree((data / "servers").resolve())
        names = ["servers", "logs", "static", "static.stamp", "people.json", "people.new"]
        for path in [*(data / name for name in names), *data.glob("beat*")]:
            _remove(path)
    _remove(data / "lock")
    with suppress(OSError):
        data.rmdir()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _held(data: Path) -> Iterator[None]:
    """Holds the data folder; the kernel lets go of it however we end."""
    with (data / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise InUseError(
                f"The data in {data} is in use by process {lock.read().strip() or '?'}. "
                "Stop that one first, or choose another folder with --data DIR."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _servers(data: Path, *, durable: bool) -> Servers:
    programs = find_programs()
    home = _home(data, programs)
    kept = _kept_secrets(home / "secrets.json")
    logs = data / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    passwords = {role: kept[role] for role in ("postgres", "cso_migrator", "cso_app")}
    postgres = Postgres(
        programs, home / "postgresql", _socket_folder(home), logs / "postgresql.log", passwords, durable
    )
    redis = Redis(programs, home / "redis", logs / "redis.log", kept["redis"])
    return Servers(data, postgres, redis, kept["secret_key"])


def _home(data: Path, programs: Programs) -> Path:
    """The folder of the servers' own files: DATA/servers, where the user that runs them reaches it.

    Root's data folder may lie below a closed one, such as /root. Then DATA/servers is a link to a stand-in:
    nobody's permissions are loosened.
    """
    home = data / "servers"
    if home.exists():
        return home.resolve()
    _remove(home)
    if not programs.reach(data) and programs.reach(data.parent):
        # A folder made for its owner alone, such as a temporary one: others may pass through, no more.
        data.chmod(data.stat().st_mode | 0o001)
    if programs.reach(data):
        home.mkdir(mode=0o711)
        home.chmod(0o711)
        return home
    stand_in = make_stand_in() / f"data-{hashlib.sha256(bytes(data)).hexdigest()[:16]}"
    if stand_in.exists():  # the data folder was removed by hand, and this is its rest
        shutil.rmtree(stand_in)
    stand_in.mkdir(mode=0o711)
    stand_in.chmod(0o711)
    home.symlink_to(stand_in)
    return stand_in


def _socket_folder(home: Path) -> Path:
    folder = home / "run"
    if len(bytes(folder)) <= LONGEST_SOCKET_FOLDER:
        return folder
    return Path(f"/tmp/cso-{os.getuid()}-{hashlib.sha256(bytes(home)).hexdigest()[:12]}")  # noqa: S108


def _kept_secrets(path: Path) -> dict[str, str]:
    if not path.exists():
        made = {name: secrets.token_urlsafe(32) for name in ("postgres", "cso_migrator", "cso_app", "redis")}
        made["secret_key"] = secrets.token_urlsafe(50)
        unfinished = path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(made, file)
        unfinished.rename(path)
    kept: dict[str, str] = json.loads(path.read_text())
    return kept
