"""Scores of leaders: as they are now, and as they were seen at any instant."""

from __future__ import annotations

from fractions import Fraction
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Instant, person_reference, unit_reference
from api.filters import ListFilters
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import endpoint
from api.v1.metrics.representation import STATUSES, FigureShape, figure_json
from api.v1.metrics.views import PeriodField
from api.v1.metrics.why import ReasonShape, why_json
from api.v1.shapes import PersonRef, Shape, UnitRef, named
from cso.errors import InvalidFieldsError
from cso.metrics.periods import Period
from cso.people.models import Unit
from cso.scorecards.models import Plan, ScoreSnapshot
from cso.scorecards.plans.versions import visible_plans, with_versions
from cso.scorecards.scores.counting import GRAINS, ItemScore, Score, score_plans
from cso.scorecards.scores.restating import MOST_CASES, Touched, cases_restated
from cso.scorecards.scores.snapshots import as_seen, restatements_of, snapshots_of
from cso.scorecards.scores.tables import ScoreTable, scores_of
from cso.scorecards.scores.why import why_of
from tenants.roles import Can

_PERIOD = "A month (2026-10), a quarter (2026-Q3) or a year (2026)."


class ScoresQuery(Body):
    period = PeriodField(help_text=_PERIOD)
    unit = unit_reference(required=False)
    person = person_reference(required=False)


class SeenQuery(Body):
    period = PeriodField(help_text=_PERIOD)
    at = Instant(help_text="What was seen at this instant.")


class PeriodQuery(Body):
    period = PeriodField(help_text=_PERIOD)


class ItemScoreShape(Shape):
    category = serializers.CharField()
    what = serializers.CharField(help_text="The key of the metric, or the code of the measure.")
    is_measure = serializers.BooleanField()
    numerator = serializers.FloatField(allow_null=True)
    denominator = serializers.FloatField(allow_null=True, help_text="Null without data, and for what adds up.")
    value = serializers.FloatField(allow_null=True, help_text="Shares in percent; null without data.")
    floor = serializers.FloatField(help_text="Of the whole period: of what adds up, so many months' as passed.")
    target = serializers.FloatField(allow_null=True)
    months = serializers.FloatField(help_text="How many months of floor and target it is held against, or 1.")
    weight = serializers.FloatField()
    points = serializers.FloatField(allow_null=True, help_text="0 to 100; null where something lacks.")
    lacks = serializers.ChoiceField([("data", "Data"), ("target", "A target")], allow_null=True)


class CategoryScoreShape(Shape):
    category = serializers.CharField()
    score = serializers.FloatField(allow_null=True)


class ScoreShape(Shape):
    plan = serializers.UUIDField()
    version = serializers.IntegerField()
    person = PersonRef()
    unit = UnitRef()
    status = serializers.ChoiceField(STATUSES)
    since = serializers.DateField(allow_null=True, help_text="Set where they led for a part of the period only.")
    until = serializers.DateField(allow_null=True)
    score = serializers.FloatField(allow_null=True, help_text="Null: incomplete; no weight is spread over the others.")
    categories = CategoryScoreShape(many=True)
    items = ItemScoreShape(many=True)
    excluded = FigureShape(help_text="Cases taken out of this unit's figures as not our failure.")
    made_late = serializers.BooleanField(help_text="The version was made when its first month had begun.")


class UnplannedShape(Shape):
    unit = UnitRef()
    leader = PersonRef()


class ScoresShape(Shape):
    period = serializers.CharField()
    score = serializers.FloatField(allow_null=True, help_text="The mean of all; null while any is incomplete.")
    lowest = serializers.FloatField(allow_null=True, help_text="The mean if each incomplete one were 0.")
    highest = serializers.FloatField(allow_null=True, help_text="And if each were 100.")
    incomplete = serializers.IntegerField()
    data = ScoreShape(many=True, help_text="The lowest first.")  # type: ignore[assignment]
    unplanned = UnplannedShape(many=True, help_text="Who led a unit and has no plan for it.")


class SeenItemShape(Shape):
    category = serializers.CharField()
    what = serializers.CharField()
    is_measure = serializers.BooleanField()
    numerator = serializers.CharField(allow_null=True, help_text="Exact: a number, or a fraction such as 125/2.")
    denominator = serializers.CharField(allow_null=True)
    value = serializers.CharField(allow_null=True)
    floor = serializers.CharField()
    target = serializers.CharField(allow_null=True)
    months = serializers.CharField()
    weight = serializers.CharField()
    points = serializers.CharField(allow_null=True)
    lacks = serializers.CharField(allow_blank=True)


class SeenShape(Shape):
    plan = serializers.UUIDField()
    person = PersonRef()
    unit = UnitRef()
    version = serializers.IntegerField()
    status = serializers.ChoiceField(ScoreSnapshot.State.choices)
    score = serializers.FloatField(allow_null=True)
    because = serializers.ChoiceField(ScoreSnapshot.Because.choices, help_text="Why it was another one than before.")
    as_of = serializers.DateTimeField(help_text="It stood so from then on.")
    items = SeenItemShape(many=True)


class SeenTableShape(Shape):
    period = serializers.CharField()
    at = serializers.DateTimeField()
    data = SeenShape(many=True)  # type: ignore[assignment]


class ItemChangeShape(Shape):
    what = serializers.CharField()
    before = SeenItemShape(allow_null=True)
    after = SeenItemShape(allow_null=True)


class TouchedShape(Shape):
    case = serializers.UUIDField()
    external_id = serializers.CharField(allow_null=True)
    kinds = serializers.ListField(
        child=serializers.CharField(), help_text="What was recorded of it, as in the case's log."
    )
    recorded_at = serializers.DateTimeField()


class RestatedShape(Shape):
    at = serializers.DateTimeField()
    before = serializers.FloatField(allow_null=True)
    after = serializers.FloatField(allow_null=True)
    because = serializers.ChoiceField(ScoreSnapshot.Because.choices)
    changes = ItemChangeShape(many=True)
    cases = TouchedShape(
        many=True, help_text=f"The last {MOST_CASES} that fell due in it with something recorded between the two."
    )


class RestatementsShape(Shape):
    data = RestatedShape(many=True)  # type: ignore[assignment]


class ItemWhyShape(Shape):
    what = serializers.CharField(help_text="The key of the metric.")
    gap = serializers.FloatField(allow_null=True, help_text="What the share lacks to the target, of 1.")
    missed = serializers.IntegerField()
    too_few = serializers.BooleanField(help_text="There are too few cases for a pattern.")
    overlap = serializers.BooleanField(help_text="Misses have several of the reasons: they do not add up.")
    reasons = ReasonShape(many=True, help_text="The largest first.")
    act = serializers.CharField(allow_blank=True, help_text="The one act to begin with; empty without a miss.")


class PlanWhyShape(Shape):
    plan = serializers.UUIDField()
    period = serializers.CharField()
    data = ItemWhyShape(many=True)  # type: ignore[assignment]


class SnapshotFilters(ListFilters):
    """None; the period is asked for by its own parameter."""


def _seen_columns(row: Row) -> Row:
    return {
        "plan": row["plan_id"],
        "person": {"id": row["plan__person_id"], "name": row["plan__person__name"]},
        "unit": {"id": row["plan__unit_id"], "code": row["plan__unit__code"], "name": row["plan__unit__name"]},
        "version": row["version__number"],
        "status": row["state"],
        "score": _float(row["score"]),
        **{name: row[name] for name in ("because", "as_of", "items")},
    }


SNAPSHOTS = Listing(
    ("-as_of", "-id"),
    (
        "id",
        "plan_id",
        "plan__person_id",
        "plan__person__name",
        "plan__unit_id",
        "plan__unit__code",
        "plan__unit__name",
        "version__number",
        "state",
        "score",
        "because",
        "as_of",
        "items",
    ),
    _seen_columns,
)


class Scores(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,)}

    @endpoint("read_scores", "The scores of leaders in a period", answer=ScoresShape, parameters=[ScoresQuery])
    def get(self, request: Request) -> Response:
        """Of all plans, of those of a unit and of all below it, or of a person. As they are now."""
        query = self.read_query(ScoresQuery)
        period = scored(query["period"])
        [table] = scores_of(self.key, [period], under=query.get("unit"), person=query.get("person"), now=self.now)
        return Response(table_json(table))


class SeenScores(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,)}

    @endpoint("read_scores_as_seen", "What was seen at an instant", answer=SeenTableShape, parameters=[SeenQuery])
    def get(self, request: Request) -> Response:
        """The scores of a period as they stood then: what did the board see on 3 March?"""
        query = self.read_query(SeenQuery)
        period, instant = scored(query["period"]), query["at"]
        rows = as_seen(self.key, period, instant)
        return Response({"period": period.key, "at": instant, "data": [_seen_json(row) for row in rows]})


class PlanWhy(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,)}

    @endpoint("read_plan_why", "Why targets of a plan are missed", answer=PlanWhyShape, parameters=[PeriodQuery])
    def get(self, request: Request, pk: UUID) -> Response:
        """Of each figure of cases that is short of its target: what its misses have in common."""
        plan = only(visible_plans(self.key).filter(pk=pk))
        period = scored(self.read_query(PeriodQuery)["period"])
        scores = score_plans(with_versions(Plan.objects.filter(pk=plan.pk)), [period], now=self.now)
        found = why_of(scores, now=self.now)
        data = [{"what": item.what} | why_json(why) for each in found for item, why in each]
        return Response({"plan": plan.pk, "period": period.key, "data": data})


class PlanSnapshots(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,)}

    @endpoint(
        "list_snapshots",
        "How the score of a plan and a period was seen, the last first",
        answer=SeenShape,
        filters=SnapshotFilters,
        parameters=[PeriodQuery],
    )
    def get(self, request: Request, pk: UUID) -> Response:
        plan = only(visible_plans(self.key).filter(pk=pk))
        return page(request, snapshots_of(plan, scored(self.read_query(PeriodQuery, paged=True)["period"])), SNAPSHOTS)


class PlanRestatements(Resource):
    acts = {"GET": (Can.SEE_SCORECARD,)}

    @endpoint(
        "list_restated_scores",
        "How a score changed after it was final",
        answer=RestatementsShape,
        parameters=[PeriodQuery],
    )
    def get(self, request: Request, pk: UUID) -> Response:
        """With the figures that changed, and the cases behind them as far as the key may see cases."""
        plan = only(visible_plans(self.key).filter(pk=pk))
        found = restatements_of(plan, scored(self.read_query(PeriodQuery)["period"]))
        rows = [
            {
                "at": each.after.as_of,
                "before": _float(each.before.score),
                "after": _float(each.after.score),
                "because": each.after.because,
                "changes": [{"what": c.what, "before": c.before, "after": c.after} for c in each.changes],
                "cases": [_touched_json(one) for one in cases_restated(self.key, each)],
            }
            for each in found
        ]
        return Response({"data": rows})


def scored(period: Period) -> Period:
    if period.grain not in GRAINS or period.count != 1:
        raise InvalidFieldsError.of("period", "not_scored", "Scores are of one month, one quarter or one year.")
    return period


def table_json(table: ScoreTable) -> Row:
    between = table.between
    return {
        "period": table.period.key,
        "score": _float(table.rolled_up),
        "lowest": _float(between[0]) if between else None,
        "highest": _float(between[1]) if between else None,
        "incomplete": table.incomplete,
        "data": [_score_json(score) for score in table.scores],
        "unplanned": [{"unit": _unit(one.unit), "leader": named(one.leader)} for one in table.unplanned],
    }


def _score_json(score: Score) -> Row:
    return {
        "plan": score.plan.pk,
        "version": score.version.number,
        "person": named(score.plan.person),
        "unit": _unit(score.plan.unit),
        "status": score.status,
        "since": score.span.since,
        "until": score.span.until,
        "score": _float(score.value),
        "categories": [{"category": one.code, "score": _float(value)} for one, value in score.by_category],
        "items": [_item_json(item) for item in score.items],
        "excluded": figure_json(score.excluded, score.period),
        "made_late": score.has_begun_late,
    }


def _item_json(item: ItemScore) -> Row:
    return {
        "category": item.category.code,
        "what": item.what,
        "is_measure": item.metric is None,
        "numerator": _float(item.numerator),
        "denominator": _float(item.denominator),
        "value": _float(item.actual),
        "floor": float(item.floor),
        "target": _float(item.target),
        "months": float(item.months),
        "weight": float(item.weight),
        "points": _float(item.points),
        "lacks": item.lacks or None,
    }


def _seen_json(row: ScoreSnapshot) -> Row:
    return {
        "plan": row.plan_id,
        "person": named(row.plan.person),
        "unit": _unit(row.plan.unit),
        "version": row.version.number,
        "status": row.state,
        "score": _float(row.score),
        "because": row.because,
        "as_of": row.as_of,
        "items": row.items,
    }


def _touched_json(touched: Touched) -> Row:
    case = touched.case
    told = {"kinds": list(touched.kinds), "recorded_at": touched.recorded_at}
    return {"case": case.pk, "external_id": case.external_id} | told


def _unit(unit: Unit) -> Row:
    return {"id": unit.pk, "code": unit.code, "name": unit.name}


def _float(value: Fraction | Any) -> float | None:
    return None if value is None else float(value)
