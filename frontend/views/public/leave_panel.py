"""Leaving a panel by the link of a mail: one button, no word of why. Looking at it changes nothing.

The button may be that of the reader's mail program, which sends the POST without ever having seen the page (RFC 8058):
the link itself says who may.
"""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from cso.panels.links import member_by_leave_token
from cso.panels.members import leave_panel as leave
from cso.panels.models import PanelMember
from frontend.access import PublicRequest, for_public
from frontend.public import in_language_of, show_public, show_sorry


@csrf_exempt
@for_public()
@require_http_methods(["GET", "HEAD", "POST"])
def leave_panel(request: PublicRequest, token: str) -> HttpResponse:
    try:
        member = member_by_leave_token(token)
    except PanelMember.DoesNotExist as error:
        raise Http404 from error
    with in_language_of(request, member.customer.language):
        if request.method == "POST":
            # No redirect: programs that send the POST themselves do not follow one.
            member = leave(member, because=PanelMember.LeftBecause.ASKED, by=None, now=request.now)
        if member.left_at is not None:
            text = _("We will not ask you again for this panel. Thank you for what you told us.")
            return show_sorry(request, _("You have left the panel"), text, status=200)
        return show_public(request, "frontend/public/leave_panel.html", {"panel": member.panel.name})
