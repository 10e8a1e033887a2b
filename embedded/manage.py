"""`./dev manage [--data DIR] ...`: manage.py against the servers of a running `./dev up`, or its own."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded.errors import InUseError, ServersError
from embedded.servers import Servers, embedded_servers, servers_in_use
from embedded.setup import command_environment, product_environment
from embedded.supervisor import ROOT
from embedded.up import stopped_by_signals, with_advice


def main() -> None:
    data, command = Path(".local"), sys.argv[1:]
    if command[:1] == ["--data"] and len(command) > 1:
        data, command = Path(command[1]), command[2:]
    try:
        with stopped_by_signals(), servers_of(data) as servers:
            environment = product_environment(servers, "http://localhost:8000")
            if not servers.is_prepared():
                run(environment, "prepare_database")
            sys.exit(run(command_environment(" ".join(command[:1]), environment), *command))
    except ServersError as error:
        sys.exit(with_advice(str(error)))


@contextmanager
def servers_of(data: Path) -> Iterator[Servers]:
    """The servers of the data folder, started for as long as they are wanted unless they run already."""
    try:
        with embedded_servers(data) as servers:
            yield servers
    except InUseError:
        yield servers_in_use(data)


def run(environment: dict[str, str], *arguments: str) -> int:
    """Runs manage.py on this terminal; returns its exit code."""
    # Ctrl-C reaches the command itself, which may want to tidy; we wait for it.
    signal.signal(signal.SIGINT, lambda *_: None)
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments], env=environment, check=False
    ).returncode


if __name__ == "__main__":
    main()
