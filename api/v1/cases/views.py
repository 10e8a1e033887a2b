"""Cases: listed, logged, corrected."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Instant, Text, customer_reference, unit_reference
from api.filters import InstantFilter, ListFilters, ReferenceFilter, UnitFilter, YesNoFilter
from api.idempotency import idempotent
from api.pagination import page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, endpoint
from api.v1.cases.representation import CASES, CaseShape
from cso.customers.matching import match_customer
from cso.customers.models import Customer
from cso.errors import InvalidFieldsError
from cso.languages import LANGUAGES
from cso.recovery import actions
from cso.recovery.causes import MAX_NAME
from cso.recovery.models import MAX_SUMMARY, RECOVERY_TIME, Case, Channel
from cso.recovery.owners import held_by
from cso.recovery.queries import visible_cases
from tenants.models import Membership
from tenants.roles import Can


class _CaseFacts(Body):
    occurred_at = Instant(required=False, allow_null=True)
    summary = Text(max_length=MAX_SUMMARY, required=False, allow_blank=True)
    channel = serializers.ChoiceField(Channel.choices, required=False, allow_null=True)
    cause = Text(max_length=MAX_NAME, required=False, allow_null=True, help_text="A name; added when new.")
    customer = customer_reference(required=False, allow_null=True)


class ContactBody(Body):
    """How the customer is reached; at least one of external id, e-mail address, phone and name."""

    external_id = Text(max_length=100, required=False)
    email = Text(max_length=254, required=False)
    phone = Text(max_length=40, required=False)
    name = Text(max_length=200, required=False)
    language = serializers.ChoiceField(list(LANGUAGES.items()), required=False)


class NewCase(_CaseFacts):
    unit = unit_reference()
    contact = ContactBody(
        required=False,
        help_text="Instead of `customer`: found by external id, e-mail address, phone, in this order; added when new.",
    )
    reported_at = Instant(required=False, help_text="The first contact; now when left out.")
    external_id = Text(max_length=100, required=False, allow_null=True)


class CaseCorrection(_CaseFacts):
    """The unit is not corrected but moved: `POST .../move`."""

    reported_at = Instant(required=False)


class CaseFilters(ListFilters):
    unit = UnitFilter()
    state = django_filters.ChoiceFilter(
        choices=[("open", "Open"), ("fixed", "Fixed"), ("overdue", "Overdue")],
        method="in_state",
        help_text="`overdue`: open, counted in the figures, and past its 24 hours.",
    )
    cause = django_filters.CharFilter(field_name="cause__name", help_text="The whole name.")
    channel = django_filters.ChoiceFilter(choices=Channel.choices)
    reported_from = InstantFilter(field_name="reported_at", lookup_expr="gte")
    reported_to = InstantFilter(field_name="reported_at", lookup_expr="lt", help_text="Not included.")
    external_id = django_filters.CharFilter()
    customer = ReferenceFilter(Customer, "external_id", help_text="Id or external id of a customer.")

    owner = ReferenceFilter(
        Membership, "user__email", method="of_owner", help_text="Id or e-mail address of the member who owns it."
    )
    silent = YesNoFilter(method="is_silent", help_text="Whether a contact with the customer is late.")
    closed = YesNoFilter(method="is_closed")

    def of_owner(self, rows: QuerySet[Case], name: str, owner: Membership) -> QuerySet[Case]:
        return rows.filter(held_by(owner))

    def is_silent(self, rows: QuerySet[Case], name: str, silent: str) -> QuerySet[Case]:
        late = Q(is_valid=True, next_contact_due_at__lt=self.now)
        return rows.filter(late) if silent == "true" else rows.exclude(late)

    def is_closed(self, rows: QuerySet[Case], name: str, closed: str) -> QuerySet[Case]:
        return rows.filter(closed_at__isnull=closed == "false")

    def in_state(self, rows: QuerySet[Case], name: str, state: str) -> QuerySet[Case]:
        if state == "fixed":
            return rows.filter(fixed_at__isnull=False)
        rows = rows.filter(fixed_at=None)
        return rows.filter(is_valid=True, clock_start__lt=self.now - RECOVERY_TIME) if state == "overdue" else rows


class Cases(Resource):
    acts = {"GET": (Can.SEE_ALL_CASES,), "POST": (Can.LOG_CASE,)}

    @endpoint("list_cases", "Cases, the latest reported first", answer=CaseShape, filters=CaseFilters)
    def get(self, request: Request) -> Response:
        rows = CaseFilters(request, visible_cases(self.key), now=self.now).rows()
        return page(request, rows, CASES)

    @endpoint(
        "log_case",
        "Log an OOPS",
        body=NewCase,
        answer=CaseShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={
            "external_id": "T-20418",
            "unit": "yyz",
            "occurred_at": "2026-03-18T13:40:00-04:00",
            "reported_at": "2026-03-18T14:05:00-04:00",
            "summary": "Suitcase left behind on the connection; no word until the carousel was empty.",
            "channel": "in_person",
            "cause": "Baggage not loaded",
            "customer": "crm-77",
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        values = {"reported_at": self.now} | facts(self.read(NewCase))
        if (contact := values.pop("contact", None)) is not None:
            values["customer"] = _customer_of(contact, values.get("customer"))
        case = actions.open_case(**values, by=self.key, now=self.now)
        rows = visible_cases(self.key).filter(pk=case.pk)
        return self.show(rows, CASES, status=201, location=reverse("api:case", args=[case.pk]))


class OneCase(Resource):
    acts = {"GET": (Can.SEE_ALL_CASES,), "PATCH": (Can.WORK_CASE,)}

    @endpoint("read_case", "One case", answer=CaseShape, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(visible_cases(self.key).filter(pk=pk), CASES)

    @endpoint(
        "correct_case",
        "Correct what is known of a case",
        body=CaseCorrection,
        answer=CaseShape,
        parameters=[IF_MATCH],
        example={"occurred_at": "2026-03-18T12:10:00-04:00", "cause": "Connection too short"},
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        rows = visible_cases(self.key).filter(pk=pk)
        # The customer before the case, as every act does; to hold the case's row alone would not.
        actions.lock_case(only(rows), self.key)
        case = self.hold(rows, CASES)
        actions.correct_case(case, by=self.key, now=self.now, **facts(self.read(CaseCorrection)))
        return self.show(rows, CASES)


def _customer_of(contact: dict[str, str], customer: Customer | None) -> Customer:
    if customer is not None:
        raise InvalidFieldsError.of("contact", "with_customer", "Name the customer or give a contact, not both.")
    try:
        return match_customer(**contact)  # type: ignore[arg-type]
    except InvalidFieldsError as error:
        raise InvalidFieldsError([replace(found, field=f"contact.{found.field}") for found in error.errors]) from error


def facts(values: dict[str, Any]) -> dict[str, Any]:
    """What the actions take: an empty text instead of null."""
    for name in values.keys() & {"channel", "cause"}:
        values[name] = values[name] or ""
    return values
