"""The list of cases as a plain Django REST framework project would write it, beside the product's own addresses."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.urls import include, path
from rest_framework import generics, pagination, renderers, serializers

from cso.customers.models import Customer
from cso.people.models import Unit
from cso.recovery.models import Case
from tenants.roles import Can


class UnitSerializer(serializers.ModelSerializer[Unit]):
    class Meta:
        model = Unit
        fields = ["id", "code", "name"]


class CustomerSerializer(serializers.ModelSerializer[Customer]):
    class Meta:
        model = Customer
        fields = ["id", "external_id"]


class CaseSerializer(serializers.ModelSerializer[Case]):
    """The same fields as the product's list."""

    unit = UnitSerializer()
    customer = CustomerSerializer()
    cause: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField(slug_field="name", read_only=True)
    due_at = serializers.DateTimeField()
    is_open = serializers.BooleanField()
    is_excluded = serializers.SerializerMethodField()

    class Meta:
        model = Case
        fields = [
            "id",
            "external_id",
            "unit",
            "customer",
            "cause",
            "channel",
            "summary",
            "occurred_at",
            "reported_at",
            "recorded_at",
            "clock_start",
            "due_at",
            "first_fixed_at",
            "fixed_at",
            "first_undone_at",
            "times_undone",
            "is_open",
            "recovered_24h",
            "recovered_24h_reported",
            "is_excluded",
            "excluded_as",
            "revision",
        ]

    def get_is_excluded(self, case: Case) -> bool:
        return not case.is_valid


class Newest(pagination.CursorPagination):
    page_size = 100
    ordering = ("-reported_at", "-id")


def newest() -> QuerySet[Case]:
    return Case.objects.select_related("unit", "customer", "cause").order_by("-reported_at", "-id")


class PlainCases(generics.ListAPIView[Case]):
    acts: ClassVar[dict[str, tuple[Can, ...]]] = {"GET": (Can.SEE_ALL_CASES,)}
    serializer_class = CaseSerializer
    renderer_classes = (renderers.JSONRenderer,)
    pagination_class = Newest

    def get_queryset(self) -> QuerySet[Case]:
        return newest()


urlpatterns = [path("api/v1/plain-cases", PlainCases.as_view()), path("", include("cso.urls"))]
