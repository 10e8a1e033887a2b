"""Rows that are known already, as a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import StreamingHttpResponse

from frontend.access import MemberRequest
from frontend.export import CSV, XLSX, csv_of, xlsx_of
from tenants.models import Tenant


@dataclass(frozen=True)
class KnownTable:
    """A table that was made within the request: see `frontend.export.Table`."""

    name: str
    columns: Mapping[str, str]
    rows: Sequence[list[Any]]
    tenant: Tenant

    def blocks(self) -> Iterator[list[list[Any]]]:
        yield list(self.rows)


def as_file(
    request: MemberRequest, kind: str, name: str, columns: Sequence[str], rows: Sequence[list[Any]]
) -> StreamingHttpResponse:
    """`kind`: csv or xlsx."""
    table = KnownTable(name, dict.fromkeys(columns, ""), rows, request.tenant)
    content, content_type = (xlsx_of(table), XLSX) if kind == "xlsx" else (csv_of(table), CSV)
    response = StreamingHttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}-{request.now:%Y-%m-%d}.{kind}"'
    return response
