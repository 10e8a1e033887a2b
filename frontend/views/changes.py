"""How a unit works: the changes on its charts, marked by who made them, and from which limits are counted anew."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cso.people.queries import visible_units
from cso.scorecards.changes import changes_at, may_mark, may_withdraw
from cso.scorecards.models import ProcessChange
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.changes import ChangeForm, RebaseForm, WithdrawChangeForm
from frontend.views.form_page import form_page
from tenants.roles import Can
from tenants.scope import day_of

MOST_SHOWN = 100


@for_members()
@require_http_methods(["GET", "HEAD", "POST"])
def changes(request: MemberRequest, unit: UUID) -> HttpResponse:
    """Those of a unit and of the ones above it, and the form to mark one."""
    found = get_object_or_404(visible_units(request.member), pk=unit)
    can_mark = may_mark(request.member, found)
    if request.method == "POST" and not can_mark:
        raise Http404
    form = ChangeForm(sent(request), initial={"on": day_of(request.now)})

    def mark() -> HttpResponse:
        form.save(found, by=request.member, now=request.now)
        messages.success(request, _("Marked on the chart."))
        return redirect("unit", request.tenant.slug, found.pk)

    context = {
        "unit": found,
        "form": form if can_mark else None,
        "title": _("How %(unit)s works") % {"unit": found.name},
        "rows": [_row(request, change) for change in changes_at(request.member, found)[:MOST_SHOWN]],
    }
    return answer_to(form, mark) or render(request, "frontend/units/changes.html", context)


@for_members(Can.SET_TARGET)
@require_http_methods(["GET", "HEAD", "POST"])
def rebase(request: MemberRequest, change: UUID) -> HttpResponse:
    form = RebaseForm(sent(request))
    title = _("Count limits anew from this change?")
    return _decide(request, _seen(request, change), form, title, _("Count them anew"), _("Limits are counted anew."))


@for_members()
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: MemberRequest, change: UUID) -> HttpResponse:
    found = _seen(request, change)
    if not may_withdraw(request.member, found):
        raise Http404
    form = WithdrawChangeForm(sent(request))
    return _decide(request, found, form, _("Take this change back?"), _("Take it back"), _("Taken back."))


def _decide(
    request: MemberRequest,
    change: ProcessChange,
    form: RebaseForm | WithdrawChangeForm,
    title: str,
    submit: str,
    done: str,
) -> HttpResponse:
    """A decision on one change, with its reason."""
    address = reverse("changes", args=[request.tenant.slug, change.unit_id])

    def do() -> HttpResponse:
        form.save(change, by=request.member, now=request.now)
        messages.success(request, done)
        return redirect(address)

    up = (address, _("How %(unit)s works") % {"unit": change.unit.name})
    return answer_to(form, do) or form_page(request, form, title=title, submit=submit, up=up, quote=change.what)


def _seen(request: MemberRequest, change: UUID) -> ProcessChange:
    """One of a unit that the member sees."""
    found = ProcessChange.objects.select_related("unit").filter(unit__in=visible_units(request.member))
    return get_object_or_404(found, pk=change)


def _row(request: MemberRequest, change: ProcessChange) -> dict[str, Any]:
    stands = change.withdrawn_at is None
    return {
        "change": change,
        "may_rebase": stands and not change.rebases and request.member.can(Can.SET_TARGET),
        "may_withdraw": stands and may_withdraw(request.member, change),
    }
