"""Which tenant a request is for, and the scope around the whole of it."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from tenants import keys
from tenants.models import RESERVED_SLUGS, SLUG, Membership, Tenant
from tenants.scope import tenant_scope

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class TenantMiddleware:
    """Opens the scope of the workspace in the path (`/acme/...`) or in the API key.

    Sets `request.tenant` (None outside a workspace) and `request.member`, the signed-in person's live membership
    there (None for a stranger, and for an API key). It lets strangers pass: refusing them is the work of the views,
    alike for a workspace that does not exist.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        slug = _slug_of(request)
        tenant = Tenant.objects.filter(slug=slug).first() if slug else None
        request.tenant = tenant  # type: ignore[attr-defined]
        request.member = None  # type: ignore[attr-defined]
        if tenant is None:
            return self.get_response(request)
        with tenant_scope(tenant):
            # Asked for at once: an object that is only looked up later is never None, and would let strangers pass.
            request.member = _member_of(request)  # type: ignore[attr-defined]
            response = self.get_response(request)
            if response.status_code >= 500:
                # A page that failed after its view, while it was rendered, keeps nothing either.
                transaction.set_rollback(True)
            return response


def _slug_of(request: HttpRequest) -> str | None:
    first = _first_segment(request)
    if first == "api":
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        return keys.tenant_slug_of(key.strip()) if scheme.lower() == "bearer" else None
    # What cannot be a workspace is not looked up: a NUL byte would be an error of the database.
    return first if SLUG.match(first) and first not in RESERVED_SLUGS else None


def _first_segment(request: HttpRequest) -> str:
    return request.path_info.removeprefix("/").partition("/")[0]


def _member_of(request: HttpRequest) -> Membership | None:
    if _first_segment(request) == "api" or not request.user.is_authenticated:
        return None
    return Membership.objects.select_related("user").filter(user_id=request.user.pk, ended_at=None).first()
