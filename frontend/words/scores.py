"""Scores of leaders as words and lines: as they are now, and as they were seen. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal
from uuid import UUID

from django.utils.formats import number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from cso.languages import format_date
from cso.metrics.periods import FINAL_AFTER, Period, Status
from cso.metrics.queries.figures import Figure
from cso.metrics.registry import METRICS
from cso.scorecards.models import Category, Measure, MeasureFigure, ScoreSnapshot
from cso.scorecards.scores.counting import ItemScore, Score
from cso.scorecards.scores.spans import Span
from cso.texts import percent
from frontend.behind import behind_url
from frontend.words.figures import chance_words

Say = Callable[[Fraction], str]
_TENTH, _HUNDREDTH = Decimal("0.1"), Decimal("0.01")


def score_words(value: Fraction | Decimal | None) -> str:
    """ "61.3", or "incomplete"."""
    return _("incomplete") if value is None else amount_words(Fraction(value))


def amount_words(value: Fraction) -> str:
    """A number with as many decimals as tell something: none of a whole one, two of what is below ten."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    if value.denominator == 1:
        return number_format(exact, 0, use_l10n=True, force_grouping=True)
    step = _HUNDREDTH if abs(exact) < 10 else _TENTH
    return number_format(exact.quantize(step).normalize(), use_l10n=True, force_grouping=True)


def goal_percent(value: Fraction | Decimal) -> str:
    """A floor or a target of a share, which is exact: "92.5%"."""
    return _("%(number)s%%") % {"number": amount_words(Fraction(value))}


def bar_width(points: Fraction | Decimal | None) -> str:
    """How long a bar of up to 100 is, for an attribute of a picture."""
    return f"{0 if points is None else round(points)}%"


def state_sentence(
    state: Status, period: Period, lacking: Sequence[str], restated_at: datetime | None
) -> dict[str, str]:
    """Tone, lead and text of components/sentence.html: how far a score can be relied on, and until when."""
    texts = {
        "running": (_("Running."), _("The period is not over: this is what has happened by now.")),
        "provisional": (
            _("Provisional."),
            _("Late reports and reopened cases may change it until %(day)s.")
            % {"day": format_date(period.after + FINAL_AFTER, "j M Y")},
        ),
        "final": (
            _("Final."),
            _("It was restated on %(day)s; what changed stands below.")
            % {"day": format_date(localtime(restated_at), "j M Y")}
            if restated_at
            else _("Nothing has changed since."),
        ),
    }
    lead, text = texts[state]
    if not lacking:
        return {"tone": "chance", "lead": lead, "text": text}
    what = _("Without data or a target: %(what)s. Its weight is never spread over the others.")
    return {
        "tone": "worse",
        "lead": _("Incomplete."),
        "text": f"{what % {'what': ', '.join(lacking)}} {lead} {text}",
    }


@dataclass(frozen=True)
class Line:
    """One item of a score. Numbers are exact; `say` makes words of its figure, `say_goal` of its floor and target."""

    name: str
    category: str
    say: Say
    say_goal: Say
    value: Fraction | None
    of: str
    floor: Fraction
    target: Fraction | None
    weight: Fraction
    points: Fraction | None
    lacks: Literal["", "data", "target"]
    url: str = ""
    chance: str = ""
    source: str = ""

    def row(self) -> dict[str, str]:
        """As scorecard/_lines.html shows it."""
        return {
            "name": self.name,
            "value": _("no data") if self.value is None else self.say(self.value),
            "of": self.of,
            "url": self.url,
            "chance": self.chance,
            "source": self.source,
            "floor": self.say_goal(self.floor),
            "target": _("none in force") if self.target is None else self.say_goal(self.target),
            "weight": amount_words(self.weight),
            "points": "–" if self.points is None else amount_words(self.points),
            "width": bar_width(self.points),
        }


def lines_of(score: Score) -> list[Line]:
    """Of a score as it is now."""
    return [_line(item, score) for item in score.items]


def _line(item: ItemScore, score: Score) -> Line:
    measure = item.item.measure
    return Line(
        name=what_words(item.item.metric, measure),
        category=item.category.name,
        say=_say(item.item.metric, measure),
        say_goal=_say_goal(item.item.metric, measure),
        value=item.actual,
        of=_of_words(item.numerator, item.denominator, measure),
        floor=item.floor,
        target=item.target,
        weight=Fraction(item.weight),
        points=item.points,
        lacks=item.lacks,
        url=_behind(item.figure, score) if item.figure else "",
        chance=chance_words(item.figure) if item.figure and item.figure.metric.kind == "share" else "",
        source=_source(item.told) if item.told else "",
    )


def lines_seen(seen: ScoreSnapshot, categories: Mapping[str, Category], measures: Mapping[str, Measure]) -> list[Line]:
    """Of a score as it was kept; categories and measures by code."""
    return [line_seen(item, categories, measures) for item in seen.items]


def line_seen(item: Mapping[str, Any], categories: Mapping[str, Category], measures: Mapping[str, Measure]) -> Line:
    measure = measures[item["what"]] if item["is_measure"] else None
    metric = "" if measure else item["what"]
    numbers = {name: _exact(item[name]) for name in ("numerator", "denominator", "value", "target", "points")}
    return Line(
        name=what_words(metric, measure),
        category=categories[item["category"]].name,
        say=_say(metric, measure),
        say_goal=_say_goal(metric, measure),
        value=numbers["value"],
        of=_of_words(numbers["numerator"], numbers["denominator"], measure),
        floor=Fraction(item["floor"]),
        target=numbers["target"],
        weight=Fraction(item["weight"]),
        points=numbers["points"],
        lacks=item["lacks"],
    )


def by_category(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """Each category with its rows and what they weigh together, in their order."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(line.category, []).append(line)
    return [
        {
            "name": name,
            "weight": amount_words(sum((line.weight for line in held), Fraction(0))),
            "rows": [line.row() for line in held],
        }
        for name, held in found.items()
    ]


def goal_words(metric: str, measure: Measure | None, value: Decimal | None) -> str:
    """A floor or a target as a plan writes it; None is the target path."""
    return _("the target path") if value is None else _say_goal(metric, measure)(Fraction(value))


def what_words(metric: str, measure: Measure | None) -> str:
    """What a figure is called."""
    return measure.name if measure else str(METRICS[metric].name)


def _say(metric: str, measure: Measure | None) -> Say:
    if measure is not None:
        return lambda value: f"{amount_words(value)} {measure.unit_word}".strip()
    if METRICS[metric].kind == "share":
        return lambda value: percent(float(value) / 100)
    return amount_words


def _say_goal(metric: str, measure: Measure | None) -> Say:
    is_share = measure is None and METRICS[metric].kind == "share"
    return goal_percent if is_share else _say(metric, measure)


def _of_words(
    numerator: Decimal | Fraction | int | None, denominator: Decimal | Fraction | int | None, measure: Measure | None
) -> str:
    """What a figure is made of: a part of all, or of a measure, which need be no part, one number over the other."""
    if numerator is None or denominator is None or denominator == 1:
        return ""
    words = {"part": amount_words(Fraction(numerator)), "all": amount_words(Fraction(denominator))}
    return _("%(part)s / %(all)s") % words if measure else _("%(part)s of %(all)s") % words


def _behind(figure: Figure, score: Score) -> str:
    """Where the facts behind a figure are listed; nowhere where a leader led in several pieces of the period."""
    if len(score.span.pieces) > 1:
        return ""
    part: Literal["numerator", "denominator"] = "numerator" if figure.metric.kind == "count" else "denominator"
    return behind_of(figure.metric.key, part, score.plan.unit_id, score.span)


def behind_of(metric: str, part: Literal["numerator", "denominator"], unit: UUID, span: Span) -> str:
    return behind_url(metric, part, span.period, unit=unit, since=span.since, until=span.until)


def _source(figure: MeasureFigure) -> str:
    words = {"source": figure.source, "instant": format_date(localtime(figure.as_of), "j M Y, H:i")}
    return _("%(source)s, as of %(instant)s") % words


def _exact(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)
