"""Filters of lists: django-filter, with unknown parameters and unknown references refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

import django_filters
from django import forms
from django.db.models import Model, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.serializers import ValidationError

from api.fields import Day, Instant, own_key_words
from api.pagination import DEFAULT_LIMIT, MAX_LIMIT, PAGING
from api.references import find
from cso.errors import FieldError, InvalidFieldsError
from cso.people.models import Unit
from cso.people.queries import in_or_below


class ListFilters(django_filters.FilterSet):  # type: ignore[misc]
    """The filters of one list. `now` is the instant by which a state such as overdue is judged."""

    def __init__(self, request: Request, rows: QuerySet[Any], *, now: datetime) -> None:
        super().__init__(request.query_params, rows, request=request)
        self.now = now

    def rows(self) -> QuerySet[Any]:
        """The rows that pass; raises `InvalidFieldsError` for each parameter that is wrong or unknown."""
        unknown = sorted(set(self.data) - set(self.filters) - set(PAGING))
        errors = [FieldError(name[:100], "unknown_parameter", "There is no such parameter.") for name in unknown]
        for name, problems in self.form.errors.as_data().items():
            errors += [FieldError(name, p.code or "invalid", " ".join(p.messages)) for p in problems]
        if errors:
            raise InvalidFieldsError(errors)
        rows: QuerySet[Any] = self.qs
        return rows


class _ReferenceField(forms.CharField):
    """The thing that an id, or the tenant's own key, names."""

    def __init__(self, model: type[Model], own_key: str, **options: Any) -> None:
        super().__init__(max_length=100, **options)
        self.model, self.own_key = model, own_key

    def clean(self, value: Any) -> Any:
        wording = super().clean(value)
        if not wording:
            return None
        found = find(self.model._default_manager.all(), wording, self.own_key)
        if found is None:
            message = f"There is none with this id or {own_key_words(self.own_key)}."
            raise forms.ValidationError(message, code="unknown")
        return found


class ReferenceFilter(django_filters.Filter):  # type: ignore[misc]
    field_class = _ReferenceField

    def __init__(self, model: type[Model], own_key: str, **options: Any) -> None:
        super().__init__(model=model, own_key=own_key, **options)


class UnitFilter(ReferenceFilter):
    """Rows of a unit and of all units below it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Unit, "code", help_text="Id or code of a unit; those below count too.", **options)

    def filter(self, qs: QuerySet[Any], value: Unit | None) -> QuerySet[Any]:
        if value is None:
            return qs
        return qs.filter(in_or_below([value.pk], self.field_name))


class _StrictField(forms.CharField):
    """Reads a value as a request body would."""

    read: Callable[[str], Any]

    def clean(self, value: Any) -> Any:
        wording = super().clean(value)
        if not wording:
            return None
        try:
            return type(self).read(wording)
        except ValidationError as error:
            [found] = cast(list[ErrorDetail], error.detail)
            raise forms.ValidationError(str(found), code=found.code) from error


class _InstantField(_StrictField):
    read = Instant().to_internal_value


class _DayField(_StrictField):
    read = Day().to_internal_value


class InstantFilter(django_filters.Filter):  # type: ignore[misc]
    field_class = _InstantField


class DayFilter(django_filters.Filter):  # type: ignore[misc]
    field_class = _DayField


class YesNoFilter(django_filters.ChoiceFilter):  # type: ignore[misc]
    """`true` or `false`; both words are the filter's own to understand, by its `method`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=[("true", "Yes"), ("false", "No")], **options)


_TYPES: dict[type[forms.Field], Any] = {_InstantField: OpenApiTypes.DATETIME, _DayField: OpenApiTypes.DATE}

PAGING_PARAMETERS = [
    OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}),
    OpenApiParameter("cursor", OpenApiTypes.STR, description="From `next` of the page before."),
]


def parameters_of(filters: type[ListFilters]) -> list[OpenApiParameter]:
    """The filters of a list as its documentation shows them."""
    found = [
        OpenApiParameter(
            name,
            _TYPES.get(one.field_class, OpenApiTypes.STR),
            description=str(one.extra.get("help_text", "")),
            enum=[choice for choice, _ in one.extra["choices"]] if "choices" in one.extra else None,
        )
        for name, one in filters.base_filters.items()
    ]
    return [*found, *PAGING_PARAMETERS]
