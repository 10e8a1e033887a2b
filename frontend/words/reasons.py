"""Why a share misses its target, ready to be shown: on a leader's row, a unit's page and a plan's."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cso.metrics.periods import Period
from cso.metrics.queries.why import Reason, Why, missed_part
from cso.metrics.registry import Metric
from cso.texts import percent
from frontend.behind import behind_url
from frontend.words.figures import number


def why_words(
    why: Why,
    metric: Metric,
    period: Period,
    unit: UUID,
    since: date | None = None,
    until: date | None = None,
    *,
    opens: bool = True,
) -> dict[str, Any]:
    """For components/why.html. opens: False where no address lists exactly these cases."""

    def address(reason: Reason | None) -> str:
        if not opens:
            return ""
        key = reason.key if reason else None
        return behind_url(metric.key, missed_part(metric), period, unit=unit, since=since, until=until, reason=key)

    first = None if why.is_of_few or not why.reasons else why.reasons[0]
    return {
        "missed": why.missed,
        "reasons": [
            {
                "name": reason.label,
                "missed": number(reason.missed),
                "share": round(100 * reason.missed / why.missed),
                "share_words": percent(reason.missed / why.missed),
                "note": gap_note(why, reason),
                "url": address(reason),
            }
            for reason in why.reasons
        ],
        "overlaps": why.overlaps,
        "act": why.act,
        "act_url": address(first) if why.missed else "",
    }


def main_reason(
    why: Why, metric: Metric, period: Period, unit: UUID, since: date | None, until: date | None
) -> dict[str, str]:
    """The largest reason of a row of components/scorecard.html."""
    if not why.reasons:
        return {"reason": _("no misses") if why.counted and not why.missed else ""}
    first = why.reasons[0]
    note = ngettext("%(n)s of %(all)s miss", "%(n)s of %(all)s misses", why.missed)
    told = [note % {"n": number(first.missed), "all": number(why.missed)}, gap_note(why, first)]
    return {
        "reason": first.label,
        "reason_note": ", ".join(filter(None, told)),
        "reason_url": behind_url(
            metric.key, missed_part(metric), period, unit=unit, since=since, until=until, reason=first.key
        ),
    }


def gap_note(why: Why, reason: Reason) -> str:
    """How much of the gap it would close if none of these had been missed; empty where there is no gap."""
    closes = why.would_close(reason)
    if closes is None:
        return ""
    if closes == 1:
        return _("enough to close the gap")
    return _("%(share)s of the gap") % {"share": percent(float(max(closes, Fraction(1, 100))))}
