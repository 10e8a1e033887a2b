"""The four contacts with the customer."""

from __future__ import annotations

from uuid import UUID

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Instant, Text
from api.filters import ListFilters
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, endpoint
from api.v1.cases.acts import AT
from api.v1.shapes import Shape
from cso.recovery import actions
from cso.recovery.contacts import record_contact
from cso.recovery.models import Channel, Contact, ContactKind
from cso.recovery.queries import visible_cases
from tenants.roles import Can


class NewContact(Body):
    kind = serializers.ChoiceField(ContactKind.choices)
    at = Instant(required=False, help_text=AT)
    channel = serializers.ChoiceField(Channel.choices, required=False)
    note = Text(max_length=actions.MAX_NOTE, required=False, allow_blank=True)


class ContactShape(Shape):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(ContactKind.choices)
    at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    channel = serializers.ChoiceField(Channel.choices, allow_null=True)
    by = serializers.CharField(help_text="A person or an API key; empty for the product itself.")
    note = serializers.CharField()


_AS_THEY_ARE = ("id", "kind", "at", "recorded_at", "note")


def contact_json(row: Row) -> Row:
    shown = {name: row[name] for name in _AS_THEY_ARE}
    shown["channel"] = row["channel"] or None
    shown["by"] = row["member__user__name"] or row["api_key__name"] or ""
    return shown


CONTACTS = Listing(("at", "id"), (*_AS_THEY_ARE, "channel", "member__user__name", "api_key__name"), contact_json)


class Contacts(Resource):
    acts = {"GET": (Can.SEE_ALL_CASES,), "POST": (Can.WORK_CASE,)}

    @endpoint("list_contacts", "When the customer was told", answer=ContactShape, filters=ListFilters)
    def get(self, request: Request, pk: UUID) -> Response:
        case = only(visible_cases(self.key).filter(pk=pk))
        return page(request, ListFilters(request, case.contacts.all(), now=self.now).rows(), CONTACTS)

    @endpoint(
        "record_contact",
        "The customer was told",
        body=NewContact,
        answer=ContactShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"kind": "status", "channel": "phone", "note": "The bag is on tonight's flight."},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """The case's `next_contact` follows from it."""
        case = only(visible_cases(self.key).filter(pk=pk))
        values = {"at": None} | self.read(NewContact)
        contact = record_contact(case, **values, by=self.key, now=self.now)
        location = reverse("api:contacts", args=[case.pk])
        return self.show(Contact.objects.filter(pk=contact.pk), CONTACTS, status=201, location=location)
