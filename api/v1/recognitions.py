"""Heroes, by name: what they did, and who says so."""

from __future__ import annotations

from uuid import UUID

import django_filters
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Text, person_reference
from api.filters import ListFilters, ReferenceFilter, UnitFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, IF_NONE_MATCH, endpoint
from api.v1.remedies import NoBody
from api.v1.shapes import PersonRef, Shape, UnitRef, unit_columns, unit_ref
from cso.people.models import Person
from cso.recognition import actions
from cso.recognition.models import Recognition
from cso.recognition.queries import recognitions
from tenants.roles import Can


class RecognitionShape(Shape):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(Recognition.Kind.choices)
    person = PersonRef()
    unit = UnitRef(help_text="Where they worked then.")
    what = serializers.CharField()
    customer_words = serializers.CharField(allow_null=True)
    recognised_at = serializers.DateTimeField()


class NewRecognition(Body):
    person = person_reference()
    kind = serializers.ChoiceField(Recognition.Kind.choices)
    what = Text(max_length=actions.MAX_WHAT, help_text="What they did.")
    customer_words = Text(max_length=actions.MAX_CUSTOMER_WORDS, required=False, allow_blank=True)


_SIMPLE = ("id", "kind", "what", "recognised_at")


def recognition_json(row: Row) -> Row:
    return {
        **{name: row[name] for name in _SIMPLE},
        "person": {"id": row["person_id"], "name": row["person__name"]},
        "unit": unit_ref(row, "unit"),
        "customer_words": row["customer_words"] or None,
    }


RECOGNITIONS = Listing(
    ("-recognised_at", "-id"),
    (*_SIMPLE, "customer_words", "person_id", "person__name", *unit_columns("unit")),
    recognition_json,
)


class RecognitionFilters(ListFilters):
    person = ReferenceFilter(Person, "external_id", help_text="Id or external id of a person.")
    unit = UnitFilter()
    kind = django_filters.ChoiceFilter(choices=Recognition.Kind.choices)


class Recognitions(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,), "POST": (Can.RECOGNISE,)}

    @endpoint("list_recognitions", "Heroes, the newest first", answer=RecognitionShape, filters=RecognitionFilters)
    def get(self, request: Request) -> Response:
        rows = RecognitionFilters(request, recognitions(self.key), now=self.now).rows()
        return page(request, rows, RECOGNITIONS)

    @endpoint(
        "recognise",
        "Recognise somebody",
        body=NewRecognition,
        answer=RecognitionShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"person": "hr-1042", "kind": "delight", "what": "Walked a lost grandfather to his gate"},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        values = self.read(NewRecognition)
        made = actions.recognise(values.pop("person"), **values, by=self.key, now=self.now)
        rows = Recognition.objects.filter(pk=made.pk)
        return self.show(rows, RECOGNITIONS, status=201, location=reverse("api:recognition", args=[made.pk]))


class OneRecognition(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,)}

    @endpoint("read_recognition", "One recognition", answer=RecognitionShape, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(recognitions(self.key).filter(pk=pk), RECOGNITIONS)


class WithdrawRecognition(Resource):
    acts = {"POST": (Can.RECOGNISE,)}

    @endpoint(
        "withdraw_recognition",
        "Show it to nobody any more",
        body=NoBody,
        answer=RecognitionShape,
        parameters=[IDEMPOTENCY_KEY],
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """By the key that gave it, at the hero's wish; that there was one stays counted."""
        recognition = only(recognitions(self.key).filter(pk=pk))
        self.read(NoBody)
        actions.withdraw_recognition(recognition, by=self.key, now=self.now)
        return self.show(Recognition.objects.filter(pk=pk), RECOGNITIONS)
