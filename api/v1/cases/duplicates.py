"""Two reports of one mistake, and the files that came with a case."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Reference
from api.idempotency import idempotent
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, endpoint
from api.v1.cases.acts import CaseAct
from api.v1.cases.representation import CASES, CaseShape
from api.v1.remedies import NoBody
from api.v1.shapes import Shape
from cso.recovery.attachments import attachments_of
from cso.recovery.duplicates import duplicates_of, merge_cases, probable_duplicates, split_case
from cso.recovery.models import Attachment, Case
from cso.recovery.queries import visible_cases
from tenants.roles import Can


class MergeBody(Body):
    into = Reference(Case, "external_id", help_text="Id or external id of the case that stays.")


class MergeCase(CaseAct):
    @endpoint(
        "merge_case",
        "It is the same mistake as another case",
        body=MergeBody,
        answer=CaseShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"into": "T-20418"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """The case leaves every figure and takes no more acts. The one that stays has the earliest clock of both."""
        return self.done(merge_cases, pk, self.read(MergeBody))


class SplitCase(CaseAct):
    @endpoint(
        "split_case",
        "It is another mistake after all",
        body=NoBody,
        answer=CaseShape,
        parameters=[IDEMPOTENCY_KEY],
        example={},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """A duplicate counts again as it did before it was merged, and each case has its own clock."""
        return self.done(split_case, pk, self.read(NoBody))


class DuplicatesShape(Shape):
    probable = CaseShape(many=True, help_text="The likeliest first, at most ten.")
    merged = CaseShape(many=True, help_text="What was merged into it.")


class CaseDuplicates(Resource):
    acts = {"GET": (Can.SEE_ALL_CASES,)}

    @endpoint("list_duplicates", "Cases that may be the same mistake, and those that are", answer=DuplicatesShape)
    def get(self, request: Request, pk: UUID) -> Response:
        """Of the same customer, or of one with the same e-mail address or phone, reported within 14 days of it."""
        case = only(visible_cases(self.key).filter(pk=pk).select_related("customer"))
        probable, merged = probable_duplicates(case, viewer=self.key), duplicates_of(case)
        shown = _shown([*probable, *merged])
        return Response({"probable": [shown[one.pk] for one in probable], "merged": [shown[one.pk] for one in merged]})


def _shown(cases: Iterable[Case]) -> dict[UUID, Any]:
    rows = Case.objects.filter(pk__in=[case.pk for case in cases]).values(*CASES.columns)
    return {shown["id"]: shown for shown in CASES.shown(rows)}


class AttachmentShape(Shape):
    id = serializers.UUIDField()
    case = serializers.UUIDField(help_text="The case itself, or a duplicate that it holds.")
    name = serializers.CharField()
    media_type = serializers.CharField(help_text="By its first bytes.")
    size = serializers.IntegerField(help_text="In bytes.")
    received_at = serializers.DateTimeField()


class AttachmentsShape(Shape):
    data = AttachmentShape(many=True)  # type: ignore[assignment]


class CaseAttachments(Resource):
    acts = {"GET": (Can.SEE_ALL_CASES,)}

    @endpoint("list_attachments", "The files that came with a case", answer=AttachmentsShape)
    def get(self, request: Request, pk: UUID) -> Response:
        case = only(visible_cases(self.key).filter(pk=pk))
        files = [
            {
                "id": file.pk,
                "case": file.case_id,
                "name": file.name,
                "media_type": file.media_type,
                "size": file.size,
                "received_at": file.received_at,
            }
            for file in attachments_of(case)
        ]
        return Response({"data": files})


class OneAttachment(Resource):
    acts = {"GET": (Can.SEE_ALL_CASES,)}

    @endpoint(
        "read_attachment",
        "A file, as it came",
        answer={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: UUID, file: UUID) -> HttpResponse:
        case = only(visible_cases(self.key).filter(pk=pk))
        found: Attachment = only(Attachment.objects.filter(Q(case=case) | Q(case__merged_into=case), pk=file))
        response = HttpResponse(bytes(found.content), content_type=found.media_type)
        response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=found.name)
        response["X-Content-Type-Options"] = "nosniff"
        return response
