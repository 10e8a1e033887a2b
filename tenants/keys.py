"""API keys: made, shown once, recognised, rotated, revoked."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from tenants import audit
from tenants.models import Actor, ApiKey, Membership, Tenant
from tenants.permissions import require
from tenants.roles import SCOPE_GRANTS, Can
from tenants.scope import current_tenant

_KEY = re.compile(r"cso_(?P<slug>[a-z][a-z0-9-]{1,39})_(?P<key_id>[0-9a-f]{12})_(?P<secret>[A-Za-z0-9_-]{43})\Z")
# `last_used_at` is written once in this time at most: a key used a thousand times a second is not a hot row.
_USE_NOTED_EVERY = timedelta(minutes=1)
OVERLAP = timedelta(days=7)


class ApiKeyRefusedError(Exception):
    """The key is malformed, unknown, expired or revoked; which of these is not told to the caller."""


def create_api_key(
    tenant: Tenant, name: str, scopes: Sequence[str], *, by: Actor | None, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Make a key; returns its row and the whole key, which is shown this once and cannot be read again.

    Raises ValueError for an unknown or missing scope, PermissionDenied unless `by` administers the tenant.
    """
    require(by, Can.ADMINISTER)
    unknown = sorted(set(scopes) - set(SCOPE_GRANTS))
    if unknown or not scopes:
        raise ValueError(f"Unknown scopes: {', '.join(unknown) or 'none given'}. Known: {', '.join(SCOPE_GRANTS)}.")
    secret = secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        name=name,
        key_id=secrets.token_hex(6),
        secret_sha256=_digest(secret),
        scopes=sorted(set(scopes)),
        created_by=by if isinstance(by, Membership) else None,
        expires_at=expires_at,
    )
    audit.record(by, "create_api_key", key.name, key_id=key.key_id, scopes=key.scopes)
    return key, f"cso_{tenant.slug}_{key.key_id}_{secret}"


def revoke_api_key(key: ApiKey, *, by: Actor | None, now: datetime) -> None:
    """From `now` on the key opens nothing. Revoking twice keeps the first instant."""
    require(by, Can.ADMINISTER)
    if key.revoked_at is None:
        key.revoked_at = now
        key.save(update_fields=["revoked_at"])
        audit.record(by, "revoke_api_key", key.name, key_id=key.key_id)


def rotate_api_key(key: ApiKey, *, by: Actor | None, now: datetime, overlap: timedelta = OVERLAP) -> tuple[ApiKey, str]:
    """A new key with the name and scopes of `key`, which still opens for `overlap`; returned as by `create_api_key`.

    An integration changes over within that time without a gap. An earlier expiry stays.
    """
    successor = create_api_key(current_tenant(), key.name, key.scopes, by=by)
    ends = now + overlap
    if key.expires_at is None or key.expires_at > ends:
        key.expires_at = ends
        key.save(update_fields=["expires_at"])
    audit.record(by, "rotate_api_key", key.name, key_id=key.key_id, successor=successor[0].key_id)
    return successor


def tenant_slug_of(key: str) -> str | None:
    """The workspace that a key names, or None when it is not a key; says nothing of whether the key is valid."""
    match = _KEY.match(key)
    return match["slug"] if match else None


def recognise(key: str, *, now: datetime) -> ApiKey:
    """The live key of the current tenant that `key` is; raises `ApiKeyRefusedError`."""
    match = _KEY.match(key)
    found = ApiKey.objects.filter(key_id=match["key_id"]).first() if match else None
    if match is None or found is None or not hmac.compare_digest(bytes(found.secret_sha256), _digest(match["secret"])):
        raise ApiKeyRefusedError
    if found.revoked_at is not None or (found.expires_at is not None and found.expires_at <= now):
        raise ApiKeyRefusedError
    if found.last_used_at is None or now - found.last_used_at >= _USE_NOTED_EVERY:
        _note_use(found, now)
    return found


def _note_use(key: ApiKey, now: datetime) -> None:
    # Skipped while another request is noting it: that request may be a long one, and its lock lasts as long as it does.
    stale = Q(last_used_at=None) | Q(last_used_at__lte=now - _USE_NOTED_EVERY)
    free = ApiKey.objects.filter(stale, pk=key.pk).select_for_update(skip_locked=True, no_key=True)
    ApiKey.objects.filter(pk__in=free.values("pk")).update(last_used_at=now)


def _digest(secret: str) -> bytes:
    # The secret has 256 random bits, so one plain SHA-256 is as strong as a slow hash and 300,000 times cheaper.
    return hashlib.sha256(secret.encode()).digest()
