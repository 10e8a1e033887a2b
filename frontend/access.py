"""Who may open a page of a workspace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone

from frontend.public import show_missing
from tenants.models import Membership, Tenant
from tenants.roles import Can


class PublicRequest(HttpRequest):
    """A request of anybody in the scope of a workspace; `now` is the one instant of the whole page."""

    tenant: Tenant
    member: Membership | None
    now: datetime


class MemberRequest(HttpRequest):
    """The request of a member in the scope of a workspace; `now` is the one instant of the whole page."""

    tenant: Tenant
    member: Membership
    now: datetime


View = Callable[..., HttpResponseBase]


def for_members(right: Can | None = None) -> Callable[[View], View]:
    """A page of a workspace, for its members (with `right`, where one is named), in the workspace's time zone.

    A stranger gets the 404 of a workspace that does not exist; someone not signed in may sign in and come back; a
    member without the right gets a 403. The view is called without the workspace: it is `request.tenant`.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def page(request: HttpRequest, workspace: str, **ids: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            member = getattr(request, "member", None)
            if not member:
                raise Http404
            if right is not None and not member.can(right):
                raise PermissionDenied
            request.now = timezone.now()  # type: ignore[attr-defined]
            with timezone.override(request.tenant.zone):  # type: ignore[attr-defined]
                return view(request, **ids)

        return page

    return decorate


def for_public() -> Callable[[View], View]:
    """A page of a workspace for customers, who do not sign in; what it may show, its own link says.

    It is not to be kept by anybody between, nor found by search engines, and it tells no other site where it was. A
    workspace that does not exist looks like a link that is none.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def page(request: HttpRequest, workspace: str, **parts: Any) -> HttpResponseBase:
            request.now = timezone.now()  # type: ignore[attr-defined]
            try:
                if request.tenant is None:  # type: ignore[attr-defined]
                    raise Http404
                with timezone.override(request.tenant.zone):  # type: ignore[attr-defined]
                    response = view(request, **parts)
            except Http404:
                response = show_missing(request)
            response["Cache-Control"] = "private, no-store"
            # Not "no-referrer": browsers would then send forms with the origin "null", which CSRF protection refuses.
            response["Referrer-Policy"] = "same-origin"
            response["X-Robots-Tag"] = "noindex, nofollow"
            return response

        page.is_for_public = True  # type: ignore[attr-defined]
        return page

    return decorate


def is_for_public(request: HttpRequest) -> bool:
    """Whether its address is that of a page for customers."""
    return request.resolver_match is not None and getattr(request.resolver_match.func, "is_for_public", False)
