"""What committees killed and decided, in the words and links of a unit's page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cso.metrics.periods import Period
from cso.metrics.queries.committee_report import CommitteeReport
from cso.metrics.queries.drilldown import Part
from cso.metrics.queries.figures import Figure
from cso.people.models import Unit
from cso.texts import percent
from frontend.behind import PartOfPeriod, behind_url
from frontend.words.figures import number, of_words, share_words, span_words


def committee_figures(unit: Unit, report: CommitteeReport, period: Period, days: PartOfPeriod) -> list[dict[str, str]]:
    """Empty where the unit has no committee, and none ever did anything for it."""
    if report.is_empty:
        return []
    where: dict[str, Any] = {"unit": unit.pk, "since": days.since, "until": days.until}
    return [
        {
            "label": _("Rules killed"),
            "value": number(report.killed.numerator),
            "url": behind_url("rules_killed", "numerator", period, **where),
            "note": _("seen to be gone"),
        },
        {
            "label": _("Median time to kill"),
            "value": span_words(report.times.median) if report.times.n else _("no data"),
            "url": behind_url("time_to_kill", "denominator", period, **where),
            "note": _nominated_words(report),
        },
        {
            "label": _("Cases left that cite killed rules"),
            "value": percent(float(report.ratio.value)) if report.ratio else _("no data"),
            "url": behind_url("rule_effect", _effect_part(report), period, **where),
            "note": _effect_words(report),
        },
        {
            "label": _("Decided in time"),
            "value": share_words(report.decided),
            "url": behind_url("decided_in_time", "denominator", period, **where),
            "note": _due_words(report.decided, _("%(of)s motions")),
        },
        {
            "label": _("Executed in time"),
            "value": share_words(report.executed),
            "url": behind_url("executed_in_time", "denominator", period, **where),
            "note": _due_words(report.executed, _("%(of)s kill orders")),
        },
        {
            "label": _("Units with a live committee now"),
            "value": percent(report.covered / report.units if report.units else None),
            "url": behind_url("committee_coverage", "rest", None, unit=unit.pk),
            "note": _("%(part)s of %(all)s units") % {"part": number(report.covered), "all": number(report.units)},
        },
    ]


def _nominated_words(report: CommitteeReport) -> str:
    return ngettext("%(n)s nomination", "%(n)s nominations", report.times.n) % {"n": number(report.times.n)}


def _effect_part(report: CommitteeReport) -> Part:
    """What is known, else what is still watched."""
    return "running" if report.ratio is None and report.effect.running else "denominator"


def _effect_words(report: CommitteeReport) -> str:
    counts = report.effect.counts
    if report.ratio is not None:
        words = _("%(after)s in the 8 weeks after, %(before)s before")
        return words % {"after": number(counts["cases_after"]), "before": number(counts["cases_before"])}
    if counts["too_few"]:
        return _("too few cases before to tell")
    return _("told 8 weeks after a rule went")


def _due_words(figure: Figure, words: str) -> str:
    said = words % {"of": of_words(figure)} if figure.denominator else _("none fell due")
    return _("%(words)s; %(n)s not yet due") % {"words": said, "n": number(figure.running)} if figure.running else said
