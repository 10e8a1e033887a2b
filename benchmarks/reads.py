"""A list of 100 cases: `./dev bench reads [--cases 20000]`.

As whole requests (middleware, tenant scope, API key, JSON): the product's list against a ModelSerializer with the same
fields, select_related and cursor pages. And the list alone: both again without the request, and raw psycopg with orjson
as the floor. Target: 3 times as fast as the ModelSerializer.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

import orjson
import psycopg
from psycopg.rows import dict_row

from benchmarks._facts import fill
from benchmarks._house import house, make_tenant, median_ms, seconds, show, verdict

TARGET = 3.0
RAW = """
SELECT c.id, c.external_id, c.summary, c.occurred_at, c.reported_at, c.recorded_at, c.clock_start, c.first_fixed_at,
    c.fixed_at, c.first_undone_at, c.times_undone, c.recovered_24h, c.recovered_24h_reported, c.revision, c.channel,
    c.is_valid, c.excluded_as, u.id AS unit_id, u.code AS unit_code, u.name AS unit_name, c.customer_id,
    p.external_id AS customer_external_id, w.name AS cause
FROM recovery_case c
JOIN people_unit u ON u.tenant_id = c.tenant_id AND u.id = c.unit_id
LEFT JOIN customers_customer p ON p.tenant_id = c.tenant_id AND p.id = c.customer_id
LEFT JOIN recovery_cause w ON w.tenant_id = c.tenant_id AND w.id = c.cause_id
ORDER BY c.reported_at DESC, c.id DESC LIMIT 100
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench reads", description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--reads", type=int, default=150, help="how often each is read (150)")
    options = parser.parse_args()
    with house():
        measure(options.cases, options.reads)


def measure(cases: int, reads: int) -> None:
    from django.test import Client, override_settings

    from tenants.keys import create_api_key
    from tenants.scope import tenant_scope

    tenant = make_tenant("acme")
    fill(tenant, 1, cases)
    with tenant_scope(tenant):
        _, key = create_api_key(tenant, "Bench", ["cases:read"], by=None)
    client = Client(headers={"Authorization": f"Bearer {key}", "Host": "localhost"})

    def request(path: str) -> None:
        response = client.get(path)
        assert response.status_code == 200, response.content

    with override_settings(ROOT_URLCONF="benchmarks._plain", API_REQUESTS_PER_MINUTE=10**9):
        own, plain = compare(reads, lambda: request("/api/v1/cases"), lambda: request("/api/v1/plain-cases"))
    with tenant_scope(tenant):
        own_list, plain_list = compare(reads, list_by_values, list_by_serializer)
    with psycopg.connect(os.environ["DATABASE_URL"], row_factory=dict_row) as connection:
        connection.execute("SELECT set_config('app.tenant_id', %s, true)", [str(tenant.pk)])
        (raw,) = compare(reads, lambda: orjson.dumps(connection.execute(RAW).fetchall()))
    rows = [
        ["request, product", f"{own:.2f}", f"{plain / own:.2f}"],
        ["request, ModelSerializer", f"{plain:.2f}", "1.00"],
        ["list alone, product", f"{own_list:.2f}", f"{plain_list / own_list:.2f}"],
        ["list alone, ModelSerializer", f"{plain_list:.2f}", "1.00"],
        ["list alone, raw psycopg", f"{raw:.2f}", f"{plain_list / raw:.2f}"],
    ]
    show(
        f"A list of 100 of {cases:,} cases; median of {reads} reads",
        ["", "ms", "times as fast as ModelSerializer"],
        rows,
        f"Target: the list {TARGET:.0f} times as fast: {verdict(plain_list / own_list >= TARGET)} for the list,"
        f" {verdict(plain / own >= TARGET)} for the whole request.",
    )


def compare(reads: int, *acts: Callable[[], object]) -> list[float]:
    """Median milliseconds of each, read in turns so that a busy moment strikes all alike."""
    times: list[list[float]] = [[] for _ in acts]
    for n in range(reads + 5):
        for act, spent in zip(acts, times, strict=True):
            taken = seconds(act)
            if n >= 5:
                spent.append(taken)
    return [median_ms(spent) for spent in times]


def list_by_values() -> bytes:
    from api.rendering import to_json
    from api.v1.cases.representation import CASES
    from cso.recovery.models import Case

    rows = Case.objects.order_by(*CASES.order).values(*CASES.columns)[:100]
    return to_json([CASES.render(row) for row in rows])


def list_by_serializer() -> bytes:
    from rest_framework.renderers import JSONRenderer

    from benchmarks._plain import CaseSerializer, newest

    rendered: bytes = JSONRenderer().render(CaseSerializer(newest()[:100], many=True).data)
    return rendered


if __name__ == "__main__":
    main()
