"""Lists by keyset: each page begins after the last row of the one before, however long the list is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core import signing
from django.db.models import Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from api.problems import ProblemError
from api.rendering import to_json
from cso.errors import InvalidFieldsError
from tenants.scope import current_tenant_id

DEFAULT_LIMIT = 100
MAX_LIMIT = 1_000
PAGING = ("cursor", "limit")
_SALT = "api.cursor"

Row = dict[str, Any]


@dataclass(frozen=True)
class Listing:
    """How the rows of a list are read and shown.

    order: columns that are unique together, all ascending or all descending (`-`); they are among `columns`.
    columns: what is read of each row, once for all of them; render: one row as JSON values. gather: reads what the rows
    of a page need besides, for all of them at once, and puts it into each.
    """

    order: tuple[str, ...]
    columns: tuple[str, ...]
    render: Callable[[Row], Row]
    gather: Callable[[Sequence[Row]], None] | None = None

    def one(self, rows: QuerySet[Any]) -> Row | None:
        """The representation of the only row of `rows`."""
        return next(iter(self.shown(rows.values(*self.columns)[:1])), None)

    def shown(self, rows: Iterable[Row]) -> list[Row]:
        """The representations of rows that were read."""
        found = list(rows)
        if found and self.gather is not None:
            self.gather(found)
        return [self.render(row) for row in found]


def page(request: Request, rows: QuerySet[Any], listing: Listing) -> Response:
    """One page as `{"data": [...], "next": address or null}`, in one query."""
    limit = _limit(request)
    if cursor := request.query_params.get("cursor"):
        rows = _after(rows, listing.order, _read_cursor(request, cursor))
    found = list(rows.order_by(*listing.order).values(*listing.columns)[: limit + 1])
    following = _address_after(request, found[limit - 1], listing.order) if len(found) > limit else None
    headers = {"Link": f'<{following}>; rel="next"'} if following else None
    return Response({"data": listing.shown(found[:limit]), "next": following}, headers=headers)


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MAX_LIMIT):
        raise InvalidFieldsError.of("limit", "out_of_range", f"Use a whole number from 1 to {MAX_LIMIT:,}.")
    return int(text)


def _after(rows: QuerySet[Any], order: Sequence[str], position: Sequence[str]) -> QuerySet[Any]:
    """The rows behind `position`. The first bound alone lets an index begin there; the others settle ties."""
    direction = "lt" if order[0].startswith("-") else "gt"
    columns = [column.removeprefix("-") for column in order]
    behind, same = Q(), Q()
    for column, value in zip(columns, position, strict=True):
        behind |= same & Q(**{f"{column}__{direction}": value})
        same &= Q(**{column: value})
    return rows.filter(Q(**{f"{columns[0]}__{direction}e": position[0]}) & behind)


def _address_after(request: Request, row: Row, order: Sequence[str]) -> str:
    position = [row[column.removeprefix("-")] for column in order]
    payload = [*_bound_to(request), *(_text(value) for value in position)]
    cursor = signing.dumps(payload, salt=_SALT)
    query = [*_filters(request), ("cursor", cursor)]
    if "limit" in request.query_params:
        query.append(("limit", request.query_params["limit"]))
    return f"{request.build_absolute_uri(request.path)}?{urlencode(query)}"


def _read_cursor(request: Request, cursor: str) -> list[str]:
    try:
        tenant, place, *position = signing.loads(cursor, salt=_SALT)
    except (signing.BadSignature, ValueError) as error:
        raise ProblemError("bad-cursor", "This is not a cursor of this API.") from error
    if [tenant, place] != _bound_to(request):
        raise ProblemError("bad-cursor", "This cursor is of another list, or of other filters.")
    return [str(value) for value in position]


def _bound_to(request: Request) -> list[Any]:
    """The tenant, and a digest of the list (its address decides its order) with its filters."""
    place = to_json([request.path, sorted(_filters(request))])
    return [current_tenant_id(), hashlib.sha256(place).hexdigest()[:24]]


def _filters(request: Request) -> list[tuple[str, str]]:
    lists: Mapping[str, list[str]] = dict(request.query_params.lists())
    return [(name, value) for name, values in lists.items() for value in values if name not in PAGING]


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
