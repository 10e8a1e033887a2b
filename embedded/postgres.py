"""PostgreSQL 18 as a child process on a folder of its own."""

import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

from embedded.children import end, last_lines, start_child
from embedded.errors import ServersError
from embedded.programs import Programs

# initdb's own file would let everybody in (*trust*): here only secrets open.
ACCESS = "local all all scram-sha-256\n"
# Naptime: figures are counted from the right index once the statistics know of a large first load.
SETTINGS = """\
listen_addresses = ''
unix_socket_directories = '"{sockets}"'
unix_socket_permissions = 0700
password_encryption = 'scram-sha-256'
max_connections = 200
shared_buffers = '256MB'
max_wal_size = '2GB'
autovacuum_naptime = '5s'
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %u '
jit = off
"""
# For data that lives as long as a test.
FORGETFUL = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
READY_WITHIN = 120  # seconds; recovery after a crash may take long
ATTEMPTS = 5


@dataclass
class Postgres:
    programs: Programs
    folder: Path
    sockets: Path
    log: Path
    passwords: dict[str, str]
    durable: bool
    name: str = "PostgreSQL"
    _child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Starts the server, made first when missing, and returns when it answers; else ServersError."""
        if not self.folder.exists():
            self._create()
        self._make_socket_folder()
        self._write("pg_hba.conf", ACCESS)
        settings = SETTINGS.format(sockets=self.sockets)
        self._write("postgresql.conf", settings if self.durable else settings + FORGETFUL)
        # The last processes of a killed server may hold its shared memory for a moment.
        for _ in range(ATTEMPTS):
            self._child = start_child(
                [self.programs.postgres / "postgres", "-D", self.folder],
                self.log,
                ends_on=signal.SIGINT,
                identity=self.programs.identity(),
            )
            if self._answers():
                return
            time.sleep(1)
        raise ServersError(f"PostgreSQL does not start. The end of {self.log}:\n{last_lines(self.log)}")

    def stop(self) -> None:
        """Ends the server, whoever started it: sessions are cut, data is written."""
        postmaster = self.postmaster()
        if postmaster is not None:
            end(postmaster, gently=signal.SIGINT, seconds=30)
        if self._child is not None:
            self._child.poll()
            self._child = None
        with suppress(OSError):
            self.sockets.rmdir()  # it may stand in /tmp

    def is_running(self) -> bool:
        return self.postmaster() is not None

    def postmaster(self) -> psutil.Process | None:
        """The main process of the server on this folder; None when there is none."""
        if self._child is not None:
            self._child.poll()
        try:
            process = psutil.Process(int((self.folder / "postmaster.pid").read_text().split()[0]))
            # A stale file may name another program's process by now.
            ours = str(self.folder) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
        except (FileNotFoundError, IndexError, psutil.NoSuchProcess):
            return None
        return process if ours else None

    def _create(self) -> None:
        # Renamed at the end, so that a folder under this name is always a whole one.
        unfinished = self.folder.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self.programs.own(unfinished)
        password = self.folder.with_suffix(".password")
        password.touch(mode=0o600)
        self.programs.own(password)
        password.write_text(self.passwords["postgres"])
        command = [str(self.programs.postgres / "initdb"), "-D", str(unfinished)]
        command += ["--username=postgres", "--no-sync", f"--pwfile={password}", "--no-instructions"]
        # The same order of texts everywhere, whatever the machine's locale; the wheel has no ICU.
        command += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        try:
            made = subprocess.run(
                command, cwd="/", capture_output=True, text=True, check=False, **self.programs.identity()
            )
        finally:
            password.unlink()
        if made.returncode:
            raise ServersError(f"PostgreSQL's data could not be made in {unfinished}:\n{made.stderr.strip()}")
        unfinished.rename(self.folder)

    def _make_socket_folder(self) -> None:
        if not self.sockets.exists():
            self.sockets.mkdir(mode=0o700)
            self.programs.own(self.sockets)
        elif self.sockets.is_symlink() or self.sockets.stat().st_uid != self.folder.stat().st_uid:
            raise ServersError(f"{self.sockets} belongs to somebody else; remove it.")

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text)
        self.programs.own(path)
        path.chmod(0o600)

    def _answers(self) -> bool:
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline and self._child is not None and self._child.poll() is None:
            try:
                psycopg.connect(host=str(self.sockets), user="postgres", password=self.passwords["postgres"]).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return True
        return False
