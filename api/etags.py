"""Entity tags: a change is made to what was read, or not at all."""

from __future__ import annotations

import hashlib
from typing import Any

from rest_framework.request import Request

from api.problems import ProblemError
from api.rendering import to_json


def etag_of(representation: Any) -> str:
    """Strong: equal tags mean equal bytes, so that a renamed unit changes the tag of its cases too."""
    return f'"{hashlib.sha256(to_json(representation)).hexdigest()[:32]}"'


def require_match(request: Request, representation: Any) -> None:
    """Refuse a change without If-Match (428), or of something that is no longer what the caller read (412).

    Call it with the row locked.
    """
    header = request.headers.get("If-Match")
    if header is None:
        raise ProblemError("precondition-required", "Send the ETag of what you read as If-Match.")
    if not _names(header, etag_of(representation)):
        raise ProblemError("precondition-failed", "It has changed since you read it; read it again.")


def is_unchanged(request: Request, etag: str) -> bool:
    """The caller holds this version already (If-None-Match)."""
    header = request.headers.get("If-None-Match")
    return header is not None and _names(header, etag)


def _names(header: str, etag: str) -> bool:
    # A compressing proxy, and our own gzip, mark a strong tag as weak (W/); the tag itself still names one version.
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return "*" in tags or etag in tags
