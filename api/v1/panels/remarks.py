"""What customers wrote, as a key may read it: criticism without names. Themes; and what is made of a remark."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from django.http import Http404
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Reference, Text, person_reference, unit_reference
from api.filters import PAGING_PARAMETERS, ListFilters
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, endpoint
from api.v1.committees.motions import rule_reference
from api.v1.committees.nominations import NOMINATIONS, NominationShape
from api.v1.panels.waves import visible_waves
from api.v1.recognitions import RECOGNITIONS, RecognitionShape
from api.v1.shapes import Shape, UnitRef, unit_columns, unit_ref
from cso.committees.from_remarks import nominate_from_remark
from cso.committees.models import Nomination
from cso.errors import ConflictError
from cso.panels import themes
from cso.panels.models import Remark, Theme, Wave
from cso.panels.remarks import (
    CASE,
    MAX_SEARCH,
    MAX_TAG,
    MOST_TAGS,
    NOMINATION,
    RECOGNITION,
    read_remarks,
    readable_remark,
    remarks_of,
    tag_remark,
)
from cso.panels.turning import praise_to_recognition
from cso.recognition.actions import MAX_WHAT
from cso.recognition.models import Recognition
from tenants.models import ApiKey
from tenants.roles import Can


class PanelRemarkShape(Shape):
    id = serializers.UUIDField(help_text="Made in random order: it tells nothing of when, or whose.")
    question = serializers.CharField(help_text="Its code.")
    unit = UnitRef(help_text="Of its group.")
    is_praise = serializers.BooleanField()
    words = serializers.CharField(help_text="Praise names whom it praises; in all else names are masked.")
    tags = serializers.ListField(child=serializers.CharField())
    became = serializers.ChoiceField([RECOGNITION, CASE, NOMINATION], allow_null=True)
    became_id = serializers.UUIDField(allow_null=True, help_text="Of a case null: it may name its customer.")


class RemarksShape(Shape):
    data = PanelRemarkShape(many=True)  # type: ignore[assignment]
    next = serializers.URLField(allow_null=True, help_text="The next page, or null.")
    holds_back = serializers.BooleanField(help_text="Criticism was found too, of too few people to be shown.")


class RemarksQuery(Body):
    praise = serializers.ChoiceField(["true", "false"], required=False)
    unit = unit_reference(required=False)
    words = Text(max_length=MAX_SEARCH, required=False, help_text='As typed into a search: late -bus "gate 12".')
    theme = Reference(Theme, "name", required=False, help_text="Id or name of a theme.")
    tag = Text(max_length=MAX_TAG, required=False)


class TagsBody(Body):
    tags = serializers.ListField(child=Text(max_length=MAX_TAG), max_length=MOST_TAGS)


class PraiseBody(Body):
    person = person_reference()
    kind = serializers.ChoiceField(Recognition.Kind.choices, required=False)
    what = Text(max_length=MAX_WHAT, required=False, help_text="What they did; else the customer's words.")


class ComplaintBody(Body):
    rule = rule_reference(required=False, allow_null=True)


class ThemeShape(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    words = serializers.ListField(child=serializers.CharField())


class ThemeBody(Body):
    name = Text(max_length=themes.MAX_NAME)
    words = serializers.ListField(
        child=Text(max_length=themes.MAX_WORD),
        min_length=1,
        max_length=themes.MOST_WORDS,
        help_text="Found in any of their forms.",
    )


class ThemeCountShape(Shape):
    theme = ThemeShape()
    praise = serializers.IntegerField()
    criticism = serializers.IntegerField(allow_null=True, help_text="Null: some, by too few people to be told.")


class ThemeCountsShape(Shape):
    data = ThemeCountShape(many=True)  # type: ignore[assignment]
    right = serializers.ListField(child=serializers.CharField(), help_text="The words of praise that most people used.")
    wrong = serializers.ListField(child=serializers.CharField(), help_text="The words of criticism, likewise.")


_SIMPLE = ("id", "is_praise", "tags")


def remark_json(row: Row) -> Row:
    return {
        **{name: row[name] for name in (*_SIMPLE, "words", "became_id")},
        "question": row["question__code"],
        "unit": unit_ref(row, "unit"),
        "became": row["became"] or None,
    }


def _as_read(viewer: ApiKey, wave: Wave, rows: Sequence[Row]) -> None:
    """The words as the viewer may read them today."""
    found = Remark.objects.in_bulk([row["id"] for row in rows])
    read = read_remarks(viewer, wave, [found[row["id"]] for row in rows])
    for row, each in zip(rows, read, strict=True):
        row |= {"words": each.words, "became": each.became, "became_id": each.became_id}


def _listing(viewer: ApiKey, wave: Wave) -> Listing:
    columns = (*_SIMPLE, "question__code", *unit_columns("unit"))
    return Listing(("-is_praise", "-id"), columns, remark_json, partial(_as_read, viewer, wave))


THEMES = Listing(("name",), ("id", "name", "words"), dict)


class Remarks(Resource):
    acts = {"GET": (Can.SEE_RESULTS,)}

    @endpoint(
        "list_remarks",
        "What customers wrote in a closed wave, praise first",
        answer=RemarksShape,
        parameters=[RemarksQuery, *PAGING_PARAMETERS],
    )
    def get(self, request: Request, pk: UUID) -> Response:
        """A search looks into what may be read: a name finds no criticism, and criticism of too few people is held
        back. Nothing tells when a remark was made, by whom, or what they scored."""
        wave, asked = _closed_wave(self, pk), self.read_query(RemarksQuery, paged=True)
        if "praise" in asked:
            asked["praise"] = asked["praise"] == "true"
        found = remarks_of(self.key, wave, **asked)
        response = page(request, found.remarks, _listing(self.key, wave))
        response.data["holds_back"] = found.holds_back
        return response


class TagRemark(Resource):
    acts = {"POST": (Can.RUN_PANELS,)}

    @endpoint(
        "tag_remark",
        "Give a remark these tags and no others",
        body=TagsBody,
        answer=PanelRemarkShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"tags": ["queue", "security"]},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Everybody reads them, so a name is none."""
        remark = _remark(self, pk)
        tag_remark(remark, self.read(TagsBody)["tags"], by=self.key)
        return self.show(Remark.objects.filter(pk=pk), _listing(self.key, remark.wave))


class RecogniseFromRemark(Resource):
    acts = {"POST": (Can.SEE_RESULTS, Can.RECOGNISE)}

    @endpoint(
        "recognise_from_remark",
        "Celebrate whom a customer praises",
        body=PraiseBody,
        answer=RecognitionShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"person": "hr-1042"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        remark, values = _remark(self, pk), self.read(PraiseBody)
        made = praise_to_recognition(remark, values.pop("person"), **values, by=self.key, now=self.now)
        rows = Recognition.objects.filter(pk=made.pk)
        return self.show(rows, RECOGNITIONS, status=201, location=reverse("api:recognition", args=[made.pk]))


class NominateFromRemark(Resource):
    acts = {"POST": (Can.SEE_RESULTS, Can.NOMINATE_RULE)}

    @endpoint(
        "nominate_from_remark",
        "Ask for a rule to go, in the customer's words",
        body=ComplaintBody,
        answer=NominationShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"rule": "R-7"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Without the names in them. A case is opened by the panel's steward alone, who is no key."""
        made = nominate_from_remark(_remark(self, pk), **self.read(ComplaintBody), by=self.key, now=self.now)
        rows = Nomination.objects.filter(pk=made.pk)
        return self.show(rows, NOMINATIONS, status=201, location=reverse("api:nomination", args=[made.pk]))


class Themes(Resource):
    acts = {"GET": (Can.SEE_RESULTS,), "POST": (Can.RUN_PANELS,)}

    @endpoint("list_themes", "Themes by name", answer=ThemeShape, filters=ListFilters)
    def get(self, request: Request) -> Response:
        return page(request, ListFilters(request, Theme.objects.all(), now=self.now).rows(), THEMES)

    @endpoint(
        "set_theme",
        "Name a theme, or give it other words",
        body=ThemeBody,
        answer=ThemeShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"name": "Waiting", "words": ["wait", "queue", "line"]},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        theme = themes.set_theme(**self.read(ThemeBody), by=self.key)
        return self.show(Theme.objects.filter(pk=theme.pk), THEMES)


class OneTheme(Resource):
    acts = {"DELETE": (Can.RUN_PANELS,)}

    @endpoint("remove_theme", "A theme is no more", answer={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        themes.remove_theme(only(Theme.objects.filter(pk=pk)), by=self.key)
        return Response(status=204)


class WaveThemes(Resource):
    acts = {"GET": (Can.SEE_RESULTS,)}

    @endpoint("read_themes", "What a closed wave's remarks are about", answer=ThemeCountsShape)
    def get(self, request: Request, pk: UUID) -> Response:
        wave = _closed_wave(self, pk)
        counted = [
            {
                "theme": {"id": one.theme.pk, "name": one.theme.name, "words": one.theme.words},
                "praise": one.praise,
                "criticism": one.criticism,
            }
            for one in themes.themes_of(self.key, wave)
        ]
        right, wrong = (themes.frequent_words(self.key, wave, praise=praise) for praise in (True, False))
        return Response({"data": counted, "right": right, "wrong": wrong})


def _closed_wave(asked: Resource, pk: UUID) -> Wave:
    wave: Wave = only(visible_waves(asked.key).filter(pk=pk))
    if wave.status != Wave.Status.CLOSED:
        raise ConflictError("There are remarks once the wave has closed.", code="not_closed")
    return wave


def _remark(asked: Resource, pk: UUID) -> Remark:
    try:
        return readable_remark(asked.key, pk)
    except Remark.DoesNotExist as error:
        raise Http404 from error
