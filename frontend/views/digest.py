"""The weekly digest, as each person wants it: whether, on which day, at which hour, and what it would say now."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cso.scorecards.digest.mail import choose_digest, digest_choice, digest_text, next_digest
from frontend.access import MemberRequest, for_members
from frontend.forms.base import PortalForm, answer_to, sent


class DigestForm(PortalForm):
    is_wanted = forms.BooleanField(label=gettext_lazy("Send me the weekly digest"), required=False)
    weekday = forms.TypedChoiceField(label=gettext_lazy("On"), coerce=int, choices=list(WEEKDAYS.items()))
    hour = forms.TypedChoiceField(
        label=gettext_lazy("At"), coerce=int, choices=[(hour, f"{hour:02}:00") for hour in range(24)]
    )


@for_members()
@require_http_methods(["GET", "HEAD", "POST"])
def digest(request: MemberRequest) -> HttpResponse:
    choice = digest_choice(request.member, now=request.now)
    known = {"is_wanted": choice.is_wanted, "weekday": choice.weekday, "hour": choice.hour}
    form = DigestForm(sent(request), initial=known)

    def do() -> HttpResponse:
        chosen: dict[str, Any] = form.cleaned_data
        choose_digest(request.member, **chosen, by=request.member, now=request.now)
        words = _("Saved. You get it when something waits for you.") if chosen["is_wanted"] else _("You get no digest.")
        messages.success(request, words)
        return redirect("digest", request.tenant.slug)

    if answer := answer_to(form, do):
        return answer
    context = {
        "form": form,
        "choice": choice,
        "next_at": next_digest(choice, after=request.now) if choice.is_wanted else None,
        "address": request.member.user.email,
        "text": digest_text(request.member, now=request.now),
    }
    return render(request, "frontend/digest/digest.html", context)
