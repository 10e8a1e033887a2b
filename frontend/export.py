"""Cases as files that a spreadsheet opens without harm: CSV, and a workbook of Excel."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any, ClassVar, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

import xlsxwriter
from django.db.models import QuerySet

from cso.recovery.models import Case
from cso.recovery.teamwork import owners_of
from frontend.paging import Order, behind, in_order
from frontend.words.money import places_of
from tenants.models import Membership, Tenant
from tenants.roles import Can
from tenants.scope import tenant_scope

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Beyond it a workbook takes longer to make than anybody waits; CSV has no end.
MOST_XLSX_ROWS = 100_000

COLUMNS = {
    "reference": "external_id",
    "id": "id",
    "unit_code": "unit__code",
    "unit": "unit__name",
    "owner": "owner",
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
    "next_contact": "next_contact",
    "next_contact_due_at": "next_contact_due_at",
    "planned_surprise": "planned_surprise",
    "closed_at": "closed_at",
    "solution": "solution",
    "quoted_rule": "quoted_rule__title",
    "failed_right": "failed_right",
    "given_surprise": "given_surprise",
    "change_idea": "change_idea",
    "answered_at": "answered_at",
    "said_fixed": "said_fixed",
    "said_apology": "said_apology",
    "said_surprised": "said_surprised",
    "dazzled": "dazzled",
    "double_deviation": "doubly_deviated",
}
# In whole units of their currency; for those who may see customers.
WORTH = {
    "customer_worth_low": "customer__worth_low_minor",
    "customer_worth_high": "customer__worth_high_minor",
    "currency": "customer__currency",
}
# What is read beside the columns, to say whose an open case is.
_READ_TOO = ("unit_id", "owner_id", "fixed_at")
# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# Of these the writer of CSV writes what `str` says, and nothing for None.
_WRITTEN = frozenset({type(None), bool, int, Decimal, date, UUID})
# Day 0 of a workbook, which knows no zones.
_EPOCH, _DAY = datetime(1899, 12, 30), timedelta(days=1)  # noqa: DTZ001
_LINES_AT_ONCE = 1_000
_PIECE = 64 * 1024


class Table(Protocol):
    """What becomes a file: its headings, and its rows some thousand at a time, each in their order."""

    @property
    def columns(self) -> Mapping[str, str]: ...

    @property
    def tenant(self) -> Tenant: ...

    @property
    def name(self) -> str: ...

    def blocks(self) -> Iterator[Sequence[Sequence[Any]]]: ...


@dataclass(frozen=True)
class Export:
    """A list of cases as `viewer` may have it as a file. `cases` must not have been read yet, and is of `tenant`."""

    cases: QuerySet[Case]
    order: Order
    viewer: Membership
    tenant: Tenant
    name: ClassVar = "cases"

    @property
    def columns(self) -> dict[str, str]:
        """Heading -> what is read."""
        return COLUMNS | WORTH if self.viewer.can(Can.SEE_CUSTOMERS) else COLUMNS

    def blocks(self) -> Iterator[Sequence[Sequence[Any]]]:
        """The rows, some thousand at a time, each in the order of the columns.

        Whoever reads a stream does so after the request's scope has closed, so each block opens its own: a slow reader
        holds no connection. By keyset: a cursor does not work behind pgbouncer, and without one the driver keeps all
        rows in memory.
        """
        columns = self.columns.values()
        line = itemgetter(*columns)
        read = {*columns, *_READ_TOO, self.order.column} - {"owner"}
        following = in_order(self.cases, self.order)
        while True:
            with tenant_scope(self.tenant):
                block: list[dict[str, Any]] = list(following.values(*read)[:_LINES_AT_ONCE])
                _say_owners(block)
            _say_worth(block)
            yield [line(row) for row in block]
            if len(block) < _LINES_AT_ONCE:
                return
            following = behind(self.cases, self.order, block[-1][self.order.column], block[-1]["id"])


def _say_owners(block: list[dict[str, Any]]) -> None:
    """Whose each open case is. Of a fixed one the file names nobody: it would name people beside their misses."""
    is_open = [row for row in block if row["fixed_at"] is None]
    owners = owners_of([Case(id=row["id"], unit_id=row["unit_id"], owner_id=row["owner_id"]) for row in is_open])
    for row in block:
        owner = owners.get(row["id"])
        row["owner"] = owner.label if owner else ""


def _say_worth(block: list[dict[str, Any]]) -> None:
    """What customers are worth in whole units of their currency."""
    for row in block:
        if (currency := row.get("customer__currency")) is not None:
            for column in ("customer__worth_low_minor", "customer__worth_high_minor"):
                if row[column] is not None:
                    row[column] = Decimal(row[column]).scaleb(-places_of(currency))


def csv_of(export: Table) -> Iterator[bytes]:
    """The lines of the file, some thousand at a time; instants in the tenant's zone."""
    # The sign by which spreadsheets know UTF-8.
    yield "\ufeff".encode()
    yield _lines([list(export.columns)])
    zone = export.tenant.zone
    for block in export.blocks():
        yield _lines(_cells(row, zone) for row in block)


def _cells(row: Sequence[Any], zone: ZoneInfo) -> list[Any]:
    """What is as good as written stays as it is: there are a million of them in a long list."""
    cells = list(row)
    for place, value in enumerate(row):
        kind = value.__class__
        if kind is datetime:
            cells[place] = value.astimezone(zone).isoformat(timespec="seconds")
        elif kind is str:
            if value[:1] in _FORMULA:
                cells[place] = f"'{value}"
        elif kind not in _WRITTEN:
            # Such as a choice, which is a text, or a text that is translated as it is read.
            cells[place] = f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else str(value)
    return cells


def _lines(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def xlsx_of(*exports: Table) -> Iterator[bytes]:
    """The workbook in pieces, a sheet for each table, once it stands in a temporary file: rows are written as they come
    and not kept.

    Numbers, dates and yes or no are such; a text stays one even when somebody edits its cell.
    """
    with TemporaryDirectory() as folder, TemporaryFile(dir=folder) as file:
        book = xlsxwriter.Workbook(file, {"constant_memory": True, "tmpdir": folder})
        for export in exports:
            sheet = _Sheet(book, export)
            sheet.head(list(export.columns))
            for block in export.blocks():
                for row in block:
                    sheet.line(row)
        book.close()
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece


class _Sheet:
    """A sheet of the workbook, row after row."""

    def __init__(self, book: Any, export: Table) -> None:
        self.sheet, self.zone, self.rows = book.add_worksheet(export.name.capitalize()), export.tenant.zone, 0
        self.bold = book.add_format({"bold": True})
        self.day = book.add_format({"num_format": "yyyy-mm-dd"})
        self.instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        # As if typed behind an apostrophe.
        self.quoted = book.add_format({"quote_prefix": True})

    def head(self, titles: list[str]) -> None:
        self.sheet.freeze_panes(1, 0)
        self.sheet.set_column(0, len(titles) - 1, 18)
        for column, title in enumerate(titles):
            self.sheet.write_string(0, column, title, self.bold)

    def line(self, row: Sequence[Any]) -> None:
        self.rows += 1
        for column, value in enumerate(row):
            if value is not None and value != "":
                self._write(column, value)

    def _write(self, column: int, value: Any) -> None:
        if isinstance(value, str):
            self.sheet.write_string(self.rows, column, value, self.quoted if value.startswith(_FORMULA) else None)
        elif isinstance(value, datetime):
            # As the number that it is in a workbook: days since its epoch.
            days = (value.astimezone(self.zone).replace(tzinfo=None) - _EPOCH) / _DAY
            self.sheet.write_number(self.rows, column, days, self.instant)
        elif isinstance(value, date):
            self.sheet.write_number(self.rows, column, (value - _EPOCH.date()).days, self.day)
        elif isinstance(value, bool):
            self.sheet.write_boolean(self.rows, column, value)
        elif isinstance(value, int | Decimal):
            self.sheet.write_number(self.rows, column, value)
        else:
            self.sheet.write_string(self.rows, column, str(value))
