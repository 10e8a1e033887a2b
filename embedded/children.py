"""Child processes: started in a group of their own with their output in a log file, and ended for certain."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil


def start_child(
    command: Sequence[str | Path],
    log: Path,
    *,
    ends_on: signal.Signals = signal.SIGTERM,
    environment: Mapping[str, str] | None = None,
    identity: Mapping[str, Any] | None = None,
    folder: Path = Path("/"),
) -> subprocess.Popen[bytes]:
    """Starts a command that Ctrl-C does not reach and that gets `ends_on` when we die, even of SIGKILL."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            start_new_session=True,
            preexec_fn=_dying_with_parent(ends_on),
            **(identity or {}),
        )


def end(process: psutil.Process, *, gently: signal.Signals = signal.SIGTERM, seconds: float = 15) -> None:
    """Asks a process to end, and after `seconds` kills it with the whole of its group."""
    with suppress(psutil.NoSuchProcess):
        process.send_signal(gently)
    if not _ended_within(process, seconds):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        _ended_within(process, 5)


def last_lines(log: Path, count: int = 20) -> str:
    """The end of a log file; empty when there is none."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 16_000))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-count:])


def _ended_within(process: psutil.Process, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        # A child of ours stays a zombie until its Popen is polled: it has ended all the same.
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def _dying_with_parent(ends_on: signal.Signals) -> Callable[[], None] | None:
    """For `preexec_fn`. Linux only; the next start also ends what a killed run left over."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    set_parent_death_signal = 1

    def before_exec() -> None:
        prctl(set_parent_death_signal, int(ends_on))

    return before_exec
