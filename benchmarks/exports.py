"""A list of cases as a file: `./dev bench exports [--cases 50000]`.

As a browser asks for it: the whole request, every piece of the stream read. Memory is how far the process grows beyond
what it holds before. Targets for 50,000 rows: CSV 2 s, XLSX 10 s, 64 MB.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from benchmarks._facts import fill
from benchmarks._house import house, make_tenant, show, verdict

TARGETS = {"csv": 2.0, "xlsx": 10.0}
MOST_MB = 64


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench exports", description=__doc__)
    parser.add_argument("--cases", type=int, default=50_000)
    options = parser.parse_args()
    with house():
        measure(options.cases)


def measure(cases: int) -> None:
    from django.test import Client

    from tenants.members import enroll
    from tenants.roles import Role
    from tenants.scope import tenant_scope

    tenant = make_tenant("acme")
    fill(tenant, 1, cases)
    with tenant_scope(tenant):
        member, _password = enroll("cso@acme.example", "Chief Serving Officer", Role.CSO, by=None)
    client = Client(headers={"Host": "localhost"})
    client.force_login(member.user)

    def read(kind: str, query: str) -> int:
        response = client.get(f"/acme/cases/export.{kind}?{query}")
        assert response.status_code == 200, kind
        content: Iterable[bytes] = response.streaming_content  # type: ignore[attr-defined]
        return sum(len(piece) for piece in content)

    rows = []
    for kind, target in TARGETS.items():
        read(kind, "state=late")  # what the first file of a process loads besides
        size, elapsed, worked, grown = _watched(partial(read, kind, "state=all"))
        met = verdict(elapsed <= target and grown <= MOST_MB)
        rows.append(
            [kind, f"{elapsed:.2f}", f"{worked:.2f}", f"{grown:.0f}", f"{size / 2**20:.1f}", f"{target:g}", met]
        )
    heads = ["file", "s", "CPU s", "grown by MB", "MB long", "target s", f"and {MOST_MB} MB"]
    show(f"{cases:,} cases as a file", heads, rows)


def _watched(read: Callable[[], int]) -> tuple[int, float, float, float]:
    """Bytes read, seconds, seconds of this process's own work, and MB by which it grew at most."""
    Path("/proc/self/clear_refs").write_text("5")  # its peak begins anew
    held, began, work_began = _memory("VmRSS"), time.perf_counter(), time.process_time()
    size = read()
    return size, time.perf_counter() - began, time.process_time() - work_began, _memory("VmHWM") - held


def _memory(what: str) -> float:
    """In MB, as the kernel counts it for this process."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines[what].split()[0]) / 1024


if __name__ == "__main__":
    main()
