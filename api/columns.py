"""`map`: which column of a CSV file holds which field."""

from __future__ import annotations

from collections.abc import Sequence

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from cso.errors import InvalidFieldsError


def map_parameter(fields: Sequence[str]) -> OpenApiParameter:
    description = f"FIELD=COLUMN, once for each field that the file calls otherwise. Fields: {', '.join(fields)}."
    return OpenApiParameter("map", str, many=True, description=description)


def columns_of(request: Request, fields: Sequence[str]) -> dict[str, str]:
    """Field -> the file's column; raises `InvalidFieldsError` for a pair that is none."""
    columns = {}
    for pair in request.query_params.getlist("map"):
        name, equals, column = pair.partition("=")
        if not equals or name not in fields:
            raise InvalidFieldsError.of("map", "malformed", f"Write FIELD=COLUMN with one of {', '.join(fields)}.")
        columns[name] = column
    return columns
