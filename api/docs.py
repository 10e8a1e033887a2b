"""Pages for people who write integrations: the API's description, its reference, its problems. Open to everyone."""

from __future__ import annotations

import hashlib

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from api.problems import KINDS
from api.schema import schema_document


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """OpenAPI 3.1 as JSON."""
    document = schema_document()
    etag = f'"{hashlib.sha256(document).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match", "").removeprefix("W/") == etag:
        return HttpResponse(status=304, headers={"ETag": etag})
    return HttpResponse(document, content_type="application/json", headers={"ETag": etag})


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """The reference, drawn by Swagger UI from the schema; it runs under the product's own Content-Security-Policy."""
    return render(request, "api/reference.html")


@require_safe
def problems(request: HttpRequest, code: str | None = None) -> HttpResponse:
    """What each `type` of a problem document means, or one of them."""
    if code is not None and code not in KINDS:
        raise Http404
    shown = [KINDS[code]] if code else list(KINDS.values())
    return render(request, "api/problems.html", {"kinds": shown, "code": code})
