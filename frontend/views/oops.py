"""Logging an OOPS: one click from every page, and a sentence."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cso.errors import ConflictError
from cso.languages import format_date
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.cases import LogCaseForm
from tenants.roles import Can


@for_members(Can.LOG_CASE)
@require_http_methods(["GET", "HEAD", "POST"])
def log_case(request: MemberRequest) -> HttpResponse:
    form = LogCaseForm(sent(request), member=request.member, now=request.now)

    def log() -> HttpResponse:
        try:
            case = form.save()
        except ConflictError as error:
            # The same form sent twice: its case stands already.
            if error.code != "sent_twice":
                raise
            return redirect("case", request.tenant.slug, form.cleaned_data["token"])
        due = format_date(localtime(case.due_at), "D j M, H:i")
        messages.success(
            request,
            format_html(
                '{} <a href="{}">{}</a>',
                _("Logged. Its 24 hours end on %(due)s.") % {"due": due},
                reverse("log_case", args=[request.tenant.slug]),
                _("Log another"),
            ),
        )
        return redirect("case", request.tenant.slug, case.pk)

    return answer_to(form, log) or render(request, "frontend/cases/log.html", {"form": form})
