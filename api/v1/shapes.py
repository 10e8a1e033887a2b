"""Parts that several representations share, and how the documentation describes them."""

from __future__ import annotations

from typing import Any, Protocol

from drf_spectacular.drainage import set_override
from rest_framework import serializers

from api.pagination import Row


class Shape(serializers.Serializer[Any]):
    # Describes an answer in the documentation; rendering goes straight from the rows. A docstring would be shown there.

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        set_override(cls, "component_name", cls.__name__.removesuffix("Shape"))


class UnitRef(Shape):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()


class PersonRef(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()


class MemberRef(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()


class Named(Protocol):
    pk: Any
    name: str


def named(thing: Named) -> Row:
    """As PersonRef and its like describe it."""
    return {"id": thing.pk, "name": thing.name}


def unit_columns(column: str) -> tuple[str, str, str]:
    return f"{column}_id", f"{column}__code", f"{column}__name"


def unit_ref(row: Row, column: str) -> Row | None:
    unit, code, name = unit_columns(column)
    return {"id": row[unit], "code": row[code], "name": row[name]} if row[unit] else None
