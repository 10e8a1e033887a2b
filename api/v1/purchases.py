"""What customers bought: the proof that somebody at risk came back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Instant, Text, Whole
from api.filters import ListFilters
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, endpoint
from api.v1.cases.batch import RowErrorShape
from api.v1.shapes import Shape
from cso.customers.models import MAX_SPEND, Purchase
from cso.customers.purchases import AT_ONCE, Outcome, record_purchase, record_purchases
from cso.customers.queries import visible_customers
from cso.errors import FieldError, InvalidFieldsError
from cso.texts import shown
from tenants.roles import Can

STATUSES = ("created", "unchanged", "refused")


class PurchaseShape(Shape):
    id = serializers.UUIDField()
    external_id = serializers.CharField(help_text="Your own key for it.")
    bought_at = serializers.DateTimeField()
    amount_minor = serializers.IntegerField(help_text="In minor units, such as cents.")
    currency = serializers.CharField(help_text="ISO 4217.")


class PurchaseBody(Body):
    """Sent again under the same external id, it is the same purchase."""

    external_id = Text(max_length=100)
    bought_at = Instant()
    amount_minor = Whole(min_value=0, max_value=MAX_SPEND)
    currency = Text(max_length=3)


class PurchaseRow(PurchaseBody):
    customer = Text(max_length=100, help_text="External id of a customer.")


class PurchaseRows(Shape):
    purchases = PurchaseRow(many=True, help_text=f"At most {AT_ONCE:,}.")


class PurchaseResultShape(Shape):
    line = serializers.IntegerField(help_text="From 1, in the order of the request.")
    status = serializers.ChoiceField(STATUSES)
    external_id = serializers.CharField(allow_null=True)
    id = serializers.UUIDField(allow_null=True)
    errors = RowErrorShape(many=True)  # type: ignore[assignment]


class PurchaseReportShape(Shape):
    created = serializers.IntegerField()
    unchanged = serializers.IntegerField(help_text="Known already.")
    refused = serializers.IntegerField()
    results = PurchaseResultShape(many=True)


PURCHASES = Listing(("id",), ("id", "external_id", "bought_at", "amount_minor", "currency"), dict)


class PurchasesOfCustomer(Resource):
    acts = {"GET": (Can.SEE_CUSTOMERS,), "POST": (Can.EDIT_CUSTOMERS,)}

    @endpoint(
        "list_purchases",
        "What a customer bought, in the order of recording",
        answer=PurchaseShape,
        filters=ListFilters,
    )
    def get(self, request: Request, pk: UUID) -> Response:
        customer = only(visible_customers(self.key).filter(pk=pk))
        rows = Purchase.objects.filter(customer=customer)
        return page(request, ListFilters(request, rows, now=self.now).rows(), PURCHASES)

    @endpoint(
        "record_purchase",
        "A customer bought something",
        body=PurchaseBody,
        answer=PurchaseShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={
            "external_id": "order-9001",
            "bought_at": "2026-04-02T10:00:00Z",
            "amount_minor": 42000,
            "currency": "CAD",
        },
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        customer = only(visible_customers(self.key).filter(pk=pk))
        made = record_purchase(customer, **self.read(PurchaseBody), by=self.key, now=self.now)
        return self.show(Purchase.objects.filter(pk=made.pk), PURCHASES, status=201)


class Purchases(Resource):
    acts = {"POST": (Can.EDIT_CUSTOMERS,)}

    @endpoint(
        "record_purchases",
        "Many purchases at once, each for itself",
        body=PurchaseRows,
        answer=PurchaseReportShape,
        parameters=[IDEMPOTENCY_KEY],
        example={
            "purchases": [
                {
                    "customer": "crm-77",
                    "external_id": "order-9001",
                    "bought_at": "2026-04-02T10:00:00Z",
                    "amount_minor": 42000,
                    "currency": "CAD",
                }
            ]
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """A row that is wrong is refused by line and field, and harms no other; those known already are told apart."""
        outcomes, good = [], {}
        for line, row in enumerate(_rows(request.data), 1):
            form = PurchaseRow(data=row, context={"request": request})
            if form.is_valid():
                good[line] = dict(form.validated_data)
            else:
                outcomes.append(_refusal(line, row, form.errors))
        lines = list(good)
        recorded = record_purchases(list(good.values()), by=self.key, now=self.now)
        outcomes += [_result(lines[outcome.line - 1], outcome) for outcome in recorded]
        counts = {status: sum(row["status"] == status for row in outcomes) for status in STATUSES}
        return Response({**counts, "results": sorted(outcomes, key=lambda row: int(row["line"]))})


def _rows(body: Any) -> list[Any]:
    rows = body.get("purchases") if isinstance(body, dict) and set(body) == {"purchases"} else None
    if not isinstance(rows, list):
        raise InvalidFieldsError.of("purchases", "required", 'Send {"purchases": [...]} and nothing else.')
    if len(rows) > AT_ONCE:
        raise InvalidFieldsError.of("purchases", "too_many", f"Send at most {AT_ONCE:,} at once.")
    return rows


def _result(line: int, outcome: Outcome) -> Row:
    return {
        "line": line,
        "status": outcome.status,
        "external_id": outcome.external_id,
        "id": outcome.id,
        "errors": [_error(error) for error in outcome.errors],
    }


def _refusal(line: int, row: Any, problems: Any) -> Row:
    key = row.get("external_id") if isinstance(row, dict) else None
    errors = [
        FieldError(str(name), str(problem.code), str(problem)) for name, found in problems.items() for problem in found
    ]
    return {
        "line": line,
        "status": "refused",
        "external_id": shown(key, 100) if isinstance(key, str) else None,
        "id": None,
        "errors": [_error(error) for error in errors],
    }


def _error(error: FieldError) -> Row:
    field = "body" if error.field == "non_field_errors" else shown(error.field, 100)
    return {"field": field, "code": error.code, "message": error.message}
