"""What was changed by hand of the figures behind a score, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cso.languages import format_date
from cso.scorecards.scores.interventions import Intervention, Interventions, Reorganization, Retold, Touch
from cso.scorecards.scores.spans import Span
from frontend.words.figures import number
from tenants.scope import current_tenant


@dataclass(frozen=True)
class Told:
    """One sentence, with the last cases (reference, address, "by whom, when") behind it."""

    words: str
    cases: list[tuple[str, str, str]]


def intervention_words(found: Interventions, span: Span) -> list[Told]:
    """Whatever people did that can lift a score, then what nobody here could look at while it happened."""
    told = [Told(_done(each), [_case(touch) for touch in each.last]) for each in found.found]
    told += [Told(words, []) for words in _gaps(span)]
    told += [Told(_retold(each), []) for each in found.retold]
    told += [Told(_reorganized(each), []) for each in found.reorganized]
    return told + [Told(words, []) for words in _unwatched(found)]


def _done(found: Intervention) -> str:
    words = {
        "taken_out": ngettext(
            "%(n)s case was taken out of the figures, for whatever reason.",
            "%(n)s cases were taken out of the figures, for whatever reason.",
            found.cases,
        ),
        "told_late": ngettext(
            "%(n)s case counts as recovered by a fix that was told only when its 24 hours were over.",
            "%(n)s cases count as recovered by a fix that was told only when their 24 hours were over.",
            found.cases,
        ),
        "times": ngettext(
            "%(n)s case had its times corrected so that it took less long.",
            "%(n)s cases had their times corrected so that they took less long.",
            found.cases,
        ),
        "moved_away": ngettext(
            "%(n)s case was moved to a unit outside when its 24 hours were over.",
            "%(n)s cases were moved to units outside when their 24 hours were over.",
            found.cases,
        ),
        "moved_here": ngettext(
            "%(n)s case came from a unit outside when its 24 hours were over.",
            "%(n)s cases came from units outside when their 24 hours were over.",
            found.cases,
        ),
    }
    return words[found.kind] % {"n": number(found.cases)}


def _case(touch: Touch) -> tuple[str, str, str]:
    url = reverse("case", args=[current_tenant().slug, touch.case])
    return touch.reference, url, _who(touch)


def _who(told: Touch | Retold | Reorganization) -> str:
    day = format_date(localtime(told.at, current_tenant().zone), "j M Y")
    return f"{told.by}, {day}" if told.by else day


def _gaps(span: Span) -> Iterator[str]:
    for (_first, until), (since, _end) in pairwise(span.pieces):
        days = {"first": _day(until), "last": _day(since - timedelta(days=1))}
        yield _("The days from %(first)s to %(last)s are left out: they did not lead the unit then.") % days


def _retold(told: Retold) -> str:
    words = {"measure": told.measure, "month": format_date(told.month, "F Y"), "who": _who(told)}
    return _("%(measure)s of %(month)s was told anew when the month was over (%(who)s).") % words


def _reorganized(told: Reorganization) -> str:
    words: dict[str, Any] = {"unit": told.unit, "who": _who(told)}
    if told.act == "move_unit":
        words |= {name: told.details[name] or _("the top") for name in ("before", "after")}
        return _("The unit %(unit)s was moved from %(before)s to %(after)s (%(who)s).") % words
    words["person"] = told.details["person"]
    if told.act == "name_leader":
        words["day"] = _day(date.fromisoformat(told.details["starts_on"]))
        return _("That %(person)s leads %(unit)s since %(day)s was told afterwards (%(who)s).") % words
    words["day"] = _day(date.fromisoformat(told.details["ends_on"]))
    return _("That %(person)s leads %(unit)s no more since %(day)s was told afterwards (%(who)s).") % words


def _unwatched(found: Interventions) -> Iterator[str]:
    of = {"of": number(found.cases)}
    if found.known_late:
        words = ngettext(
            "Of %(n)s of %(of)s cases this workspace first heard when it was fixed already.",
            "Of %(n)s of %(of)s cases this workspace first heard when they were fixed already.",
            found.known_late,
        )
        yield words % {**of, "n": number(found.known_late)}
    if found.nameless:
        words = ngettext(
            "%(n)s of %(of)s cases is of no known customer, who could say otherwise.",
            "%(n)s of %(of)s cases are of no known customer, who could say otherwise.",
            found.nameless,
        )
        yield words % {**of, "n": number(found.nameless)}


def _day(day: date) -> str:
    return format_date(day, "j M Y")
