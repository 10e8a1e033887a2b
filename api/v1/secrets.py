"""Secrets: what customers like, kept with their consent."""

from __future__ import annotations

from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Day, Instant, Text
from api.filters import ListFilters
from api.idempotency import idempotent
from api.pagination import Listing, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, endpoint
from api.v1.shapes import Shape
from cso.customers import preferences
from cso.customers.models import CustomerPreference
from cso.customers.queries import visible_customers
from tenants.roles import Can


class PreferenceShape(Shape):
    id = serializers.UUIDField()
    text = serializers.CharField()
    source = serializers.ChoiceField(CustomerPreference.Source.choices)  # type: ignore[assignment]
    consented_at = serializers.DateTimeField()
    expires_on = serializers.DateField(allow_null=True, help_text="The first day on which it is not used any more.")
    recorded_at = serializers.DateTimeField()


class PreferenceBody(Body):
    text = Text(max_length=preferences.MAX_TEXT)
    source = Text(max_length=10, help_text="told_us, observed or partner.")  # type: ignore[assignment]
    consented_at = Instant(help_text="When the customer agreed that you keep it.")
    expires_on = Day(required=False, allow_null=True, default=None)


PREFERENCES = Listing(
    ("recorded_at", "id"), ("id", "text", "source", "consented_at", "expires_on", "recorded_at"), dict
)


class Secrets(Resource):
    acts = {"GET": (Can.SEE_CUSTOMERS,), "POST": (Can.EDIT_CUSTOMERS,)}

    @endpoint(
        "list_preferences",
        "A customer's secrets that may be used today, the oldest first",
        answer=PreferenceShape,
        filters=ListFilters,
    )
    def get(self, request: Request, pk: UUID) -> Response:
        customer = only(visible_customers(self.key).filter(pk=pk))
        rows = preferences.live_preferences(self.key, customer, self.now)
        return page(request, ListFilters(request, rows, now=self.now).rows(), PREFERENCES)

    @endpoint(
        "add_preference",
        "Keep a secret of a customer, with their consent",
        body=PreferenceBody,
        answer=PreferenceShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={
            "text": "Drinks camomile tea, never coffee",
            "source": "told_us",
            "consented_at": "2026-03-18T15:00:00Z",
            "expires_on": "2027-03-18",
        },
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        customer = only(visible_customers(self.key).filter(pk=pk))
        made = preferences.add_preference(customer, **self.read(PreferenceBody), by=self.key, now=self.now)
        return self.show(CustomerPreference.objects.filter(pk=made.pk), PREFERENCES, status=201)


class OneSecret(Resource):
    acts = {"DELETE": (Can.EDIT_CUSTOMERS,)}

    @endpoint("take_back_preference", "Forget a secret: it is deleted", answer=None, status=204)
    def delete(self, request: Request, pk: UUID, preference: UUID) -> Response:
        found = only(CustomerPreference.objects.filter(pk=preference, customer=pk))
        preferences.take_back_preference(found, by=self.key)
        return Response(status=204)
