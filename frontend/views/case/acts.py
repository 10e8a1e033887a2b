"""One act on its own page: its form, who may ask for it, and what to say about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.views.decorators.http import require_http_methods

from cso.recovery.models import Case
from cso.recovery.permissions import can_work_case
from cso.recovery.queries import visible_cases
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.case.base import CaseForm
from tenants.models import Membership


@dataclass(frozen=True)
class Act:
    """One thing that can be done with a case, or with one of its `things`, such as a promise."""

    form: type[CaseForm]
    title: str | Promise
    submit: str | Promise
    done: str | Promise
    may: Callable[[Membership, Case], bool] = can_work_case
    # Whether it can be done as the case stands; who asks too late is told so by the act itself.
    can: Callable[[Membership, Case], bool] | None = None
    things: Callable[[MemberRequest, Case], QuerySet[Any]] | None = None

    @property
    def route(self) -> str:
        """What its address has after its name."""
        return "<uuid:thing>/" if self.things else ""

    def is_offered(self, member: Membership, case: Case) -> bool:
        return self.may(member, case) and (self.can is None or self.can(member, case))


@for_members()
@require_http_methods(["GET", "HEAD", "POST"])
def act_on_case(request: MemberRequest, case: UUID, act: Act, thing: UUID | None = None) -> HttpResponse:
    """One act on its own page; sent, it leads back to the case."""
    found = visible_case(request, case)
    if not act.may(request.member, found):
        raise Http404
    about = get_object_or_404(act.things(request, found), pk=thing) if act.things else None
    form = act.form(sent(request), case=found, by=request.member, now=request.now, thing=about)
    look_up_as_one_types(request, form)

    def do() -> HttpResponse:
        said = form.save()
        messages.success(request, str(said or act.done))
        return redirect("case", request.tenant.slug, found.pk)

    context = {"case": found, "form": form, "title": act.title, "submit": act.submit, "thing": about}
    return answer_to(form, do) or render(request, "frontend/cases/act.html", context)


def look_up_as_one_types(request: MemberRequest, form: CaseForm) -> None:
    """Let the fields that are looked up while one writes know where; without scripts they are plain fields."""
    for name, (page, target) in form.looked_up.items():
        form.fields[name].widget.attrs |= {
            "hx-get": reverse(page, args=[request.tenant.slug]),
            "hx-trigger": "input changed delay:300ms",
            "hx-target": target,
            "autocomplete": "off",
        }


def visible_case(request: MemberRequest, case: UUID) -> Case:
    """The case with all that its page names; Http404 for one that the viewer may not see."""
    known = visible_cases(request.member).select_related(
        "unit",
        "cause",
        "customer",
        "owner__user",
        "quoted_rule",
        "merged_into",
        "opened_by__user",
        "excluded_by__user",
        "exclusion_confirmed_by__user",
    )
    return get_object_or_404(known, pk=case)
