"""The API's own description: OpenAPI 3.1, from the views, their bodies and their filters."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers

from api.auth import scope_that_grants
from api.filters import ListFilters, parameters_of
from api.problems import KINDS, MEDIA_TYPE
from api.rendering import to_json
from tenants.roles import SCOPE_GRANTS

if TYPE_CHECKING:
    from api.resources import Resource

GUIDE = Path(__file__).with_name("guide.md")

V = TypeVar("V", bound=Callable[..., Any])
Shape = type[serializers.Serializer[Any]]

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Yours to choose. A request repeated under its key within 24 hours is done once and answered the same.",
)
IF_MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True, description="The ETag of what you read."
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The ETag that you hold: 304 if it still is.",
)


def endpoint(
    operation: str,
    summary: str,
    *,
    answer: Any,
    body: Any = None,
    status: int = 200,
    filters: type[ListFilters] | None = None,
    parameters: Sequence[Any] = (),
    example: Any = None,
) -> Callable[[V], V]:
    """Describe one method of one address; a list is described by its `filters` and the shape of one row."""
    if filters is not None:
        answer, parameters = page_of(answer), [*parameters, *parameters_of(filters)]
    examples = [OpenApiExample("Example", value=example, request_only=True)] if example is not None else None
    return extend_schema(
        operation_id=operation,
        summary=summary,
        request=body,
        responses=answer if isinstance(answer, dict) else {status: answer},
        parameters=list(parameters),
        examples=examples,
    )


@functools.cache
def page_of(row: Shape) -> Any:
    """The shape of a page of rows."""
    return inline_serializer(
        f"{row.__name__.removesuffix('Shape')}Page",
        {"data": row(many=True), "next": serializers.URLField(allow_null=True, help_text="The next page, or null.")},
    )


class KeySchema(AutoSchema):
    """Describes an operation by its method's docstring and the scope that it takes."""

    def get_description(self) -> str:  # type: ignore[override]
        method, acts = getattr(self.view, self.method.lower()), cast("Resource", self.view).acts
        scopes = dict.fromkeys(scope_that_grants(act) for act in acts.get(self.method, ()))
        needs = f"Scope: {', '.join(f'`{scope}`' for scope in scopes)}." if scopes else "Any key."
        return "\n\n".join(filter(None, [inspect.getdoc(method), needs]))


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "api.auth.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "cso_<workspace>_<key id>_<secret>",
            "description": f"Scopes: {', '.join(SCOPE_GRANTS)}.",
        }


_PROBLEM = {
    "type": "object",
    "description": "A problem document (RFC 9457). `type` leads to a page about the kind; `code` is stable.",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "scope": {"type": "string", "description": "The scope that is missing."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("field", "code", "message")},
                "required": ["field", "code", "message"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "code"],
}


def complete(result: dict[str, Any], generator: SchemaGenerator, **_: Any) -> dict[str, Any]:
    """Postprocessing hook: the guide in front, and with every operation the problems of its method."""
    result["info"]["description"] = GUIDE.read_text(encoding="utf-8")
    components = result["components"]
    components["schemas"]["Problem"] = _PROBLEM
    by_status: dict[int, list[str]] = {}
    for kind in KINDS.values():
        by_status.setdefault(kind.status, []).append(kind.code)
    components["responses"] = {
        f"Problem{status}": _problem_response(status, codes) for status, codes in by_status.items()
    }
    for address in result["paths"].values():
        for method, operation in address.items():
            for status in _statuses(method):
                operation["responses"].setdefault(str(status), {"$ref": f"#/components/responses/Problem{status}"})
    return result


def _statuses(method: str) -> Sequence[int]:
    common = (400, 401, 403, 404, 429, 500)
    of_method = {"post": (409, 413, 415, 422), "patch": (409, 412, 413, 415, 428), "delete": (409, 412, 428)}
    return (*common, *of_method.get(method, ()))


def _problem_response(status: int, codes: Sequence[str]) -> dict[str, Any]:
    examples = {
        code: {
            "value": {
                "type": KINDS[code].type,
                "title": KINDS[code].title,
                "status": status,
                "detail": KINDS[code].advice,
                "code": code,
            }
        }
        for code in codes
    }
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}}
    return {"description": "; or: ".join(KINDS[code].title for code in codes), "content": content}


@functools.cache
def schema_document() -> bytes:
    """The OpenAPI document, made once per process: it is the same for everyone."""
    generator: Any = SchemaGenerator
    return to_json(generator().get_schema(request=None, public=True))
