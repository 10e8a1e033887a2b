"""The steps from running servers to a database that the product can work on."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from embedded.children import end, last_lines, start_child
from embedded.errors import ServersError
from embedded.servers import Servers
from embedded.supervisor import ROOT


def product_environment(servers: Servers, public_url: str) -> dict[str, str]:
    """The whole environment of the product's processes."""
    ours = {"DJANGO_SETTINGS_MODULE": "cso.settings", "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **servers.environment(public_url), **ours}


@contextmanager
def step(name: str) -> Iterator[None]:
    """A progress line: the name at once, the seconds when it is done."""
    began = time.monotonic()
    print(f"· {name:<44}", end="", flush=True)
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        raise
    print(f"{time.monotonic() - began:5.1f} s", flush=True)


def manage(servers: Servers, environment: dict[str, str], *arguments: str) -> Callable[[], None]:
    """Starts a command of manage.py; the function returned waits for it. ServersError when it fails."""
    log = servers.data / "logs" / f"{arguments[0]}.log"
    child = start_child([sys.executable, "manage.py", *arguments], log, environment=environment, folder=ROOT)

    def wait() -> None:
        try:
            code = child.wait()
        except BaseException:
            _end(child)
            raise
        if code:
            told = last_lines(log)
            raise ServersError(f"manage.py {arguments[0]} failed. The end of {log}:\n{told}")

    return wait


def prepare(servers: Servers, environment: dict[str, str]) -> None:
    """Roles, database, tables and static files; each step is safe to repeat."""
    static_files = manage(servers, environment, "collectstatic", "--no-input")
    with step("Roles and database"):
        manage(servers, environment, "prepare_database")()
    with step("Tables"):
        manage(servers, environment, "migrate", "--no-input")()
    with step("Static files"):
        static_files()


def tell_story(servers: Servers, environment: dict[str, str]) -> Path:
    """The demo story, once; returns the file with its people and keys."""
    people = servers.data / "people.json"
    if not people.exists():
        unfinished = people.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        with step("Demo story (once)"):
            manage(servers, environment, "tell_story", "--credentials", str(unfinished))()
        unfinished.chmod(0o600)
        unfinished.rename(people)
    return people


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        end(psutil.Process(child.pid), seconds=5)
        child.poll()
