"""API keys: recognised, refused, rotated; what is kept of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from tenants.keys import (
    ApiKeyRefusedError,
    create_api_key,
    recognise,
    revoke_api_key,
    rotate_api_key,
    tenant_slug_of,
)
from tenants.models import ApiKey, AuditEntry
from tenants.roles import Can, Role
from tenants.scope import tenant_scope
from tests.personas import NOW, Company
from tests.tenants.conftest import World

HOUR = timedelta(hours=1)


def opens(key: str, now: object = NOW) -> bool:
    try:
        recognise(key, now=now)  # type: ignore[arg-type]
    except ApiKeyRefusedError:
        return False
    return True


def test_only_the_hash_of_a_key_is_kept(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        key, secret = create_api_key(acme.tenant, "Booking", ["cases:read"], by=None)
        with connection.cursor() as cursor:
            cursor.execute("SELECT row_to_json(k)::text FROM tenants_apikey k UNION ALL"
                           " SELECT row_to_json(e)::text FROM tenants_auditentry e")  # fmt: skip
            kept = " ".join(row for (row,) in cursor.fetchall())
        assert secret == f"cso_acme_{key.key_id}_{secret[-43:]}"
        assert secret[-43:] not in kept
        assert recognise(secret, now=NOW) == key


def test_a_key_opens_what_its_scopes_name(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        key, _ = create_api_key(acme.tenant, "Booking", ["cases:read"], by=None)
    assert [act for act in Can if key.can(act)] == [Can.SEE_ALL_CASES]


def test_a_wrong_or_malformed_key_opens_nothing(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        key, secret = create_api_key(acme.tenant, "Booking", ["cases:read"], by=None)
        _, second = create_api_key(acme.tenant, "Second", ["cases:read"], by=None)
        head = f"cso_acme_{key.key_id}_"
        for wrong in ("", "cso_", head, head + "x" * 43, head + second[-43:], secret + "x", secret[:-1], f"{secret}\n"):
            assert not opens(wrong), wrong


def test_another_tenants_key_opens_nothing(acme: Company, other: Company) -> None:
    with tenant_scope(other.tenant):
        _, theirs = create_api_key(other.tenant, "Theirs", ["cases:read"], by=None)
        assert opens(theirs)
    with tenant_scope(acme.tenant):
        assert not opens(theirs)
        assert not opens(theirs.replace("cso_other_", "cso_acme_"))


def test_a_key_ends_at_its_expiry_and_when_revoked(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        key, secret = create_api_key(acme.tenant, "Booking", ["cases:read"], by=None, expires_at=NOW + HOUR)
        assert opens(secret, NOW + HOUR - timedelta(microseconds=1))
        assert not opens(secret, NOW + HOUR)
        revoke_api_key(key, by=None, now=NOW)
        revoke_api_key(key, by=None, now=NOW + HOUR)
        assert not opens(secret)
        assert key.revoked_at == NOW


def test_a_rotated_key_and_its_successor_overlap(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        key, old = create_api_key(acme.tenant, "Booking", ["cases:read", "cases:write"], by=None)
        successor, new = rotate_api_key(key, by=None, now=NOW, overlap=HOUR)
        assert (successor.name, successor.scopes) == ("Booking", ["cases:read", "cases:write"])
        assert [(opens(old, at), opens(new, at)) for at in (NOW, NOW + HOUR / 2, NOW + HOUR)] == [
            (True, True),
            (True, True),
            (False, True),
        ]
        rotate_api_key(key, by=None, now=NOW, overlap=2 * HOUR)
        assert key.expires_at == NOW + HOUR
        acts = AuditEntry.objects.order_by("number").values_list("act", flat=True)
        assert list(acts)[-2:] == ["create_api_key", "rotate_api_key"]


def test_keys_are_an_administrators(acme: Company) -> None:
    administrator = acme.member(Role.ADMINISTRATOR)
    with tenant_scope(acme.tenant):
        key, _ = create_api_key(acme.tenant, "Booking", ["cases:read"], by=administrator)
        assert key.created_by == administrator
        for by in [acme.member(role) for role in Role if role != Role.ADMINISTRATOR] + [key]:
            with pytest.raises(PermissionDenied):
                create_api_key(acme.tenant, "Mine", ["cases:read"], by=by)
            with pytest.raises(PermissionDenied):
                revoke_api_key(key, by=by, now=NOW)
            with pytest.raises(PermissionDenied):
                rotate_api_key(key, by=by, now=NOW)
        assert ApiKey.objects.count() == 1


@pytest.mark.parametrize("scopes", [[], ["everything"], ["cases:read", "cases:erase"]])
def test_an_unknown_scope_makes_no_key(acme: Company, scopes: list[str]) -> None:
    with tenant_scope(acme.tenant), pytest.raises(ValueError, match="Unknown scopes"):
        create_api_key(acme.tenant, "Booking", scopes, by=None)


def test_use_is_noted_once_a_minute(acme: Company) -> None:
    with tenant_scope(acme.tenant):
        key, secret = create_api_key(acme.tenant, "Booking", ["cases:read"], by=None)
        noted = []
        for seconds in (0, 30, 59, 60, 61):
            recognise(secret, now=NOW + timedelta(seconds=seconds))
            key.refresh_from_db()
            noted.append(key.last_used_at)
    assert noted == [NOW, NOW, NOW, NOW + timedelta(seconds=60), NOW + timedelta(seconds=60)]
    assert sum(a != b for a, b in pairwise(noted)) == 1


def test_a_long_request_keeps_no_other_of_its_key_waiting(world: World) -> None:
    tenant = world.here.tenant
    with tenant_scope(tenant):
        _, secret = create_api_key(tenant, "Booking", ["cases:read"], by=None)

    def second_request() -> bool:
        with tenant_scope(tenant), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            found = opens(secret, NOW + timedelta(seconds=1))
        connection.close()
        return found

    with tenant_scope(tenant), ThreadPoolExecutor(1) as threads:
        assert opens(secret)
        assert threads.submit(second_request).result()


@pytest.mark.parametrize(
    ("key", "slug"),
    [
        (f"cso_acme_0123456789ab_{'x' * 43}", "acme"),
        (f"cso_acme-air_0123456789ab_{'x' * 43}", "acme-air"),
        (f"cso_acme_air_0123456789ab_{'x' * 43}", None),
        (f"cso_Acme_0123456789ab_{'x' * 43}", None),
        (f"cso_acme\x00_0123456789ab_{'x' * 43}", None),
        (f"cso_acme_0123456789AB_{'x' * 43}", None),
        ("", None),
    ],
)
def test_a_key_names_its_workspace(key: str, slug: str | None) -> None:
    assert tenant_slug_of(key) == slug
