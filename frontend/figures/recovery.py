"""How customers were recovered, in the words and links of a unit's page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cso.metrics.periods import Period
from cso.metrics.queries.figures import HEADLINE, Figure
from cso.metrics.queries.recovery_report import RecoveryReport
from cso.people.models import Unit
from cso.recovery.models import Channel
from cso.texts import percent
from frontend.behind import NO_CHANNEL, PartOfPeriod, behind_url
from frontend.words.figures import number, of_words, part_of_words, share_words
from frontend.words.money import money_words, short_range_words


def recovery_figures(unit: Unit, report: RecoveryReport, period: Period, days: PartOfPeriod) -> list[dict[str, str]]:
    where: dict[str, Any] = {"unit": unit.pk, "since": days.since, "until": days.until}
    return [
        {
            "label": _("Surprised, of those who answered"),
            "value": share_words(report.surprised),
            "url": behind_url("surprised", "denominator", period, **where),
            "note": _response_words(report),
        },
        {
            "label": _("Dazzled"),
            "value": share_words(report.dazzled),
            "url": behind_url("dazzled", "numerator", period, **where),
            "note": _("recovered within 24 hours and surprised"),
        },
        {
            "label": _("Failed twice"),
            "value": share_words(report.double_deviation),
            "url": behind_url("double_deviation", "numerator", period, **where),
            "note": _running_words(report.double_deviation),
        },
        {
            "label": _("Promises kept"),
            "value": share_words(report.promises),
            "url": behind_url("promise_kept", "denominator", period, **where),
            "note": _kept_words(report.promises),
        },
        {
            "label": _("Silent now"),
            "value": number(report.silent),
            "url": behind_url("silent", "numerator", None, unit=unit.pk),
            "note": _("customers to whom a word is overdue"),
        },
        {
            "label": _("Value at risk now"),
            "value": short_range_words(report.at_risk.low, report.at_risk.high, report.at_risk.currency),
            "url": behind_url("value_at_risk", "numerator", None, unit=unit.pk),
            "note": _at_risk_words(report),
        },
    ]


def given_words(minor_by_currency: dict[str, int]) -> str:
    """The money given in each currency: no rate of exchange is known here."""
    return ", ".join(money_words(minor, currency) for currency, minor in minor_by_currency.items()) or _("no money")


def by_channel(unit: Unit, report: RecoveryReport, period: Period, days: PartOfPeriod) -> list[dict[str, str]]:
    """The 24-hour figure by channel; what is not due yet is none of it."""
    where: dict[str, Any] = {"unit": unit.pk, "since": days.since, "until": days.until}
    return [
        {
            "name": str(Channel(part.channel).label) if part.channel else _("No channel given"),
            "share": percent((part.cases - part.missed) / part.cases),
            "of": part_of_words(part.cases - part.missed, part.cases),
            "url": behind_url(HEADLINE.key, "denominator", period, channel=part.channel or NO_CHANNEL, **where),
        }
        for part in report.channels
    ]


def _response_words(report: RecoveryReport) -> str:
    response = report.response
    if response is None:
        return _("nobody was asked")
    words = {
        "answered": number(response.answered),
        "asked": number(response.asked),
        "worst": percent(float(response.worst)),
        "best": percent(float(response.best)),
    }
    return _("%(answered)s of %(asked)s answered; between %(worst)s and %(best)s had all") % words


def _running_words(figure: Figure) -> str:
    if not figure.running:
        return _("%(of)s first fixes") % {"of": of_words(figure)}
    return ngettext("%(n)s fix is younger than 30 days", "%(n)s fixes are younger than 30 days", figure.running) % {
        "n": number(figure.running)
    }


def _kept_words(figure: Figure) -> str:
    moved = figure.counts["kept_as_moved"]
    words = _("%(of)s that were due") % {"of": of_words(figure)}
    return _("%(words)s; %(n)s by a moved date") % {"words": words, "n": number(moved)} if moved else words


def _at_risk_words(report: RecoveryReport) -> str:
    customers = ngettext("%(n)s customer", "%(n)s customers", report.customers_at_risk)
    words = customers % {"n": number(report.customers_at_risk)}
    if not report.at_risk.unknown:
        return words
    return _("%(words)s, %(n)s of unknown worth") % {"words": words, "n": number(report.at_risk.unknown)}
