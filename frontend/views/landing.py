"""Where one arrives: each role at what it came for."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cso.metrics.models import Target
from cso.metrics.queries.levels import level_of
from cso.people.models import Leadership, Unit
from cso.people.queries import led_units
from cso.recovery.models import Case
from cso.recovery.queries import open_cases
from cso.recovery.teamwork import held_by
from frontend.access import MemberRequest, for_members
from frontend.forms.cases import LogCaseForm
from frontend.rows.cases import case_rows, with_row
from frontend.rows.my_work import waiting_work
from frontend.views.administration import members
from frontend.views.scorecard import show_standing, standing_asked
from frontend.views.units import unit_context
from tenants.members import memberships_of
from tenants.models import User
from tenants.roles import Can, Role

LATE_CASES_SHOWN = 5
OWN_CASES_SHOWN = 20
OTHER_CASES_SHOWN = 20


# Memberships are read in a scope of their own, which is its own transaction.
@transaction.non_atomic_requests
@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """After sign-in: the one workspace, or a choice of several."""
    assert isinstance(request.user, User)
    known = memberships_of(request.user)
    return redirect("landing", known[0].tenant.slug) if len(known) == 1 else redirect("workspaces")


@transaction.non_atomic_requests
@login_required
@require_safe
def workspaces(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    context = {"memberships": memberships_of(request.user), "now": timezone.now()}
    return render(request, "frontend/landing/workspaces.html", context)


@for_members()
@require_safe
def landing(request: MemberRequest) -> HttpResponseBase:
    member, slug = request.member, request.tenant.slug
    if member.can(Can.SEE_SCORECARD):
        standing = standing_asked(request)
        return show_standing(request, standing) if standing.has_units else _first_steps(request)
    if not Unit.objects.exists():
        return _first_steps(request)
    if member.role == Role.ADMINISTRATOR:
        return members(request, workspace=slug)
    return _leader(request) if led_units(member).exists() else _my_work(request)


def _leader(request: MemberRequest) -> HttpResponse:
    """The own row, the own late cases, one suggested act; then the unit's page."""
    led = list(led_units(request.member).select_related("parent").order_by("name"))
    chosen = next((unit for unit in led if str(unit.pk) == request.GET.get("unit")), led[0])
    rows = case_rows(request, with_row(request, open_cases(request.member))[:LATE_CASES_SHOWN])
    here = reverse("landing", args=[request.tenant.slug])
    level = level_of(request.member, chosen.pk)
    assert level is not None, "whoever leads a unit sees it"
    context = unit_context(request, level)
    context |= {
        "rows_waiting": rows,
        "waiting": waiting_work(request),
        "suggestion": _suggestion(rows, context),
        "others": [(unit.name, f"{here}?unit={unit.pk}", unit == chosen, None) for unit in led],
        "is_own": True,
    }
    return render(request, "frontend/units/unit.html", context)


def _suggestion(rows: list[dict[str, object]], context: dict[str, object]) -> tuple[str, object] | None:
    """One act, the most useful first: what is late, else the main reason for misses."""
    if rows and rows[0]["kind"] == "late":
        return _("Recover the case that is late longest"), rows[0]["url"]
    if rows and rows[0]["kind"] == "soon":
        return _("Recover the case that falls due next"), rows[0]["url"]
    why = context["why"]
    if isinstance(why, dict) and why["act"]:
        return why["act"], why["act_url"]
    return None


def _my_work(request: MemberRequest) -> HttpResponse:
    """The OOPS box, what waits for this member, then the open cases with the time left: theirs, and the others.

    To a committee's member the rules that await their vote come before all that.
    """
    member = request.member
    shown = with_row(request, open_cases(member))
    mine, found = held_by(member), OTHER_CASES_SHOWN + 1
    others = case_rows(request, shown.exclude(mine)[:found])
    context = {
        "form": LogCaseForm(member=member, now=request.now) if member.can(Can.LOG_CASE) else None,
        "waiting": waiting_work(request),
        "votes_first": member.role == Role.COMMITTEE_MEMBER,
        "mine": case_rows(request, shown.filter(mine)[:OWN_CASES_SHOWN]),
        "others": others[:OTHER_CASES_SHOWN],
        "more": len(others) == found,
    }
    return render(request, "frontend/landing/my_work.html", context)


def _first_steps(request: MemberRequest) -> HttpResponse:
    """A new workspace: what to do, in order, and what is done."""
    slug, member = request.tenant.slug, request.member
    last = ("keys", Can.ADMINISTER) if member.can(Can.ADMINISTER) else ("log_case", Can.LOG_CASE)
    steps: list[tuple[str, str, str, type[Model], Can]] = [
        (
            _("Draw the organization"),
            _("Units in a tree, each with its code."),
            "organization",
            Unit,
            Can.EDIT_PEOPLE,
        ),
        (
            _("Name who leads each unit"),
            _("A leader answers for its figures."),
            "organization",
            Leadership,
            Can.EDIT_PEOPLE,
        ),
        (_("Set the target"), _("The share recovered within 24 hours."), "targets", Target, Can.SET_TARGET),
        (
            _("Bring in cases"),
            _("Log an OOPS by hand, or make an API key and send a file."),
            last[0],
            Case,
            last[1],
        ),
    ]
    shown = [
        {
            "title": title,
            "text": text,
            "url": reverse(name, args=[slug]) if member.can(right) else "",
            "done": model._default_manager.exists(),
        }
        for title, text, name, model, right in steps
    ]
    return render(request, "frontend/landing/first_steps.html", {"steps": shown})
