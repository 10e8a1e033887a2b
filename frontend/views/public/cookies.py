"""What those read whose form came without our cookie, so that nobody can tell whether it is theirs."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.csrf import csrf_failure

from frontend.access import PublicRequest, for_public, is_for_public
from frontend.public import in_language_of, show_sorry


def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Customers read it in their language and without a link to the portal; members on `403_csrf.html`."""
    page = _sorry(request, workspace="") if is_for_public(request) else csrf_failure(request, reason)
    return cast(HttpResponse, page)


@for_public()
def _sorry(request: PublicRequest) -> HttpResponse:
    with in_language_of(request):
        text = _(
            "Your browser did not send our cookie along, so we could not be sure that this came from you. Allow cookies"
            " for this page, or take another browser. Then go back, load the page anew, and send it again."
        )
        return show_sorry(request, _("This was not sent"), text, status=403)
