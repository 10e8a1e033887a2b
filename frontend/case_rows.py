"""Rows of a list of cases, ready to be shown."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from cso.recovery.models import Case
from frontend.access import MemberRequest
from frontend.paging import Order, page_of
from frontend.wording import case_state


def cases_page(request: MemberRequest, cases: QuerySet[Case], order: Order) -> dict[str, Any]:
    """One page of a list of cases, for cases/_list.html."""
    page = page_of(cases.select_related("unit", "cause"), order, request.GET)
    return {
        "rows": [case_row(case, request) for case in page.cases],
        "next_url": page.next_query,
        "first_url": page.first_query,
    }


def case_row(case: Case, request: MemberRequest) -> dict[str, Any]:
    kind, words = case_state(case, request.now)
    return {
        "url": reverse("case", args=[request.tenant.slug, case.pk]),
        "reference": case.reference,
        "summary": case.summary,
        "unit": case.unit.name,
        "cause": case.cause.name if case.cause else "",
        "reported_at": case.reported_at,
        "kind": kind,
        "state": words,
    }
