"""`./dev up` as a person runs it, from the first line to the last process."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.request import urlopen

import psutil
import pytest

from embedded.servers import remove_data

ROOT = Path(__file__).resolve().parent.parent.parent
Value = TypeVar("Value")
CASES = 2_000  # the whole story takes a minute more, and says nothing more of what is tested here
FIRST_START, LATER_START = 300.0, 60.0  # seconds, on a machine that does other things too


@dataclass
class Up:
    """A running `./dev up` and what it has printed so far."""

    port: int
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def wait_for(self, pattern: str, seconds: float) -> str:
        return wait_for(lambda: next((line for line in self.lines if re.search(pattern, line)), ""), seconds)

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def named(self, *words: str) -> psutil.Process | None:
        """The child whose command line holds all the words; None while there is none."""
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.NoSuchProcess):
                if set(words) <= set(child.cmdline()):
                    return child
        return None

    def is_ready(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=10) as response:
                return bool(response.status == 200)
        except OSError:
            return False


def wait_for(look: Callable[[], Value], seconds: float) -> Value:
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"nothing after {seconds} s"
        time.sleep(0.1)
    return seen


def start(data: Path, port: int) -> Up:
    process = subprocess.Popen(
        ["./dev", "up", "--data", str(data), "--port", str(port), "--cases", str(CASES)],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.endswith("_URL")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    up = Up(port, process)

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            up.lines.append(line)

    threading.Thread(target=read, daemon=True).start()
    return up


def refusal(*arguments: str) -> str:
    """What a start says that ends at once."""
    done = subprocess.run(["./dev", "up", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stderr


def alive(family: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; one that only waits to be read off by a lazy first process of a container does not."""
    return [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("up") / "data"
    yield folder
    remove_data(folder)


@pytest.fixture(scope="module")
def up(data: Path) -> Iterator[Up]:
    running = start(data, free_port())
    try:
        running.wait_for("Ctrl-C", FIRST_START)
        yield running
    finally:
        running.process.terminate()
        running.process.wait(60)


def test_it_prints_the_address_the_people_and_a_key_of_each_workspace(up: Up, data: Path) -> None:
    printed = "".join(up.lines)
    told = json.loads((data / "people.json").read_text())
    assert f"http://localhost:{up.port}" in printed
    assert (data / "people.json").stat().st_mode & 0o777 == 0o600
    assert len({person["workspace"] for person in told["people"]}) == 2
    for person in told["people"]:
        (line,) = [line for line in up.lines if person["email"] in line and person["workspace"] in line]
        assert all(person[name] in line for name in ("name", "role", "password", "landing"))
    for key in told["keys"]:
        assert key["key"] in printed
    for page in [*told["surveys"], *told["walls"]]:
        link = f"http://localhost:{up.port}{page['path']}"
        assert link in printed
        with urlopen(link, timeout=20) as answer:
            assert answer.status == 200
    assert (len(told["surveys"]), len(told["walls"])) == (2, 2)


def test_it_is_ready(up: Up) -> None:
    assert up.is_ready()


def test_another_start_on_the_same_port_is_told_so(up: Up, tmp_path: Path) -> None:
    told = refusal("--port", str(up.port), "--data", str(tmp_path))
    assert told == f"Port {up.port} is in use by another program; choose another: ./dev up --port {up.port + 1}\n"


def test_another_start_on_the_same_data_is_told_so(up: Up, data: Path) -> None:
    told = refusal("--port", str(free_port()), "--data", str(data))
    assert f"is in use by process {up.process.pid}" in told


@pytest.mark.parametrize("words", [["celery", "worker"], ["celery", "beat"], ["gunicorn"]])
def test_a_killed_process_is_started_again(up: Up, words: list[str]) -> None:
    killed = up.named(*words)
    assert killed is not None
    killed.kill()
    wait_for(lambda: up.named(*words) not in (None, killed), 20)
    wait_for(up.is_ready, 60)


def test_a_killed_database_is_started_again(up: Up, data: Path) -> None:
    home = (data / "servers").resolve()
    postmaster = up.named(str(home / "postgresql"))
    assert postmaster is not None
    postmaster.kill()
    up.wait_for("PostgreSQL had ended", 30)
    wait_for(up.is_ready, 60)


def test_it_leaves_no_process_and_starts_again_with_the_same_people(up: Up, data: Path) -> None:
    people = (data / "people.json").read_text()
    family = up.family()
    assert len(family) >= 8
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(60) == 0
    assert alive(family) == []

    again = start(data, up.port)
    again.wait_for("Ctrl-C", LATER_START)
    assert (data / "people.json").read_text() == people
    family = again.family()
    again.process.send_signal(signal.SIGINT)
    assert again.process.wait(60) == 0
    assert alive(family) == []
