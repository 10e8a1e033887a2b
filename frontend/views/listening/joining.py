"""Customers asked onto a panel: many by a file, and one from their page. From a case: see views.case.table."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from cso.customers.queries import visible_customers
from cso.panels.member_rows import MemberOutcome
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.listening.joining import AskOntoForm, MembersFileForm
from frontend.rows.told_lines import told_lines
from frontend.views.form_page import form_page
from frontend.views.listening.panels import run_panel
from frontend.words.figures import number
from tenants.roles import Can


@for_members(Can.SEE_CUSTOMERS)
@require_http_methods(["GET", "HEAD", "POST"])
def load_members(request: MemberRequest, panel: UUID) -> HttpResponse:
    """Each line joins or is refused by itself; sent again, those that joined are on it already."""
    here = run_panel(request, panel)
    form = MembersFileForm(sent(request), request.FILES or None, panel=here, zone=request.tenant.zone)

    def do() -> HttpResponse:
        outcomes = form.save(by=request.member, now=request.now)
        return render(request, template, context | _told(outcomes))

    template, context = "frontend/listening/load_members.html", {"panel": here, "form": form}
    return answer_to(form, do) or render(request, template, context)


@for_members(Can.SEE_CUSTOMERS)
@require_http_methods(["GET", "HEAD", "POST"])
def ask_onto(request: MemberRequest, customer: UUID) -> HttpResponse:
    """A customer who agreed to it, onto a panel that the member runs."""
    found = get_object_or_404(visible_customers(request.member), pk=customer, erased_at=None)
    form = AskOntoForm(sent(request), customer=found, by=request.member, initial={"consented_at": request.now})

    def do() -> HttpResponse:
        form.save(by=request.member, now=request.now)
        messages.success(request, _("On the panel. They are asked from the next wave on."))
        return redirect("customer", request.tenant.slug, found.pk)

    up = (reverse("customer", args=[request.tenant.slug, found.pk]), str(found))
    title, submit = _("Ask onto a panel"), _("Put them on it")
    return answer_to(form, do) or form_page(request, form, title=title, submit=submit, up=up)


def _told(outcomes: list[MemberOutcome]) -> dict[str, Any]:
    joined, known = (sum(each.status == status for each in outcomes) for status in ("joined", "is_member"))
    words = [ngettext("%(n)s customer joined.", "%(n)s customers joined.", joined) % {"n": number(joined)}]
    if known:
        there = ngettext("%(n)s was on it already.", "%(n)s were on it already.", known)
        words.append(there % {"n": number(known)})
    return told_lines(words, outcomes)
