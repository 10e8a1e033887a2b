"""Finding a case, a customer's cases, a unit, a leader or a page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.fields import CharField
from django.db.models.functions import Cast, Right
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cso.customers.queries import find_customer, search_customers
from cso.people.models import Leadership, Unit
from cso.people.queries import leading_on
from cso.recovery.models import Case
from cso.recovery.queries import visible_cases
from frontend.access import MemberRequest, for_members
from frontend.destinations import destinations
from frontend.rows.cases import case_rows, with_row
from tenants.roles import Can
from tenants.scope import day_of

MOST = 20
LONGEST = 200


@for_members()
@require_safe
def search(request: MemberRequest) -> HttpResponse:
    wording = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]
    context: dict[str, Any] = {"q": wording, "pages": destinations(request, wording)}
    if wording:
        context |= {
            "rows": case_rows(request, _cases(request, wording)),
            "customers": search_customers(request.member, wording).order_by("name", "id")[:MOST],
            "units": _units(request, wording),
            "leaders": _leaders(request, wording),
        }
    template = "frontend/search/_results.html" if request.headers.get("HX-Request") else "frontend/search/search.html"
    return render(request, template, context)


def _cases(request: MemberRequest, wording: str) -> QuerySet[Case]:
    """By external id (or how it begins), by the short reference of recent cases, or by customer."""
    beginning = Q(external_id__gte=wording, external_id__lt=wording + "\U0010ffff")
    condition = Q(external_id=wording) | beginning
    if customer := find_customer(request.member, wording):
        condition |= Q(customer=customer)
    cases = with_row(request, visible_cases(request.member))
    if reference := _reference(wording):
        cases = cases.annotate(ends=Right(Cast("id", CharField()), 8))
        condition |= Q(ends=reference, reported_at__gte=request.now - timedelta(days=90))
    if (whole := _uuid(wording)) is not None:
        condition |= Q(pk=whole)
    return cases.filter(condition).order_by("-reported_at", "-id")[:MOST]


def _reference(wording: str) -> str:
    text = wording.lower()
    return text if len(text) == 8 and all(sign in "0123456789abcdef" for sign in text) else ""


def _uuid(wording: str) -> UUID | None:
    try:
        return UUID(wording)
    except ValueError:
        return None


def _units(request: MemberRequest, wording: str) -> QuerySet[Unit]:
    if not request.member.can(Can.SEE_PEOPLE):
        return Unit.objects.none()
    return Unit.objects.filter(Q(code=wording) | Q(name__icontains=wording)).order_by("name")[:MOST]


def _leaders(request: MemberRequest, wording: str) -> QuerySet[Leadership]:
    """Those who lead a unit now."""
    if not request.member.can(Can.SEE_PEOPLE):
        return Leadership.objects.none()
    found = Leadership.objects.filter(leading_on(day_of(request.now)), person__name__icontains=wording)
    return found.select_related("person__position", "unit").order_by("person__name")[:MOST]
