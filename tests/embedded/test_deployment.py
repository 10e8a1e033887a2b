"""Every command of docker-compose.yml and Dockerfile is run here as it stands, without Docker.

Only addresses differ: where compose says `postgres:5432`, the embedded server's socket stands, and so on.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

from embedded.programs import find_programs
from embedded.servers import Servers, temporary_servers

ROOT = Path(__file__).resolve().parent.parent.parent
LONG_RUNNING = ["redis", "pgbouncer", "web", "worker", "beat"]
READY_WITHIN = 90.0  # seconds


@dataclass
class Deployment:
    """docker-compose.yml with its variables filled in, and what its addresses are here."""

    services: dict[str, Any]
    configs: dict[str, Any]
    here: dict[str, str]
    arguments: dict[str, list[str]]
    folder: Path
    web: str

    def command(self, service: str) -> list[str]:
        return self.translated(self.services[service].get("command") or dockerfile_command())

    def health_command(self, service: str) -> list[str]:
        return self.translated(self.services[service]["healthcheck"]["test"][1:])

    def environment(self, service: str) -> dict[str, str]:
        told = self.services[service].get("environment", {})
        ours = {"STATIC_ROOT": str(self.folder / "static")}
        return {**clean_environment(), **ours, **{name: self.translate(told[name]) for name in told}}

    def start(self, service: str) -> subprocess.Popen[bytes]:
        as_nobody = find_programs().identity() if service == "pgbouncer" else {}
        with (self.folder / f"{service}.log").open("ab") as log:
            return subprocess.Popen(
                self.command(service),
                cwd=ROOT,
                env=self.environment(service),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **as_nobody,
            )

    def log(self, service: str) -> str:
        return (self.folder / f"{service}.log").read_text()

    def translated(self, words: list[str]) -> list[str]:
        program, *rest = [self.translate(word) for word in words]
        return [program, *self.arguments.get(program, []), *rest]

    def translate(self, text: str) -> str:
        for there, here in self.here.items():
            text = re.sub(there, here, text)
        return text


def clean_environment() -> dict[str, str]:
    """An environment like a container's: nothing of the product's, our programs first on the path."""
    programs = find_programs()
    ours = [Path(sys.executable).parent, programs.postgres, programs.redis.parent]
    path = ":".join([*map(str, ours), os.environ["PATH"], "/usr/sbin"])
    return {"PATH": path, "HOME": "/tmp", "DJANGO_SETTINGS_MODULE": "cso.settings"}


def dockerfile_lines(word: str) -> list[str]:
    whole = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return [line.removeprefix(f"{word} ") for line in whole.splitlines() if line.startswith(f"{word} ")]


def dockerfile_command() -> list[str]:
    """The command of the product's image, which is its last."""
    command: list[str] = json.loads(dockerfile_lines("CMD")[-1])
    return command


def interpolated(text: str, variables: dict[str, str]) -> str:
    """`${NAME:?}`, `${NAME:-default}` and `$$` as compose reads them."""

    def value(match: re.Match[str]) -> str:
        name, default = match.group(1), match.group(3)
        return variables[name] if default is None else variables.get(name, default)

    return re.sub(r"\$\{(\w+)(:\?|:-([^}]*))\}", value, text).replace("$$", "$")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with temporary_servers() as running:
        yield running


@pytest.fixture(scope="module")
def deployment(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    passwords = servers.postgres.passwords
    variables = {
        "POSTGRES_PASSWORD": passwords["postgres"],
        "MIGRATOR_PASSWORD": passwords["cso_migrator"],
        "APP_PASSWORD": passwords["cso_app"],
        "REDIS_PASSWORD": "of-the-test",
        "SECRET_KEY": servers.secret_key,
    }
    compose = yaml.safe_load(interpolated((ROOT / "docker-compose.yml").read_text(), variables))
    sockets, pooler, broker, web = servers.postgres.sockets, free_port(), free_port(), free_port()
    folder = servers.data / "deployment"
    folder.mkdir()
    here = {
        r"@postgres:5432/(\w+)": rf"@/\1?host={sockets}",
        r"host=postgres port=5432": f"host={sockets}",
        r"pgbouncer:6432": f"127.0.0.1:{pooler}",
        r"listen_port = 6432": f"listen_port = {pooler}",
        r"redis:6379": f"127.0.0.1:{broker}",
        r"(0\.0\.0\.0|127\.0\.0\.1):8000": f"127.0.0.1:{web}",
        r"/etc/pgbouncer/users\.txt": str(folder / "pgbouncer-users"),
        r"/etc/pgbouncer/cso\.ini": str(folder / "pgbouncer"),
        r"/tmp/beat": str(folder / "beat"),
    }
    arguments = {
        "pg_isready": ["-h", str(sockets)],
        "redis-server": ["--port", str(broker)],
        "redis-cli": ["-p", str(broker)],
    }
    services, configs = compose["services"], compose["configs"]
    told = Deployment(services, configs, here, arguments, folder, f"http://127.0.0.1:{web}")
    for name, config in told.configs.items():
        path = folder / name
        path.write_text(told.translate(config["content"]))
        path.chmod(0o600)
        find_programs().own(path)
    return told


@pytest.fixture(scope="module")
def running(deployment: Deployment) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Everything that compose starts, prepared and ready."""
    if shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        pytest.skip("pgbouncer is not installed (Debian: apt-get install pgbouncer)")
    assert deployment.start("prepare").wait(120) == 0, deployment.log("prepare")
    children = {name: deployment.start(name) for name in LONG_RUNNING}
    try:
        wait_until_ready(deployment, children)
        yield children
    finally:
        for child in children.values():
            child.kill()
            child.wait()


def wait_until_ready(deployment: Deployment, children: dict[str, subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while True:
        for name, child in children.items():
            assert child.poll() is None, deployment.log(name)
        try:
            urlopen(f"{deployment.web}/readyz", timeout=10).close()
        except OSError:
            assert time.monotonic() < deadline, deployment.log("web")
            time.sleep(0.3)
        else:
            return


def test_the_list_of_what_runs_here_is_that_of_compose(deployment: Deployment) -> None:
    assert sorted(deployment.services) == sorted([*LONG_RUNNING, "prepare", "postgres"])
    assert "command" not in deployment.services["postgres"]


def test_the_build_finds_what_it_copies_and_its_steps_run(servers: Servers, tmp_path: Path) -> None:
    copied = [line.split()[:-1] for line in dockerfile_lines("COPY")]
    assert all((ROOT / name).exists() for names in copied for name in names)
    (collect,) = [line for line in dockerfile_lines("RUN") if "manage.py" in line]
    environment = {**clean_environment(), "STATIC_ROOT": str(tmp_path / "static")}
    done = subprocess.run(collect, shell=True, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert list((tmp_path / "static").glob("frontend/*.css"))


def test_every_process_of_compose_runs_and_is_ready(
    running: dict[str, subprocess.Popen[bytes]], deployment: Deployment
) -> None:
    assert sorted(running) == sorted(LONG_RUNNING)
    for service in [name for name, told in deployment.services.items() if "healthcheck" in told]:
        command = deployment.health_command(service)
        checked = subprocess.run(command, env=clean_environment(), cwd="/", capture_output=True, text=True, check=False)
        assert checked.returncode == 0, (command, checked.stderr)


def test_web_reaches_the_database_through_the_pool(
    running: dict[str, subprocess.Popen[bytes]], deployment: Deployment
) -> None:
    assert "pool_mode = transaction" in deployment.configs["pgbouncer"]["content"]
    assert "cso/cso_app" in deployment.log("pgbouncer")


def test_every_process_ends_when_docker_says_so(
    running: dict[str, subprocess.Popen[bytes]], deployment: Deployment
) -> None:
    for name in ["web", "worker", "beat", "redis"]:
        running[name].send_signal(signal.SIGTERM)
        assert running[name].wait(10) == 0, deployment.log(name)
    running["pgbouncer"].send_signal(signal.SIGTERM)
    assert running["pgbouncer"].wait(10) in (0, 1)  # older ones say 1 of such an end
