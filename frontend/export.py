"""Cases as a CSV file that a spreadsheet opens without harm."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.timezone import localtime

from cso.recovery.models import Case
from frontend.paging import Order, behind, in_order
from tenants.models import Tenant
from tenants.scope import tenant_scope

COLUMNS = {
    "reference": "external_id",
    "id": "id",
    "unit_code": "unit__code",
    "unit": "unit__name",
    "cause": "cause__name",
    "channel": "channel",
    "customer": "customer__external_id",
    "summary": "summary",
    "occurred_at": "occurred_at",
    "reported_at": "reported_at",
    "first_fixed_at": "first_fixed_at",
    "fixed_at": "fixed_at",
    "recovered_24h": "recovered_24h",
    "times_undone": "times_undone",
    "counted": "is_valid",
}
# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LINES_AT_ONCE = 1_000


def csv_of(cases: QuerySet[Case], order: Order, tenant: Tenant) -> Iterator[bytes]:
    """The lines of the file, some thousand at a time; instants in the tenant's zone.

    Whoever reads a stream does so after the request's scope has closed, so the stream opens its own. `cases` must not
    have been read yet, and may only ask for rows of `tenant`.
    """
    # The sign by which spreadsheets know UTF-8.
    yield "\ufeff".encode()
    yield _lines([list(COLUMNS)])
    # By keyset: a cursor does not work behind pgbouncer, and without one the driver keeps all rows in memory. A scope
    # for each block, so that a slow reader holds no connection.
    following = in_order(cases, order)
    while True:
        with tenant_scope(tenant):
            block = list(following.values(*COLUMNS.values(), order.column)[:_LINES_AT_ONCE])
        yield _lines([_cell(row[column], tenant) for column in COLUMNS.values()] for row in block)
        if len(block) < _LINES_AT_ONCE:
            return
        following = behind(cases, order, block[-1][order.column], block[-1]["id"])


def _cell(value: Any, tenant: Tenant) -> str:
    if isinstance(value, datetime):
        return localtime(value, tenant.zone).isoformat(timespec="seconds")
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _lines(rows: Iterable[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
