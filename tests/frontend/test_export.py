"""The export, block by block."""

from __future__ import annotations

import csv

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cso.recovery.models import Case
from frontend import export
from frontend.export import Export, csv_of
from frontend.paging import NEWEST_REPORT, OLDEST_CLOCK, Order
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company, log_case


@pytest.mark.parametrize("order", [NEWEST_REPORT, OLDEST_CLOCK])
@pytest.mark.parametrize("cases", [0, 1, 2, 5, 6])
def test_an_export_reads_some_rows_at_a_time_and_misses_none(
    acme: Company, monkeypatch: pytest.MonkeyPatch, order: Order, cases: int
) -> None:
    monkeypatch.setattr(export, "_LINES_AT_ONCE", 2)
    with tenant_scope(acme.tenant):
        # All of one instant, so that only the id decides.
        logged = [log_case(acme.units["south"], NOW) for _ in range(cases)]
        found = Case.objects.all()
    with CaptureQueriesContext(connection) as captured:
        text = b"".join(csv_of(Export(found, order, acme.member(Role.CSO), acme.tenant))).decode("utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    expected = sorted((str(case.pk) for case in logged), reverse=order.newest_first)
    assert [row["id"] for row in rows] == expected
    selects = [query["sql"] for query in captured.captured_queries if "recovery_case" in query["sql"]]
    assert len(selects) == cases // 2 + 1
    assert all("LIMIT 2" in statement for statement in selects)
