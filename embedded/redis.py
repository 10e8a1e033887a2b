"""Redis as a child process on a free port of 127.0.0.1."""

import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from redis import Redis as Client
from redis.exceptions import RedisError

from embedded.children import end, last_lines, start_child
from embedded.errors import ServersError
from embedded.programs import Programs

SETTINGS = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
pidfile "{folder}/redis.pid"
save ""
appendonly no
set-proc-title no
"""
READY_WITHIN = 10  # seconds
ATTEMPTS = 5


@dataclass
class Redis:
    programs: Programs
    folder: Path
    log: Path
    password: str
    name: str = "Redis"
    _child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self._port()}/0"

    def start(self) -> None:
        """Starts the server, on its last port if that is still free; returns when it answers.

        After a death it is that port and no other: all who were told the address would ask in vain.
        """
        is_told = self._child is not None
        if not self.folder.exists():
            self.folder.mkdir(mode=0o700)
            self.programs.own(self.folder)
        for _ in range(ATTEMPTS):
            self._configure(self._freed_port() if is_told else _free_port(self._port()))
            self._child = start_child(
                [self.programs.redis, self._configuration], self.log, identity=self.programs.identity()
            )
            if self._answers():
                return
        raise ServersError(f"Redis does not start. The end of {self.log}:\n{last_lines(self.log, 8)}")

    def stop(self) -> None:
        """Ends the server, whoever started it."""
        server = self.server()
        if server is not None:
            end(server)
        if self._child is not None:
            self._child.poll()
            self._child = None

    def is_running(self) -> bool:
        return self.server() is not None

    def server(self) -> psutil.Process | None:
        """The process of the server on this folder; None when there is none."""
        if self._child is not None:
            self._child.poll()
        try:
            process = psutil.Process(int((self.folder / "redis.pid").read_text()))
            # A stale file may name another program's process by now.
            ours = str(self._configuration) in process.cmdline()
            return process if ours and process.status() != psutil.STATUS_ZOMBIE else None
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return None

    @property
    def _configuration(self) -> Path:
        return self.folder / "redis.conf"

    def _port(self) -> int:
        """The port of the last start; 0 before the first."""
        if not self._configuration.exists():
            return 0
        lines = self._configuration.read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("port "))

    def _freed_port(self) -> int:
        """The last port, once nobody listens there: a killed server is seen as dead a moment before it lets go."""
        port, deadline = self._port(), time.monotonic() + READY_WITHIN
        while _free_port(port) != port:
            if time.monotonic() > deadline:
                raise ServersError(f"Port {port}, where Redis was, is taken by another program.")
            time.sleep(0.02)
        return port

    def _configure(self, port: int) -> None:
        settings = SETTINGS.format(port=port, password=self.password, folder=self.folder)
        self._configuration.touch(mode=0o600)
        self._configuration.write_text(settings)
        self.programs.own(self._configuration)

    def _answers(self) -> bool:
        client = Client.from_url(self.url)
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline and self._child is not None and self._child.poll() is None:
            try:
                client.ping()
            except RedisError:
                time.sleep(0.02)
            else:
                client.close()
                return self.is_running()
        return False


def _free_port(wanted: int) -> int:
    """The wanted port of 127.0.0.1 if nobody listens there, else any free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
