"""The questions of a wave."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Text, Whole
from api.idempotency import idempotent
from api.pagination import Listing, Row
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, IF_MATCH, endpoint
from api.v1.shapes import Shape
from cso.errors import FieldError, InvalidFieldsError
from cso.panels import questions as asked
from cso.panels.models import MAX_TEXT, Option, Question, Wave
from cso.panels.permissions import visible_panels
from cso.texts import shown
from tenants.models import Actor
from tenants.roles import Can

_HIGHEST = 10


class OptionShape(Shape):
    code = serializers.CharField()
    text_en = serializers.CharField()
    text_fr = serializers.CharField()
    is_price = serializers.BooleanField(help_text="The reason is the price.")


class QuestionShape(Shape):
    id = serializers.UUIDField()
    position = serializers.IntegerField(help_text="From 1.")
    code = serializers.CharField(help_text="Its key in the wave, and over the waves of a panel.")
    kind = serializers.ChoiceField(Question.Kind.choices)
    asks_for = serializers.ChoiceField(Question.AsksFor.choices)
    text_en = serializers.CharField()
    text_fr = serializers.CharField()
    touch_point = serializers.CharField(allow_null=True)
    takes_several = serializers.BooleanField()
    options = OptionShape(many=True)
    only_if = serializers.CharField(allow_null=True, help_text="The code of the question that it hangs on.")
    only_if_low = serializers.IntegerField(allow_null=True)
    only_if_high = serializers.IntegerField(allow_null=True)
    only_if_options = serializers.ListField(child=serializers.CharField())


class OptionBody(Body):
    code = Text(max_length=asked.MAX_CODE)
    text_en = Text(max_length=asked.MAX_OPTION)
    text_fr = Text(max_length=asked.MAX_OPTION, required=False, allow_blank=True)
    is_price = serializers.BooleanField(required=False)


class QuestionChange(Body):
    code = Text(max_length=asked.MAX_CODE, required=False)
    kind = serializers.ChoiceField(Question.Kind.choices, required=False)
    asks_for = serializers.ChoiceField(Question.AsksFor.choices, required=False)
    text_en = Text(max_length=MAX_TEXT, required=False)
    text_fr = Text(max_length=MAX_TEXT, required=False, allow_blank=True)
    touch_point = Text(max_length=asked.MAX_TOUCH_POINT, required=False, allow_blank=True)
    takes_several = serializers.BooleanField(required=False, help_text="Of a choice.")
    options = serializers.ListField(child=OptionBody(), required=False, max_length=asked.MOST_OPTIONS)
    only_if = Text(
        max_length=asked.MAX_CODE, required=False, allow_null=True, help_text="The code of an earlier question."
    )
    only_if_low = Whole(min_value=0, max_value=_HIGHEST, required=False, allow_null=True)
    only_if_high = Whole(min_value=0, max_value=_HIGHEST, required=False, allow_null=True)
    only_if_options = serializers.ListField(
        child=Text(max_length=asked.MAX_CODE), required=False, max_length=asked.MOST_OPTIONS
    )


class NewQuestion(QuestionChange):
    code = Text(max_length=asked.MAX_CODE)
    kind = serializers.ChoiceField(Question.Kind.choices)
    text_en = Text(max_length=MAX_TEXT)


class NewQuestionAt(NewQuestion):
    position = Whole(min_value=1, max_value=asked.MOST_QUESTIONS, required=False, help_text="Last when left out.")


class QuestionMove(Body):
    position = Whole(min_value=1, max_value=asked.MOST_QUESTIONS)


_SIMPLE = (
    "id",
    "position",
    "code",
    "kind",
    "asks_for",
    "text_en",
    "text_fr",
    "takes_several",
    "only_if_low",
    "only_if_high",
    "only_if_options",
)


_OPTION = ("code", "text_en", "text_fr", "is_price")


def _with_options(rows: Sequence[Row]) -> None:
    options: dict[UUID, list[Row]] = {row["id"]: [] for row in rows}
    found = Option.objects.filter(question__in=list(options)).order_by("position")
    for question, *told in found.values_list("question_id", *_OPTION):
        options[question].append(dict(zip(_OPTION, told, strict=True)))
    for row in rows:
        row["options"] = options[row["id"]]


def question_json(row: Row) -> Row:
    return {
        **{name: row[name] for name in _SIMPLE},
        "touch_point": row["touch_point"] or None,
        "options": row["options"],
        "only_if": row["only_if__code"],
    }


QUESTIONS = Listing(("position",), (*_SIMPLE, "touch_point", "only_if__code"), question_json, _with_options)


def questions_in(waves: Collection[UUID]) -> dict[UUID, list[Row]]:
    """The questions of each wave, as they are shown."""
    found: dict[UUID, list[Row]] = {wave: [] for wave in waves}
    rows = list(
        Question.objects.filter(wave__in=list(waves)).order_by("position").values("wave_id", *QUESTIONS.columns)
    )
    if rows:
        _with_options(rows)
    for row in rows:
        found[row["wave_id"]].append(question_json(row))
    return found


def add_questions(wave: Wave, bodies: Sequence[dict[str, Any]], *, by: Actor) -> None:
    """Those of a wave's body, in their order; an error is named by where in it it stands."""
    known: dict[str, Question] = {}
    for number, body in enumerate(bodies):
        try:
            known[body["code"]] = asked.add_question(wave, **_hanging_on(body, known), by=by)
        except InvalidFieldsError as error:
            errors = [FieldError(f"questions.{number}.{e.field}", e.code, e.message) for e in error.errors]
            raise InvalidFieldsError(errors) from error


def _hanging_on(body: dict[str, Any], known: dict[str, Question]) -> dict[str, Any]:
    """The body with the question itself in place of its code."""
    if body.get("only_if") is None:
        return body
    if body["only_if"] not in known:
        message = f"There is no earlier question “{shown(body['only_if'], 40)}”."
        raise InvalidFieldsError.of("only_if", "unknown", message)
    return body | {"only_if": known[body["only_if"]]}


class QuestionsOfWave(Resource):
    acts = {"POST": (Can.RUN_PANELS,)}

    @endpoint(
        "add_question",
        "Ask one question more",
        body=NewQuestionAt,
        answer=QuestionShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={
            "code": "why",
            "kind": "words",
            "asks_for": "wrong",
            "text_en": "What should we do better?",
            "only_if": "nps",
            "only_if_high": 6,
        },
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Of a draft (`not_a_draft`)."""
        wave = only(Wave.objects.filter(panel__in=visible_panels(self.key), pk=pk).select_related("panel"))
        body = _hanging_on(self.read(NewQuestionAt), _known(wave))
        question = asked.add_question(wave, **body, by=self.key)
        return self.show(Question.objects.filter(pk=question.pk), QUESTIONS, status=201)


class OneQuestion(Resource):
    acts = {"PATCH": (Can.RUN_PANELS,), "DELETE": (Can.RUN_PANELS,)}

    @endpoint(
        "change_question",
        "Change a question of a draft",
        body=QuestionChange,
        answer=QuestionShape,
        parameters=[IF_MATCH],
        example={"text_fr": "Qu’est-ce qui s’est bien passé ?"},
    )
    def patch(self, request: Request, pk: UUID, question: UUID) -> Response:
        """`options` are then these and no others. The ETag is that of the question alone."""
        rows = _question_of(self, pk, question)
        found = self.hold(rows, QUESTIONS)
        body = _hanging_on(self.read(QuestionChange), _known(found.wave))
        asked.change_question(found, **body, by=self.key)
        return self.show(rows, QUESTIONS)

    @endpoint("remove_question", "Ask it not at all", answer={204: None}, parameters=[IF_MATCH])
    def delete(self, request: Request, pk: UUID, question: UUID) -> Response:
        """Refused (`hangs_on_it`) while another is asked by what was answered to it."""
        found = self.hold(_question_of(self, pk, question), QUESTIONS)
        asked.remove_question(found, by=self.key)
        return Response(status=204)


class MoveQuestion(Resource):
    acts = {"POST": (Can.RUN_PANELS,)}

    @endpoint(
        "move_question",
        "Ask a question at another place",
        body=QuestionMove,
        answer=QuestionShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"position": 2},
    )
    @idempotent
    def post(self, request: Request, pk: UUID, question: UUID) -> Response:
        rows = _question_of(self, pk, question)
        found = only(rows)
        asked.move_question(found, self.read(QuestionMove)["position"], by=self.key)
        return self.show(rows, QUESTIONS)


def _question_of(view: Resource, wave: UUID, question: UUID) -> QuerySet[Question, Any]:
    visible = Question.objects.filter(wave__panel__in=visible_panels(view.key))
    return visible.filter(wave=wave, pk=question).select_related("wave__panel")


def _known(wave: Wave) -> dict[str, Question]:
    return {question.code: question for question in asked.questions_of(wave)}
