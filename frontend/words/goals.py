"""The metrics of outcomes against where they are to lead, in words and pictures. No figure here is computed."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cso.metrics.periods import Period
from cso.metrics.queries.beside import net_of, ratio_of, worth_currency, worth_of
from cso.metrics.queries.drilldown import Part
from cso.metrics.queries.live import Live
from cso.metrics.registry import Metric
from cso.strategy.goals import Goal, goal_unit
from cso.strategy.queries import Change
from cso.texts import percent
from frontend.behind import behind_url
from frontend.rows.leaders import share_bullet
from frontend.words.figures import chance_words, number, of_words, period_words, points_short, share_words, span_words
from frontend.words.money import short_range_words

MINUS = "\u2212"
_HOUR = 3_600


def goal_rows(goals: Iterable[Goal], period: Period, *, with_links: bool) -> list[dict[str, Any]]:
    """The rows of strategy/_goals.html. with_links: to the facts behind each, for who may see them."""
    goals = list(goals)
    currency = worth_currency() if any(goal.live.metric.kind == "money" for goal in goals) else ""
    rows = []
    for goal in goals:
        metric, words, tone = goal.live.metric, *gap_words(goal)
        rows.append(
            {
                "name": str(metric.name),
                "key": metric.key,
                "value": _value_words(goal.live, currency),
                "is_told": goal.live.figure is None or _is_told(goal.live),
                "of": _of_words(goal.live),
                "chance": chance_words(goal.live.figure) if goal.live.figure and metric.kind == "share" else "",
                "bullet": _bullet(goal),
                "target": target_words(metric, goal.target),
                "gap": words,
                "tone": tone,
                "url": behind_url(metric.key, _part(metric), None if metric.is_state else period) if with_links else "",
            }
        )
    return rows


def target_words(metric: Metric, target: Decimal | None) -> str:
    """In the unit of the target; empty without one."""
    if target is None:
        return ""
    unit = goal_unit(metric) or "percent"
    if unit in ("percent", "ratio"):
        return percent(float(target) / 100)
    if unit == "points":
        return _signed(target)
    if unit == "hours" and target > 48 and target % 24 == 0:
        return _("%(n)s d") % {"n": number(int(target) // 24)}
    plain = number_format(target.normalize(), use_l10n=True, force_grouping=True)
    return _("%(n)s h") % {"n": plain} if unit == "hours" else plain


def unit_words(metric: Metric) -> str:
    """In what a target of the metric's own is written; empty for what has none."""
    words = {
        "percent": _("In percent."),
        "ratio": _("In percent of what was there before."),
        "points": _("In points, from −100 to 100."),
        "hours": _("In hours, for the median."),
        "number": _("A number, for how things stand now."),
    }
    return words.get(goal_unit(metric) or "", "")


def gap_words(goal: Goal) -> tuple[str, str]:
    """How a metric stands against its target, and the tone in which to say it."""
    if goal.target is None:
        return _("no target"), "chance"
    if goal.verdict == "no_data":
        return _("no data"), "chance"
    if goal.verdict != "missed" or goal.gap is None:
        return (_("met"), "better") if goal.verdict == "met" else (_("too close to call"), "chance")
    unit = goal_unit(goal.live.metric) or "percent"
    if unit in ("percent", "ratio", "points"):
        return points_short(goal.gap), "worse"
    much = span_words(goal.gap * _HOUR) if unit == "hours" else number(round(goal.gap))
    words = _("%(much)s above it") if goal.live.metric.better == "lower" else _("%(much)s below it")
    return words % {"much": much}, "worse"


def change_rows(changes: Iterable[Change]) -> list[dict[str, str]]:
    """What became of metrics since an initiative began: name, words, tone, and the two months."""
    return [
        {
            "name": str(change.metric.name),
            "before": _compared(change, 0),
            "after": _compared(change, 1),
            "tone": _tone(change),
            "months": _("%(before)s, then %(after)s")
            % {"before": period_words(change.before[0]), "after": period_words(change.after[0])},
        }
        for change in changes
    ]


def _tone(change: Change) -> str:
    if change.by == 0:
        return "chance"
    return "better" if (change.by > 0) == (change.metric.better == "higher") else "worse"


def _compared(change: Change, which: int) -> str:
    return _value_words(Live(change.metric, (change.before, change.after)[which][1]), "")


def _value_words(live: Live, currency: str) -> str:
    metric, counts = live.metric, live.counts or (live.figure.counts if live.figure else {})
    if worth := worth_of(metric, counts, currency):
        return short_range_words(worth.low, worth.high, worth.currency)
    if live.counts is not None:
        part, whole = live.counts[metric.numerator], live.counts.get(metric.denominator, 0)
        return number(part) if metric.kind == "count" else percent(part / whole if whole else None)
    assert live.figure is not None, "what is no state has a figure"
    if metric.kind == "count":
        return number(live.figure.numerator)
    if metric.kind == "time":
        return span_words(live.times.median) if live.times and live.times.n else _("no data")
    if net := net_of(live.figure):
        return _signed(Decimal(round(net.value * 100)))
    if ratio := ratio_of(live.figure):
        return percent(float(ratio.value))
    return share_words(live.figure) if metric.kind == "share" else _("no data")


def _is_told(live: Live) -> bool:
    """Whether the figure of a period has a value."""
    if live.metric.kind == "time":
        return live.times is not None and live.times.n > 0
    return live.metric.kind in ("count", "money") or (live.figure is not None and live.figure.denominator > 0)


def _of_words(live: Live) -> str:
    """What the figure rests on."""
    metric, figure = live.metric, live.figure
    if figure is None:
        return _("now")
    if metric.kind == "share":
        return of_words(figure) if figure.denominator else ""
    if metric.kind == "time":
        return _("median of %(n)s") % {"n": number(live.times.n)} if live.times and live.times.n else ""
    if metric.kind == "net" and figure.denominator:
        return ngettext("%(n)s answer", "%(n)s answers", figure.denominator) % {"n": number(figure.denominator)}
    return ""


def _bullet(goal: Goal) -> str:
    is_share = goal.live.figure is not None and goal.live.metric.kind == "share"
    return (
        share_bullet(str(goal.live.metric.name), goal.live.figure, goal.target) if is_share and goal.live.figure else ""
    )


def _part(metric: Metric) -> Part:
    return "numerator" if metric.kind in ("count", "money") else "denominator"


def _signed(points: Decimal) -> str:
    plain = number_format(abs(points).normalize(), use_l10n=True)
    return f"+{plain}" if points > 0 else f"{MINUS}{plain}" if points < 0 else "0"
