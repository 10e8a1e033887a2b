"""Who is on a panel: they join with their consent alone, and leave whenever they want."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Instant, Reference, Text, customer_reference, unit_reference
from api.filters import ListFilters, UnitFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, endpoint
from api.v1.cases.batch import RowErrorShape
from api.v1.shapes import Shape, UnitRef, unit_columns, unit_ref
from cso.customers.models import Customer
from cso.errors import InvalidFieldsError
from cso.panels import members
from cso.panels.bounces import record_bounce
from cso.panels.member_rows import FIELDS, MOST_ROWS, MemberOutcome, import_members
from cso.panels.models import PanelMember
from cso.panels.permissions import visible_panels
from cso.recovery.models import Case
from tenants.roles import Can

MEMBERS_LEAVE = [
    (PanelMember.LeftBecause.ASKED, "They asked to leave"),
    (PanelMember.LeftBecause.BOUNCED, "Their address does not exist"),
    (PanelMember.LeftBecause.REMOVED, "Taken off the panel"),
]


class PanelCustomer(Shape):
    id = serializers.UUIDField()
    external_id = serializers.CharField(allow_null=True)


class PanelMemberShape(Shape):
    id = serializers.UUIDField()
    customer = PanelCustomer()
    segment = serializers.CharField(allow_null=True, help_text="As it was on joining.")
    unit = UnitRef(help_text="Whose customer they are.")
    via = serializers.ChoiceField(PanelMember.Via.choices)
    consented_at = serializers.DateTimeField()
    consent_source = serializers.CharField(help_text="How we know.")
    joined_at = serializers.DateTimeField()
    term_ends_at = serializers.DateTimeField(allow_null=True)
    left_at = serializers.DateTimeField(allow_null=True)
    left_because = serializers.ChoiceField(PanelMember.LeftBecause.choices, allow_null=True)


class NewMember(Body):
    customer = customer_reference(required=False)
    case = Reference(Case, "external_id", required=False, help_text="In place of a customer: that of this case.")
    unit = unit_reference(required=False)
    consented_at = Instant()
    consent_source = Text(max_length=members.MAX_SOURCE)


class LeaveBody(Body):
    because = serializers.ChoiceField(MEMBERS_LEAVE)


class MemberRow(Shape):
    """One of external_id, email and phone names the customer, who is added when new."""

    external_id = serializers.CharField(required=False)
    email = serializers.CharField(required=False)
    phone = serializers.CharField(required=False)
    name = serializers.CharField(required=False)
    language = serializers.CharField(required=False)
    segment = serializers.CharField(required=False)
    unit = serializers.CharField(required=False, help_text="Code of the panel's unit, or of one below it.")
    consented_at = serializers.CharField(help_text="RFC 3339.")
    consent_source = serializers.CharField()


class MemberRows(Body):
    # Each row is checked by itself, so that a wrong one harms none of the others.
    rows = serializers.ListField(max_length=MOST_ROWS, help_text=f"Objects of {', '.join(FIELDS)}.")


class MemberResultShape(Shape):
    line = serializers.IntegerField(help_text="From 1.")
    status = serializers.ChoiceField(["joined", "is_member", "refused"])
    member = serializers.UUIDField(allow_null=True)
    errors = RowErrorShape(many=True)  # type: ignore[assignment]


class MemberReportShape(Shape):
    results = MemberResultShape(many=True)


class BounceBody(Body):
    address = serializers.EmailField(max_length=254, help_text="That a mail server says does not exist.")


class BouncedShape(Shape):
    members = serializers.IntegerField(help_text="How many memberships that ended.")


_SIMPLE = ("id", "via", "consented_at", "consent_source", "joined_at", "term_ends_at", "left_at")


def member_json(row: Row) -> Row:
    return {
        **{name: row[name] for name in _SIMPLE},
        "customer": {"id": row["customer_id"], "external_id": row["customer__external_id"]},
        "unit": unit_ref(row, "unit"),
        **{name: row[name] or None for name in ("segment", "left_because")},
    }


MEMBERS = Listing(
    ("-joined_at", "-id"),
    (*_SIMPLE, "segment", "left_because", "customer_id", "customer__external_id", *unit_columns("unit")),
    member_json,
)
CANDIDATES = Listing(("id",), ("id", "external_id"), dict)


class MemberFilters(ListFilters):
    segment = django_filters.CharFilter()
    unit = UnitFilter()


class CandidateFilters(ListFilters):
    segment = django_filters.CharFilter()


class PanelMembers(Resource):
    acts = {"GET": (Can.RUN_PANELS, Can.SEE_CUSTOMERS), "POST": (Can.RUN_PANELS,)}

    @endpoint(
        "list_panel_members",
        "Who is on a panel, the last to join first",
        answer=PanelMemberShape,
        filters=MemberFilters,
    )
    def get(self, request: Request, pk: UUID) -> Response:
        found = members.members_of(self.key, only(visible_panels(self.key).filter(pk=pk)))
        return page(request, MemberFilters(request, found, now=self.now).rows(), MEMBERS)

    @endpoint(
        "join_panel",
        "Put a customer on a panel who agreed to it",
        body=NewMember,
        answer=PanelMemberShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={
            "customer": "c-1042",
            "consented_at": "2026-03-18T15:00:00Z",
            "consent_source": "Ticked on the form at gate 12",
        },
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Refused as `declined` (they asked not to be asked), `employee`, `is_member`, `quota_full` or `closed`."""
        panel = only(visible_panels(self.key).filter(pk=pk))
        values = self.read(NewMember)
        case, customer = values.pop("case", None), values.pop("customer", None)
        if (case is None) == (customer is None):
            raise InvalidFieldsError.of("customer", "required", "Name a customer, or a case in place of one.")
        if case is not None:
            values.pop("unit", None)
            member = members.recruit_from_case(panel, case, **values, by=self.key, now=self.now)
        else:
            member = members.join_panel(panel, customer, **values, by=self.key, now=self.now)
        return self.show(PanelMember.objects.filter(pk=member.pk), MEMBERS, status=201)


class ImportMembers(Resource):
    acts = {"POST": (Can.RUN_PANELS,)}

    @endpoint(
        "import_members",
        "Put many customers on a panel",
        body=MemberRows,
        answer=MemberReportShape,
        parameters=[IDEMPOTENCY_KEY],
        example={
            "rows": [
                {
                    "email": "paul@example.com",
                    "segment": "Business",
                    "consented_at": "2026-03-18T15:00:00Z",
                    "consent_source": "Web form",
                }
            ]
        },
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """A wrong row is refused by line and field, and the others join. Who is a member already stays as they are."""
        panel = only(visible_panels(self.key).filter(pk=pk))
        rows = self.read(MemberRows)["rows"]
        outcomes = import_members(panel, list(enumerate(rows, 1)), by=self.key, now=self.now)
        return Response({"results": [_result(outcome) for outcome in outcomes]})


class LeavePanel(Resource):
    acts = {"POST": (Can.RUN_PANELS,)}

    @endpoint(
        "leave_panel",
        "Take a member off a panel",
        body=LeaveBody,
        answer=PanelMemberShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"because": "asked"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID, member: UUID) -> Response:
        """Where they asked for it, they are asked nothing more, and open waves do not count them as invited."""
        rows: QuerySet[PanelMember, Any] = PanelMember.objects.filter(
            panel__in=visible_panels(self.key).filter(pk=pk), pk=member
        )
        found = only(rows.select_related("panel"))
        members.leave_panel(found, because=self.read(LeaveBody)["because"], by=self.key, now=self.now)
        return self.show(rows, MEMBERS)


class Candidates(Resource):
    acts = {"GET": (Can.RUN_PANELS, Can.SEE_CUSTOMERS)}

    @endpoint("list_candidates", "Customers who could be asked to join", answer=PanelCustomer, filters=CandidateFilters)
    def get(self, request: Request, pk: UUID) -> Response:
        """With an address, not on it, and not such as asked to be left alone."""
        panel = only(visible_panels(self.key).filter(pk=pk))
        found: QuerySet[Customer] = members.candidates(self.key, panel)
        return page(request, CandidateFilters(request, found, now=self.now).rows(), CANDIDATES)


class Bounces(Resource):
    acts = {"POST": (Can.RUN_PANELS,)}

    @endpoint(
        "record_bounce",
        "Tell that an address does not exist",
        body=BounceBody,
        answer=BouncedShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"address": "gone@example.com"},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Whoever has it leaves every panel; open waves count them as not reached, unless they answered."""
        address = self.read(BounceBody)["address"]
        return Response({"members": record_bounce(address, by=self.key, now=self.now)})


def _result(outcome: MemberOutcome) -> dict[str, Any]:
    return {
        "line": outcome.line,
        "status": outcome.status,
        "member": outcome.member,
        "errors": [{"field": e.field, "code": e.code, "message": e.message} for e in outcome.errors],
    }
