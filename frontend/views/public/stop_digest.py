"""No more digests, by the link of a mail. Looking at it changes nothing; the POST may be a mail program's (RFC 8058),
which has never seen the page: the link itself says who may."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from cso.scorecards.digest.mail import choice_by_token
from cso.scorecards.digest.mail import stop_digest as stop
from cso.scorecards.models import DigestChoice
from frontend.access import PublicRequest, for_public
from frontend.public import in_language_of, show_public, show_sorry


@csrf_exempt
@for_public()
@require_http_methods(["GET", "HEAD", "POST"])
def stop_digest(request: PublicRequest, token: str) -> HttpResponse:
    try:
        choice = choice_by_token(token)
    except DigestChoice.DoesNotExist as error:
        raise Http404 from error
    with in_language_of(request, choice.member.user.language):
        if request.method == "POST":
            # No redirect: programs that send the POST themselves do not follow one.
            choice = stop(choice, now=request.now)
        if not choice.is_wanted:
            text = _("You get no more of these mails. Under your menu you can ask for them again.")
            return show_sorry(request, _("No more weekly digests"), text, status=200)
        return show_public(request, "frontend/public/stop_digest.html", {"address": choice.member.user.email})
