"""The steps from running servers to a database that the product can work on."""

import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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


def command_environment(command: str, environment: dict[str, str]) -> dict[str, str]:
    """The environment for a command of manage.py: tables are made by the migrator, all else is the app's."""
    if command != "migrate":
        return environment
    return {**environment, "DATABASE_URL": environment["MIGRATOR_DATABASE_URL"]}


def say(text: str, end: str = "\n") -> None:
    """Prints at once. A terminal that has gone must not keep us from tidying up."""
    with suppress(OSError):
        print(text, end=end, flush=True)


@contextmanager
def step(name: str) -> Iterator[None]:
    """A progress line: the name at once, the seconds when it is done."""
    began = time.monotonic()
    say(f"· {name:<44}", end="")
    try:
        yield
    except BaseException:
        say("failed")
        raise
    say(f"{time.monotonic() - began:5.1f} s")


@contextmanager
def managing(servers: Servers, environment: dict[str, str], *arguments: str) -> Iterator[Callable[[], None]]:
    """Runs a command of manage.py beside us, at most as long as the block.

    Yields the function that waits for it and raises ServersError when it has failed.
    """
    log = servers.data / "logs" / f"{arguments[0]}.log"
    child = start_child(
        [sys.executable, "manage.py", *arguments],
        log,
        environment=command_environment(arguments[0], environment),
        folder=ROOT,
    )

    def wait() -> None:
        if child.wait():
            told = last_lines(log)
            raise ServersError(f"manage.py {arguments[0]} failed. The end of {log}:\n{told}")

    try:
        yield wait
    finally:
        if child.poll() is None:
            end(psutil.Process(child.pid), seconds=5)
            child.wait()


def manage(servers: Servers, environment: dict[str, str], *arguments: str) -> None:
    """Runs a command of manage.py; ServersError when it fails."""
    with managing(servers, environment, *arguments) as wait:
        wait()


def prepare(servers: Servers, environment: dict[str, str], cases: int | None) -> Path:
    """Roles, database, tables, the demo story (of so many `cases`) and static files; safe to repeat.

    Returns the file with the story's people and keys.
    """
    # Compressing static files takes longest on a first start, so it runs beside the rest.
    with collecting_static(servers, environment) as wait_for_static:
        with step("Roles and database"):
            manage(servers, environment, "prepare_database")
        with step("Tables"):
            manage(servers, environment, "migrate", "--no-input")
        people = tell_story(servers, environment, cases)
        with step("Static files"):
            wait_for_static()
    return people


@contextmanager
def collecting_static(servers: Servers, environment: dict[str, str]) -> Iterator[Callable[[], None]]:
    """Collects static files beside us, unless they are as at the last start; yields a wait for the end."""
    stamp = servers.data / "static.stamp"
    seen = static_sources()
    if stamp.exists() and stamp.read_text() == seen:
        yield lambda: None
        return
    # Of the libraries' files our pages use neither ReDoc nor Django REST framework's own pages.
    unused = ["--ignore", "redoc", "--ignore", "rest_framework"]
    with managing(servers, environment, "collectstatic", "--no-input", *unused) as wait_for_command:

        def wait() -> None:
            wait_for_command()
            stamp.write_text(seen)

        yield wait


def static_sources() -> str:
    """Changes when a static file of ours, the settings or an installed package does."""
    ours = [path for path in ROOT.glob("*/static/**/*") if path.is_file()]
    sources = [ROOT / "requirements-embedded.lock", ROOT / "cso" / "settings.py", *sorted(ours)]
    told = [f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in sources]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def tell_story(servers: Servers, environment: dict[str, str], cases: int | None) -> Path:
    """The demo story, once; returns the file with its people and keys."""
    people = servers.data / "people.json"
    if not people.exists():
        unfinished = people.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        with step("Demo story (once)"):
            size = [] if cases is None else ["--cases", str(cases)]
            manage(servers, environment, "tell_story", "--credentials", str(unfinished), *size)
        unfinished.chmod(0o600)
        unfinished.rename(people)
    return people
