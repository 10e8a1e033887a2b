"""Kill orders: carried out, seen by somebody else, and checked for their effect; and what speaks for killing a rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Instant, Text, member_reference, person_reference
from api.filters import ListFilters, ReferenceFilter, UnitFilter, YesNoFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, IF_NONE_MATCH, endpoint
from api.v1.committees.motions import RuleRef, rule_ref
from api.v1.remedies import NoBody
from api.v1.shapes import PersonRef, Shape, UnitRef, unit_columns, unit_ref
from cso.committees import orders
from cso.committees.evidence import evidence_of
from cso.committees.models import KillOrder, KillStep
from cso.committees.queries import story_of
from cso.rules.models import Rule
from cso.rules.queries import visible_rules
from tenants.roles import Can


class StepShape(Shape):
    id = serializers.UUIDField()
    what = serializers.CharField()
    done_at = serializers.DateTimeField(allow_null=True)


class KillOrderShape(Shape):
    id = serializers.UUIDField()
    rule = RuleRef()
    unit = UnitRef()
    outcome = serializers.UUIDField(allow_null=True, help_text="The outcome that ordered it.")
    nomination = serializers.UUIDField(allow_null=True)
    owner = PersonRef(allow_null=True, help_text="Null until somebody is named.")
    status = serializers.ChoiceField(KillOrder.Status.choices)
    nominated_at = serializers.DateTimeField()
    ordered_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    steps = StepShape(many=True)
    executed_at = serializers.DateTimeField(allow_null=True)
    evidence = serializers.CharField(allow_null=True, help_text="How one can see that the rule is gone.")
    verified_at = serializers.DateTimeField(allow_null=True)
    cases_before = serializers.IntegerField(allow_null=True, help_text="That cite the rule, 8 weeks before.")
    cases_after = serializers.IntegerField(allow_null=True, help_text="8 weeks after the verification.")
    effect_checked_at = serializers.DateTimeField(allow_null=True)
    reinstated_at = serializers.DateTimeField(allow_null=True)
    reinstated_because = serializers.CharField(allow_null=True)


class EvidenceShape(Shape):
    cases = serializers.IntegerField(help_text="That cite the rule.")
    cases_recently = serializers.IntegerField(help_text="Of the last 90 days.")
    breaks = serializers.IntegerField()
    breaks_recently = serializers.IntegerField()
    nominations = serializers.IntegerField()
    customers = serializers.IntegerField()
    worth_low_minor = serializers.IntegerField(help_text="Of these customers, each once.")
    worth_high_minor = serializers.IntegerField()
    currency = serializers.CharField()


class MomentShape(Shape):
    at = serializers.DateTimeField()
    kind = serializers.CharField()
    words = serializers.CharField()
    count = serializers.IntegerField()
    subject = serializers.UUIDField(allow_null=True)


class StoryShape(Shape):
    data = MomentShape(many=True)  # type: ignore[assignment]


class OwnerBody(Body):
    person = person_reference()


class PostponeBody(Body):
    due_at = Instant(help_text="Later than it is due now.")
    because = Text(max_length=orders.MAX_BECAUSE)


class StepBody(Body):
    what = Text(max_length=orders.MAX_STEP)


class ExecuteBody(Body):
    evidence = Text(max_length=orders.MAX_EVIDENCE, help_text="How one can see that the rule is gone.")


class VerifyBody(Body):
    seen_by = member_reference(
        required=False, allow_null=True, help_text="Who went and saw: needed where a key told that it was executed."
    )


class ReinstateBody(Body):
    because = Text(max_length=orders.MAX_BECAUSE)


_AS_THEY_ARE = (
    "id",
    "status",
    "nominated_at",
    "ordered_at",
    "due_at",
    "executed_at",
    "verified_at",
    "cases_before",
    "cases_after",
    "effect_checked_at",
    "reinstated_at",
)


def kill_order_json(row: Row) -> Row:
    return {
        **{name: row[name] for name in _AS_THEY_ARE},
        "rule": rule_ref(row),
        "unit": unit_ref(row, "unit"),
        "outcome": row["outcome_id"],
        "nomination": row["nomination_id"],
        "owner": {"id": row["owner_id"], "name": row["owner__name"]} if row["owner_id"] else None,
        "steps": row["steps"],
        **{name: row[name] or None for name in ("evidence", "reinstated_because")},
    }


def _with_steps(rows: Sequence[Row]) -> None:
    steps: dict[UUID, list[Row]] = {row["id"]: [] for row in rows}
    found = KillStep.objects.filter(order__in=steps).order_by("position")
    for order, step, what, done_at in found.values_list("order_id", "id", "what", "done_at"):
        steps[order].append({"id": step, "what": what, "done_at": done_at})
    for row in rows:
        row["steps"] = steps[row["id"]]


KILL_ORDERS = Listing(
    ("-id",),
    (
        *_AS_THEY_ARE,
        *unit_columns("unit"),
        "rule_id",
        "rule__code",
        "rule__title",
        "outcome_id",
        "nomination_id",
        "owner_id",
        "owner__name",
        "evidence",
        "reinstated_because",
    ),
    kill_order_json,
    _with_steps,
)


class KillOrderFilters(ListFilters):
    status = django_filters.ChoiceFilter(choices=KillOrder.Status.choices)
    rule = ReferenceFilter(Rule, "code", help_text="Id or code of a rule.")
    unit = UnitFilter()
    overdue = YesNoFilter(method="when_overdue", help_text="Not executed, and past its due time.")

    def when_overdue(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        late = {"status__in": KillOrder.OPEN, "due_at__lt": self.now}
        return rows.filter(**late) if value == "true" else rows.exclude(**late)


class KillOrders(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,)}

    @endpoint("list_kill_orders", "Kill orders, the latest first", answer=KillOrderShape, filters=KillOrderFilters)
    def get(self, request: Request) -> Response:
        return page(request, KillOrderFilters(request, KillOrder.objects.all(), now=self.now).rows(), KILL_ORDERS)


class OneKillOrder(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,)}

    @endpoint("read_kill_order", "One kill order", answer=KillOrderShape, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(KillOrder.objects.filter(pk=pk), KILL_ORDERS)


class KillOrderAct(Resource):
    """One act on one order; answers with the order as it then is."""

    acts = {"POST": (Can.RUN_COMMITTEES,)}

    def done(self, act: Callable[..., Any], pk: UUID, body: type[Body], *names: str) -> Response:
        """`names`: what of the body the act takes by position."""
        rows = KillOrder.objects.filter(pk=pk)
        order = only(rows)
        values = self.read(body)
        act(order, *(values.pop(name) for name in names), **values, by=self.key, now=self.now)
        return self.show(rows, KILL_ORDERS)


class NameKillOwner(KillOrderAct):
    @endpoint(
        "name_kill_owner",
        "Say who carries it out",
        body=OwnerBody,
        answer=KillOrderShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"person": "hr-1"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        return self.done(orders.name_owner, pk, OwnerBody, "person")


class PostponeKill(KillOrderAct):
    @endpoint(
        "postpone_kill",
        "Let it be due later",
        body=PostponeBody,
        answer=KillOrderShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"due_at": "2026-06-30T16:00:00Z", "because": "The printer of the forms needs a month."},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        return self.done(orders.postpone, pk, PostponeBody, "due_at")


class KillSteps(KillOrderAct):
    @endpoint(
        "add_kill_step",
        "One thing to do so that the rule is gone",
        body=StepBody,
        answer=KillOrderShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"what": "Take the sign off the wall"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        return self.done(orders.add_step, pk, StepBody, "what")


class FinishKillStep(KillOrderAct):
    @endpoint("finish_kill_step", "A step is done", body=NoBody, answer=KillOrderShape, parameters=[IDEMPOTENCY_KEY])
    @idempotent
    def post(self, request: Request, pk: UUID, step: UUID) -> Response:
        found = only(KillStep.objects.filter(order=pk, pk=step).select_related("order"))
        self.read(NoBody)
        orders.finish_step(found, by=self.key, now=self.now)
        return self.show(KillOrder.objects.filter(pk=pk), KILL_ORDERS)


class ExecuteKill(KillOrderAct):
    @endpoint(
        "execute_kill",
        "The rule is out of the company's life",
        body=ExecuteBody,
        answer=KillOrderShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"evidence": "The form has no field for receipts since Monday."},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """409 `steps_open`: a step is not done; `reconsidered`: a committee is about to keep the rule."""
        return self.done(orders.execute_order, pk, ExecuteBody)


class VerifyKill(KillOrderAct):
    acts = {"POST": (Can.TRIAGE_NOMINATIONS,)}

    @endpoint(
        "verify_kill",
        "Somebody else saw that it is done",
        body=VerifyBody,
        answer=KillOrderShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"seen_by": "ana@example.com"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Somebody else than who executed it, which is the owner where a key told that. They may triage nominations."""
        return self.done(orders.verify_order, pk, VerifyBody)


class ReinstateRule(KillOrderAct):
    @endpoint(
        "reinstate_rule",
        "The rule holds again",
        body=ReinstateBody,
        answer=KillOrderShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"because": "Claims for suitcases that never flew have doubled."},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        return self.done(orders.reinstate, pk, ReinstateBody)


class RuleEvidence(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,)}

    @endpoint("read_rule_evidence", "What speaks for killing a rule, in numbers", answer=EvidenceShape)
    def get(self, request: Request, pk: UUID) -> Response:
        """Money in minor units."""
        rule = only(visible_rules(self.key).filter(pk=pk))
        return Response(evidence_of(rule, until=self.now))


class RuleStory(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,)}

    @endpoint("read_rule_story", "What happened to a rule, the first first", answer=StoryShape)
    def get(self, request: Request, pk: UUID) -> Response:
        rule = only(visible_rules(self.key).filter(pk=pk))
        names = ("at", "kind", "words", "count", "subject")
        return Response({"data": [{name: getattr(found, name) for name in names} for found in story_of(rule)]})
