"""What panels said: figures of groups, once a wave has closed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Text
from api.resources import Resource, only
from api.schema import endpoint
from api.v1.panels.waves import visible_waves
from api.v1.shapes import Shape, UnitRef
from cso.panels import results
from cso.panels.models import Question
from cso.panels.permissions import visible_panels
from cso.panels.questions import MAX_CODE
from cso.panels.results import Part, QuestionResult
from cso.panels.scores import Score, WeightedScore
from tenants.roles import Can

_BY = ("all", "unit", "segment")
_VALUE = (
    "NPS: promoters less detractors, -1 to 1 (0.42 is 42 points). Satisfaction and effort: the share, 0 to 1, of scores"
    " 4-5 and 5-7. Reasons: the share that name the price alone. Null where there is no one figure."
)


class FigureIntervalShape(Shape):
    low = serializers.FloatField()
    high = serializers.FloatField()


class WeightedShape(Shape):
    value = serializers.FloatField(allow_null=True)
    interval = FigureIntervalShape(allow_null=True)
    mean = serializers.FloatField(allow_null=True)
    weight = serializers.FloatField(help_text="The sum of the answers' weights.")
    effective_answers = serializers.FloatField(help_text="Kish's: as many of equal weight would say it as surely.")


class PartShape(Shape):
    unit = UnitRef(allow_null=True, help_text="With all units below that are not shown by themselves, and those shown.")
    segment = serializers.CharField(allow_null=True, help_text="Empty: not known, or pooled.")
    is_pooled = serializers.BooleanField(help_text="The segments too small to stand alone, together.")
    name = serializers.CharField()
    answers = serializers.IntegerField(help_text="Scores and choices; neither blanks nor “don't know”.")
    favourable = serializers.IntegerField(help_text="Promoters (9-10), satisfied (4-5), easy (5-7), the price alone.")
    unfavourable = serializers.IntegerField(help_text="Detractors (0-6), dissatisfied (1-2), hard (1-3).")
    counts = serializers.ListField(
        child=serializers.IntegerField(), help_text="How many gave each score from the lowest on, or chose each option."
    )
    value = serializers.FloatField(allow_null=True, help_text=_VALUE)
    interval = FigureIntervalShape(allow_null=True, help_text="95 %: of NPS adjusted Wald, of shares Wilson.")
    mean = serializers.FloatField(allow_null=True)
    is_small = serializers.BooleanField(help_text="To be said as so many of so many, with its interval.")
    weighted = WeightedShape(allow_null=True, help_text="Null by unit, and where it would tell of too few people.")


class QuestionResultShape(Shape):
    code = serializers.CharField()
    kind = serializers.ChoiceField(Question.Kind.choices)
    asks_for = serializers.ChoiceField(Question.AsksFor.choices)
    text_en = serializers.CharField()
    touch_point = serializers.CharField(allow_null=True)
    options = serializers.ListField(child=serializers.CharField(), help_text="Their codes, in the order of `counts`.")
    whole = PartShape(allow_null=True, help_text="Null: too few answered.")
    parts = PartShape(many=True)


class WaveName(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    closes_at = serializers.DateTimeField()


class ResultsShape(Shape):
    wave = WaveName()
    by = serializers.ChoiceField(_BY)
    smallest_group = serializers.IntegerField(help_text="Nothing is shown of fewer people.")
    questions = QuestionResultShape(many=True)


class PointShape(Shape):
    wave = WaveName()
    whole = PartShape(allow_null=True, help_text="Null: too few answered.")


class TrendShape(Shape):
    data = PointShape(many=True)  # type: ignore[assignment]


class RateShape(Shape):
    name = serializers.CharField()
    invited = serializers.IntegerField()
    counted = serializers.IntegerField(help_text="Invited, less those whose mail bounced or who withdrew.")
    answered = serializers.IntegerField()
    bounced = serializers.IntegerField()
    withdrew = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)


class RatesShape(Shape):
    data = RateShape(many=True)  # type: ignore[assignment]


class ByQuery(Body):
    by = serializers.ChoiceField(
        _BY,
        required=False,
        error_messages={
            "invalid_choice": "Use all, unit or segment: one breakdown at a time, or people could be told."
        },
    )


class CodeQuery(Body):
    code = Text(max_length=MAX_CODE, help_text="Of a question, the same in each wave.")


class WaveResults(Resource):
    acts = {"GET": (Can.SEE_RESULTS,)}

    @endpoint("read_results", "What a closed wave says", answer=ResultsShape, parameters=[ByQuery])
    def get(self, request: Request, pk: UUID) -> Response:
        """Whole, by unit or by segment: never both, and nothing of fewer people than `smallest_group`.

        Before the close there are no results (`not_closed`), and none of them changes after it. The figures of a part
        that may not be shown are in those of the unit above, or of the segments that are pooled.
        """
        by = self.read_query(ByQuery).get("by", "all")
        found = results.results_of(self.key, only(visible_waves(self.key).filter(pk=pk)), by=by)
        questions = [_question(one) for one in found.questions]
        told = {"wave": _wave(found.wave), "by": found.by, "smallest_group": found.smallest_group}
        return Response(told | {"questions": questions})


class PanelTrend(Resource):
    acts = {"GET": (Can.SEE_RESULTS,)}

    @endpoint("read_trend", "One question over the closed waves of a panel", answer=TrendShape, parameters=[CodeQuery])
    def get(self, request: Request, pk: UUID) -> Response:
        panel = only(visible_panels(self.key).filter(pk=pk))
        points = results.trend(self.key, panel, self.read_query(CodeQuery)["code"])
        return Response({"data": [{"wave": _wave(one.wave), "whole": one.part and _part(one.part)} for one in points]})


class ResponseRates(Resource):
    acts = {"GET": (Can.SEE_RESULTS,)}

    @endpoint("read_response_rates", "How many answered of those invited", answer=RatesShape, parameters=[ByQuery])
    def get(self, request: Request, pk: UUID) -> Response:
        """An imported wave was asked elsewhere, and has none."""
        by = self.read_query(ByQuery).get("by", "all")
        rates = results.response_rate(self.key, only(visible_waves(self.key).filter(pk=pk)), by=by)
        return Response({"data": [_rate(rate) for rate in rates]})


def _wave(wave: Any) -> dict[str, Any]:
    return {"id": wave.pk, "name": wave.name, "closes_at": wave.closes_at}


def _question(one: QuestionResult) -> dict[str, Any]:
    question = one.question
    return {
        **{name: getattr(question, name) for name in ("code", "kind", "asks_for", "text_en")},
        "touch_point": question.touch_point or None,
        "options": [option.code for option in one.options],
        "whole": _part(one.whole, has_value=one.has_value) if one.whole else None,
        "parts": [_part(part, has_value=one.has_value) for part in one.parts],
    }


def _part(part: Part, *, has_value: bool = True) -> dict[str, Any]:
    score, unit = part.score, part.unit
    return {
        "unit": {"id": unit.pk, "code": unit.code, "name": unit.name} if unit else None,
        "segment": part.segment,
        "is_pooled": part.is_pooled,
        "name": part.label,
        **{name: getattr(score, name) for name in ("answers", "favourable", "unfavourable")},
        "counts": list(score.counts),
        **_figures(score, has_value=has_value),
        "is_small": score.is_small,
        "weighted": _weighted(part.weighted, has_value=has_value) if part.weighted else None,
    }


def _figures(score: Score | WeightedScore, *, has_value: bool) -> dict[str, Any]:
    return {
        "value": float(score.value) if has_value else None,
        "interval": asdict(score.interval) if has_value else None,
        "mean": None if score.mean is None else float(score.mean),
    }


def _weighted(score: WeightedScore, *, has_value: bool) -> dict[str, Any]:
    told = {"weight": score.weight, "effective_answers": score.effective_answers}
    return _figures(score, has_value=has_value) | told


def _rate(rate: results.Rate) -> dict[str, Any]:
    found = asdict(rate)
    return {"name": found.pop("label"), "share": rate.share} | found
