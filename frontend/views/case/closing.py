"""Looking up rules while somebody closes a case."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from frontend.access import MemberRequest, for_members
from frontend.forms.case.closing import RuleForm
from tenants.roles import Can


@for_members(Can.WORK_CASE)
@require_safe
def rules_like(request: MemberRequest) -> HttpResponse:
    """A fragment: the rules that are like what was typed, to choose one of."""
    return render(request, "frontend/cases/case/_rules_like.html", {"form": RuleForm(request.GET)})
