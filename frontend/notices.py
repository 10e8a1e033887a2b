"""What the scorecard says above its figures when they cannot be taken as they stand."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cso.languages import format_date
from cso.metrics.engine.turns import stuck
from cso.metrics.queries.standing import Standing
from frontend.access import MemberRequest
from frontend.behind import behind_url
from frontend.wording import number, of_words, share_words
from tenants.roles import Can

# Above this share the exclusions themselves need a look.
MOST_NOT_OURS_PERCENT = 10


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
    return notices
