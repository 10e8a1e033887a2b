"""The period of a page of figures, and the links to others."""

from __future__ import annotations

from datetime import datetime

from django.http import Http404
from django.utils.translation import gettext as _

from cso.metrics.periods import Period, last_weeks, parse_period, period_of
from cso.scorecards.scores.counting import GRAINS
from frontend.access import MemberRequest
from frontend.words.figures import period_words
from tenants.scope import current_tenant


def chosen_period(request: MemberRequest) -> Period:
    """The period in the query, the last four weeks without one; Http404 for what is none."""
    if not (text := request.GET.get("period", "")):
        return last_weeks(4, request.now, request.tenant.zone)
    try:
        return parse_period(text)
    except ValueError as error:
        raise Http404 from error


def scored_period(request: MemberRequest) -> Period | None:
    """The month, quarter or year in the query, None without one; Http404 for what is no such period."""
    if not (text := request.GET.get("period", "")):
        return None
    try:
        period = parse_period(text)
    except ValueError as error:
        raise Http404 from error
    if period.grain not in GRAINS or period.count != 1:
        raise Http404
    return period


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
