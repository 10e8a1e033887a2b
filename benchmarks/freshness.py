"""From an event to a fresh figure: `./dev bench freshness [--rate 200] [--seconds 30] [--rows 1] [--cases 100000]`.

Web, worker and beat run as `./dev up` runs them. Clients report cases over the REST API at a steady rate, `--rows` a
request (1: `POST /cases`; more: `POST /cases/batch`), and another one reads the leaders' standing, which is what the
scorecard page shows, again and again. An event's time runs from its response to the end of the first reading that
contains it, so the reading and the wait for it are inside. All share this machine with the product. Target: 3 s at the
95th percentile under 200 events a second.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from benchmarks._facts import fill
from benchmarks._house import house, make_tenant, percentile_ms, running, show, verdict

TARGET_SECONDS, TARGET_RATE = 3.0, 200
CLIENTS = 4
# Cases that are due and settled, so that each moves the figure itself and not what is still running.
REPORTED = timedelta(hours=36)
WAIT_FOR_THE_LAST = 60.0  # seconds


@dataclass
class Run:
    """When each event was answered, and each reading's end with the number of events that it contained."""

    answered: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    readings: list[tuple[float, int]] = field(default_factory=list)
    lasted: float = 0.0

    def waits(self) -> list[float]:
        """Of each event that was read the seconds from its response; events are read in the order of their answers."""
        contained = [number for _, number in self.readings]
        found = []
        for number, at in enumerate(sorted(self.answered), 1):
            reading = bisect_left(contained, number)
            if reading < len(contained):
                found.append(max(0.0, self.readings[reading][0] - at))
        return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench freshness", description=__doc__)
    parser.add_argument("--rate", type=float, nargs="+", default=[20], help="events a second (20)")
    parser.add_argument("--rows", type=int, default=1, help="events a request (1)")
    parser.add_argument("--seconds", type=float, default=15, help="how long at each rate (15)")
    parser.add_argument("--cases", type=int, default=10_000, help="cases that are there before (10000)")
    parser.add_argument("--port", type=int, default=8765)
    options = parser.parse_args()
    with house(options.port) as servers:
        from cso.metrics.engine.rebuild import rebuild
        from tenants.keys import create_api_key
        from tenants.scope import tenant_scope

        tenant = make_tenant("acme", divisions=10, teams=20)
        fill(tenant, 1, options.cases)
        with tenant_scope(tenant):
            rebuild()
            scopes = ["cases:read", "cases:write", "metrics:read"]
            # A key may ask 100 times a second: each client has its own.
            keys = [create_api_key(tenant, f"Client {n}", scopes, by=None)[1] for n in range(CLIENTS + 1)]
        with running(servers, "web", "worker", "beat", port=options.port):
            runs = [play(options.port, keys, rate, options.rows, options.seconds) for rate in options.rate]
    report(runs, options.rate, options.rows, options.cases, options.seconds)


def play(port: int, keys: list[str], rate: float, rows: int, lasts: float) -> Run:
    """Events at a rate for so long, and then until the last one is read."""
    run = Run()
    reported_at = datetime.now(UTC) - REPORTED
    # They fall due a day after; in the zone of `make_tenant`.
    month = f"{(reported_at + timedelta(hours=24)).astimezone(ZoneInfo('America/New_York')):%Y-%m}"
    before = read_figure(port, keys[-1], month)
    began, number = time.monotonic(), int(lasts * rate / rows)
    # Each sender takes the next turn from one list.
    turns = iter([(began + turn * rows / rate, turn) for turn in range(number)])
    ended = threading.Event()
    senders = [threading.Thread(target=send, args=(port, key, run, turns, rows, reported_at)) for key in keys[:CLIENTS]]
    reader = threading.Thread(target=read_on, args=(port, keys[-1], run, month, before, ended))
    for thread in (*senders, reader):
        thread.start()
    for thread in senders:
        thread.join()
    run.lasted = time.monotonic() - began
    deadline = time.monotonic() + WAIT_FOR_THE_LAST
    while time.monotonic() < deadline and (not run.readings or run.readings[-1][1] < len(run.answered)):
        time.sleep(0.1)
    ended.set()
    reader.join()
    return run


def send(port: int, key: str, run: Run, turns: Iterator[tuple[float, int]], rows: int, reported_at: datetime) -> None:
    """Who is next waits for the moment of the turn; who is late sends at once."""
    for moment, turn in turns:
        time.sleep(max(0.0, moment - time.monotonic()))
        asked = time.monotonic()
        cases = [case(turn * rows + n, reported_at) for n in range(rows)]
        if rows == 1:
            ask(port, key, "POST", "/api/v1/cases", cases[0], 201)
        else:
            ask(port, key, "POST", "/api/v1/cases/batch", cases, 200)
        answered = time.monotonic()
        run.took.append(answered - asked)
        run.answered += [answered] * rows


def case(number: int, reported_at: datetime) -> dict[str, str]:
    return {"unit": f"team-{1 + number * 7919 % 200}", "channel": "web", "reported_at": reported_at.isoformat()}


def read_on(port: int, key: str, run: Run, month: str, before: int, ended: threading.Event) -> None:
    while not ended.is_set():
        number = read_figure(port, key, month) - before
        run.readings.append((time.monotonic(), number))
        time.sleep(0.05)


def read_figure(port: int, key: str, month: str) -> int:
    """How many cases the organization's 24-hour figure is of."""
    standing = ask(port, key, "GET", f"/api/v1/metrics/leaders?period={month}", None, 200)
    number: int = standing["organization"]["denominator"] or 0
    return number


def ask(port: int, key: str, method: str, path: str, body: Any, status: int) -> Any:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    response = connection.getresponse()
    told = response.read()
    connection.close()
    assert response.status == status, (path, response.status, told[:500])
    return json.loads(told)


def report(runs: list[Run], rates: list[float], rows: int, cases: int, lasts: float) -> None:
    shown, judged = [], "not reached: what was answered is less"
    for run, rate in zip(runs, rates, strict=True):
        waits, answered = run.waits(), len(run.answered) / run.lasted
        spent = [percentile_ms(waits, percent) / 1_000 for percent in (50, 95, 99)]
        shown.append(
            [
                f"{rate:g}",
                f"{answered:.0f}",
                f"{percentile_ms(run.took, 95):.0f}",
                *(f"{each:.2f}" for each in spent),
                f"{len(run.answered) - len(waits)}",
            ]
        )
        if answered >= TARGET_RATE * 0.98:
            judged = verdict(spent[1] <= TARGET_SECONDS)
    show(
        f"Event to fresh figure over the REST API; {rows} a request, {cases:,} cases before, {lasts:g} s at each rate",
        ["events/s", "answered/s", "answer p95 ms", "fresh p50 s", "p95 s", "p99 s", "never"],
        shown,
        f"Target: {TARGET_SECONDS:g} s at p95 under {TARGET_RATE} events a second: {judged}.",
    )


if __name__ == "__main__":
    main()
