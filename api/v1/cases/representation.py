"""A case as the API shows it."""

from __future__ import annotations

from rest_framework import serializers

from api.pagination import Listing, Row
from api.v1.shapes import Shape, UnitRef, unit_columns, unit_ref
from cso.recovery.models import RECOVERY_TIME, Channel, ExclusionReason


class CustomerRef(Shape):
    id = serializers.UUIDField()
    external_id = serializers.CharField(allow_null=True)


class CaseShape(Shape):
    id = serializers.UUIDField()
    external_id = serializers.CharField(allow_null=True, help_text="Your own key for it.")
    unit = UnitRef()
    customer = CustomerRef(allow_null=True)
    cause = serializers.CharField(allow_null=True)
    channel = serializers.ChoiceField(Channel.choices, allow_null=True)
    summary = serializers.CharField()
    occurred_at = serializers.DateTimeField(allow_null=True, help_text="When the mistake happened; null: unknown.")
    reported_at = serializers.DateTimeField(help_text="The first contact.")
    recorded_at = serializers.DateTimeField(help_text="When this server first heard of it.")
    clock_start = serializers.DateTimeField(help_text="occurred_at, else reported_at.")
    due_at = serializers.DateTimeField(help_text="24 elapsed hours after the clock's start.")
    first_fixed_at = serializers.DateTimeField(allow_null=True)
    fixed_at = serializers.DateTimeField(allow_null=True, help_text="The fix that holds; null while open.")
    first_undone_at = serializers.DateTimeField(allow_null=True, help_text="The first reopening or dispute.")
    times_undone = serializers.IntegerField(help_text="How often it was reopened or disputed.")
    is_open = serializers.BooleanField()
    recovered_24h = serializers.BooleanField(
        help_text="First fixed by due_at, and neither reopened nor disputed within 14 days; false while open."
    )
    recovered_24h_reported = serializers.BooleanField(help_text="The same, counted from reported_at.")
    is_excluded = serializers.BooleanField(help_text="Out of every figure: two people agreed.")
    excluded_as = serializers.ChoiceField(
        ExclusionReason.choices, allow_null=True, help_text="Why; set while it is proposed, too."
    )
    revision = serializers.IntegerField()


_AS_THEY_ARE = (
    "id",
    "external_id",
    "summary",
    "occurred_at",
    "reported_at",
    "recorded_at",
    "clock_start",
    "first_fixed_at",
    "fixed_at",
    "first_undone_at",
    "times_undone",
    "recovered_24h",
    "recovered_24h_reported",
    "revision",
)
_COLUMNS = (
    *_AS_THEY_ARE,
    *unit_columns("unit"),
    "customer_id",
    "customer__external_id",
    "cause__name",
    "channel",
    "is_valid",
    "excluded_as",
)


def case_json(row: Row) -> Row:
    customer = row["customer_id"]
    shown = {name: row[name] for name in _AS_THEY_ARE}
    shown["unit"] = unit_ref(row, "unit")
    shown["customer"] = {"id": customer, "external_id": row["customer__external_id"]} if customer else None
    shown["cause"] = row["cause__name"]
    shown["channel"] = row["channel"] or None
    shown["due_at"] = row["clock_start"] + RECOVERY_TIME
    shown["is_open"] = row["fixed_at"] is None
    shown["is_excluded"] = not row["is_valid"]
    shown["excluded_as"] = row["excluded_as"] or None
    return shown


# Newest first.
CASES = Listing(("-reported_at", "-id"), _COLUMNS, case_json)
