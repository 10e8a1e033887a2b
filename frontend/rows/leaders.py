"""Rows of the scorecard, and the chart above or below them, ready to be shown."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from cso.languages import format_date
from cso.metrics.formulas import xmr
from cso.metrics.periods import Period
from cso.metrics.queries.figures import HEADLINE, Figure
from cso.metrics.queries.standing import LeaderRow, Standing
from cso.scorecards.models import ProcessChange
from frontend.behind import behind_url, unit_url
from frontend.charts.bullet import bullet, bullet_axis
from frontend.charts.sparkline import sparkline
from frontend.charts.xmr import XmrMark, XmrPoint, XmrStretch, xmr_chart
from frontend.templatetags.signs import colon
from frontend.words.figures import chance_words, gap_words, number, of_words, part_words, share_words, xmr_sentence
from frontend.words.reasons import main_reason

# Nobody reads further; whoever stands there is found by search or down the tree.
MOST_LEADERS_SHOWN = 100


def leaders_table(standing: Standing) -> dict[str, Any]:
    """The whole of components/scorecard.html."""
    target, shown = standing.target, standing.rows[:MOST_LEADERS_SHOWN]
    return {
        "axis": bullet_axis(target=float(target) / 100) if target is not None else "",
        "caption": _("Leaders, furthest from the target first"),
        "rows": [
            leader_row(row, standing.period) | {"begins_band": before is not None and before.band != row.band}
            for before, row in zip([None, *shown], shown, strict=False)
        ],
        "has_bands": len({row.band for row in shown}) < len(shown),
        "left_out": max(0, len(standing.rows) - MOST_LEADERS_SHOWN),
    }


def leader_row(row: LeaderRow, period: Period) -> dict[str, Any]:
    """One row for components/scorecard.html."""
    gap, tone = gap_words(row.judgement)
    target = row.judgement.target
    name = row.leader.name if row.leader else _("No leader named")
    return {
        "name": name,
        "url": unit_url(row.unit.pk, period, row.since, row.until),
        "unit": row.unit.name,
        "tenure": part_words(row.since, row.until),
        "bullet": share_bullet(name, row.figure, target, row.previous),
        "value": share_words(row.figure),
        "cases": of_words(row.figure) if row.figure.denominator else "",
        "cases_url": behind_url(
            HEADLINE.key, "denominator", period, unit=row.unit.pk, since=row.since, until=row.until
        ),
        "chance": chance_words(row.figure),
        "gap": gap,
        "gap_tone": tone,
        "sparkline": sparkline(label=_("Last 26 weeks"), values=row.weeks, target=_share(target)) if row.weeks else "",
        **(_surprised(row, period) if row.surprised.denominator else {}),
        "overdue": number(row.overdue) if row.overdue else "",
        "overdue_url": behind_url("open_overdue", "numerator", None, unit=row.unit.pk),
        **main_reason(row.why, HEADLINE, period, row.unit.pk, row.since, row.until),
    }


def _surprised(row: LeaderRow, period: Period) -> dict[str, str]:
    figure = row.surprised
    address = behind_url(figure.metric.key, "denominator", period, unit=row.unit.pk, since=row.since, until=row.until)
    return {
        # Of few who answered it is told how many, and no share.
        "surprised": "" if figure.chance else share_words(figure),
        "surprised_of": of_words(figure),
        "surprised_url": address,
    }


def share_bullet(name: str, figure: Figure, target: Decimal | None, previous: Figure | None = None) -> str:
    """The bullet graph of a share; empty without a target, which is what it is drawn against."""
    if target is None:
        return ""
    interval = (figure.chance.low, figure.chance.high) if figure.chance else None
    return bullet(
        label=name,
        value=float(figure.share) if figure.share is not None else None,
        target=float(target) / 100,
        interval=interval,
        previous=float(previous.share) if previous and previous.share is not None else None,
    )


def weeks_chart(
    weeks: Sequence[tuple[Period, Figure]], target: Decimal | None, changes: Iterable[ProcessChange] = ()
) -> dict[str, Any]:
    """The process behaviour chart of full weeks with its sentence, for components/xmr.html.

    changes: those of the unit and of the ones above it; the chart begins anew with the first full week after one from
    which it was decided so.
    """
    firsts = [week.first for week, _figure in weeks]
    shares = [figure.share for _week, figure in weeks]
    standing = sorted((change for change in changes if change.withdrawn_at is None), key=lambda change: change.on)
    stretches = xmr.xmr_stretches(
        [share * 100 if share is not None else None for share in shares],
        [bisect_left(firsts, change.on) for change in standing if change.rebases],
        target=target,
    )
    told = [point for stretch in stretches for point in stretch.chart.points]
    points = [
        XmrPoint(format_date(first, "j M"), float(share) if share is not None else None, _signal(point))
        for first, share, point in zip(firsts, shares, told, strict=True)
    ]
    shown = [change for change in standing if firsts and change.on >= firsts[0]]
    *before, now = stretches
    return {
        "chart": xmr_chart(
            title=_("Recovered within 24 hours, by week"),
            points=points,
            centre=_of_1(now.chart.mean),
            limits=_limits(now.chart),
            target=_share(target),
            base=now.first,
            earlier=[
                XmrStretch(each.first, following.first - 1, _of_1(each.chart.mean), _limits(each.chart))
                for each, following in zip(before, stretches[1:], strict=True)
            ],
            marks=[
                XmrMark((change.on - firsts[0]).days / 7 - 0.5, str(number), change.what, change.rebases)
                for number, change in enumerate(shown, 1)
            ],
        ),
        "sentence": xmr_sentence(now.chart, firsts[now.first :], [(change.on, change.what) for change in standing]),
        "changes": [_change_words(change) for change in shown],
    }


def _change_words(change: ProcessChange) -> dict[str, str]:
    """What is done in another way since when, and who says so; in the order of the chart's marks."""
    who = ", ".join(filter(None, (change.unit.name, change.made_by.label if change.made_by else "")))
    words = f"{who}."
    if change.rebases:
        words += " " + _("Limits are counted anew from it: %(because)s") % {"because": change.rebased_because}
        words += f" ({change.rebased_by.label})" if change.rebased_by else ""
    return {"what": f"{format_date(change.on, 'j M Y')}{colon()} {change.what}", "note": words}


def _limits(chart: xmr.Chart) -> tuple[float, float] | None:
    if chart.drawn_lower is None or chart.drawn_upper is None:
        return None
    return chart.drawn_lower / 100, chart.drawn_upper / 100


def _of_1(percentage: float | None) -> float | None:
    return percentage / 100 if percentage is not None else None


def _signal(point: xmr.Point) -> Any:
    if not point.signals:
        return None
    return "better" if point.signals[0].better else "worse"


def _share(target: Decimal | None) -> float | None:
    return float(target) / 100 if target is not None else None
