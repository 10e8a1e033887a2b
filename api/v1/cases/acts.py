"""What is done with a case, and the log of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Instant, Text, unit_reference
from api.idempotency import idempotent
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, endpoint
from api.v1.cases.representation import CASES, CaseShape
from api.v1.shapes import Shape
from cso.recovery import actions
from cso.recovery.models import EventKind
from cso.recovery.queries import case_log, visible_cases
from tenants.roles import Can

AT = "When; now when left out."


class FixBody(Body):
    at = Instant(required=False, help_text=AT)
    note = Text(max_length=actions.MAX_NOTE, required=False, allow_blank=True)


class UndoBody(Body):
    at = Instant(required=False, help_text=AT)
    note = Text(max_length=actions.MAX_NOTE, help_text="What was not fixed.")


class MoveBody(Body):
    unit = unit_reference()
    at = Instant(required=False, help_text=AT)
    note = Text(max_length=actions.MAX_NOTE, required=False, allow_blank=True)


class CaseAct(Resource):
    """One act on one case; answers with the case as it then is."""

    acts = {"POST": (Can.WORK_CASE,)}

    def done(self, act: Any, pk: UUID, values: dict[str, Any]) -> Response:
        rows = visible_cases(self.key).filter(pk=pk)
        act(only(rows), **values, by=self.key, now=self.now)
        return self.show(rows, CASES)


class FixCase(CaseAct):
    @endpoint(
        "fix_case",
        "The mistake is fixed",
        body=FixBody,
        answer=CaseShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"at": "2026-03-18T19:30:00-04:00", "note": "Delivered to the hotel, with a handwritten apology."},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        return self.done(actions.fix_case, pk, {"at": self.now} | self.read(FixBody))


class ReopenCase(CaseAct):
    @endpoint(
        "reopen_case",
        "The fix did not hold",
        body=UndoBody,
        answer=CaseShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"note": "The suitcase came with a broken handle."},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        return self.done(actions.reopen_case, pk, {"at": self.now} | self.read(UndoBody))


class DisputeCase(CaseAct):
    @endpoint(
        "dispute_case",
        "The customer says that it is not fixed",
        body=UndoBody,
        answer=CaseShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"note": "Says that nobody called back."},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        return self.done(actions.dispute_case, pk, {"at": self.now} | self.read(UndoBody))


class MoveCase(CaseAct):
    @endpoint(
        "move_case",
        "Another unit answers for it",
        body=MoveBody,
        answer=CaseShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"unit": "yul", "note": "The bag was missed in Montréal."},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Whoever takes in the cases of that unit owns it from then on."""
        return self.done(actions.move_case, pk, self.read(MoveBody))


class LogLineShape(Shape):
    kind = serializers.ChoiceField(EventKind.choices)
    at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    by = serializers.CharField(help_text="A person or an API key; empty for the product itself and bulk loads.")
    note = serializers.CharField()
    changes = serializers.DictField(child=serializers.JSONField(), help_text="Field: [before, after].")


class LogShape(Shape):
    data = LogLineShape(many=True)  # type: ignore[assignment]


class CaseLog(Resource):
    acts = {"GET": (Can.SEE_ALL_CASES,)}

    @endpoint("read_case_log", "What happened to a case, in the order of recording", answer=LogShape)
    def get(self, request: Request, pk: UUID) -> Response:
        case = only(visible_cases(self.key).filter(pk=pk).select_related("opened_by__user"))
        lines = [
            {
                "kind": line.kind,
                "at": line.at,
                "recorded_at": line.recorded_at,
                "by": line.by,
                "note": line.note,
                "changes": line.changes,
            }
            for line in case_log(case)
        ]
        return Response({"data": lines})
