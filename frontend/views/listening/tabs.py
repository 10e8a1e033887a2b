"""The pages of the section "Listening", as tabs on each of its lists."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from frontend.access import MemberRequest
from tenants.roles import Can


def listening_tabs(request: MemberRequest, current: str) -> list[tuple[str, str, bool, None]]:
    """Label, address, whether it is the one that is open; see components/tabs.html. None for who is only expected."""
    if not request.member.can(Can.SEE_RESULTS):
        return []
    pages = [
        ("listening", _("What customers say")),
        ("sessions", _("Sessions")),
        ("commitments", _("Commitments")),
    ]
    if request.member.can(Can.RUN_PANELS):
        pages.append(("listening_settings", _("How we listen")))
    slug = request.tenant.slug
    return [(label, reverse(name, args=[slug]), name == current, None) for name, label in pages]
