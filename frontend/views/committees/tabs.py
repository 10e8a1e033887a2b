"""The pages of the section "Dumb rules", as tabs on each of its lists."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from frontend.access import MemberRequest


def section_tabs(request: MemberRequest, current: str) -> list[tuple[str, str, bool, None]]:
    """Label, address, whether it is the one that is open; see components/tabs.html."""
    pages = [
        ("rules", _("Register")),
        ("nominations", _("Nominations")),
        ("committees", _("Committees")),
        ("kill_orders", _("Kill orders")),
        ("rule_breaks", _("Rule breaks")),
    ]
    slug = request.tenant.slug
    return [(label, reverse(name, args=[slug]), name == current, None) for name, label in pages]
