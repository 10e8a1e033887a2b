"""What the scorecard says above its figures when they cannot be taken as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cso.languages import format_date
from cso.metrics.engine.turns import stuck
from cso.metrics.queries.doubts import Doubt, Pair, doubts
from cso.metrics.queries.figures import HEADLINE, whole_tenant
from cso.metrics.queries.standing import Standing
from cso.metrics.registry import Metric
from frontend.access import MemberRequest
from frontend.behind import behind_url
from frontend.words.figures import number, of_words, period_words, share_words
from tenants.roles import Can

# Above this share the exclusions themselves need a look.
MOST_NOT_OURS_PERCENT = 10
# So many figures that are being checked are named.
MOST_DOUBTS = 3


@dataclass(frozen=True)
class Notice:
    """A sentence, and where to look; `url` is empty where there is no page for it."""

    text: str
    url: str = ""
    label: str = ""


def scorecard_notices(request: MemberRequest, standing: Standing) -> list[Notice]:
    """Figures that could not be computed, for those who can do something about it; many exclusions, for everyone."""
    not_ours = standing.excluded
    notices = []
    may_act = request.member.can(Can.SEE_AUDIT) or request.member.can(Can.ADMINISTER)
    # What could not be computed waits still, so there is nothing to ask for where nothing waits.
    if may_act and standing.is_behind and (found := stuck()):
        words = ngettext(
            "Figures of %(n)s unit could not be computed since %(since)s and are tried again hourly: %(error)s",
            "Figures of %(n)s units could not be computed since %(since)s and are tried again hourly: %(error)s",
            found.units,
        )
        since = format_date(found.since.astimezone(request.tenant.zone), "j M Y, H:i")
        notices.append(Notice(words % {"n": number(found.units), "since": since, "error": found.error}))
    if not_ours.share is not None and not_ours.share * 100 > MOST_NOT_OURS_PERCENT:
        words = _("%(share)s of the cases, %(of)s, were taken out of the figures as not our failure.")
        notices.append(
            Notice(
                words % {"share": share_words(not_ours), "of": of_words(not_ours)},
                behind_url(not_ours.metric.key, "numerator", standing.period),
                _("See these cases"),
            )
        )
    if standing.is_in_doubt:
        notices += standing_doubts(standing, [HEADLINE], [*whole_tenant(), *(row.unit.pk for row in standing.rows)])
    return notices


def standing_doubts(standing: Standing, metrics: Sequence[Metric], units: Sequence[UUID]) -> list[Notice]:
    """Of the figures and of the weeks of a page; nothing is asked where no figure of the workspace is in doubt."""
    if not standing.is_in_doubt:
        return []
    return doubt_notices(doubts(metrics, units, [standing.period, *(week for week, _figure in standing.weeks)]))


def doubt_notices(found: Sequence[Doubt]) -> list[Notice]:
    """The figures of a page that are being checked, the first of them one by one, and what is done about it."""
    if not found:
        return []
    notices = [Notice(_doubted(doubt)) for doubt in found[:MOST_DOUBTS]]
    rest = len(found) - len(notices)
    words = [ngettext("So are %(n)s more.", "So are %(n)s more.", rest) % {"n": number(rest)}] if rest else []
    words.append(_("An administrator can have them counted again, on the page of the members."))
    return [*notices, Notice(" ".join(words))]


def _doubted(doubt: Doubt) -> str:
    words = _(
        "This figure is being checked: %(figure)s, %(unit)s, %(period)s. Kept are %(kept)s, its facts say %(counted)s."
    )
    return words % {
        "figure": doubt.metric.name,
        "unit": doubt.unit.name,
        "period": period_words(doubt.period),
        "kept": _pair(doubt.metric, doubt.kept),
        "counted": _pair(doubt.metric, doubt.counted),
    }


def _pair(metric: Metric, pair: Pair) -> str:
    numerator, denominator = (number(each) for each in pair)
    return numerator if metric.kind == "count" else _("%(n)s of %(of)s") % {"n": numerator, "of": denominator}
