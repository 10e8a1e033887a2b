"""`./dev up`: everything on this machine, until Ctrl-C."""

import argparse
import errno
import json
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn
from urllib.error import URLError
from urllib.request import urlopen

from embedded.children import last_lines
from embedded.errors import ServersError
from embedded.servers import Servers, embedded_servers, remove_data
from embedded.setup import prepare, product_environment, say, step
from embedded.supervisor import (
    KeepsDyingError,
    Process,
    keep_running,
    product_processes,
    stop_all,
)

SURVEYS = "A customer answers here, where nobody is signed in; what others said is under Listening"
WALLS = "A screen on a wall, for everybody who passes; it needs no password"
READY_WITHIN = 90.0  # seconds
# The web process of a killed run may hold the port a moment longer.
PORT_FREE_WITHIN = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev up")
    parser.add_argument("--port", type=int, default=8000, help="port of the portal and the API (8000)")
    parser.add_argument("--data", type=Path, default=Path(".local"), help="folder of the data (.local)")
    parser.add_argument("--fresh", action="store_true", help="remove the data first and start anew")
    parser.add_argument("--cases", type=int, help="tell a demo story of so many cases; a small one is told sooner")
    options = parser.parse_args()
    try:
        with stopped_by_signals():
            up(options.port, options.data, fresh=options.fresh, cases=options.cases)
    except (ServersError, KeepsDyingError) as error:
        sys.exit(with_advice(str(error)))
    except OSError as error:
        sys.exit(with_advice(f"{error.strerror}: {error.filename or options.data}", error.errno))


def up(port: int, data: Path, *, fresh: bool, cases: int | None) -> None:
    """Starts everything, prints where it is and who may sign in, and runs until a signal ends it.

    cases: of the demo story, where it is not told yet; None for as many as it has.
    """
    began = time.monotonic()
    wait_for_port(port)
    if fresh:
        with step("Removing the old data"):
            remove_data(data)
    with stopping(), started(data) as servers:
        url = f"http://localhost:{port}"
        environment = product_environment(servers, url)
        people = prepare(servers, environment, cases)
        processes = product_processes(servers, port, environment)
        try:
            with step("Web, worker and beat"):
                for process in processes:
                    process.start()
                wait_until_ready(f"http://127.0.0.1:{port}/readyz", processes, servers.data / "logs")
            say(welcome(url, people, time.monotonic() - began))
            keep_running(processes, servers, say)
        finally:
            say("\nStopping ...")
            stop_all(processes)


@contextmanager
def started(data: Path) -> Iterator[Servers]:
    """The servers, with a progress line for their start alone."""
    servers = embedded_servers(data)
    with step("PostgreSQL and Redis"):
        running = servers.__enter__()
    try:
        yield running
    finally:
        servers.__exit__(None, None, None)


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Turns the signals that end a program into SystemExit, so that every `finally` runs."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        # Once is enough: a second Ctrl-C must not interrupt the tidying.
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_IGN)
        sys.exit(0)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup wants it
        signal.signal(signal.SIGHUP, stop)
    yield


def wait_for_port(port: int) -> None:
    """Returns when nobody listens on the port; ServersError when somebody stays."""
    deadline = time.monotonic() + PORT_FREE_WITHIN
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except (OSError, OverflowError) as error:
                if isinstance(error, OverflowError) or error.errno == errno.EACCES:
                    raise ServersError(f"Port {port} cannot be had; choose one from 1024 to 65535.") from None
                if time.monotonic() > deadline:
                    raise ServersError(
                        f"Port {port} is in use by another program; choose another: ./dev up --port {port + 1}"
                    ) from None
            else:
                return
        time.sleep(0.2)


def wait_until_ready(url: str, processes: list[Process], logs: Path) -> None:
    """Returns when the readiness page says yes; ServersError with its last answer when it does not."""
    deadline = time.monotonic() + READY_WITHIN
    answer = "no answer"
    while time.monotonic() < deadline:
        for process in processes:
            if process.death() is not None:
                told = last_lines(process.log)
                raise ServersError(f"{process.name} does not start. The end of {process.log}:\n{told}")
        try:
            with urlopen(url, timeout=5) as response:  # noqa: S310 (our own URL)
                response.read()
                return
        except URLError as error:
            read = getattr(error, "read", None)
            answer = read().decode(errors="replace") if read else str(error.reason)
        except OSError as error:
            answer = str(error)
        time.sleep(0.2)
    raise ServersError(f"Not ready after {READY_WITHIN:.0f} s; {url} says: {answer}\nThe logs are in {logs}.")


def welcome(url: str, people_file: Path, seconds: float) -> str:
    """What a person wants to know now: the address, who may sign in and with which password, keys, surveys, walls."""
    told = json.loads(people_file.read_text())
    fields = ["workspace", "name", "role", "email", "password", "landing"]
    people = [[person[field] for field in fields] for person in told["people"]]
    keys = [[key["workspace"], key["key"]] for key in told["keys"]]
    # A folder of an earlier version knows of none.
    surveys, walls = (
        [[link["workspace"], url + link["path"]] for link in told.get(kind, [])] for kind in ("surveys", "walls")
    )
    return "\n".join(
        [
            f"\nReady after {seconds:.1f} s: {url}\n",
            *table(["Workspace", "Name", "Role", "E-mail", "Password", "Landing page"], people),
            "",
            *table(["Workspace", "API key"], keys),
            *(["", *table(["Workspace", SURVEYS], surveys)] if surveys else []),
            *(["", *table(["Workspace", WALLS], walls)] if walls else []),
            f"\nAPI documentation: {url}/api/docs · these people and keys again: {people_file}",
            "Ctrl-C stops everything; the data stays for the next start.",
        ]
    )


def table(heads: list[str], rows: list[list[str]]) -> list[str]:
    """Lines of a text table with aligned columns."""
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    lines = [heads, ["-" * width for width in widths], *rows]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def with_advice(message: str, number: int | None = None) -> str:
    """The message, and what to do where that is known."""
    if number == errno.ENOSPC or "No space left on device" in message:
        return f"{message}\nThe disk is full: free some space (1 GB is plenty) and start again."
    if number in (errno.EACCES, errno.EPERM):
        return f"{message}\nThe folder belongs to somebody else; choose another with --data DIR."
    return message


@contextmanager
def stopping() -> Iterator[None]:
    """Says so when the last server has ended."""
    try:
        yield
    finally:
        say("Stopped.")


if __name__ == "__main__":
    main()
