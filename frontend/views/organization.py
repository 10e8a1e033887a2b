"""The tree of units and who leads them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cso.people.models import Leadership, Unit
from cso.people.queries import leader_of, leaders_on, visible_units
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.organization import AddUnitForm, EditUnitForm, EndLeadershipForm, NameLeaderForm
from frontend.views.form_page import form_page
from tenants.roles import Can
from tenants.scope import day_of

# A page shows this many levels below the unit at its top; further down one goes by its links.
LEVELS_SHOWN = 3
MOST_UNITS_SHOWN = 300


@for_members(Can.SEE_PEOPLE)
@require_safe
def organization(request: MemberRequest) -> HttpResponse:
    """The tree from the top, or from the unit in the query's `under`."""
    top = get_object_or_404(Unit, pk=_uuid(request)) if "under" in request.GET else None
    context = {
        "top": top,
        "units": _tree(request, top),
        "may_edit": request.member.can(Can.EDIT_PEOPLE),
        "most": MOST_UNITS_SHOWN,
    }
    return render(request, "frontend/organization/organization.html", context)


@for_members(Can.EDIT_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def new_unit(request: MemberRequest) -> HttpResponse:
    form = AddUnitForm(sent(request), initial={"parent": request.GET.get("parent")})

    def add() -> HttpResponse:
        unit = form.save(by=request.member)
        messages.success(request, _("%(unit)s is part of the organization.") % {"unit": unit.name})
        return redirect("organization", request.tenant.slug)

    return answer_to(form, add) or form_page(request, form, title=_("Add a unit"), submit=_("Add"), up=_up(request))


@for_members(Can.EDIT_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_unit(request: MemberRequest, unit: UUID) -> HttpResponse:
    found = get_object_or_404(Unit.objects.select_related("parent"), pk=unit)
    initial = {"name": found.name, "parent": found.parent, "intake_owner": found.intake_owner_id}
    form = EditUnitForm(sent(request), initial=initial)

    def change() -> HttpResponse:
        form.save(found, by=request.member)
        messages.success(request, _("Saved. Figures follow within seconds."))
        return redirect("organization", request.tenant.slug)

    title = _("Change %(unit)s") % {"unit": found.name}
    return answer_to(form, change) or form_page(request, form, title=title, submit=_("Save"), up=_up(request))


@for_members(Can.EDIT_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def lead_unit(request: MemberRequest, unit: UUID) -> HttpResponse:
    found = get_object_or_404(Unit, pk=unit)
    today = day_of(request.now)
    form = NameLeaderForm(sent(request), initial={"starts_on": today})

    def name() -> HttpResponse:
        form.save(found, by=request.member)
        messages.success(request, _("%(unit)s has a leader.") % {"unit": found.name})
        return redirect("organization", request.tenant.slug)

    title = _("Who leads %(unit)s?") % {"unit": found.name}
    past = found.leaderships.select_related("person__position").order_by("-starts_on")
    return answer_to(form, name) or form_page(
        request, form, title=title, submit=_("Name the leader"), up=_up(request), past=past, unit=found
    )


@for_members(Can.EDIT_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def end_leader(request: MemberRequest, unit: UUID) -> HttpResponse:
    found = get_object_or_404(Unit, pk=unit)
    current = leader_of(found, day_of(request.now))
    leadership = get_object_or_404(Leadership, pk=current.pk if current else None)
    form = EndLeadershipForm(sent(request))

    def end() -> HttpResponse:
        form.save(leadership, by=request.member)
        messages.success(request, _("The end is recorded."))
        return redirect("organization", request.tenant.slug)

    words = {"person": leadership.person.name, "unit": found.name}
    title = _("End %(person)s’s lead of %(unit)s") % words
    return answer_to(form, end) or form_page(request, form, title=title, submit=_("End it"), up=_up(request))


def _up(request: MemberRequest) -> tuple[str, str]:
    return reverse("organization", args=[request.tenant.slug]), _("Organization")


def _uuid(request: MemberRequest) -> UUID | None:
    try:
        return UUID(request.GET["under"])
    except ValueError:
        return None


def _tree(request: MemberRequest, top: Unit | None) -> list[dict[str, Any]]:
    """Units in the order of the tree with their depth, leader, and whether more lies below than is shown."""
    below = Unit.objects.filter(above__ancestor=top) if top else Unit.objects.all()
    children: dict[UUID | None, list[Unit]] = defaultdict(list)
    for unit in below.order_by("name"):
        children[unit.parent_id].append(unit)
    leaders = leaders_on(day_of(request.now))
    visible = set(visible_units(request.member).values_list("pk", flat=True))
    rows: list[dict[str, Any]] = []

    def add(unit: Unit, depth: int) -> None:
        if len(rows) == MOST_UNITS_SHOWN:
            return
        is_cut = depth == LEVELS_SHOWN and bool(children[unit.pk])
        rows.append(
            {
                "unit": unit,
                "depth": depth,
                "leader": leaders.get(unit.pk),
                "is_visible": unit.pk in visible,
                "below": len(children[unit.pk]) if is_cut else 0,
            }
        )
        if not is_cut:
            for child in children[unit.pk]:
                add(child, depth + 1)

    for unit in [top] if top else children[None]:
        add(unit, 0)
    return rows
