"""The executive's first page: who misses the target, by how much, and why."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from cso.metrics.queries.figures import HEADLINE
from cso.metrics.queries.standing import Standing, leaders_standing
from cso.scorecards.changes import changes_at
from frontend.access import MemberRequest, for_members
from frontend.behind import behind_url
from frontend.periods import chosen_period, period_chips
from frontend.rows.leaders import leaders_table, weeks_chart
from frontend.rows.my_work import votes_waiting
from frontend.views.scorecard_tabs import section_tabs
from frontend.words.figures import of_words, period_words, share_words, status_words, target_words, zone_words
from frontend.words.notices import scorecard_notices
from tenants.roles import Can


@for_members(Can.SEE_SCORECARD)
@require_safe
def scorecard(request: MemberRequest) -> HttpResponse:
    return show_standing(request, standing_asked(request))


def standing_asked(request: MemberRequest) -> Standing:
    """Of the period and the level in the query."""
    everyone = asks_for_everyone(request)
    return leaders_standing(request.member, chosen_period(request), everyone=everyone, now=request.now)


def show_standing(request: MemberRequest, standing: Standing) -> HttpResponse:
    period, everyone = standing.period, asks_for_everyone(request)
    here = reverse("scorecard", args=[request.tenant.slug])
    board = f"{reverse('board_pack', args=[request.tenant.slug])}?period={period.key}"
    context = {
        "title": standing_sentence(standing),
        "sub": _sub(request, standing),
        "action_url": f"{board}&leaders=all" if everyone else board,
        "action_label": _("Board pack"),
        "action_kind": "quiet",
        "periods": period_chips(here, period, request.now, leaders="all" if everyone else ""),
        "levels": section_tabs(request, "all" if everyone else "first", period),
        "notices": scorecard_notices(request, standing),
        "organization": organization_facts(standing),
        "has_cases": any(figure.denominator for _week, figure in standing.weeks) or standing.organization.denominator,
        **leaders_table(standing),
        "waiting": votes_waiting(request),
        **weeks_chart(standing.weeks, standing.target, changes_at(request.member, None)),
    }
    return render(request, "frontend/scorecard/scorecard.html", context)


def asks_for_everyone(request: MemberRequest) -> bool:
    return request.GET.get("leaders") == "all"


def standing_sentence(standing: Standing) -> str:
    """ "7 of 12 leaders miss the 24-hour target": only of those with enough cases to say so."""
    if standing.target is None:
        return _("No target has been set yet")
    if not standing.rows:
        return _("Nobody leads a unit here yet")
    if not standing.judged:
        return _("Too few cases to say who meets the target")
    words = ngettext(
        "%(missing)s of %(all)s leader misses the 24-hour target",
        "%(missing)s of %(all)s leaders miss the 24-hour target",
        standing.judged if standing.missing != 1 else 1,
    )
    if standing.missing == 1 and standing.judged > 1:
        words = _("%(missing)s of %(all)s leaders misses the 24-hour target")
    return words % {"missing": standing.missing or _("None"), "all": standing.judged}


def _sub(request: MemberRequest, standing: Standing) -> str:
    words = [f"{capfirst(period_words(standing.period))}, {zone_words()}."]
    if unsure := standing.unsure:
        too_few = ngettext(
            "For %(n)s more there are too few cases to say.", "For %(n)s more there are too few cases to say.", unsure
        )
        words.append(too_few % {"n": unsure})
    if (pooled := standing.pooled) is not None:
        together = {"share": share_words(pooled), "of": of_words(pooled)}
        words.append(_("Together they recovered %(share)s, %(of)s.") % together)
    if vacant := standing.without_leader:
        words.append(ngettext("%(n)s unit has no leader.", "%(n)s units have no leader.", vacant) % {"n": vacant})
    return " ".join([*words, status_words(standing.organization, standing.period)])


def organization_facts(standing: Standing) -> dict[str, str]:
    """The whole in one line: its share, what it rests on, and the target."""
    figure = standing.organization
    return {
        "share": share_words(figure),
        "of": of_words(figure),
        "url": behind_url(HEADLINE.key, "denominator", standing.period),
        "misses_url": behind_url(HEADLINE.key, "rest", standing.period),
        "target": target_words(standing.target) if standing.target is not None else "",
    }
