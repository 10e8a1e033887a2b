"""Rows of a list of cases, ready to be shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from cso.customers.models import Customer
from cso.recovery.models import Case
from cso.recovery.teamwork import owners_of
from frontend.access import MemberRequest
from frontend.paging import Order, counted_of, page_of, with_count
from frontend.words.figures import case_state, contact_state
from frontend.words.money import range_words
from tenants.models import Membership
from tenants.roles import Can


def cases_page(request: MemberRequest, cases: QuerySet[Case], order: Order) -> dict[str, Any]:
    """One page of a list of cases, for cases/_list.html."""
    page = page_of(with_count(with_row(request, cases)), order, request.GET)
    return {
        "count": counted_of(page, cases),
        "rows": case_rows(request, page.cases),
        "next_url": page.next_query,
        "first_url": page.first_query,
    }


def with_row(request: MemberRequest, cases: QuerySet[Case]) -> QuerySet[Case]:
    """With all that stands in a row, in the same read."""
    others = ["customer"] if request.member.can(Can.SEE_CUSTOMERS) else []
    return cases.select_related("unit", "cause", "owner__user", *others)


def case_rows(request: MemberRequest, cases: Iterable[Case]) -> list[dict[str, Any]]:
    """Of cases read by `with_row`; whose they are is asked once for all that are open."""
    found = list(cases)
    owners = owners_of([case for case in found if case.is_open])
    return [_row(request, case, owners.get(case.pk)) for case in found]


def _row(request: MemberRequest, case: Case, owner: Membership | None) -> dict[str, Any]:
    kind, words = case_state(case, request.now)
    sees_customers = request.member.can(Can.SEE_CUSTOMERS)
    return {
        "id": case.pk,
        "url": reverse("case", args=[request.tenant.slug, case.pk]),
        "reference": case.reference,
        "summary": case.summary,
        "unit": case.unit.name,
        "cause": case.cause.name if case.cause else "",
        "channel": case.get_channel_display(),
        "reported_at": case.reported_at,
        "kind": kind,
        "state": words,
        "contact": contact_state(case, request.now),
        # Whose work it is, while there is work: a list of fixed cases names nobody beside a miss.
        "owner": owner.label if owner else "",
        "is_mine": owner is not None and owner.pk == request.member.pk,
        "at_risk": worth_words(case.customer) if sees_customers and case.is_open and case.is_valid else "",
        "surprise_planned": case.is_open and case.surprise_was_planned,
        "dazzled": case.is_valid and case.dazzled,
    }


def worth_words(customer: Customer | None) -> str:
    """What a customer may be worth over the years that remain; empty where that is not known."""
    if customer is None or customer.worth_low_minor is None:
        return ""
    return range_words(customer.worth_low_minor, customer.worth_high_minor, customer.currency)
