"""A case as the API shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from rest_framework import serializers

from api.pagination import Listing, Row
from api.v1.shapes import MemberRef, Shape, UnitRef, unit_columns, unit_ref
from cso.recovery.models import RECOVERY_TIME, Channel, ContactKind, ExclusionReason, FailedRight, Solution
from cso.recovery.owners import owners_of


class CustomerRef(Shape):
    id = serializers.UUIDField()
    external_id = serializers.CharField(allow_null=True)


class RuleRef(Shape):
    id = serializers.UUIDField()
    code = serializers.CharField(allow_null=True)
    title = serializers.CharField()


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
    owner = MemberRef(help_text="Who took it, or who holds what nobody took in its unit.")
    next_contact = serializers.ChoiceField(
        ContactKind.choices, allow_null=True, help_text="What the customer is to be told next; null: nothing is owed."
    )
    next_contact_due_at = serializers.DateTimeField(
        allow_null=True, help_text="Once it has passed, the case is silent."
    )
    planned_surprise = serializers.CharField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True, help_text="Decides no recovery: the fix does.")
    solution = serializers.ChoiceField(Solution.choices, allow_null=True)
    quoted_rule = RuleRef(allow_null=True)
    failed_right = serializers.ChoiceField(FailedRight.choices, allow_null=True)
    given_surprise = serializers.CharField(allow_null=True)
    change_idea = serializers.CharField(allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True, help_text="The customer's last valid answer.")
    said_fixed = serializers.BooleanField(allow_null=True)
    said_apology = serializers.BooleanField(allow_null=True, help_text="Null: not answered, or not known.")
    said_surprised = serializers.BooleanField(allow_null=True)
    surprised = serializers.BooleanField(help_text="The customer said so; false without an answer.")
    dazzled = serializers.BooleanField(help_text="recovered_24h and surprised.")
    merged_into = serializers.UUIDField(allow_null=True, help_text="The case that this duplicate went into.")
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
    "next_contact_due_at",
    "closed_at",
    "answered_at",
    "said_fixed",
    "said_apology",
    "said_surprised",
    "surprised",
    "dazzled",
    "revision",
)
# Empty where nothing is said.
_TEXTS = (
    "channel",
    "excluded_as",
    "next_contact",
    "planned_surprise",
    "solution",
    "failed_right",
    "given_surprise",
    "change_idea",
)
_COLUMNS = (
    *_AS_THEY_ARE,
    *_TEXTS,
    *unit_columns("unit"),
    "customer_id",
    "customer__external_id",
    "cause__name",
    "is_valid",
    "owner_id",
    "quoted_rule_id",
    "quoted_rule__code",
    "quoted_rule__title",
    "merged_into_id",
)


class _Owned(NamedTuple):
    id: UUID
    owner_id: UUID | None
    unit_id: UUID


def find_owners(rows: Sequence[Row]) -> None:
    owners = owners_of(_Owned(row["id"], row["owner_id"], row["unit_id"]) for row in rows)
    for row in rows:
        owner = owners.get(row["id"])
        row["owner"] = {"id": owner.pk, "name": owner.label} if owner else None


def case_json(row: Row) -> Row:
    customer = row["customer_id"]
    shown = {name: row[name] for name in _AS_THEY_ARE} | {name: row[name] or None for name in _TEXTS}
    shown["unit"] = unit_ref(row, "unit")
    shown["customer"] = {"id": customer, "external_id": row["customer__external_id"]} if customer else None
    shown["cause"] = row["cause__name"]
    shown["owner"] = row["owner"]
    shown["quoted_rule"] = _rule_ref(row)
    shown["merged_into"] = row["merged_into_id"]
    shown["due_at"] = row["clock_start"] + RECOVERY_TIME
    shown["is_open"] = row["fixed_at"] is None
    shown["is_excluded"] = not row["is_valid"] and row["merged_into_id"] is None
    return shown


def _rule_ref(row: Row) -> Row | None:
    rule = row["quoted_rule_id"]
    return {"id": rule, "code": row["quoted_rule__code"], "title": row["quoted_rule__title"]} if rule else None


# Newest first.
CASES = Listing(("-reported_at", "-id"), _COLUMNS, case_json, find_owners)
