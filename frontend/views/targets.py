"""What leaders are to reach: the share of each metric, step by step, and how far the way is gone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cso.metrics.actions import in_force, weaker
from cso.metrics.periods import Period, period_of
from cso.metrics.queries.figures import Figure, figures, whole_tenant
from cso.metrics.queries.targets import GapClosed, courses, gap_closed
from cso.metrics.registry import METRICS, Metric
from cso.texts import percent
from frontend.access import MemberRequest, for_members
from frontend.charts.steps import MonthPoint, steps_chart
from frontend.forms.base import answer_to, sent
from frontend.forms.targets import PathForm, TargetForm
from frontend.views.form_page import form_page
from frontend.words.figures import of_words, period_words, share_words
from frontend.words.scores import goal_percent
from tenants.roles import Can
from tenants.scope import current_tenant, day_of

MONTHS_SHOWN = 24
FULL = Decimal(100)
Course = Mapping[date, Decimal]


@for_members(Can.SEE_SCORECARD)
@require_safe
def targets(request: MemberRequest) -> HttpResponse:
    """Every share that may have one: first those that have."""
    today = day_of(request.now)
    known = courses(metric.key for metric in _shares())
    rows = [_row(request, metric, known.get(metric.key, {}), today) for metric in _shares()]
    context = {"with_target": [row for row in rows if row["now"]], "others": [row for row in rows if not row["now"]]}
    return render(request, "frontend/targets/targets.html", context)


@for_members(Can.SEE_SCORECARD)
@require_safe
def target_path(request: MemberRequest, key: str) -> HttpResponse:
    """A metric's targets as a picture and as a table, beside what happened, with how much of the gap is closed."""
    metric, today = _share(key), day_of(request.now)
    course = courses([key]).get(key, {})
    tops = whole_tenant()
    months = _months(course, request.now)
    found = figures(metric, {None: tops}, months, now=request.now) if months else {}
    told = {month: found[None, month] for month in months if found[None, month].denominator}
    context = {
        "metric": metric,
        "title": _title(metric, course, today),
        "chart": _chart(metric, course, told, today) if course else "",
        "steps": _steps(metric, course, today),
        "months": [
            {"period": period_words(month), "share": share_words(figure), "of": of_words(figure)}
            for month, figure in reversed(told.items())
        ],
        "gap": _gap_words(metric, gap_closed(metric, tops, now=request.now)) if course else "",
        "may_set": request.member.can(Can.SET_TARGET),
        "may_rise": metric.better != "lower",
    }
    return render(request, "frontend/targets/target_path.html", context)


@for_members(Can.SET_TARGET)
@require_http_methods(["GET", "HEAD", "POST"])
def set_target(request: MemberRequest, key: str) -> HttpResponse:
    metric = _share(key)
    form = TargetForm(sent(request), initial={"starts_on": day_of(request.now)})
    return _answer(request, metric, form, _("Set a target"), _("The target is set."))


@for_members(Can.SET_TARGET)
@require_http_methods(["GET", "HEAD", "POST"])
def set_target_path(request: MemberRequest, key: str) -> HttpResponse:
    """Every target from its start on makes room for it."""
    metric = _share(key)
    month = period_of(request.now, "month", request.tenant.zone)
    asked = in_force(courses([key]).get(key, {}), month.after)
    initial = {"percent": asked, "step": 5, "every_months": 3, "full_by": _years_on(month, 2).isoformat()}
    form = PathForm(sent(request), month=month, initial=initial)
    return _answer(request, metric, form, _("Set a rising path"), _("The path is set. It replaces what was to come."))


def _answer(request: MemberRequest, metric: Metric, form: TargetForm | PathForm, title: str, done: str) -> HttpResponse:
    def do() -> HttpResponse:
        form.save(metric, by=request.member)
        messages.success(request, done)
        return redirect("target_path", request.tenant.slug, metric.key)

    up = (reverse("target_path", args=[request.tenant.slug, metric.key]), str(metric.name))
    return answer_to(form, do) or form_page(request, form, title=title, submit=_("Set it"), up=up)


def _shares() -> list[Metric]:
    return [metric for metric in METRICS.values() if metric.kind == "share"]


def _share(key: str) -> Metric:
    if key not in METRICS or METRICS[key].kind != "share":
        raise Http404
    return METRICS[key]


def _row(request: MemberRequest, metric: Metric, course: Course, today: date) -> dict[str, Any]:
    asked = in_force(course, today)
    coming = min((day for day in course if day > today), default=None)
    return {
        "name": metric.name,
        "url": reverse("target_path", args=[request.tenant.slug, metric.key]),
        "now": _asked_words(metric, asked) if asked is not None else "",
        "next": coming,
        "next_share": _asked_words(metric, course[coming]) if coming else "",
        "full_by": next((day for day, percent in course.items() if percent == FULL), None),
    }


def _asked_words(metric: Metric, asked: Decimal) -> str:
    words = _("at most %(share)s") if metric.better == "lower" else "%(share)s"
    return words % {"share": goal_percent(asked)}


def _title(metric: Metric, course: Course, today: date) -> str:
    asked = in_force(course, today)
    if asked is None:
        return _("%(metric)s has no target") % {"metric": metric.name}
    words = _("%(metric)s: at most %(share)s") if metric.better == "lower" else _("%(metric)s: %(share)s is asked")
    return words % {"metric": metric.name, "share": goal_percent(asked)}


def _months(course: Course, now: datetime) -> list[Period]:
    """The last months, as far as anything was asked of them, and the running one; oldest first."""
    month = period_of(now, "month", current_tenant().zone)
    found: list[Period] = []
    while course and len(found) < MONTHS_SHOWN and month.after > min(course):
        found.insert(0, month)
        month = month.previous()
    return found


def _chart(metric: Metric, course: Course, told: Mapping[Period, Figure], today: date) -> str:
    return steps_chart(
        label=_("Targets of “%(metric)s”") % {"metric": metric.name},
        steps=[(day, float(percent) / 100) for day, percent in course.items()],
        months=[_point(metric, course, month, figure) for month, figure in told.items()],
        today=today,
    )


def _point(metric: Metric, course: Course, month: Period, figure: Figure) -> MonthPoint:
    """In the middle of its month."""
    share = Fraction(figure.numerator, figure.denominator)
    asked = in_force(course, month.first)
    met = None
    if asked is not None:
        goal = Fraction(asked) / 100
        met = share <= goal if metric.better == "lower" else share >= goal
    return MonthPoint(month.first + timedelta(days=14), float(share), met)


def _steps(metric: Metric, course: Course, today: date) -> list[dict[str, Any]]:
    """Each target with what it changes, the last first; `is_now` of the one in force."""
    now = max((day for day in course if day <= today), default=None)
    rows, before = [], None
    for day, asked in course.items():
        lowers = before is not None and weaker(metric, asked, before)
        rows.append({"day": day, "share": goal_percent(asked), "is_now": day == now, "lowers": lowers})
        before = asked
    return rows[::-1]


def _gap_words(metric: Metric, gap: GapClosed | None) -> str:
    if gap is None or gap.closed is None:
        return _("How much of the gap is closed can be said once two months are over.")
    (start, first), (end, latest) = gap.first, gap.latest
    words = {
        "first": share_words(first),
        "start": period_words(start),
        "latest": share_words(latest),
        "end": period_words(end),
        "part": percent(abs(float(gap.closed))),
        "goal": goal_percent(Decimal(0) if metric.better == "lower" else FULL),
    }
    if gap.closed < 0:
        return (
            _("From %(first)s in %(start)s to %(latest)s in %(end)s: the gap to %(goal)s has grown by %(part)s.")
            % words
        )
    return _("From %(first)s in %(start)s to %(latest)s in %(end)s: %(part)s of the gap to %(goal)s is closed.") % words


def _years_on(month: Period, years: int) -> date:
    return date(month.after.year + years, month.after.month, 1)
