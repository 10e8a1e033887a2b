"""The company's figures as rows: each with what it rests on, what chance leaves open, and the period before."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from django.utils.translation import gettext as _

from cso.metrics.queries.beside import net_of, ratio_of, response_of
from cso.metrics.queries.figures import Figure
from cso.metrics.registry import Metric
from cso.panels.models import Question
from cso.scorecards.board_pack import BoardPack
from cso.texts import percent
from frontend.behind import behind_url
from frontend.board_pack.parts import Cell, Column, Value, hidden, said, tenths
from frontend.figures.listening import said_words
from frontend.figures.panels import score_words
from frontend.words.figures import number, of_words, status_words

_HUNDRED = Fraction(100)


def columns() -> list[Column]:
    return [
        Column("figure", _("Figure")),
        Column("value", _("Value"), is_number=True),
        Column("of", _("Of"), is_number=True),
        Column("numerator", _("Part"), is_number=True, is_hidden=True),
        Column("denominator", _("All"), is_number=True, is_hidden=True),
        Column("before", _("Period before"), is_number=True),
        Column("likely_low", _("Chance leaves open, from"), is_number=True, is_hidden=True),
        Column("likely_high", _("Chance leaves open, to"), is_number=True, is_hidden=True),
        Column("note", _("How far it can be relied on")),
    ]


def figure_rows(pack: BoardPack, metrics: Sequence[Metric]) -> list[list[Cell]]:
    return [_row(pack, metric) for metric in metrics]


def _row(pack: BoardPack, metric: Metric) -> list[Cell]:
    figure, before = pack.figure(metric), pack.before(metric)
    low, high = _interval(figure)
    has_data = figure.denominator > 0
    return [
        said(metric.name, metric.key),
        Cell(
            value_words(figure),
            _value(figure),
            url=behind_url(metric.key, "numerator" if metric.kind == "count" else "denominator", pack.period),
        ),
        said(of_words(figure) if has_data and metric.kind not in {"count", "ratio"} else ""),
        hidden(figure.numerator),
        hidden(figure.denominator if metric.kind != "count" else None),
        said(value_words(before), _value(before)),
        hidden(low),
        hidden(high),
        said(_note(pack, figure)),
    ]


def value_words(figure: Figure) -> str:
    """A figure as its own pages write it."""
    if figure.metric.kind == "count":
        return number(figure.numerator)
    return said_words(figure) if figure.denominator else _("no data")


def _value(figure: Figure) -> Value:
    """Shares in percent and net scores in points, to one decimal; None without data."""
    if figure.metric.kind == "count":
        return figure.numerator
    net = net_of(figure)
    share = net.value if net else figure.share
    return None if share is None else tenths(share * _HUNDRED)


def _interval(figure: Figure) -> tuple[Decimal | None, Decimal | None]:
    """What chance leaves open, in the same unit."""
    if figure.metric.kind == "ratio":
        ratio = ratio_of(figure)
        ends = (ratio.low, ratio.high) if ratio else (None, None)
        low, high = (None if end is None else tenths(end * 100) for end in ends)
        return low, high
    found = net_of(figure) or (figure.interval if figure.metric.kind == "share" else None)
    return (tenths(found.low * 100), tenths(found.high * 100)) if found else (None, None)


def _note(pack: BoardPack, figure: Figure) -> str:
    """The interval, who answered, and whether it can still change."""
    words = []
    low, high = _interval(figure)
    if low is not None and high is not None:
        words.append(_chance(figure, low, high))
    response = response_of(figure)
    if response is not None:
        told = {"answered": number(response.answered), "asked": number(response.asked)}
        words.append(_("%(answered)s of %(asked)s answered.") % told)
    if figure.metric.kind == "ratio":
        words.append(_effect(figure))
    elif figure.denominator or figure.metric.kind == "count":
        # What holds for the whole pack stands in its head.
        state = status_words(figure, pack.period)
        words.append(state if state != status_words(pack.standing.organization, pack.period) else "")
    return " ".join(filter(None, words))


def _chance(figure: Figure, low: Decimal, high: Decimal) -> str:
    def say(value: Decimal) -> str:
        share = float(value) / 100
        return score_words(Question.Kind.NPS, share) if figure.metric.kind == "net" else percent(share)

    return _("Chance leaves open %(low)s to %(high)s.") % {"low": say(low), "high": say(high)}


def _effect(figure: Figure) -> str:
    counts = figure.counts
    if not figure.denominator:
        return _("Told 8 weeks after a rule went, where enough cases cited it.")
    words = _("%(after)s cases cite killed rules in the 8 weeks after, %(before)s before.")
    return words % {"after": number(counts["cases_after"]), "before": number(counts["cases_before"])}
