"""A unit and who leads it: the figure, what it rests on, and the leaders below."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cso.metrics.periods import Period
from cso.metrics.queries.committee_report import committee_report
from cso.metrics.queries.figures import HEADLINE
from cso.metrics.queries.judgement import judge
from cso.metrics.queries.levels import Level, level_of
from cso.metrics.queries.recovery_report import recovery_report
from cso.metrics.queries.standing import Standing
from cso.metrics.queries.unit_figures import SHOWN, unit_figures
from cso.metrics.queries.unit_report import UnitReport, unit_report
from cso.people.models import Unit
from cso.scorecards.changes import changes_at
from frontend.access import MemberRequest, for_members
from frontend.behind import PartOfPeriod, behind_url
from frontend.charts.sparkline import sparkline
from frontend.figures.committees import committee_figures
from frontend.figures.listening import listening_figures
from frontend.figures.recovery import by_channel, given_words, recovery_figures
from frontend.periods import chosen_period, period_chips
from frontend.rows.leaders import leaders_table, share_bullet, weeks_chart
from frontend.words.figures import (
    chance_words,
    gap_words,
    number,
    of_words,
    part_words,
    period_words,
    share_words,
    span_words,
    status_words,
    target_words,
    zone_words,
)
from frontend.words.notices import standing_doubts
from frontend.words.reasons import why_words
from tenants.roles import Can


@for_members()
@require_safe
def unit(request: MemberRequest, unit: UUID) -> HttpResponse:
    level = level_of(request.member, unit)
    if level is None:
        raise Http404
    return render(request, "frontend/units/unit.html", unit_context(request, level))


def unit_context(request: MemberRequest, level: Level) -> dict[str, Any]:
    """All that stands on a unit's page."""
    unit, period = level.unit, chosen_period(request)
    days = _chosen_days(request, period)
    standing, known = unit_figures(request.member, level, period, now=request.now, between=days.between)
    report, recovery, committees = unit_report(known), recovery_report(known), committee_report(known)
    here = reverse("unit", args=[request.tenant.slug, unit.pk])
    return {
        "unit": unit,
        "leader": standing.leadership,
        "title": _title(unit, report, standing),
        "sub": _sub(request, report, period, days),
        "periods": period_chips(here, period, request.now),
        "notices": standing_doubts(standing, SHOWN, [unit.pk, *(each.pk for each in level.below)]),
        "headline": _headline(unit, report, standing, days),
        "figures": _key_figures(unit, report, standing, days),
        "recovery": recovery_figures(unit, recovery, period, days),
        "committees": committee_figures(unit, committees, period, days),
        "listening": listening_figures(unit, known, period, days) if request.member.can(Can.SEE_RESULTS) else [],
        "given": given_words(recovery.given),
        "channels": by_channel(unit, recovery, period, days),
        "why": why_words(report.why, HEADLINE, period, unit.pk, days.since, days.until),
        "missed": report.figure.missed,
        "history": _history(unit, report),
        "trend": sparkline(
            label=_("Last 26 weeks"),
            values=[float(figure.share) if figure.share is not None else None for _week, figure in standing.weeks],
            target=float(standing.target) / 100 if standing.target is not None else None,
        ),
        **leaders_table(standing),
        **weeks_chart(standing.weeks, standing.target, changes_at(request.member, unit)),
        "may_mark": request.member.can(Can.MARK_CHANGES),
    }


def _chosen_days(request: MemberRequest, period: Period) -> PartOfPeriod:
    """The days of the period that the query asks for; Http404 for none of it."""
    try:
        return PartOfPeriod.asked_for(request.GET, period)
    except ValueError as error:
        raise Http404 from error


def _sub(request: MemberRequest, report: UnitReport, period: Period, days: PartOfPeriod) -> str:
    part = part_words(days.since, days.until)
    when = f"{period_words(period)}, {part}" if part else period_words(period)
    return f"{capfirst(when)}, {zone_words()}. {status_words(report.figure, period)}"


def _title(unit: Unit, report: UnitReport, standing: Standing) -> str:
    if report.figure.share is None:
        return _("%(unit)s: no case fell due") % {"unit": unit.name}
    words = {"unit": unit.name, "share": share_words(report.figure)}
    return _("%(unit)s recovers %(share)s within 24 hours") % words


def _headline(unit: Unit, report: UnitReport, standing: Standing, days: PartOfPeriod) -> dict[str, Any]:
    figure, target = report.figure, standing.target
    gap, tone = gap_words(judge(figure, target)) if target is not None else ("", "chance")
    where: dict[str, Any] = {"unit": unit.pk, "since": days.since, "until": days.until}
    return {
        "value": share_words(figure),
        "cases": of_words(figure) if figure.denominator else "",
        "cases_url": behind_url(HEADLINE.key, "denominator", standing.period, **where),
        "misses_url": behind_url(HEADLINE.key, "rest", standing.period, **where),
        "missed": number(figure.missed),
        "bullet": share_bullet(unit.name, figure, target, report.previous),
        "target": target_words(target) if target is not None else "",
        "chance": chance_words(figure),
        "gap": gap,
        "gap_tone": tone,
    }


def _key_figures(unit: Unit, report: UnitReport, standing: Standing, days: PartOfPeriod) -> list[dict[str, str]]:
    known, period = report.occurrence_known, standing.period
    where: dict[str, Any] = {"unit": unit.pk, "since": days.since, "until": days.until}
    return [
        {
            "label": _("Overdue now"),
            "value": number(standing.overdue),
            "url": behind_url("open_overdue", "numerator", None, unit=unit.pk),
            "note": _("open for more than 24 hours"),
        },
        {
            "label": _("Median time to recover"),
            "value": span_words(report.times.median) if report.times.n else _("no data"),
            "url": behind_url("time_to_recover", "denominator", period, **where),
            "note": _("90 in 100 within %(time)s") % {"time": span_words(report.times.p90)}
            if report.times.tells_p90
            else _("too few cases for a 90th percentile"),
        },
        {
            "label": _("Reopened or disputed"),
            "value": share_words(report.reopened),
            "url": behind_url("reopened", "numerator", period, **where),
            "note": _("%(of)s first fixes") % {"of": of_words(report.reopened)},
        },
        {
            "label": _("Recovered within 24 h of the report"),
            "value": share_words(report.reported),
            "url": behind_url("recovered_24h_reported", "denominator", period, **where),
            "note": _("the moment of the mistake is known for %(share)s") % {"share": share_words(known)},
        },
    ]


def _history(unit: Unit, report: UnitReport) -> list[dict[str, str]]:
    return [
        {
            "period": period_words(period),
            "share": share_words(figure),
            "of": of_words(figure) if figure.denominator else "",
            "url": behind_url(HEADLINE.key, "denominator", period, unit=unit.pk),
            "status": {"running": _("running"), "provisional": _("provisional"), "final": _("final")}[figure.status],
        }
        for period, figure in reversed(report.history)
    ]
