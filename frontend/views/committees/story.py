"""A rule's whole story, from the first complaint to the effect of killing it: the page to show around."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncWeek
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cso.committees.models import KillOrder
from cso.committees.queries import Moment, story_of
from cso.languages import format_date
from cso.recovery.models import Case
from cso.rules.models import Rule
from frontend.access import MemberRequest
from frontend.charts.weeks import WeeksChart, weeks_chart
from frontend.words.effects import effect_words
from frontend.words.figures import number

WEEK = timedelta(weeks=1)
WEEKS_SHOWN, WEEKS_AFTER = 26, 13
# Kind -> what happened, its mark on the line, the page that tells more.
_KINDS: dict[str, tuple[Any, str, str]] = {
    "first_case": (gettext_lazy("A customer is told it for the first time that we know of"), "worse", ""),
    "registered": (gettext_lazy("It comes into the register"), "start", ""),
    "nominated": (gettext_lazy("Somebody wants it gone"), "", "nomination"),
    "moved": (gettext_lazy("A motion is moved"), "", "motion"),
    "replied": (gettext_lazy("Its owner replies"), "", "motion"),
    "opened": (gettext_lazy("The ballot opens"), "", "ballot"),
    "decided": (gettext_lazy("The committee has decided"), "start", "outcome"),
    "ordered": (gettext_lazy("The order goes out to take it away"), "", "kill_order"),
    "executed": (gettext_lazy("It is taken away"), "", "kill_order"),
    "verified": (gettext_lazy("Somebody else sees that it is gone"), "better", "kill_order"),
    "effect": (gettext_lazy("We look whether it helped"), "better", "kill_order"),
    "reinstated": (gettext_lazy("It comes back"), "worse", "kill_order"),
    "ended": (gettext_lazy("It ends"), "", ""),
}
# What a story is that is worth a chart and a timeline: more than having been written down.
_BEGINNING = frozenset({"registered"})


def rule_story(request: MemberRequest, rule: Rule) -> dict[str, Any]:
    """`story`: its moments, the first first · `chart`: cases that quote it by week · `effect`: its sentence."""
    moments = story_of(rule)
    order = KillOrder.objects.filter(rule=rule).order_by("-ordered_at").first()
    effect = effect_words(order, now=request.now) if order else {}
    return {
        "story": [_told(request, moment, effect) for moment in moments] if _is_told(moments) else [],
        "chart": _chart(request, rule, order),
        "effect": effect,
        "order": order,
    }


def _is_told(moments: list[Moment]) -> bool:
    return any(moment.kind not in _BEGINNING for moment in moments)


def _told(request: MemberRequest, moment: Moment, effect: dict[str, str]) -> dict[str, Any]:
    what, tone, page = _KINDS[moment.kind]
    words = moment.words
    if moment.kind == "first_case":
        count = ngettext("%(n)s case quotes it by now.", "%(n)s cases quote it by now.", moment.count)
        words = count % {"n": number(moment.count)}
    if moment.kind == "ordered":
        words = _("%(name)s carries it out.") % {"name": words} if words else _("Nobody is named yet.")
    if moment.kind == "effect":
        words, tone = f"{effect['lead']} {effect['text']}", effect["tone"]
        tone = "" if tone == "chance" else tone
    if moment.kind == "registered":
        words = ""
    quoted = moment.kind in {"nominated", "replied"}
    return {
        "at": moment.at,
        "what": what,
        "tone": tone,
        "text": f"“{words}”" if quoted and words else words,
        "url": reverse(page, args=[request.tenant.slug, moment.subject]) if page and moment.subject else "",
    }


def _chart(request: MemberRequest, rule: Rule, order: KillOrder | None) -> WeeksChart | None:
    """Cases that quote the rule, by the weeks of the workspace's zone, around the day it was gone; None for no case.

    Once somebody else saw that it was gone, around that day: before and after it the effect is counted.
    """
    is_seen = order is not None and order.verified_at is not None
    gone = (order.verified_at or order.executed_at) if order else None
    last = _monday(request.now)
    if gone is not None:
        last = min(last, _monday(gone) + WEEKS_AFTER * WEEK)
    first = last - (WEEKS_SHOWN - 1) * WEEK
    counts = _by_week(request, rule, first, last)
    if not counts:
        return None
    weeks = [first + WEEK * index for index in range(WEEKS_SHOWN)]
    turn = (_monday(gone) - first) // WEEK if gone is not None else None
    return weeks_chart(
        [(format_date(week, "j M"), counts.get(week, 0)) for week in weeks],
        label=_("Cases that quote the rule, by week"),
        headings=(_("Week from"), _("Cases")),
        turn=turn if turn is not None and 0 <= turn < WEEKS_SHOWN else None,
        turned=_("seen to be gone") if is_seen else _("taken away"),
    )


def _by_week(request: MemberRequest, rule: Rule, first: date, last: date) -> dict[date, int]:
    zone = request.tenant.zone
    since = datetime.combine(first, datetime.min.time(), tzinfo=zone)
    until = datetime.combine(last + WEEK, datetime.min.time(), tzinfo=zone)
    cases = Case.objects.filter(quoted_rule=rule, is_valid=True, clock_start__gte=since, clock_start__lt=until)
    weeks = cases.annotate(week=TruncWeek("clock_start", tzinfo=zone)).values("week").order_by("week")
    return {row["week"].date(): row["n"] for row in weeks.annotate(n=Count("id"))}


def _monday(instant: datetime) -> date:
    day = localtime(instant).date()
    return day - timedelta(days=day.weekday())
