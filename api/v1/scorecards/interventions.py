"""What was changed by hand of the figures behind a score."""

from __future__ import annotations

from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.pagination import Row
from api.resources import Resource, only
from api.schema import endpoint
from api.v1.scorecards.scores import PeriodQuery, scored
from api.v1.shapes import Shape
from cso.scorecards.models import Plan
from cso.scorecards.plans.versions import visible_plans, with_versions
from cso.scorecards.scores.counting import score_plans
from cso.scorecards.scores.interventions import ACTS, KINDS, MOST_SHOWN, Intervention, interventions
from tenants.roles import Can


class TouchShape(Shape):
    case = serializers.UUIDField()
    reference = serializers.CharField()
    at = serializers.DateTimeField()
    by = serializers.CharField(help_text="Empty where the product itself did it.")


class InterventionShape(Shape):
    kind = serializers.ChoiceField(
        [(kind, kind) for kind in KINDS],
        help_text="taken_out: excluded, or merged into another; told_late: recovered by a fix that was told when the 24"
        " hours were over; times: the clock starts later, or the first fix is earlier than it was; moved_away,"
        " moved_here: to or from units outside, when the 24 hours were over.",
    )
    cases = serializers.IntegerField()
    last = TouchShape(many=True, help_text=f"{MOST_SHOWN} at most, as far as the key may see cases.")


class RetoldShape(Shape):
    measure = serializers.CharField(help_text="Its name.")
    month = serializers.DateField(help_text="Its first day.")
    at = serializers.DateTimeField()
    by = serializers.CharField()


class ReorganizationShape(Shape):
    act = serializers.ChoiceField([(act, act) for act in ACTS])
    unit = serializers.CharField(help_text="Its code.")
    details = serializers.JSONField(help_text="As in the audit log.")
    at = serializers.DateTimeField()
    by = serializers.CharField()


class InterventionsShape(Shape):
    plan = serializers.UUIDField()
    period = serializers.CharField()
    cases = serializers.IntegerField(help_text="Those that count.")
    known_late = serializers.IntegerField(help_text="First heard of here when they were fixed already.")
    nameless = serializers.IntegerField(help_text="Of no known customer.")
    data = InterventionShape(many=True)  # type: ignore[assignment]
    retold = RetoldShape(many=True, help_text="Figures of others that were told once more when their month was over.")
    reorganized = ReorganizationShape(
        many=True, help_text="Units moved since the period began; leaders named or ended for days that were over."
    )


class PlanInterventions(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,)}

    @endpoint(
        "read_interventions",
        "What was changed by hand behind a score",
        answer=InterventionsShape,
        parameters=[PeriodQuery],
    )
    def get(self, request: Request, pk: UUID) -> Response:
        """Of the cases that fell due in the plan's part of the period; all have honest reasons, and lower no score."""
        plan = only(visible_plans(self.key).filter(pk=pk))
        period = scored(self.read_query(PeriodQuery)["period"])
        answer: Row = {"plan": plan.pk, "period": period.key}
        known = score_plans(with_versions(Plan.objects.filter(pk=plan.pk)), [period], now=self.now)
        if not known:
            return Response(
                answer | {"cases": 0, "known_late": 0, "nameless": 0, "data": [], "retold": [], "reorganized": []}
            )
        found = interventions(self.key, plan.unit_id, known[0].span, now=self.now)
        return Response(
            answer
            | {name: getattr(found, name) for name in ("cases", "known_late", "nameless")}
            | {
                "data": [_intervention_json(each) for each in found.found],
                "retold": [vars(each) for each in found.retold],
                "reorganized": [vars(each) for each in found.reorganized],
            }
        )


def _intervention_json(found: Intervention) -> Row:
    return {"kind": found.kind, "cases": found.cases, "last": [vars(touch) for touch in found.last]}
