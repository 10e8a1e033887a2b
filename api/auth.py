"""Who asks: an API key, and what its scopes allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from api.problems import ProblemError
from tenants import keys
from tenants.models import ApiKey
from tenants.roles import SCOPE_GRANTS, Can

if TYPE_CHECKING:
    from rest_framework.views import APIView

_REFUSED = "This API key is not valid here. It may be mistyped, expired or revoked."


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer cso_<tenant>_<key id>_<secret>`; `TenantMiddleware` opened the scope it names."""

    def authenticate(self, request: Request) -> tuple[ApiKey, ApiKey] | None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != "bearer" or request._request.tenant is None:  # type: ignore[attr-defined]
            raise AuthenticationFailed(_REFUSED)
        try:
            found = keys.recognise(key.strip(), now=timezone.now())
        except keys.ApiKeyRefusedError as error:
            raise AuthenticationFailed(_REFUSED) from error
        return found, found

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class HasScope(BasePermission):
    """A view says in `acts` what each method does; the key must have a scope that grants it."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.auth, ApiKey):
            return False
        method = "GET" if request.method == "HEAD" else str(request.method)
        for act in view.acts.get(method, ()):  # type: ignore[attr-defined]
            if not request.auth.can(act):
                scope = scope_that_grants(act)
                raise ProblemError("missing-scope", f"This needs a key with the scope “{scope}”.", scope=scope)
        return True


def scope_that_grants(act: Can) -> str:
    """The narrowest scope with the act in it."""
    return min((scope for scope in SCOPE_GRANTS if act in SCOPE_GRANTS[scope]), key=lambda s: len(SCOPE_GRANTS[s]))
