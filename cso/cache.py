"""Django's cache in Redis, which may be away: what stands in it is never the only copy, so a miss is an answer.

Rate limits are counted in it; without Redis people sign in and integrations call on, uncounted, until it is back.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

import redis
from django.core.cache.backends.redis import RedisCache

T = TypeVar("T")
_log = logging.getLogger(__name__)
_SAID_EVERY_SECONDS = 60.0


class ForgivingRedisCache(RedisCache):
    """Without Redis: nothing is found, nothing is kept, and `add` succeeds, as in an empty cache."""

    _said_at = 0.0

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return self._or(True, super().add, *args, **kwargs)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._or(default, super().get, key, default, version)

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._or(None, super().set, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return self._or(False, super().delete, *args, **kwargs)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return self._or(delta, super().incr, key, delta, version)

    def _or(self, fallback: T, ask: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        try:
            return ask(*args, **kwargs)
        except redis.RedisError as error:
            now = time.monotonic()
            if now - self._said_at > _SAID_EVERY_SECONDS:
                self._said_at = now
                _log.warning("Redis does not answer (%s); rate limits are not counted.", type(error).__name__)
            return fallback
