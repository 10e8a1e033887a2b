"""Rows of what panels say and leaders make of it, behind their figures: on a page and as a file.

Of answers there are groups, never one of them; of invitations whether they were answered, and never by whom.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cso.languages import labelled
from cso.metrics.queries.beside import Net
from cso.metrics.queries.figures import Figure
from cso.metrics.registry import Family
from cso.panels.models import Commitment, Invitation, Question, ResultGroup, RosterEntry
from frontend.access import MemberRequest
from frontend.figures.panels import score_words
from frontend.paging import Order
from frontend.rows.decisions import DecisionsExport, facts_page
from frontend.words.figures import number

# How so many of them are called, by metric and part.
TITLES: dict[tuple[str, str], Callable[[int], str]] = {
    ("panel_response", "numerator"): lambda n: ngettext(
        "%(n)s member answered in time", "%(n)s members answered in time", n
    ),
    ("panel_response", "rest"): lambda n: ngettext(
        "%(n)s invited member did not answer in time", "%(n)s invited members did not answer in time", n
    ),
    ("commitments_kept", "numerator"): lambda n: ngettext(
        "%(n)s commitment was kept", "%(n)s commitments were kept", n
    ),
    ("commitments_kept", "rest"): lambda n: ngettext(
        "%(n)s commitment was not kept", "%(n)s commitments were not kept", n
    ),
}
_READ: dict[type[Any], tuple[str, ...]] = {
    ResultGroup: ("unit", "wave", "question"),
    Invitation: ("unit", "wave"),
    RosterEntry: ("unit", "person", "session"),
    Commitment: ("unit", "owner"),
}


def panel_page(request: MemberRequest, facts: QuerySet[Any], family: Family) -> dict[str, Any]:
    """One page of facts, the latest first; each leads to where it comes from."""
    return facts_page(request, _read(facts), family, url=_url, what=_what, state=_state)


class PanelFactsExport(DecisionsExport):
    """The same list as a file."""

    columns = {"when": "", "id": "", "what": "", "became_of_it": "", "unit_code": "", "unit": ""}
    name = "listening"

    @classmethod
    def of(cls, facts: QuerySet[Any], family: Family, request: MemberRequest) -> PanelFactsExport:
        return cls(_read(facts), Order(family.column, newest_first=True), request.tenant)

    def _line(self, fact: Any) -> list[Any]:
        return [
            getattr(fact, self.order.column),
            str(fact.pk),
            _what(fact),
            _state(fact),
            fact.unit.code,
            fact.unit.name,
        ]


def net_sentence(figure: Figure, net: Net) -> str:
    """The score with what chance leaves open, and the numbers that it comes from."""
    kind = Question.Kind.NPS
    return _(
        "%(metric)s: %(net)s, %(for)s for and %(against)s against, of %(all)s; chance leaves %(low)s to %(high)s."
    ) % {
        "metric": figure.metric.name,
        "net": score_words(kind, float(net.value)),
        "for": number(figure.numerator),
        "against": number(figure.counts[figure.metric.against or ""]),
        "all": number(figure.denominator),
        "low": score_words(kind, net.low),
        "high": score_words(kind, net.high),
    }


def _read(facts: QuerySet[Any]) -> QuerySet[Any]:
    return facts.select_related(*_READ[facts.model])


def _url(slug: str, fact: Any) -> str:
    if isinstance(fact, RosterEntry):
        return reverse("session", args=[slug, fact.session_id])
    if isinstance(fact, Commitment):
        return reverse("commitments", args=[slug])
    return reverse("wave", args=[slug, fact.wave_id])


def _what(fact: Any) -> str:
    if isinstance(fact, ResultGroup):
        return labelled(fact.wave.name, fact.question.text_en)
    if isinstance(fact, Invitation):
        return str(fact.wave.name)
    return str(fact.what) if isinstance(fact, Commitment) else labelled(fact.person.name, fact.session.title)


def _state(fact: Any) -> str:
    if isinstance(fact, ResultGroup):
        said = {"for": fact.favourable, "against": fact.unfavourable, "all": fact.answers}
        return _("%(for)s favourable, %(against)s unfavourable, of %(all)s") % said
    if isinstance(fact, Invitation):
        return _("Answered") if fact.has_answered else _("Not answered")
    if isinstance(fact, RosterEntry):
        return _("Attended") if fact.attended else _("Excused, absent") if fact.excuse else _("Absent")
    if fact.done_at is None:
        return _("Withdrawn") if fact.withdrawn_at else _("Not done")
    return _("Kept") if fact.kept else _("Done late")
