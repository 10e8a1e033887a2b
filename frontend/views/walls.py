"""The walls of a workspace: putting one up, its link, another link, taking it down."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cso.languages import LANGUAGES
from cso.scorecards.models import Wall
from cso.scorecards.walls import links as walls_of_workspace
from cso.scorecards.walls.links import renew_link, revoke_wall, wall_link, wall_path
from frontend.access import MemberRequest, for_members
from frontend.forms.base import PortalForm, answer_to, sent
from frontend.forms.walls import WallForm
from frontend.views.form_page import form_page
from tenants.roles import Can

MOST_GONE = 5


@for_members(Can.PUT_UP_WALLS)
@require_http_methods(["GET", "HEAD", "POST"])
def walls(request: MemberRequest) -> HttpResponse:
    """Those that hang; whoever puts one up is led to it, on the screen on which they are."""
    hanging = list(_hanging(request).order_by("name"))
    free = "" if any(wall.name == request.tenant.name for wall in hanging) else request.tenant.name
    form = WallForm(sent(request), initial={"name": free})

    def put_up() -> HttpResponse:
        return redirect(wall_path(form.save(by=request.member, now=request.now).link))

    context = {
        "form": form,
        "walls": [_row(wall) for wall in hanging],
        "taken_down": walls_of_workspace.taken_down(request.member, most=MOST_GONE),
        "up_url": reverse("scorecard", args=[request.tenant.slug]),
    }
    return answer_to(form, put_up) or render(request, "frontend/scorecard/walls.html", context)


@for_members(Can.PUT_UP_WALLS)
@require_http_methods(["GET", "HEAD", "POST"])
def renew(request: MemberRequest, wall: UUID) -> HttpResponse:
    """Asks first: every screen with the old link goes empty."""
    found = get_object_or_404(_hanging(request), pk=wall)
    form = PortalForm(sent(request))

    def do() -> HttpResponse:
        renew_link(found, by=request.member)
        messages.success(request, _("“%(name)s” has another link; the old one opens nothing.") % {"name": found.name})
        return redirect("walls", request.tenant.slug)

    title = _("Give “%(name)s” another link, and end the old one?") % {"name": found.name}
    return answer_to(form, do) or form_page(request, form, title=title, submit=_("Make another link"), up=_up(request))


@for_members(Can.PUT_UP_WALLS)
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: MemberRequest, wall: UUID) -> HttpResponse:
    """Asks first: it cannot be hung again."""
    found = get_object_or_404(_hanging(request), pk=wall)
    form = PortalForm(sent(request))

    def do() -> HttpResponse:
        revoke_wall(found, by=request.member, now=request.now)
        messages.success(request, _("“%(name)s” is taken down; its link opens nothing.") % {"name": found.name})
        return redirect("walls", request.tenant.slug)

    title = _("Take “%(name)s” down for good?") % {"name": found.name}
    return answer_to(form, do) or form_page(request, form, title=title, submit=_("Take it down"), up=_up(request))


def _hanging(request: MemberRequest) -> QuerySet[Wall]:
    return walls_of_workspace.walls(request.member).filter(revoked_at=None)


def _row(wall: Wall) -> dict[str, Any]:
    path = wall_path(wall.link)
    return {
        "wall": wall,
        "link": wall_link(wall.link),
        "languages": [(code, name, f"{path}?lang={code}") for code, name in LANGUAGES.items()],
    }


def _up(request: MemberRequest) -> tuple[str, str]:
    return reverse("walls", args=[request.tenant.slug]), _("Wall screens")
