"""The kinds of problem that the API answers with: RFC 9457 documents whose `type` leads to a page about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rest_framework.response import Response

from cso.errors import FieldError

PAGE = "/api/docs/problems"
MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Kind:
    """One kind of problem. `code` is stable; `advice` is what a programmer should do about it."""

    code: str
    status: int
    title: str
    advice: str

    @property
    def type(self) -> str:
        return f"{PAGE}/{self.code}"


_KINDS = (
    Kind(
        "invalid", 400, "Fields are missing or wrong", "Read “errors”: it names each field, with a code and a reason."
    ),
    Kind("malformed", 400, "The body cannot be read", "Send well-formed content of the stated type, in UTF-8."),
    Kind(
        "bad-cursor",
        400,
        "The cursor does not belong to this list",
        "Follow “next” unchanged. A cursor holds for one workspace, one list and one set of filters.",
    ),
    Kind(
        "unauthenticated",
        401,
        "A valid API key is needed",
        "Send “Authorization: Bearer cso_...”. The key may be mistyped, expired or revoked.",
    ),
    Kind(
        "missing-scope",
        403,
        "The key lacks a scope",
        "Use a key with the scope that “scope” names; an administrator makes one in the portal.",
    ),
    Kind("not-allowed", 403, "This is not allowed", "The key may see the thing, but may not do this to it."),
    Kind(
        "not-found",
        404,
        "There is no such thing",
        "Check the address and the id. What another workspace holds is missing here too.",
    ),
    Kind(
        "method-not-allowed", 405, "The address does not take this method", "The header “Allow” lists those it takes."
    ),
    Kind(
        "conflict",
        409,
        "It cannot be done in this state",
        "Read the thing again: someone may have been faster. “code” says which rule stood in the way.",
    ),
    Kind(
        "in-progress",
        409,
        "The same request is still in progress",
        "Wait a moment and send it again under the same Idempotency-Key.",
    ),
    Kind(
        "precondition-failed",
        412,
        "It has changed since it was read",
        "Read it again, merge your change, and send the new ETag as If-Match.",
    ),
    Kind("too-large", 413, "The body is too large", "Send less at once; large loads go to “/api/v1/cases/batch”."),
    Kind("unsupported-media-type", 415, "The content type is not supported", "Send “Content-Type: application/json”."),
    Kind(
        "key-reused",
        422,
        "The Idempotency-Key was used for another request",
        "Use a new key for each new request, and the same key only to repeat one.",
    ),
    Kind(
        "precondition-required",
        428,
        "If-Match is needed",
        "Send the ETag of what you read as If-Match, so that nobody's change is overwritten unseen.",
    ),
    Kind("rate-limited", 429, "Too many requests", "Wait as many seconds as “Retry-After” says."),
    Kind("internal", 500, "Something went wrong here", "It has been logged. Try again; nothing was changed."),
)
KINDS: dict[str, Kind] = {kind.code: kind for kind in _KINDS}


def problem(
    code: str,
    detail: str,
    *,
    specific: str | None = None,
    errors: Sequence[FieldError] = (),
    headers: dict[str, str] | None = None,
    **extensions: Any,
) -> Response:
    """A problem document of the kind `code`; `specific` is a finer stable code, such as `already_fixed`."""
    kind = KINDS[code]
    body: dict[str, Any] = {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "code": specific or code,
    }
    if errors:
        body["errors"] = [{"field": e.field, "code": e.code, "message": e.message} for e in errors]
    return Response(body | extensions, status=kind.status, headers=headers, content_type=MEDIA_TYPE)


class ProblemError(Exception):
    """A problem of the API itself, of the kind `code` above."""

    def __init__(self, code: str, detail: str, *, headers: dict[str, str] | None = None, **extensions: Any) -> None:
        super().__init__(detail)
        self.code, self.detail, self.headers, self.extensions = code, detail, headers, extensions
