"""Rows of what committees decided and killed, behind their figures: on a page and as a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cso.committees.models import KillOrder, Motion, Nomination, UnitCoverage
from cso.metrics.queries.beside import Ratio
from cso.metrics.queries.figures import Figure
from cso.metrics.registry import Family
from cso.texts import percent
from frontend.access import MemberRequest
from frontend.paging import Order, behind, count_of, in_order, page_of
from frontend.words.figures import number, span_words
from tenants.models import Tenant
from tenants.scope import tenant_scope

_ROWS_AT_ONCE = 1_000

# How so many of them are called, by metric and part.
TITLES: dict[tuple[str, str], Callable[[int], str]] = {
    **dict.fromkeys(
        [("rules_killed", "numerator"), ("rules_killed", "denominator")],
        lambda n: ngettext("%(n)s rule was killed", "%(n)s rules were killed", n),
    ),
    **dict.fromkeys(
        [("rule_effect", "numerator"), ("rule_effect", "denominator")],
        lambda n: ngettext("The effect of %(n)s rule is known", "The effect of %(n)s rules is known", n),
    ),
    ("rule_effect", "running"): lambda n: ngettext(
        "The effect of %(n)s rule is watched", "The effect of %(n)s rules is watched", n
    ),
    ("decided_in_time", "rest"): lambda n: ngettext(
        "%(n)s motion was not decided in time", "%(n)s motions were not decided in time", n
    ),
    ("decided_in_time", "numerator"): lambda n: ngettext(
        "%(n)s motion was decided in time", "%(n)s motions were decided in time", n
    ),
    ("executed_in_time", "rest"): lambda n: ngettext(
        "%(n)s kill order was not executed in time", "%(n)s kill orders were not executed in time", n
    ),
    ("executed_in_time", "numerator"): lambda n: ngettext(
        "%(n)s kill order was executed in time", "%(n)s kill orders were executed in time", n
    ),
    ("committee_coverage", "rest"): lambda n: ngettext(
        "%(n)s unit has no live committee", "%(n)s units have no live committee", n
    ),
    ("committee_coverage", "numerator"): lambda n: ngettext(
        "%(n)s unit has a live committee", "%(n)s units have a live committee", n
    ),
    ("time_to_kill", "numerator"): lambda n: ngettext(
        "%(n)s nomination ended in a kill", "%(n)s nominations ended in a kill", n
    ),
}


def decisions_page(request: MemberRequest, facts: QuerySet[Any], family: Family) -> dict[str, Any]:
    """One page of facts, the latest first; each leads to its rule, motion or order."""
    return facts_page(request, _read(facts, family), family, url=_url, what=_what, state=_state)


def facts_page(
    request: MemberRequest,
    facts: QuerySet[Any],
    family: Family,
    *,
    url: Callable[[str, Any], str],
    what: Callable[[Any], str],
    state: Callable[[Any], str],
) -> dict[str, Any]:
    """One page of facts that are no cases, the latest first, for cases/_decisions.html.

    url: where a fact comes from, in the workspace of that slug. what, state: the fact, and what became of it, in words.
    """
    page = page_of(facts, Order(family.column, newest_first=True), request.GET)
    found: list[Any] = list(page.cases)
    return {
        "count": count_of(facts),
        "decisions": [
            {
                "url": url(request.tenant.slug, fact),
                "at": getattr(fact, family.column),
                "what": what(fact),
                "state": state(fact),
                "unit": fact.unit.name,
            }
            for fact in found
        ],
        "next_url": page.next_query,
        "first_url": page.first_query,
    }


@dataclass(frozen=True)
class DecisionsExport:
    """A list of such facts as a file, for who may see the list."""

    facts: QuerySet[Any]
    order: Order
    tenant: Tenant
    columns: ClassVar = {"when": "", "id": "", "what": "", "became_of_it": "", "unit_code": "", "unit": "", "rule": ""}
    name: ClassVar = "rules"

    @classmethod
    def of(cls, facts: QuerySet[Any], family: Family, request: MemberRequest) -> DecisionsExport:
        return cls(_read(facts, family), Order(family.column, newest_first=True), request.tenant)

    def blocks(self) -> Iterator[list[list[Any]]]:
        """Each block in a scope of its own, for a stream is read after the request's has closed."""
        following = in_order(self.facts, self.order)
        while True:
            with tenant_scope(self.tenant):
                found = list(following[:_ROWS_AT_ONCE])
            yield [self._line(fact) for fact in found]
            if len(found) < _ROWS_AT_ONCE:
                return
            following = behind(self.facts, self.order, getattr(found[-1], self.order.column), found[-1].pk)

    def _line(self, fact: Any) -> list[Any]:
        rule = getattr(fact, "rule", None)
        at, unit = getattr(fact, self.order.column), fact.unit
        return [at, str(fact.pk), _what(fact), _state(fact), unit.code, unit.name, rule.title if rule else ""]


def ratio_sentence(figure: Figure, ratio: Ratio) -> str:
    """What is left of the cases that cited the rules, and what chance leaves open."""
    words = _("%(after)s cases cite them in the 8 weeks after, %(before)s in those before: %(share)s is left.") % {
        "after": number(figure.numerator),
        "before": number(figure.denominator),
        "share": percent(float(ratio.value)),
    }
    if ratio.low is None or ratio.high is None:
        return words
    interval = _("What chance leaves open: %(low)s to %(high)s.")
    return f"{words} {interval % {'low': percent(ratio.low), 'high': percent(ratio.high)}}"


def _read(facts: QuerySet[Any], family: Family) -> QuerySet[Any]:
    return facts.select_related("unit", *([family.source.rule] if family.source.rule else []))


def _url(slug: str, fact: Any) -> str:
    name = {KillOrder: "kill_order", Motion: "motion", Nomination: "nomination", UnitCoverage: "unit"}[type(fact)]
    return reverse(name, args=[slug, fact.unit_id if isinstance(fact, UnitCoverage) else fact.pk])


def _what(fact: Any) -> str:
    if isinstance(fact, KillOrder):
        return str(fact.rule)
    if isinstance(fact, UnitCoverage):
        return str(fact.unit)
    return str(fact)


def _state(fact: Any) -> str:
    if isinstance(fact, UnitCoverage):
        return _("Has a live committee") if fact.is_covered else _("Has no live committee")
    label = str(fact.get_status_display())
    if isinstance(fact, Nomination) and fact.seconds_to_kill is not None:
        return _("Killed after %(time)s") % {"time": span_words(fact.seconds_to_kill)}
    if isinstance(fact, KillOrder) and fact.effect_told:
        cited = {"state": label, "before": number(fact.cited_before or 0), "after": number(fact.cited_after or 0)}
        return _("%(state)s: %(before)s cases before, %(after)s after") % cited
    return label
