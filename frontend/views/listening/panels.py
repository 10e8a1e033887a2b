"""A panel: its waves and what they said, its quotas, who is on it; and how a workspace listens."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cso.errors import DomainError
from cso.panels.headlines import headlines
from cso.panels.members import Place, leave_panel, members_of, open_places
from cso.panels.models import Panel, PanelMember, Theme, Wave
from cso.panels.panels import close_panel
from cso.panels.permissions import may_run_panel, visible_panels
from frontend.access import MemberRequest, for_members
from frontend.figures.panels import figure_words, part_picture, trend_of, within_words
from frontend.forms.base import answer_to, sent
from frontend.forms.listening.panels import ChangePanelForm, JoinForm, ListeningForm, PanelForm, QuotaForm
from frontend.views.form_page import form_page
from frontend.views.listening.tabs import listening_tabs
from frontend.words.figures import number
from tenants.roles import Can

MEMBERS_SHOWN = 50
_STATES = {"draft": "", "open": "soon", "closed": "fixed", "cancelled": ""}


@for_members(Can.RUN_PANELS)
@require_http_methods(["GET", "HEAD", "POST"])
def found(request: MemberRequest) -> HttpResponse:
    form = PanelForm(sent(request), initial={"steward": request.member})

    def do() -> HttpResponse:
        made = form.save(by=request.member, now=request.now)
        messages.success(request, _("Founded. Now say whom it wants, and let customers join."))
        return redirect("panel", request.tenant.slug, made.pk)

    up = (reverse("listening", args=[request.tenant.slug]), _("Listening"))
    return answer_to(form, do) or form_page(request, form, title=_("Found a panel"), submit=_("Found it"), up=up)


@for_members(Can.SEE_RESULTS)
@require_safe
def panel(request: MemberRequest, panel: UUID) -> HttpResponse:
    here = seen_panel(request, panel)
    waves = list(here.waves.order_by("-closes_at", "id"))
    closed = [wave for wave in waves if wave.status == Wave.Status.CLOSED]
    figures = headlines(closed)
    places = open_places(here)
    context = {
        "panel": here,
        "sub": _sub(here, places),
        "waves": [_wave_row(wave, figures.get(wave.pk)) for wave in waves],
        "trend": trend_of([(wave, figures.get(wave.pk)) for wave in reversed(closed)]),
        "places": [_place_row(place) for place in places],
        "may_run": may_run_panel(request.member, here) and here.closed_at is None,
        "may_see_members": may_run_panel(request.member, here) and request.member.can(Can.SEE_CUSTOMERS),
    }
    return render(request, "frontend/listening/panel.html", context)


@for_members(Can.SEE_RESULTS)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: MemberRequest, panel: UUID) -> HttpResponse:
    here = run_panel(request, panel)
    form = ChangePanelForm(sent(request), panel=here)
    return _answer(request, here, form, _("Change “%(panel)s”"), _("Save"), _("Saved."))


@for_members(Can.SEE_RESULTS)
@require_http_methods(["GET", "HEAD", "POST"])
def quota(request: MemberRequest, panel: UUID) -> HttpResponse:
    here = run_panel(request, panel)
    form = QuotaForm(sent(request), panel=here, initial={"segment": request.GET.get("segment", "")})
    return _answer(request, here, form, _("Whom does “%(panel)s” want?"), _("Save"), _("Saved."))


@for_members(Can.SEE_RESULTS)
@require_POST
def close(request: MemberRequest, panel: UUID) -> HttpResponse:
    here = run_panel(request, panel)
    try:
        close_panel(here, by=request.member, now=request.now)
        messages.success(request, _("Closed. Nobody is asked any more; what was said stays."))
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("panel", request.tenant.slug, here.pk)


@for_members(Can.SEE_CUSTOMERS)
@require_safe
def members(request: MemberRequest, panel: UUID) -> HttpResponse:
    here = run_panel(request, panel)
    page = _page_number(request)
    first = (page - 1) * MEMBERS_SHOWN
    shown = list(members_of(request.member, here)[first : first + MEMBERS_SHOWN + 1])
    context = {
        "panel": here,
        "members": shown[:MEMBERS_SHOWN],
        "first_url": "?page=1" if page > 1 else "",
        "next_url": f"?page={page + 1}" if len(shown) > MEMBERS_SHOWN else "",
    }
    return render(request, "frontend/listening/members.html", context)


@for_members(Can.SEE_CUSTOMERS)
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: MemberRequest, panel: UUID) -> HttpResponse:
    here = run_panel(request, panel)
    start = {"consented_at": request.now, "customer": request.GET.get("customer", "")}
    form = JoinForm(sent(request), panel=here, by=request.member, initial=start)
    done = _("On the panel. They are asked from the next wave on.")
    return _answer(request, here, form, _("Who joins “%(panel)s”?"), _("Put them on it"), done)


@for_members(Can.SEE_CUSTOMERS)
@require_POST
def remove(request: MemberRequest, member: UUID) -> HttpResponse:
    found_member = get_object_or_404(PanelMember.objects.select_related("panel", "customer"), pk=member, left_at=None)
    here = run_panel(request, found_member.panel_id)
    leave_panel(found_member, because=PanelMember.LeftBecause.REMOVED, by=request.member, now=request.now)
    messages.success(request, _("Taken off the panel."))
    return redirect("panel_members", request.tenant.slug, here.pk)


@for_members(Can.RUN_PANELS)
@require_http_methods(["GET", "HEAD", "POST"])
def listening_settings(request: MemberRequest) -> HttpResponse:
    form = ListeningForm.of(sent(request))

    def do() -> HttpResponse:
        form.save(by=request.member, now=request.now)
        messages.success(request, _("Saved. What was counted before stays as it was."))
        return redirect("listening_settings", request.tenant.slug)

    themes = Theme.objects.order_by("name")
    context = {"form": form, "tabs": listening_tabs(request, "listening_settings"), "themes": themes}
    return answer_to(form, do) or render(request, "frontend/listening/settings.html", context)


def seen_panel(request: MemberRequest, panel: UUID) -> Panel:
    known = visible_panels(request.member).select_related("unit", "steward__user")
    return get_object_or_404(known, pk=panel)


def run_panel(request: MemberRequest, panel: UUID) -> Panel:
    """For its steward, and whoever runs all."""
    here = seen_panel(request, panel)
    if not may_run_panel(request.member, here):
        raise PermissionDenied
    return here


def _answer(request: MemberRequest, panel: Panel, form: Any, title: str, submit: str, done: str) -> HttpResponse:
    def do() -> HttpResponse:
        form.save(by=request.member, now=request.now)
        messages.success(request, done)
        return redirect("panel", request.tenant.slug, panel.pk)

    up = (reverse("panel", args=[request.tenant.slug, panel.pk]), panel.name)
    return answer_to(form, do) or form_page(request, form, title=title % {"panel": panel.name}, submit=submit, up=up)


def _sub(panel: Panel, places: list[Place]) -> str:
    members = sum(place.members for place in places)
    said = {"n": number(members), "unit": panel.unit.name, "steward": panel.steward.label}
    words = ngettext(
        "%(n)s customer of %(unit)s. Its steward is %(steward)s.",
        "%(n)s customers of %(unit)s. Its steward is %(steward)s.",
        members,
    )
    return " ".join(filter(None, [panel.purpose, words % said, _("Closed.") if panel.closed_at else ""]))


def _wave_row(wave: Wave, part: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"wave": wave, "kind": _STATES[wave.status], "state": wave.get_status_display()}
    if part is not None:
        row |= {
            "figure": figure_words(part),
            "within": within_words(part),
            "picture": part_picture(part, label=wave.name),
        }
    return row


def _place_row(place: Place) -> dict[str, Any]:
    share = min(place.members / place.wanted, 1) if place.wanted else 0
    return {
        "segment": place.segment,
        "members": number(place.members),
        "wanted": "" if place.wanted is None else number(place.wanted),
        "width": f"{share * 100:.1f}%",
    }


def _page_number(request: MemberRequest) -> int:
    asked = request.GET.get("page", "1")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 5 and int(asked) >= 1):
        raise Http404
    return int(asked)
