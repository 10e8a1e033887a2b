"""What a wall shows, in words: slides of few and large ones, in the languages that we speak."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from cso.languages import format_date, on_day
from cso.metrics.queries.figures import Figure
from cso.scorecards.walls.figures import Hero, WallFigures
from frontend.charts.wall_bar import wall_bar
from frontend.words.figures import chance_words, gap_words, number, of_words, share_words, span_words, target_words

# As much of a story as can be read in one turn.
MOST_OF_A_STORY = 240
MOST_OF_A_TITLE = 60
NOW, OPEN, SURPRISED, KILLED, HERO, WINS = "now", "open", "surprised", "killed", "hero", "wins"


@dataclass(frozen=True)
class Slide:
    """One of them: its large `figure`; what stands beside it, each with its tone; numbers with what they count; lines
    of a list, each with a note; a story.

    tone: better, worse or chance; "" says nothing of it.
    """

    name: str
    title: str
    figure: str = ""
    beside: list[tuple[str, str]] = field(default_factory=list)
    bar: SafeString | None = None
    facts: list[tuple[str, str]] = field(default_factory=list)
    lines: list[tuple[str, str]] = field(default_factory=list)
    story: str = ""


def slides_of(found: WallFigures) -> list[Slide]:
    """In their order; one that has nothing to tell is left out."""
    slides = [_now(found), _open(found), _surprised(found), _killed(found)]
    if found.hero:
        slides.append(_hero(found.hero))
    if found.wins:
        slides.append(_wins(found))
    return slides


def _now(found: WallFigures) -> Slide:
    target, title = found.judgement.target, _("Recovered within 24 hours")
    share = found.recovered.percent
    return Slide(
        NOW,
        title,
        figure=_share(found.recovered),
        beside=[each for each in _against_target(found) if each[0]],
        bar=wall_bar(
            label=title,
            value=share / 100 if share is not None else None,
            target=float(target) / 100 if target is not None else None,
        ),
        facts=[
            (number(found.pulse.open), _("open now")),
            (number(found.pulse.soon), _("due within 4 h")),
            (_share(found.surprised), _surprised_words(found.surprised)),
            (number(found.killed.numerator), _killed_words(found)),
        ],
    )


def _against_target(found: WallFigures) -> Iterator[tuple[str, str]]:
    target, figure = found.judgement.target, found.recovered
    if target is not None:
        yield _("target %(target)s") % {"target": target_words(target)}, ""
        yield gap_words(found.judgement)
    yield ", ".join(filter(None, [_of(figure), _days(found)])), ""
    yield chance_words(figure), ""
    if found.rises:
        day, rises_to = found.rises
        yield _("from %(day)s: %(target)s") % {"day": on_day(day), "target": target_words(rises_to)}, ""


def _share(figure: Figure) -> str:
    """Large letters have no room for words: that there is no data stands beside."""
    return share_words(figure) if figure.denominator else "–"


def _of(figure: Figure) -> str:
    return of_words(figure) if figure.denominator else ""


def _days(found: WallFigures) -> str:
    first, last = found.period.first, found.period.after - timedelta(days=1)
    return f"{format_date(first, 'j M')} – {format_date(last, 'j M')}"


def _surprised_words(figure: Figure) -> str:
    if figure.chance is None or not figure.denominator:
        return _("surprised")
    return _("surprised: %(of)s") % {"of": of_words(figure)}


def _killed_words(found: WallFigures) -> str:
    return _("rules killed in %(month)s") % {"month": format_date(found.month.first, "F")}


def _open(found: WallFigures) -> Slide:
    pulse = found.pulse
    return Slide(
        OPEN,
        _("Customers who wait for us"),
        facts=[
            (number(pulse.open), _("open now")),
            (number(pulse.soon), _("due within 4 h")),
            (number(pulse.late), _("later than 24 h")),
        ],
    )


def _surprised(found: WallFigures) -> Slide:
    figure, response = found.surprised, found.response
    lines = [_of(figure) or _("no data"), chance_words(figure), _days(found)]
    if response:
        answered = {"n": number(response.answered), "all": number(response.asked)}
        lines.append(_("%(n)s of %(all)s customers told us") % answered)
    return Slide(
        SURPRISED,
        _("Customers whom we surprised"),
        figure=_share(figure),
        beside=[(line, "") for line in lines if line],
    )


def _killed(found: WallFigures) -> Slide:
    return Slide(
        KILLED,
        _("Dumb rules killed"),
        figure=number(found.killed.numerator),
        beside=[(format_date(found.month.first, "F Y"), "")],
        lines=[
            (_shortened(title, MOST_OF_A_TITLE), _("gone since %(day)s") % {"day": format_date(localtime(at), "j M")})
            for title, at in found.rules
        ],
    )


def _hero(hero: Hero) -> Slide:
    return Slide(
        HERO,
        _("Thank you, %(name)s") % {"name": hero.name},
        beside=[(f"{hero.unit} · {hero.kind}", "")],
        story=_shortened(hero.what, MOST_OF_A_STORY),
    )


def _wins(found: WallFigures) -> Slide:
    return Slide(
        WINS,
        _("Put right in time, with a surprise"),
        lines=[(win.unit, _("in %(time)s") % {"time": span_words(win.seconds)}) for win in found.wins],
    )


def _shortened(text: str, most: int) -> str:
    """Cut at a word."""
    words = text[: most + 1]
    return text if len(text) <= most else f"{words.rpartition(' ')[0] or words[:most]}…"
