"""What belongs to the section "Scorecard" beside its figures, as further tabs on each of its pages."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from frontend.access import MemberRequest
from tenants.roles import Can

Tab = tuple[str, str, bool, None]


def section_tabs(request: MemberRequest, current: str) -> list[Tab]:
    """The whole section, as seen from one of its pages; see components/tabs.html."""
    slug = request.tenant.slug
    figures: list[Tab] = []
    if request.member.can(Can.SEE_SCORECARD):
        scorecard = reverse("scorecard", args=[slug])
        figures = [
            (_("First level"), scorecard, False, None),
            (_("All leaders"), f"{scorecard}?leaders=all", False, None),
        ]
    plans = (_("Plans"), reverse("plans", args=[slug]), current == "plans", None)
    return [*figures, plans, *strategy_tabs(request, current)]


def strategy_tabs(request: MemberRequest, current: str = "") -> list[Tab]:
    """The strategy and what blocks it; none for who neither sees all figures nor raises blockers."""
    member, slug = request.member, request.tenant.slug
    if not (member.can(Can.SEE_SCORECARD) or member.can(Can.RAISE_BLOCKER)):
        return []
    pages = [("strategy", _("Strategy")), ("blockers", _("Blockers"))]
    return [(label, reverse(name, args=[slug]), name == current, None) for name, label in pages]
