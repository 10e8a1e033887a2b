"""Cases by the bulk path: `./dev bench ingest [--rows 20000]`.

The same rows three ways into the same table, with its indexes, constraints and triggers: (1) COPY by the superuser of
values that are known to be right, ids resolved: the floor; (2) the bulk path of the batch endpoint, from JSON lines to
results per row, upserting by external id; (3) DRF's ModelSerializer with many=True. Target: at least 0.5 of COPY.
"""

from __future__ import annotations

import argparse
import json
import os
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg

from benchmarks._house import ADMIN_URL, administrate, house, make_tenant, seconds, show, verdict

if TYPE_CHECKING:
    from tenants.models import Tenant

TARGET = 0.5
CHUNK = 5_000
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench ingest", description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--serializer-rows", type=int, default=1_000, help="for DRF, which is slower (1000)")
    parser.add_argument("--rounds", type=int, default=2, help="how often each is measured; the best counts (2)")
    options = parser.parse_args()
    with house():
        measure(options.rows, options.serializer_rows, options.rounds)


def measure(count: int, serializer_rows: int, rounds: int) -> None:
    from django.utils import timezone

    now = timezone.now()
    tenants = [make_tenant(f"tenant-{n}") for n in range(3 * rounds)]
    rows = make_rows(count, now)
    lines = [json.dumps(row).encode() for row in rows]
    times: dict[str, list[float]] = {"COPY": [], "bulk path": [], "ModelSerializer(many=True)": []}
    again = []
    for n in range(rounds):
        for_copy, for_bulk, for_serializer = tenants[3 * n : 3 * n + 3]
        times["COPY"].append(seconds(lambda t=for_copy: copy(t, rows)) / count)  # type: ignore[misc]
        administrate("CHECKPOINT")
        times["bulk path"].append(seconds(lambda t=for_bulk: load(t, lines, now)) / count)  # type: ignore[misc]
        again.append(seconds(lambda t=for_bulk: load(t, lines, now)) / count)  # type: ignore[misc]
        some = rows[:serializer_rows]
        spent = seconds(lambda t=for_serializer, some=some: serialize(t, some))  # type: ignore[misc]
        times["ModelSerializer(many=True)"].append(spent / len(some))
    times["bulk path, the same rows again"] = again
    floor = min(times["COPY"])
    shown = [[name, f"{1 / min(each):,.0f}", f"{floor / min(each):.3f}"] for name, each in times.items()]
    ratio = floor / min(times["bulk path"])
    show(
        f"{count:,} cases into the same table, 100 units; rows a second, best of {rounds}",
        ["", "rows/s", "of COPY"],
        shown,
        f"Target: the bulk path at least {TARGET} of COPY: {verdict(ratio >= TARGET)} ({ratio:.2f}).",
    )


def make_rows(count: int, now: datetime) -> list[Row]:
    """As the batch endpoint takes them; two months of cases of 100 units and 12 causes, in the order of report."""
    rows = []
    for n in range(count):
        reported_at = now - timedelta(seconds=100 + (count - n) * 5_000_000 // count)
        fixed_at = reported_at + timedelta(seconds=n * 31 % 170_000)
        rows.append(
            {
                "external_id": f"case-{n}",
                "unit": f"team-{1 + n * 7919 % 100}",
                "cause": f"Cause {n % 12}",
                "channel": "web",
                "summary": f"Reported by the integration, number {n}; the customer waits at the counter.",
                "reported_at": reported_at.isoformat(),
                "fixed_at": fixed_at.isoformat() if fixed_at < now and n % 25 else None,
            }
        )
    return rows


def copy(tenant: Tenant, rows: list[Row]) -> None:
    """COPY obeys no row-level security, so only the superuser may."""
    with psycopg.connect(os.environ[ADMIN_URL]) as admin:
        units, causes = known_ids(admin, tenant, rows)
        columns = "tenant_id, external_id, unit_id, cause_id, channel, summary, reported_at, first_fixed_at, fixed_at"
        with admin.cursor() as cursor, cursor.copy(f"COPY recovery_case ({columns}) FROM STDIN".encode()) as out:
            for row in rows:
                out.write_row(
                    (
                        tenant.pk,
                        row["external_id"],
                        units[row["unit"]],
                        causes[row["cause"]],
                        row["channel"],
                        row["summary"],
                        row["reported_at"],
                        row["fixed_at"],
                        row["fixed_at"],
                    )
                )


def known_ids(admin: psycopg.Connection, tenant: Tenant, rows: list[Row]) -> tuple[dict[str, str], dict[str, str]]:
    names = sorted({row["cause"] for row in rows})
    admin.execute(
        "INSERT INTO recovery_cause (tenant_id, name) SELECT %s, unnest(%s::text[]) ON CONFLICT DO NOTHING",
        [tenant.pk, names],
    )
    units = admin.execute("SELECT code, id::text FROM people_unit WHERE tenant_id = %s", [tenant.pk]).fetchall()
    causes = admin.execute("SELECT name, id::text FROM recovery_cause WHERE tenant_id = %s", [tenant.pk]).fetchall()
    return dict(units), dict(causes)


def load(tenant: Tenant, lines: list[bytes], now: datetime) -> None:
    """As the batch endpoint and its job do: 5,000 lines a transaction."""
    from cso.recovery.loading.cases import load_cases
    from cso.recovery.loading.files import json_lines
    from cso.recovery.loading.rows import Reading
    from tenants.scope import tenant_scope

    for start in range(0, len(lines), CHUNK):
        with tenant_scope(tenant):
            outcomes = load_cases(json_lines(lines[start : start + CHUNK]), Reading(), by=None, now=now)
            assert not [outcome for outcome in outcomes if outcome.status == "refused"], "every row is right"


def serialize(tenant: Tenant, rows: list[Row]) -> None:
    """What a plain Django REST framework project would write."""
    from rest_framework import serializers

    from cso.people.models import Unit
    from cso.recovery.models import Case, Cause
    from tenants.scope import tenant_scope

    with tenant_scope(tenant):

        class CaseSerializer(serializers.ModelSerializer[Case]):
            unit = serializers.SlugRelatedField(slug_field="code", queryset=Unit.objects.all())
            cause = serializers.SlugRelatedField(slug_field="name", queryset=Cause.objects.all())

            class Meta:
                model = Case
                fields = [
                    "external_id",
                    "unit",
                    "cause",
                    "channel",
                    "summary",
                    "reported_at",
                    "first_fixed_at",
                    "fixed_at",
                ]

        Cause.objects.bulk_create([Cause(name=name) for name in sorted({row["cause"] for row in rows})])
        data = [row | {"first_fixed_at": row["fixed_at"]} for row in rows]
        serializer = CaseSerializer(data=data, many=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()


if __name__ == "__main__":
    main()
