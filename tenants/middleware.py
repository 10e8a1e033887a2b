"""Which tenant a request is for, and the scope around the whole of it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from tenants import keys
from tenants.models import RESERVED_SLUGS, Membership, Tenant
from tenants.scope import tenant_scope

GetResponse = Callable[[HttpRequest], HttpResponse]


class TenantMiddleware:
    """Opens the scope of the workspace in the path (`/acme/...`) or in the API key.

    Sets `request.tenant` (None outside a workspace) and `request.member`, the signed-in person's live membership
    there (None for a stranger). It lets strangers pass: refusing them is the work of the views, alike for a workspace
    that does not exist.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        slug = _slug_of(request)
        tenant = Tenant.objects.filter(slug=slug).first() if slug else None
        request.tenant = tenant
        request.member = None
        if tenant is None:
            return self.get_response(request)
        with tenant_scope(tenant):
            request.member = SimpleLazyObject(lambda: _member_of(request))
            return self.get_response(request)


def _slug_of(request: HttpRequest) -> str | None:
    first, _, _ = request.path_info.lstrip("/").partition("/")
    if first == "api":
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        return keys.tenant_slug_of(key.strip()) if scheme.lower() == "bearer" else None
    return first if first and first not in RESERVED_SLUGS else None


def _member_of(request: HttpRequest) -> Membership | None:
    if not request.user.is_authenticated:
        return None
    return Membership.objects.select_related("user").filter(user_id=request.user.pk, ended_at=None).first()
