"""Customers: finding one, and all that is known of them in one place."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cso.customers.models import Customer, CustomerPreference
from cso.customers.preferences import live_preferences, take_back_preference
from cso.customers.queries import search_customers, visible_customers
from cso.customers.worth import worth_of
from cso.panels.permissions import runnable_panels
from cso.recovery.models import Case
from cso.recovery.queries import visible_cases
from frontend.access import MemberRequest, for_members
from frontend.forms.base import answer_to, sent
from frontend.forms.customers import CustomerForm, EraseForm, SecretForm
from frontend.paging import NEWEST_REPORT
from frontend.rows.cases import cases_page, worth_words
from frontend.views.form_page import form_page
from tenants.models import Membership
from tenants.roles import Can

PAGE = 50
LONGEST = 200


@for_members(Can.SEE_CUSTOMERS)
@require_safe
def customers(request: MemberRequest) -> HttpResponse:
    wording = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]
    found = list(_after(request, _with_open_cases(search_customers(request.member, wording)))[: PAGE + 1])
    following = request.GET.copy()
    if len(found) > PAGE:
        following["after"] = str(found[PAGE - 1].pk)
    context = {
        "q": wording,
        "rows": [_row(request, one) for one in found[:PAGE]],
        "next_url": f"?{following.urlencode()}" if len(found) > PAGE else "",
        "first_url": request.path if "after" in request.GET else "",
        "may_edit": request.member.can(Can.EDIT_CUSTOMERS),
    }
    return render(request, "frontend/customers/customers.html", context)


@for_members(Can.SEE_CUSTOMERS)
@require_http_methods(["GET", "HEAD", "POST"])
def customer(request: MemberRequest, customer: UUID) -> HttpResponse:
    """The page of one customer; what is sent to it is a secret."""
    found = _visible(request, customer)
    form = SecretForm(sent(request))
    if request.method == "POST" and not may_keep_secrets(request.member):
        raise PermissionDenied

    def keep() -> HttpResponse:
        form.save(found, by=request.member, now=request.now)
        messages.success(request, _("Kept. Whoever works their case sees it."))
        return redirect("customer", request.tenant.slug, found.pk)

    return answer_to(form, keep) or render(request, "frontend/customers/customer.html", _context(request, found, form))


@for_members(Can.EDIT_CUSTOMERS)
@require_http_methods(["GET", "HEAD", "POST"])
def add_customer(request: MemberRequest) -> HttpResponse:
    return _edit(request, Customer(), title=_("Add a customer"), up=_list(request))


@for_members(Can.EDIT_CUSTOMERS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_customer(request: MemberRequest, customer: UUID) -> HttpResponse:
    found = _visible(request, customer, erased_at=None)
    return _edit(request, found, title=_("What we know of %(name)s") % {"name": found}, up=_page_of(request, found))


@for_members(Can.SEE_CUSTOMERS)
@require_POST
def take_back_secret(request: MemberRequest, customer: UUID, secret: UUID) -> HttpResponse:
    if not may_keep_secrets(request.member):
        raise PermissionDenied
    found = get_object_or_404(CustomerPreference, pk=secret, customer=customer)
    take_back_preference(found, by=request.member)
    messages.success(request, _("Forgotten."))
    return redirect("customer", request.tenant.slug, customer)


@for_members(Can.ERASE_CUSTOMER)
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: MemberRequest, customer: UUID) -> HttpResponse:
    found = _visible(request, customer, erased_at=None)
    form = EraseForm(sent(request), customer=found)

    def do() -> HttpResponse:
        form.save(by=request.member, now=request.now)
        messages.success(request, _("Erased. Nobody can tell any more who this was; every figure is what it was."))
        return redirect("customer", request.tenant.slug, found.pk)

    context = {"form": form, "customer": found}
    return answer_to(form, do) or render(request, "frontend/customers/erase.html", context)


def may_keep_secrets(member: Membership) -> bool:
    return member.can(Can.WORK_CASE) or member.can(Can.EDIT_CUSTOMERS)


def _visible(request: MemberRequest, customer: UUID, **conditions: Any) -> Customer:
    return get_object_or_404(visible_customers(request.member), pk=customer, **conditions)


def _edit(request: MemberRequest, customer: Customer, *, title: str, up: tuple[str, str]) -> HttpResponse:
    form = CustomerForm(sent(request), customer=customer)

    def save() -> HttpResponse:
        saved = form.save(by=request.member)
        messages.success(request, _("Saved."))
        return redirect("customer", request.tenant.slug, saved.pk)

    return answer_to(form, save) or form_page(request, form, title=title, submit=_("Save"), up=up)


def _list(request: MemberRequest) -> tuple[str, str]:
    return reverse("customers", args=[request.tenant.slug]), _("Customers")


def _page_of(request: MemberRequest, customer: Customer) -> tuple[str, str]:
    return reverse("customer", args=[request.tenant.slug, customer.pk]), str(customer)


def _context(request: MemberRequest, customer: Customer, form: SecretForm) -> dict[str, Any]:
    member, is_known = request.member, customer.erased_at is None
    cases = visible_cases(member).filter(customer=customer)
    is_at_risk = Case.objects.filter(customer=customer, fixed_at=None, is_valid=True).exists()
    return {
        "customer": customer,
        "facts": _facts(customer),
        "worth": worth_words(customer) or _("not known"),
        "worth_note": _worth_note(customer),
        "at_risk": worth_words(customer) if is_at_risk else "",
        "is_at_risk": is_at_risk,
        "secrets": live_preferences(member, customer, request.now).select_related("recorded_by__user"),
        "form": form,
        "may_keep": is_known and may_keep_secrets(member),
        "may_edit": is_known and member.can(Can.EDIT_CUSTOMERS),
        "may_erase": is_known and member.can(Can.ERASE_CUSTOMER),
        "may_ask_onto": is_known and customer.declined_questions_at is None and runnable_panels(member).exists(),
        **cases_page(request, cases, NEWEST_REPORT),
    }


def _facts(customer: Customer) -> list[tuple[str, Any, str | None]]:
    """Label, value and address of how they are reached."""
    known: list[tuple[str, Any, str | None]] = [
        (_("E-mail"), customer.email, f"mailto:{customer.email}"),
        (_("Phone"), customer.phone, f"tel:{''.join(sign for sign in customer.phone if sign in '+0123456789')}"),
        (_("Number"), customer.external_id, None),
        (_("Group"), customer.segment, None),
        (_("Language"), customer.get_language_display(), None),
        (_("Wants no questions since"), customer.declined_questions_at, None),
        (_("Known since"), customer.created_at, None),
    ]
    return [fact for fact in known if fact[1]]


def _worth_note(customer: Customer) -> str:
    if worth_of(customer) is None:
        return _("Say what they spend, how often they come and for how many years.")
    return _("What they may spend in the years that remain: spend × visits × years.")


def _with_open_cases(found: QuerySet[Customer]) -> QuerySet[Customer]:
    """Each with `open_cases`, however many pages there are."""
    waiting = Case.objects.filter(customer=OuterRef("pk"), fixed_at=None, is_valid=True)
    counted = waiting.order_by().values("customer").annotate(n=Count("*")).values("n")
    return found.annotate(open_cases=Coalesce(Subquery(counted), 0))


def _after(request: MemberRequest, found: QuerySet[Customer]) -> QuerySet[Customer]:
    """Whoever was added last stands first; ids ascend in time."""
    if "after" in request.GET:
        try:
            found = found.filter(pk__lt=UUID(request.GET["after"]))
        except ValueError as error:
            raise Http404 from error
    return found.order_by("-pk")


def _row(request: MemberRequest, customer: Any) -> dict[str, Any]:
    return {
        "url": reverse("customer", args=[request.tenant.slug, customer.pk]),
        "name": str(customer),
        "contact": " · ".join(word for word in (customer.email, customer.phone) if word and word != str(customer)),
        "segment": customer.segment,
        "worth": worth_words(customer),
        "open_cases": customer.open_cases,
    }
