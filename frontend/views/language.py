"""The language that somebody wants to be spoken to in."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from cso.languages import LANGUAGES
from tenants.models import User


@login_required
@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Keep what was chosen, for every workspace and for mails, and go back to the page where it was."""
    assert isinstance(request.user, User)
    language, back = request.POST.get("language", ""), request.POST.get("next", "")
    if language not in LANGUAGES:
        return HttpResponseBadRequest()
    request.user.language = language
    request.user.save(update_fields=["language"])
    is_here = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if is_here else "home")
