"""The product's processes: web, worker and beat, started again when one dies."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from embedded.children import end, last_lines, start_child
from embedded.servers import Servers

ROOT = Path(__file__).resolve().parent.parent
# A process that dies this often within that many seconds has a fault that starting again does not mend.
DEATHS, WITHIN = 4, 60.0
LOOK_EVERY = 0.3  # seconds
SERVER_MAY_RESTART_ITSELF = 3.0  # seconds


class KeepsDyingError(Exception):
    """A process dies again and again; the message holds the end of its log."""


@dataclass
class Process:
    """One process of the product, with its log file."""

    name: str
    command: list[str]
    log: Path
    environment: dict[str, str]
    deaths: list[float] = field(default_factory=list)
    _child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        self._child = start_child(self.command, self.log, environment=self.environment, folder=ROOT)

    def stop(self) -> None:
        if self._child is not None and self._child.poll() is None:
            end(psutil.Process(self._child.pid))
            self._child.poll()
        self._kill_group()
        self._child = None

    def ask_to_stop(self) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()

    def death(self) -> int | None:
        """The exit code once the process has ended (negative: the signal); None while it runs."""
        return self._child.poll() if self._child is not None else None

    def start_again(self, now: float) -> None:
        """Starts it after a death. Raises KeepsDyingError when that has happened too often."""
        self._kill_group()
        self.deaths = [*(death for death in self.deaths if now - death < WITHIN), now]
        if len(self.deaths) >= DEATHS:
            raise KeepsDyingError(f"{self.name} keeps dying. The end of {self.log}:\n{last_lines(self.log)}")
        self.start()

    def _kill_group(self) -> None:
        # The children of a killed process must not work on beside those of its successor.
        if self._child is not None:
            try:
                os.killpg(self._child.pid, signal.SIGKILL)
            except ProcessLookupError:
                return


def product_processes(servers: Servers, port: int, environment: dict[str, str]) -> list[Process]:
    """Web on the port of 127.0.0.1, a worker and beat."""
    logs = servers.data / "logs"
    python = [sys.executable, "-m"]
    web = [*python, "gunicorn", "cso.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "3"]
    web += ["--timeout", "120", "--access-logfile", "-", "--no-control-socket"]
    worker = [*python, "celery", "-A", "cso", "worker", "--concurrency", "2", "--loglevel", "INFO"]
    beat = [*python, "celery", "-A", "cso", "beat", "--schedule", str(servers.data / "beat")]
    beat += ["--pidfile", "", "--loglevel", "WARNING"]
    commands = {"web": web, "worker": worker, "beat": beat}
    return [Process(name, command, logs / f"{name}.log", environment) for name, command in commands.items()]


def stop_all(processes: list[Process]) -> None:
    """Asks all to end at once, then waits for each."""
    for process in processes:
        process.ask_to_stop()
    for process in processes:
        process.stop()


def keep_running(processes: list[Process], servers: Servers, say: Callable[[str], None]) -> None:
    """Starts again whatever dies, servers too; returns never, raises KeepsDyingError when it is of no use."""
    while True:
        look_after(processes, servers, say)
        time.sleep(LOOK_EVERY)


def look_after(processes: list[Process], servers: Servers, say: Callable[[str], None]) -> None:
    """One look at everything that should run."""
    if not (servers.postgres.is_running() and servers.redis.is_running()):
        time.sleep(SERVER_MAY_RESTART_ITSELF)
        for name in servers.revive():
            say(f"· {name} had ended and was started again")
    for process in processes:
        code = process.death()
        if code is not None:
            say(f"· {process.name} ended ({describe(code)}) and is started again; the end of its log:")
            say(last_lines(process.log, 8))
            process.start_again(time.monotonic())


def describe(code: int) -> str:
    return f"by signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
