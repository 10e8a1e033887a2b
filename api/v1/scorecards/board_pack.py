"""The board pack of a period as one document; its files (PDF, workbook, CSV) are made in the portal."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body
from api.pagination import Row
from api.resources import Resource
from api.schema import endpoint
from api.v1.metrics.leaders import StandingShape, standing_json
from api.v1.metrics.representation import STATUSES, FigureShape, figure_json, unit_json
from api.v1.metrics.views import PeriodField
from api.v1.recognitions import RecognitionShape
from api.v1.scorecards.scores import ScoresShape, table_json
from api.v1.shapes import PersonRef, Shape, UnitRef, named
from cso.committees.models import KillOrder
from cso.metrics.periods import Period
from cso.metrics.queries.beside import Worth
from cso.metrics.queries.returned import Returned
from cso.recognition.models import Recognition
from cso.scorecards.board_pack import BoardPack, board_pack
from cso.scorecards.models import ScoreSnapshot
from cso.scorecards.scores.snapshots import Restated
from cso.strategy.models import Blocker, Outcome
from tenants.roles import Can


class BoardPackQuery(Body):
    period = PeriodField(help_text="As for a figure. Scores are of one month, one quarter or one year.")
    leaders = serializers.ChoiceField(
        ["first", "all"], default="first", help_text="Of the first level of units, or of every level."
    )


class TwoFiguresShape(Shape):
    metric = serializers.CharField()
    figure = FigureShape()
    before = FigureShape(help_text="Of the period before.")


class StateCountShape(Shape):
    metric = serializers.CharField()
    count = serializers.IntegerField(help_text="Cases that are so at `as_of`.")


class RangeShape(Shape):
    currency = serializers.CharField(help_text="In whose minor units the amounts are.")
    low_minor = serializers.IntegerField()
    high_minor = serializers.IntegerField()
    unknown = serializers.IntegerField(help_text="Customers of unknown worth, who add nothing.")


class ReturnedShape(Shape):
    currency = serializers.CharField()
    given_minor = serializers.IntegerField(help_text="Whoever was lost, or is of unknown worth, was given to as well.")
    low = serializers.FloatField(allow_null=True, help_text="Saved for each one given, at least; null without any.")
    high = serializers.FloatField(allow_null=True)


class GivenShape(Shape):
    currency = serializers.CharField()
    minor = serializers.IntegerField()


class FinalChangeShape(Shape):
    plan = serializers.UUIDField()
    person = PersonRef()
    unit = UnitRef()
    period = serializers.CharField()
    before = serializers.FloatField(allow_null=True)
    after = serializers.FloatField(allow_null=True)
    because = serializers.ChoiceField(ScoreSnapshot.Because.choices)
    at = serializers.DateTimeField()


class RuleKilledShape(Shape):
    order = serializers.UUIDField(help_text="The kill order.")
    rule = serializers.CharField()
    unit = UnitRef()
    owner = PersonRef(allow_null=True, help_text="Who carried it out.")
    verified_at = serializers.DateTimeField()
    cases_before = serializers.IntegerField(allow_null=True, help_text="That cited it in the 8 weeks before.")
    cases_after = serializers.IntegerField(allow_null=True, help_text="And after; null until they are over.")


class BoardBlockerShape(Shape):
    id = serializers.UUIDField()
    what = serializers.CharField()
    severity = serializers.ChoiceField(Blocker.Severity.choices)
    owner = PersonRef()
    raised_at = serializers.DateTimeField()


class OverdueOutcomeShape(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    owner = PersonRef()
    review_on = serializers.DateField(help_text="When its review was due.")


class BoardPackShape(Shape):
    period = serializers.CharField()
    status = serializers.ChoiceField(STATUSES)
    as_of = serializers.DateTimeField(help_text="It stood so then.")
    leaders = StandingShape(help_text="Furthest from the target first.")
    scores = ScoresShape(allow_null=True, help_text="Of every plan; null where the period is none that is scored.")
    figures = TwoFiguresShape(many=True, help_text="Of the whole organization.")
    states = StateCountShape(many=True)
    weeks = FigureShape(many=True, help_text="Recovered within 24 hours in the last full weeks, the oldest first.")
    value_saved = RangeShape()
    value_at_risk = RangeShape(help_text="At `as_of`.")
    returned = ReturnedShape(help_text="Value saved for what was given to the customers whose 90 days ended.")
    given = GivenShape(many=True, help_text="Money to customers in the period.")
    restatements = FinalChangeShape(many=True, help_text="Final scores that changed.")
    rules_killed = RuleKilledShape(many=True)
    recognitions = RecognitionShape(many=True)
    blockers = BoardBlockerShape(many=True, help_text="Open at `as_of`, the oldest first.")
    overdue_reviews = OverdueOutcomeShape(many=True)


class ReadBoardPack(Resource):
    acts = {"GET": (Can.SEE_SCORECARD, Can.SEE_PEOPLE)}

    @endpoint("read_board_pack", "What a board reads of a period", answer=BoardPackShape, parameters=[BoardPackQuery])
    def get(self, request: Request) -> Response:
        """Who misses and why, scores, the company's figures, what was done and what blocks: all as of one instant."""
        query = self.read_query(BoardPackQuery)
        everyone = query["leaders"] == "all"
        return Response(_pack_json(board_pack(self.key, query["period"], everyone=everyone, now=self.now)))


def _pack_json(pack: BoardPack) -> Row:
    before = pack.period.previous()
    return {
        "period": pack.period.key,
        "status": pack.status,
        "as_of": pack.as_of,
        "leaders": standing_json(pack.standing),
        "scores": table_json(pack.scores) if pack.scores else None,
        "figures": [
            {
                "metric": key,
                "figure": figure_json(figure, period, currency=pack.saved.currency),
                "before": figure_json(pack.figures[key, before], before, currency=pack.saved.currency),
            }
            for (key, period), figure in pack.figures.items()
            if period == pack.period
        ],
        "states": [{"metric": key, "count": count} for key, count in pack.standing_now.items()],
        "weeks": [figure_json(figure, week) for week, figure in pack.standing.weeks],
        "value_saved": _range_json(pack.saved),
        "value_at_risk": _range_json(pack.at_risk),
        "returned": _returned_json(pack.returned),
        "given": [{"currency": currency, "minor": minor} for currency, minor in pack.given.items()],
        "restatements": [_restated_json(each) for each in pack.restated],
        "rules_killed": [_killed_json(order) for order in pack.killed],
        "recognitions": [_recognition_json(each) for each in pack.recognised],
        "blockers": [_blocker_json(each) for each in pack.blockers],
        "overdue_reviews": [_review_json(each) for each in pack.overdue],
    }


def _returned_json(found: Returned) -> Row:
    low, high = found.ratio or (None, None)
    return {
        "currency": found.currency,
        "given_minor": found.given,
        "low": None if low is None else float(low),
        "high": None if high is None else float(high),
    }


def _range_json(worth: Worth) -> Row:
    return {
        "currency": worth.currency,
        "low_minor": worth.low,
        "high_minor": worth.high,
        "unknown": worth.unknown,
    }


def _restated_json(restated: Restated) -> Row:
    before, after = restated.before, restated.after
    return {
        "plan": after.plan_id,
        "person": named(after.plan.person),
        "unit": unit_json(after.plan.unit),
        "period": Period(after.grain, after.period).key,  # type: ignore[arg-type]
        "before": None if before.score is None else float(before.score),
        "after": None if after.score is None else float(after.score),
        "because": after.because,
        "at": after.as_of,
    }


def _killed_json(order: KillOrder) -> Row:
    return {
        "order": order.pk,
        "rule": order.rule.title,
        "unit": unit_json(order.unit),
        "owner": named(order.owner) if order.owner else None,
        **{name: getattr(order, name) for name in ("verified_at", "cases_before", "cases_after")},
    }


def _recognition_json(recognition: Recognition) -> Row:
    return {
        **{name: getattr(recognition, name) for name in ("kind", "what", "recognised_at")},
        "id": recognition.pk,
        "person": named(recognition.person),
        "unit": unit_json(recognition.unit),
        "customer_words": recognition.customer_words or None,
    }


def _blocker_json(blocker: Blocker) -> Row:
    told = {name: getattr(blocker, name) for name in ("what", "severity", "raised_at")}
    return {"id": blocker.pk, "owner": named(blocker.owner)} | told


def _review_json(outcome: Outcome) -> Row:
    return {
        "id": outcome.pk,
        "name": outcome.name,
        "owner": named(outcome.owner),
        "review_on": outcome.review_on,
    }
