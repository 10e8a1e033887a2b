"""Who owns a case, which unit held it how long, and what units are asked to do for it."""

from __future__ import annotations

from uuid import UUID

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Instant, Text, member_reference, unit_reference
from api.filters import ListFilters
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, endpoint
from api.v1.cases.acts import AT, CaseAct
from api.v1.cases.representation import CaseShape
from api.v1.shapes import Shape, UnitRef, unit_columns, unit_ref
from cso.recovery import actions, teamwork
from cso.recovery.models import CaseTask
from cso.recovery.queries import visible_cases
from tenants.roles import Can


class TakeBody(Body):
    owner = member_reference()
    at = Instant(required=False, help_text=AT)


class HandOverBody(TakeBody):
    note = Text(max_length=actions.MAX_NOTE, required=False, allow_blank=True)


class TaskBody(Body):
    unit = unit_reference()
    what = Text(max_length=teamwork.MAX_TASK)
    due_at = Instant()


class Nothing(Body):
    """An act that needs no more said; what is sent besides is refused."""


class DoneBody(Body):
    at = Instant(required=False, help_text=AT)


class HeldShape(Shape):
    unit = UnitRef()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(allow_null=True, help_text="Not included; null: it holds the case still.")
    seconds = serializers.IntegerField()


class CustodyShape(Shape):
    data = HeldShape(many=True)  # type: ignore[assignment]


class TaskShape(Shape):
    id = serializers.UUIDField()
    unit = UnitRef()
    what = serializers.CharField()
    due_at = serializers.DateTimeField()
    added_at = serializers.DateTimeField()
    done_at = serializers.DateTimeField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)


_AS_THEY_ARE = ("id", "what", "due_at", "added_at", "done_at", "cancelled_at")


def task_json(row: Row) -> Row:
    return {name: row[name] for name in _AS_THEY_ARE} | {"unit": unit_ref(row, "unit")}


TASKS = Listing(("added_at", "id"), (*_AS_THEY_ARE, *unit_columns("unit")), task_json)


class TakeCase(CaseAct):
    @endpoint(
        "take_case",
        "A member takes the case",
        body=TakeBody,
        answer=CaseShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"owner": "noor@maple-air.example"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Of a case that nobody took. One that somebody has is handed over."""
        values = self.read(TakeBody)
        return self.done(teamwork.take_case, pk, {"member": values.pop("owner")} | values)


class HandOver(CaseAct):
    @endpoint(
        "hand_over_case",
        "Another member owns it",
        body=HandOverBody,
        answer=CaseShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"owner": "noor@maple-air.example", "note": "Speaks Inuktitut, as the customer does."},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        values = self.read(HandOverBody)
        return self.done(teamwork.hand_over, pk, {"to": values.pop("owner")} | values)


class Custody(Resource):
    acts = {"GET": (Can.SEE_ALL_CASES,)}

    @endpoint("read_custody", "How long each unit held the case", answer=CustodyShape)
    def get(self, request: Request, pk: UUID) -> Response:
        """From its report to the fix that holds, or until now; the seconds sum up to the whole time."""
        held = teamwork.custody(only(visible_cases(self.key).filter(pk=pk)), now=self.now)
        return Response(
            {
                "data": [
                    {
                        "unit": {"id": each.unit.pk, "code": each.unit.code, "name": each.unit.name},
                        "since": each.since,
                        "until": each.until,
                        "seconds": each.seconds,
                    }
                    for each in held
                ]
            }
        )


class Tasks(Resource):
    acts = {"GET": (Can.SEE_ALL_CASES,), "POST": (Can.WORK_CASE,)}

    @endpoint("list_case_tasks", "What units are asked to do", answer=TaskShape, filters=ListFilters)
    def get(self, request: Request, pk: UUID) -> Response:
        case = only(visible_cases(self.key).filter(pk=pk))
        return page(request, ListFilters(request, case.tasks.all(), now=self.now).rows(), TASKS)

    @endpoint(
        "add_case_task",
        "Ask a unit to do its part",
        body=TaskBody,
        answer=TaskShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"unit": "yul", "what": "Find the bag on carousel 4", "due_at": "2026-03-18T18:00:00-04:00"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        case = only(visible_cases(self.key).filter(pk=pk))
        task = teamwork.add_task(case, **self.read(TaskBody), by=self.key, now=self.now)
        location = reverse("api:case_tasks", args=[case.pk])
        return self.show(CaseTask.objects.filter(pk=task.pk), TASKS, status=201, location=location)


class _TaskAct(Resource):
    acts = {"POST": (Can.WORK_CASE,)}

    def task(self, pk: UUID, task: UUID) -> CaseTask:
        visible = visible_cases(self.key).filter(pk=pk)
        found: CaseTask = only(CaseTask.objects.filter(case__in=visible, pk=task))
        return found

    def shown(self, task: CaseTask) -> Response:
        return self.show(CaseTask.objects.filter(pk=task.pk), TASKS)


class FinishTask(_TaskAct):
    @endpoint(
        "finish_case_task",
        "The unit has done its part",
        body=DoneBody,
        answer=TaskShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"at": "2026-03-18T17:40:00-04:00"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID, task: UUID) -> Response:
        values = self.read(DoneBody)
        return self.shown(teamwork.finish_task(self.task(pk, task), **values, by=self.key, now=self.now))


class CancelTask(_TaskAct):
    @endpoint(
        "cancel_case_task",
        "It is not needed any more",
        body=Nothing,
        answer=TaskShape,
        parameters=[IDEMPOTENCY_KEY],
    )
    @idempotent
    def post(self, request: Request, pk: UUID, task: UUID) -> Response:
        self.read(Nothing)
        return self.shown(teamwork.cancel_task(self.task(pk, task), by=self.key, now=self.now))
