"""What belongs to the section "Scorecard", as tabs on each of its pages."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from cso.metrics.periods import Period
from frontend.access import MemberRequest
from tenants.roles import Can

Tab = tuple[str, str, bool, None]


def section_tabs(request: MemberRequest, current: str, period: Period | None = None) -> list[Tab]:
    """The section as seen from one of its pages, "first", "all" or an address; see components/tabs.html.

    period: of the figures that are shown, which other figures keep.
    """
    member, slug = request.member, request.tenant.slug
    sees_all = member.can(Can.SEE_SCORECARD)
    asked = f"period={period.key}" if period else ""
    found: list[tuple[str, str, str]] = []
    if sees_all:
        here = reverse("scorecard", args=[slug])
        found += [
            ("first", _("First level"), f"{here}?{asked}" if asked else here),
            ("all", _("All leaders"), f"{here}?{asked}&leaders=all" if asked else f"{here}?leaders=all"),
        ]
    names = [("plans", _("Plans"))]
    if sees_all or member.can(Can.RAISE_BLOCKER):
        names += [("strategy", _("Strategy")), ("blockers", _("Blockers"))]
    if member.can(Can.PUT_UP_WALLS):
        names.append(("walls", _("Wall screens")))
    found += [(name, label, reverse(name, args=[slug])) for name, label in names]
    return [(label, url, name == current, None) for name, label, url in found]
