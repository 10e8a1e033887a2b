"""The executive's first page: who misses the target, by how much, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from cso.metrics.periods import Period, last_weeks, parse_period, period_of
from cso.metrics.queries import HEADLINE
from cso.metrics.standing import Standing, leaders_standing
from frontend.access import MemberRequest, for_members
from frontend.behind import behind_url
from frontend.charts.bullet import bullet_axis
from frontend.leaders import leader_row, weeks_chart
from frontend.notices import scorecard_notices
from frontend.wording import of_words, period_words, share_words, status_words, target_words
from tenants.roles import Can
from tenants.scope import current_tenant

# Nobody reads further; whoever stands there is found by search or down the tree.
MOST_LEADERS_SHOWN = 100


@for_members(Can.SEE_SCORECARD)
@require_safe
def scorecard(request: MemberRequest) -> HttpResponse:
    period = chosen_period(request)
    everyone = request.GET.get("leaders") == "all"
    standing = leaders_standing(request.member, period, everyone=everyone, now=request.now)
    here = reverse("scorecard", args=[request.tenant.slug])
    context = {
        "title": standing_sentence(standing),
        "sub": _sub(request, standing),
        "periods": period_chips(here, period, request.now, leaders="all" if everyone else ""),
        "levels": _level_tabs(here, period, everyone=everyone),
        "notices": scorecard_notices(request, period),
        "organization": organization_facts(standing),
        "has_cases": any(figure.denominator for _week, figure in standing.weeks) or standing.organization.denominator,
        **leaders_table(standing),
        **weeks_chart(standing.weeks, standing.target),
    }
    return render(request, "frontend/scorecard/scorecard.html", context)


def chosen_period(request: MemberRequest) -> Period:
    """The period in the query, the last four weeks without one; Http404 for what is none."""
    if not (text := request.GET.get("period", "")):
        return last_weeks(4, request.now, request.tenant.zone)
    try:
        return parse_period(text)
    except ValueError as error:
        raise Http404 from error


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
    words = [f"{period_words(standing.period)}, {request.tenant.time_zone}."]
    if unsure := standing.unsure:
        too_few = ngettext(
            "For %(n)s more there are too few cases to say.", "For %(n)s more there are too few cases to say.", unsure
        )
        words.append(too_few % {"n": unsure})
    if vacant := standing.without_leader:
        words.append(ngettext("%(n)s unit has no leader.", "%(n)s units have no leader.", vacant) % {"n": vacant})
    return " ".join([*words, status_words(standing.organization, standing.period)])


def leaders_table(standing: Standing) -> dict[str, Any]:
    target = standing.target
    return {
        "axis": bullet_axis(target=float(target) / 100) if target is not None else "",
        "caption": _("Leaders, furthest from the target first"),
        "rows": [leader_row(row, standing.period) for row in standing.rows[:MOST_LEADERS_SHOWN]],
        "left_out": max(0, len(standing.rows) - MOST_LEADERS_SHOWN),
    }


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


def period_chips(here: str, chosen: Period, now: datetime, **query: str) -> list[tuple[str, str, bool, None]]:
    """The periods that people ask for, as links: four weeks, this month and two before, this quarter and the last."""
    zone = current_tenant().zone
    weeks, month, quarter = last_weeks(4, now, zone), period_of(now, "month", zone), period_of(now, "quarter", zone)
    months = [month, month.previous(), month.previous().previous()]
    offered = [(_("Last 4 weeks"), weeks)]
    offered += [(period_words(each), each) for each in [*months, quarter, quarter.previous()]]
    if chosen not in [period for _label, period in offered]:
        offered.append((period_words(chosen), chosen))
    rest = "".join(f"&{name}={value}" for name, value in query.items() if value)
    return [(label, f"{here}?period={period.key}{rest}", period == chosen, None) for label, period in offered]


def _level_tabs(here: str, period: Period, *, everyone: bool) -> list[tuple[str, str, bool, None]]:
    url = f"{here}?period={period.key}"
    return [(_("First level"), url, not everyone, None), (_("All leaders"), f"{url}&leaders=all", everyone, None)]
