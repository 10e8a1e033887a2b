"""The customer's own page of a case: its address, and what was answered there."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.filters import ListFilters
from api.idempotency import idempotent
from api.pagination import Listing, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, endpoint
from api.v1.cases.acts import CaseAct
from api.v1.cases.representation import CaseShape
from api.v1.shapes import Shape
from cso.recovery.customer_page import revoke_links
from cso.recovery.links import link_of
from cso.recovery.models import CustomerAnswer
from cso.recovery.queries import visible_cases
from tenants import audit
from tenants.roles import Can


class LinkShape(Shape):
    url = serializers.URLField(help_text="For this customer alone: whoever has it sees the page.")


class CaseLink(Resource):
    acts = {"POST": (Can.SEND_LINKS,)}

    @endpoint("take_case_link", "The customer's own link", answer=LinkShape, parameters=[IDEMPOTENCY_KEY])
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """To be sent by text message or chat, to the customer alone: whoever has it answers as the customer.

        So it takes a scope of its own, and each taking stands in the audit log. It ends 60 days after the case was
        closed, or 90 days after its fix.
        """
        case = only(visible_cases(self.key).filter(pk=pk))
        audit.record(self.key, "take_customer_link", case.reference)
        return Response({"url": link_of(case)})


class RevokeLinks(CaseAct):
    @endpoint(
        "revoke_case_links",
        "Make every link sent so far worthless",
        answer=CaseShape,
        parameters=[IDEMPOTENCY_KEY],
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        return self.done(revoke_links, pk, {})


class AnswerShape(Shape):
    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    is_fixed = serializers.BooleanField()
    apology = serializers.BooleanField(allow_null=True, help_text="Was there a clear apology? Null: not sure.")
    surprised = serializers.BooleanField(allow_null=True, help_text="Was there something unexpected? Null: not sure.")
    words = serializers.CharField()


def _as_it_is(row: dict[str, Any]) -> dict[str, Any]:
    return row


ANSWERS = Listing(("at", "id"), ("id", "at", "is_fixed", "apology", "surprised", "words"), _as_it_is)


class AnswerFilters(ListFilters):
    """None; a list takes no other parameters than those of paging."""


class CaseAnswers(Resource):
    acts = {"GET": (Can.SEE_ALL_CASES,)}

    @endpoint(
        "list_case_answers",
        "What the customer answered; the last one counts",
        answer=AnswerShape,
        filters=AnswerFilters,
    )
    def get(self, request: Request, pk: UUID) -> Response:
        case = only(visible_cases(self.key).filter(pk=pk))
        rows = CustomerAnswer.objects.filter(case=case)
        return page(request, AnswerFilters(request, rows, now=self.now).rows(), ANSWERS)
