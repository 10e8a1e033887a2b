"""Customers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Text, Whole
from api.filters import ListFilters
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource
from api.schema import IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, endpoint
from api.v1.shapes import Shape
from cso.customers.actions import save_customer
from cso.customers.models import MAX_SPEND, MAX_VISITS, MAX_YEARS, Customer
from cso.customers.queries import visible_customers
from cso.languages import LANGUAGES
from cso.recovery.erasure import erase_customer
from tenants.roles import Can


class CustomerShape(Shape):
    id = serializers.UUIDField()
    external_id = serializers.CharField(allow_null=True, help_text="Your own key for them.")
    name = serializers.CharField(allow_null=True)
    email = serializers.EmailField(allow_null=True)
    phone = serializers.CharField(allow_null=True)
    segment = serializers.CharField(allow_null=True)
    spend_per_visit_minor = serializers.IntegerField(allow_null=True, help_text="In minor units, such as cents.")
    currency = serializers.CharField(allow_null=True, help_text="ISO 4217.")
    visits_per_year = serializers.IntegerField(allow_null=True)
    spend_per_visit_high_minor = serializers.IntegerField(allow_null=True, help_text="The high guess of a range.")
    visits_per_year_high = serializers.IntegerField(allow_null=True)
    years = serializers.IntegerField(allow_null=True, help_text="How many years they will still come.")
    years_high = serializers.IntegerField(allow_null=True)
    worth_low_minor = serializers.IntegerField(allow_null=True, help_text="Spend x visits x years; null: not known.")
    worth_high_minor = serializers.IntegerField(allow_null=True, help_text="The same by the high guesses.")
    language = serializers.ChoiceField(list(LANGUAGES), allow_null=True, help_text="Null: your workspace's.")
    created_at = serializers.DateTimeField()
    erased_at = serializers.DateTimeField(allow_null=True, help_text="Nothing of who they were is left since then.")


def _text(longest: int) -> Text:
    return Text(max_length=longest, required=False, allow_null=True, allow_blank=True)


def _measure(most: int) -> Whole:
    return Whole(min_value=0, max_value=most, required=False, allow_null=True)


class CustomerBody(Body):
    """One of external id, name, e-mail address and phone is needed; null empties a field."""

    external_id = _text(100)
    name = _text(200)
    email = _text(254)
    phone = _text(40)
    segment = _text(60)
    spend_per_visit_minor = _measure(MAX_SPEND)
    currency = _text(3)
    visits_per_year = _measure(MAX_VISITS)
    spend_per_visit_high_minor = _measure(MAX_SPEND)
    visits_per_year_high = _measure(MAX_VISITS)
    years = _measure(MAX_YEARS)
    years_high = _measure(MAX_YEARS)
    language = _text(5)


_TEXTS = ("name", "email", "phone", "segment", "currency", "language")
_COLUMNS = (
    "id",
    "external_id",
    "name",
    "email",
    "phone",
    "segment",
    "spend_per_visit_minor",
    "currency",
    "visits_per_year",
    "spend_per_visit_high_minor",
    "visits_per_year_high",
    "years",
    "years_high",
    "worth_low_minor",
    "worth_high_minor",
    "language",
    "created_at",
    "erased_at",
)


def customer_json(row: Row) -> Row:
    return {name: value or None if name in _TEXTS else value for name, value in row.items()}


CUSTOMERS = Listing(("id",), _COLUMNS, customer_json)


class CustomerFilters(ListFilters):
    external_id = django_filters.CharFilter()
    email = django_filters.CharFilter(method="of_email", help_text="In any case of letters.")
    phone = django_filters.CharFilter()

    def of_email(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(email_ci=value.lower())


class Customers(Resource):
    acts = {"GET": (Can.SEE_CUSTOMERS,), "POST": (Can.EDIT_CUSTOMERS,)}

    @endpoint(
        "list_customers",
        "Customers, in the order in which they were added",
        answer=CustomerShape,
        filters=CustomerFilters,
    )
    def get(self, request: Request) -> Response:
        rows = CustomerFilters(request, visible_customers(self.key), now=self.now).rows()
        return page(request, rows, CUSTOMERS)

    @endpoint(
        "create_customer",
        "Add a customer",
        body=CustomerBody,
        answer=CustomerShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={
            "external_id": "crm-77",
            "name": "Priya Patel",
            "email": "priya@example.com",
            "segment": "gold",
            "spend_per_visit_minor": 42000,
            "currency": "CAD",
            "visits_per_year": 6,
            "years": 5,
            "years_high": 10,
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        customer = save_customer(Customer(), by=self.key, **_changes(self.read(CustomerBody)))
        rows = visible_customers(self.key).filter(pk=customer.pk)
        return self.show(rows, CUSTOMERS, status=201, location=reverse("api:customer", args=[customer.pk]))


class OneCustomer(Resource):
    acts = {"GET": (Can.SEE_CUSTOMERS,), "PATCH": (Can.EDIT_CUSTOMERS,), "DELETE": (Can.ERASE_CUSTOMER,)}

    @endpoint("read_customer", "One customer", answer=CustomerShape, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(visible_customers(self.key).filter(pk=pk), CUSTOMERS)

    @endpoint(
        "change_customer",
        "Change a customer",
        body=CustomerBody,
        answer=CustomerShape,
        parameters=[IF_MATCH],
        example={"segment": "platinum"},
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        rows = visible_customers(self.key).filter(pk=pk)
        customer = self.hold(rows, CUSTOMERS)
        save_customer(customer, by=self.key, **_changes(self.read(CustomerBody)))
        return self.show(rows, CUSTOMERS)

    @endpoint("erase_customer", "Erase who a customer was, for good", answer=None, status=204, parameters=[IF_MATCH])
    def delete(self, request: Request, pk: UUID) -> Response:
        """Nothing that tells who they were is left, here and on their cases; every count and figure stays."""
        customer = self.hold(visible_customers(self.key).filter(pk=pk), CUSTOMERS)
        erase_customer(customer, by=self.key, now=self.now)
        return Response(status=204)


def _changes(values: dict[str, Any]) -> dict[str, Any]:
    return {name: "" if value is None and name in _TEXTS else value for name, value in values.items()}
