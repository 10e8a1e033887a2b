"""Idempotency-Key: a POST that is sent twice is done once, and answered the same.

The answer is kept in the transaction of the act, so neither can exist without the other. A refused request changed
nothing and is not kept: it may be corrected and sent again under the same key.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from django.db import connection
from rest_framework.request import Request
from rest_framework.response import Response

from api.models import KeptAnswer
from api.problems import ProblemError
from api.rendering import to_json
from cso.errors import InvalidFieldsError
from tenants.scope import current_tenant_id

if TYPE_CHECKING:
    from api.resources import Resource


KEPT_FOR = timedelta(hours=24)
MAX_KEY = 200
_KEPT_HEADERS = ("ETag", "Location")
# Each kept answer takes a few expired ones along, so that no calendar job is needed.
_SWEPT_AT_ONCE = 20


def idempotent(handler: Callable[..., Response]) -> Callable[..., Response]:
    """Make a `post` method of a `Resource` repeatable under an Idempotency-Key."""

    @functools.wraps(handler)
    def wrapper(self: Resource, request: Request, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return handler(self, request, **kwargs)
        _check(key)
        _claim(self, key)
        digest = _digest_of(request, self.body_digest())
        kept = KeptAnswer.objects.filter(api_key=self.key, key=key, created_at__gt=self.now - KEPT_FOR).first()
        if kept is not None:
            return _replay(kept, digest)
        response = handler(self, request, **kwargs)
        _keep(self, key, digest, response)
        return response

    wrapper.is_idempotent = True  # type: ignore[attr-defined]
    return wrapper


def _check(key: str) -> None:
    if not (1 <= len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        message = f"Use 1 to {MAX_KEY} printable ASCII characters, such as a UUID."
        raise InvalidFieldsError.of("Idempotency-Key", "malformed", message)


def _claim(resource: Resource, key: str) -> None:
    """One request under a key at a time; the lock goes with the transaction, also when its process is killed."""
    name = f"idempotency:{resource.key.pk}:{key}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, %s))", [name, current_tenant_id()])
        if cursor.fetchone() != (True,):
            raise ProblemError("in-progress", "A request under this Idempotency-Key has not ended yet.")


def _digest_of(request: Request, body: bytes) -> bytes:
    place = f"{request.get_full_path()} {request.content_type}\n".encode()
    return hashlib.sha256(place + body).digest()


def _replay(kept: KeptAnswer, digest: bytes) -> Response:
    if bytes(kept.request_sha256) != digest:
        raise ProblemError("key-reused", "This Idempotency-Key came with another request within 24 hours.")
    headers = kept.headers | {"Idempotent-Replayed": "true"}
    return Response(orjson.Fragment(bytes(kept.body)), status=kept.status, headers=headers)


def _keep(resource: Resource, key: str, digest: bytes, response: Response) -> None:
    KeptAnswer.objects.update_or_create(
        api_key=resource.key,
        key=key,
        defaults={
            "request_sha256": digest,
            "status": response.status_code,
            "headers": {name: response[name] for name in _KEPT_HEADERS if name in response},
            "body": to_json(response.data),
            "created_at": resource.now,
        },
    )
    _sweep(resource.now)


def _sweep(now: datetime) -> None:
    expired = KeptAnswer.objects.filter(created_at__lte=now - KEPT_FOR).select_for_update(skip_locked=True)
    KeptAnswer.objects.filter(pk__in=list(expired.values_list("pk", flat=True)[:_SWEPT_AT_ONCE])).delete()
