"""How many requests a key may make in a minute, counted in Redis. Without Redis nobody is counted or turned away."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from tenants.models import ApiKey

if TYPE_CHECKING:
    from rest_framework.views import APIView

WINDOW = 60  # seconds


@dataclass(frozen=True)
class Allowance:
    """What a key may still do in the running minute."""

    limit: int
    used: int
    seconds_left: int

    @property
    def is_spent(self) -> bool:
        return self.used > self.limit

    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers names them."""
        remaining = max(0, self.limit - self.used)
        return {
            "RateLimit-Policy": f'"key";q={self.limit};w={WINDOW}',
            "RateLimit": f'"key";r={remaining};t={self.seconds_left}',
        }


class KeyThrottle(BaseThrottle):
    """Counts by the minute of the clock; the view shows `request.allowance` in its headers."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.auth, ApiKey):
            return True
        self.allowance = _spend(request.auth, int(time.time()))
        view.allowance = self.allowance  # type: ignore[attr-defined]
        return not self.allowance.is_spent

    def wait(self) -> float:
        return self.allowance.seconds_left


def _spend(key: ApiKey, second: int) -> Allowance:
    """Count one request of `key`."""
    name = f"api-rate:{key.pk.hex}:{second // WINDOW}"
    try:
        used = cache.incr(name)
    except ValueError:  # the first of this minute
        used = 1 if cache.add(name, 1, timeout=2 * WINDOW) else cache.incr(name)
    return Allowance(settings.API_REQUESTS_PER_MINUTE, used, WINDOW - second % WINDOW)
