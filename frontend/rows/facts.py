"""Rows of the facts behind a figure that are no cases: promises, approvals, call-backs, customers at risk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cso.metrics.queries.beside import Worth, worth_currency
from cso.metrics.queries.returned import Returned
from cso.metrics.registry import Family
from cso.recovery.models import CallBack, Exposure, Promise, Remedy
from cso.recovery.queries import visible_cases
from frontend.access import MemberRequest
from frontend.paging import Order, count_of, page_of
from frontend.words.figures import number, span_words
from frontend.words.money import money_words, range_words
from frontend.words.scores import amount_words
from tenants.roles import Can

# How so many of them are called, by source.
NOUNS: dict[str, Callable[[int], str]] = {
    "promise": lambda n: ngettext("%(n)s promise", "%(n)s promises", n),
    "remedy": lambda n: ngettext("%(n)s approval was asked", "%(n)s approvals were asked", n),
    "call_back": lambda n: ngettext("%(n)s customer asked to be called", "%(n)s customers asked to be called", n),
    "withdrawal": lambda n: ngettext("%(n)s rule", "%(n)s rules", n),
    "kill_order": lambda n: ngettext("%(n)s kill order fell due", "%(n)s kill orders fell due", n),
    "nomination": lambda n: ngettext("%(n)s nomination", "%(n)s nominations", n),
    "motion": lambda n: ngettext("%(n)s motion was to be decided", "%(n)s motions were to be decided", n),
    "coverage": lambda n: ngettext("%(n)s unit", "%(n)s units", n),
    "invitation": lambda n: ngettext("%(n)s member was invited", "%(n)s members were invited", n),
    "roster": lambda n: ngettext("%(n)s executive was expected", "%(n)s executives were expected", n),
    "result_group": lambda n: ngettext("%(n)s group of answers", "%(n)s groups of answers", n),
    "commitment": lambda n: ngettext("%(n)s commitment", "%(n)s commitments", n),
    "exposure": lambda n: ngettext("%(n)s customer at risk", "%(n)s customers at risk", n),
}


def facts_page(request: MemberRequest, facts: QuerySet[Any], family: Family) -> dict[str, Any]:
    """One page of facts, the latest first, for cases/_facts.html; each leads to its case where that may be seen."""
    sees_customers = family.source.key == "exposure" and request.member.can(Can.SEE_CUSTOMERS)
    read = facts.select_related("unit", "case", *(["customer"] if sees_customers else []))
    page = page_of(read, Order(family.column, newest_first=True), request.GET)
    found: list[Any] = list(page.cases)
    seen = set(
        visible_cases(request.member).filter(pk__in=[fact.case_id for fact in found]).values_list("pk", flat=True)
    )
    currency = worth_currency() if family.source.key == "exposure" else ""
    return {
        "count": count_of(facts),
        "facts": [
            {
                "url": reverse("case", args=[request.tenant.slug, fact.case_id]) if fact.case_id in seen else "",
                "reference": fact.case.reference,
                "unit": fact.unit.name,
                "at": getattr(fact, family.column),
                "what": _what(fact, currency, sees_customers=sees_customers),
                "state": _state(fact),
            }
            for fact in found
        ],
        "next_url": page.next_query,
        "first_url": page.first_query,
    }


def _what(fact: Any, currency: str, *, sees_customers: bool) -> str:
    if isinstance(fact, Promise):
        return fact.what
    if isinstance(fact, Remedy):
        return fact.exception or money_words(fact.amount_minor, fact.currency)
    if isinstance(fact, Exposure):
        worth = _("worth not known")
        if fact.worth_low_minor is not None and fact.worth_high_minor is not None:
            worth = range_words(fact.worth_low_minor, fact.worth_high_minor, currency)
        return f"{fact.customer}, {worth}" if sees_customers else worth
    return _("Call-back")


def _state(fact: Any) -> str:
    if isinstance(fact, Promise):
        return _promise_state(fact)
    if isinstance(fact, Remedy):
        waited = span_words(fact.seconds_to_decide) if fact.seconds_to_decide is not None else ""
        label = str(fact.get_status_display())
        return _("%(state)s after %(time)s") % {"state": label, "time": waited} if waited else label
    if isinstance(fact, CallBack):
        if fact.seconds_to_call is None:
            return _("Not called yet")
        return _("Called after %(time)s") % {"time": span_words(fact.seconds_to_call)}
    if fact.is_saved:
        return _("Bought again")
    return _("Open case") if fact.is_open else _("No purchase since")


def _promise_state(promise: Promise) -> str:
    if promise.kept:
        return _("Kept as moved") if promise.kept_as_moved else _("Kept")
    if promise.disputed_at:
        return _("Disputed")
    return _("Done too late") if promise.done_at else _("Not done")


def returned_sentence(found: Returned) -> str:
    """How much came back for each unit of money given; empty where nothing was given, which has no ratio."""
    if found.ratio is None:
        return ""
    low, high = (amount_words(each) for each in found.ratio)
    words = {"currency": found.currency, "low": low, "high": high}
    return _("For each %(currency)s given to these customers %(low)s to %(high)s were saved.") % words


def worth_sentence(worth: Worth) -> str:
    """What of it was saved, of how much; and of how many nobody knows. No share: the unknown ones are in neither."""
    words = _("%(saved)s of %(all)s saved.") % {
        "saved": range_words(worth.low, worth.high, worth.currency),
        "all": range_words(worth.whole_low, worth.whole_high, worth.currency),
    }
    if not worth.unknown:
        return words
    unknown = ngettext(
        "Of %(n)s customer the worth is not known.", "Of %(n)s customers the worth is not known.", worth.unknown
    )
    return f"{words} {unknown % {'n': number(worth.unknown)}}"
