"""What request bodies are made of: strict about types, and about fields that do not exist.

DRF is lenient (it takes 7 for "7", and ignores what it does not know); an integration learns of its mistake too late.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.db.models import Model
from django.utils.dateparse import parse_date, parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from api.errors import UNKNOWN_FIELD, unknown_field
from api.references import find
from cso.customers.models import Customer
from cso.people.models import Person, Unit
from cso.recovery.clocks import EARLIEST
from cso.texts import as_uuid
from tenants.models import Membership


class Body(serializers.Serializer[Any]):
    """A request body; a field that it does not declare is refused by name."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, Mapping) else []
        errors: dict[str, Any] = {}
        values: Any = None
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if not unknown:
                raise
            errors = dict(error.detail) if isinstance(error.detail, dict) else {}
        for name in unknown:
            errors[name] = [ErrorDetail(unknown_field(name).message, UNKNOWN_FIELD)]
        if errors:
            raise serializers.ValidationError(errors)
        return values


class Text(serializers.CharField):
    """A string and nothing else; null stands for the empty one where `allow_null` is set."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


@extend_schema_field(OpenApiTypes.DATETIME)
class Instant(serializers.Field[datetime, Any, Any, Any]):
    """RFC 3339 with its offset from UTC, from 1900 on."""

    default_error_messages = {
        "invalid": "Write an instant as 2026-03-18T15:00:00Z, with Z or an offset; in an address, + is written %2B.",
        "too_early": "This is before 1900.",
    }

    def to_internal_value(self, data: Any) -> datetime:
        try:
            instant = parse_datetime(data) if isinstance(data, str) else None
            if instant is None or instant.tzinfo is None:
                self.fail("invalid")
            instant = instant.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("invalid")
        if instant < EARLIEST:
            self.fail("too_early")
        return instant


@extend_schema_field(OpenApiTypes.DATE)
class Day(serializers.Field[date, Any, Any, Any]):
    default_error_messages = {"invalid": "Write a day as 2026-03-18."}

    def to_internal_value(self, data: Any) -> date:
        try:
            day = parse_date(data) if isinstance(data, str) and len(data) == 10 else None
        except ValueError:
            day = None
        if day is None or day < EARLIEST.date():
            self.fail("invalid")
        return day


def own_key_words(own_key: str) -> str:
    """A column as people call it: "external id", "email"."""
    return own_key.rpartition("__")[2].replace("_", " ")


class Reference(Text):
    """The id of a thing, or the tenant's own key for it; becomes the thing itself."""

    default_error_messages = {"unknown": "There is none with this id or {own_key}."}

    def __init__(self, model: type[Model], own_key: str, **options: Any) -> None:
        super().__init__(max_length=100, **options)
        self.model, self.own_key = model, own_key

    def run_validation(self, data: Any = serializers.empty) -> Model | None:
        wording = super().run_validation(data)
        if wording is None:
            return None
        found = self.named(wording)
        if found is None:
            self.fail("unknown", own_key=own_key_words(self.own_key))
        return found

    def named(self, wording: str) -> Model | None:
        return find(self.model._default_manager.all(), wording, self.own_key)


class ById(Reference):
    """The id of a thing that has no other key."""

    default_error_messages = {"unknown": "There is none with this id."}

    def __init__(self, model: type[Model], **options: Any) -> None:
        super().__init__(model, "id", **options)

    def named(self, wording: str) -> Model | None:
        pk = as_uuid(wording)
        return None if pk is None else self.model._default_manager.filter(pk=pk).first()


def unit_reference(**options: Any) -> Reference:
    return Reference(Unit, "code", help_text="Id or code of a unit.", **options)


def customer_reference(**options: Any) -> Reference:
    # No scope for customers is asked: whoever logs a case may say whom it concerns, and reads back no more than that.
    help_text = "Id or external id of a customer."
    return Reference(Customer, "external_id", help_text=help_text, **options)


def member_reference(**options: Any) -> Reference:
    return Reference(Membership, "user__email", **({"help_text": "Id or e-mail address of a member."} | options))


def person_reference(**options: Any) -> Reference:
    return Reference(Person, "external_id", **({"help_text": "Id or external id of a person."} | options))
