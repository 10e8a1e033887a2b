"""What customers said and who listened, in the words and links of a unit's page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from cso.intervals import SMALL_SAMPLE
from cso.metrics.periods import Period
from cso.metrics.queries.beside import net_of
from cso.metrics.queries.figures import Figure
from cso.metrics.queries.unit_figures import UnitFigures
from cso.metrics.registry import METRICS
from cso.panels.models import Question
from cso.people.models import Unit
from frontend.behind import PartOfPeriod, behind_url
from frontend.figures.panels import score_words
from frontend.words.figures import number, of_words, share_words

_SHOWN = ("nps", "csat", "effort", "price_only_share", "panel_response", "commitments_kept")


def listening_figures(unit: Unit, known: UnitFigures, period: Period, days: PartOfPeriod) -> list[dict[str, str]]:
    """Those of which there is something to tell, for who sees results; every one leads to what stands behind it."""
    where: dict[str, Any] = {"unit": unit.pk, "since": days.since, "until": days.until}
    figures = [known.of(METRICS[key]) for key in _SHOWN]
    return [
        {
            "label": str(figure.metric.name),
            "value": said_words(figure),
            "url": behind_url(figure.metric.key, "denominator", period, **where),
            "note": _note(figure),
        }
        for figure in figures
        if figure.denominator
    ]


def said_words(figure: Figure) -> str:
    """A share or a net score; of few people how many of how many, as on the pages of their waves."""
    net = net_of(figure)
    if net is not None and not _is_small(figure):
        return score_words(Question.Kind.NPS, float(net.value))
    if net is None:
        return share_words(figure)
    said = {"for": figure.numerator, "against": figure.counts[figure.metric.against or ""], "all": figure.denominator}
    return _("%(for)s for, %(against)s against, of %(all)s") % said


def _note(figure: Figure) -> str:
    net = net_of(figure)
    if net is None:
        return of_words(figure)
    if _is_small(figure):
        return _("too few answers for a score")
    kind = Question.Kind.NPS
    words = _("of %(all)s answers; chance leaves %(low)s to %(high)s")
    said = {"low": score_words(kind, net.low), "high": score_words(kind, net.high)}
    return words % (said | {"all": number(figure.denominator)})


def _is_small(figure: Figure) -> bool:
    return figure.denominator < SMALL_SAMPLE
