"""Waves: drafted with their questions, opened, closed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Instant, Text, Whole, unit_reference
from api.filters import ListFilters, ReferenceFilter, UnitFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.references import find
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, endpoint
from api.v1.panels.panels import PanelRef
from api.v1.panels.questions import NewQuestion, QuestionShape, add_questions, questions_in
from api.v1.remedies import NoBody
from api.v1.shapes import Shape, UnitRef, unit_columns, unit_ref
from cso.errors import FieldError, InvalidFieldsError
from cso.panels import waves
from cso.panels.models import MAX_SEGMENT, Panel, SegmentShare, Wave
from cso.panels.permissions import visible_panels
from tenants.models import Actor
from tenants.roles import Can

_SAMPLE = "How many members are drawn; null: all who may be asked."
_REMINDER = "After how many days who has not answered is asked once more; 0: never."


class Share(serializers.FloatField):
    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        # As it was written, and not the nearest sum of powers of two.
        return round(Decimal(repr(data)), 8) if abs(data) <= 10**6 else self.fail("invalid")


class ShareShape(Shape):
    segment = serializers.CharField()
    share = serializers.FloatField()


class WaveShape(Shape):
    id = serializers.UUIDField()
    panel = PanelRef()
    unit = UnitRef(help_text="Whose customers are asked.")
    name = serializers.CharField()
    status = serializers.ChoiceField(Wave.Status.choices)
    is_imported = serializers.BooleanField(help_text="It was asked elsewhere.")
    opens_at = serializers.DateTimeField()
    closes_at = serializers.DateTimeField(help_text="No answer counts from this instant on.")
    sample_size = serializers.IntegerField(allow_null=True, help_text=_SAMPLE)
    reminder_days = serializers.IntegerField(help_text=_REMINDER)
    most_questions = serializers.IntegerField()
    weighting = serializers.ChoiceField(Wave.Weighting.choices)
    shares = ShareShape(many=True, help_text="Of all customers, by segment.")
    smallest_group = serializers.IntegerField(allow_null=True, help_text="Nothing is shown of fewer, once closed.")
    opened_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)
    questions = QuestionShape(many=True)
    warnings = serializers.ListField(
        child=serializers.CharField(), help_text="What speaks against opening a draft, and does not forbid it."
    )


class ShareBody(Body):
    segment = Text(max_length=MAX_SEGMENT, allow_blank=True, help_text="Empty: of whom none is known.")
    share = Share(allow_null=True, help_text="In a unit of your choice; null: not known, and weighs nothing.")


class SharesBody(Body):
    shares = serializers.ListField(child=ShareBody(), max_length=1_000)


class WaveChange(Body):
    name = Text(max_length=waves.MAX_NAME, required=False)
    unit = unit_reference(required=False)
    opens_at = Instant(required=False)
    closes_at = Instant(required=False)
    sample_size = Whole(
        min_value=1, max_value=waves.MOST_IN_A_SAMPLE, required=False, allow_null=True, help_text=_SAMPLE
    )
    reminder_days = Whole(min_value=0, max_value=waves.MOST_REMINDER_DAYS, required=False, help_text=_REMINDER)
    most_questions = Whole(min_value=1, max_value=waves.MOST_QUESTIONS, required=False)
    weighting = serializers.ChoiceField(Wave.Weighting.choices, required=False)


class NewWave(WaveChange):
    panel = Text(max_length=120, help_text="Id or name of a panel.")
    name = Text(max_length=waves.MAX_NAME)
    opens_at = Instant()
    closes_at = Instant()
    is_imported = serializers.BooleanField(required=False, help_text="Its responses are loaded; nobody is invited.")
    questions = serializers.ListField(child=NewQuestion(), required=False, max_length=waves.MOST_QUESTIONS)
    shares = serializers.ListField(child=ShareBody(), required=False, max_length=1_000)


class WaveCopy(Body):
    name = Text(max_length=waves.MAX_NAME)
    opens_at = Instant()
    closes_at = Instant()


_SIMPLE = (
    "id",
    "name",
    "status",
    "is_imported",
    "opens_at",
    "closes_at",
    "sample_size",
    "reminder_days",
    "most_questions",
    "weighting",
    "smallest_group",
    "opened_at",
    "closed_at",
    "cancelled_at",
)


def wave_json(row: Row) -> Row:
    return {
        **{name: row[name] for name in _SIMPLE},
        "panel": {"id": row["panel_id"], "name": row["panel__name"]},
        "unit": unit_ref(row, "unit"),
        **{name: row[name] for name in ("shares", "questions", "warnings")},
    }


def _with_questions_and_shares(rows: Sequence[Row]) -> None:
    ids = [row["id"] for row in rows]
    questions = questions_in(ids)
    shares: dict[UUID, list[Row]] = {wave: [] for wave in ids}
    told = SegmentShare.objects.filter(wave__in=ids).order_by("segment")
    for wave, segment, share in told.values_list("wave_id", "segment", "share"):
        shares[wave].append({"segment": segment, "share": float(share)})
    drafts = Wave.objects.filter(pk__in=ids, status=Wave.Status.DRAFT)
    warnings = {wave.pk: waves.warnings_of(wave) for wave in drafts}
    for row in rows:
        wave = row["id"]
        row |= {"questions": questions[wave], "shares": shares[wave], "warnings": warnings.get(wave, [])}


WAVES = Listing(
    ("-id",), (*_SIMPLE, "panel_id", "panel__name", *unit_columns("unit")), wave_json, _with_questions_and_shares
)


def visible_waves(viewer: Actor) -> QuerySet[Wave, Any]:
    """Those of the panels that the viewer sees."""
    return Wave.objects.filter(panel__in=visible_panels(viewer)).select_related("panel", "unit")


class WaveFilters(ListFilters):
    panel = ReferenceFilter(Panel, "name", help_text="Id or name of a panel.")
    status = django_filters.ChoiceFilter(choices=Wave.Status.choices)
    unit = UnitFilter()
    name = django_filters.CharFilter()


class Waves(Resource):
    acts = {"GET": (Can.SEE_RESULTS,), "POST": (Can.RUN_PANELS,)}

    @endpoint("list_waves", "Waves with their questions, the latest made first", answer=WaveShape, filters=WaveFilters)
    def get(self, request: Request) -> Response:
        return page(request, WaveFilters(request, visible_waves(self.key), now=self.now).rows(), WAVES)

    @endpoint(
        "draft_wave",
        "Draft a wave, with its questions",
        body=NewWave,
        answer=WaveShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={
            "panel": "Passengers",
            "name": "Spring 2026",
            "opens_at": "2026-05-01T13:00:00Z",
            "closes_at": "2026-05-15T13:00:00Z",
            "questions": [
                {"code": "right", "kind": "words", "asks_for": "right", "text_en": "What went right?"},
                {"code": "nps", "kind": "nps", "text_en": "Would you recommend us?"},
                {"code": "gate", "kind": "csat", "text_en": "How was the gate?", "touch_point": "Gate"},
            ],
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Nobody is asked before it is opened. A question may hang on an earlier one by its code."""
        values = self.read(NewWave)
        questions, shares = values.pop("questions", []), values.pop("shares", [])
        values["panel"] = _panel(self, values["panel"])
        if values.get("is_imported"):
            # What was asked elsewhere was asked: its length is nobody's choice any more.
            values.setdefault("most_questions", max(1, len(questions)))
        wave = waves.draft_wave(**values, by=self.key, now=self.now)
        add_questions(wave, questions, by=self.key)
        _set_shares(wave, shares, self)
        return _shown(self, wave, status=201)


class OneWave(Resource):
    acts = {"GET": (Can.SEE_RESULTS,), "PATCH": (Can.RUN_PANELS,)}

    @endpoint("read_wave", "One wave", answer={200: WaveShape, 304: None}, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(visible_waves(self.key).filter(pk=pk), WAVES)

    @endpoint(
        "change_wave",
        "Change a draft",
        body=WaveChange,
        answer=WaveShape,
        parameters=[IF_MATCH],
        example={"closes_at": "2026-05-20T13:00:00Z", "sample_size": 200},
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        rows = visible_waves(self.key).filter(pk=pk)
        wave = self.hold(rows, WAVES)
        waves.change_wave(wave, **self.read(WaveChange), by=self.key, now=self.now)
        return self.show(rows, WAVES)


class Shares(Resource):
    acts = {"POST": (Can.RUN_PANELS,)}

    @endpoint(
        "set_shares",
        "Say what share of all customers segments are",
        body=SharesBody,
        answer=WaveShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"shares": [{"segment": "International", "share": 0.27}, {"segment": "Domestic", "share": 0.73}]},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """For the weights of a draft; those that are not named stay."""
        wave = only(visible_waves(self.key).filter(pk=pk))
        _set_shares(wave, self.read(SharesBody)["shares"], self)
        return _shown(self, wave)


class WaveAct(Resource):
    """One act on one wave; answers with the wave as it then is."""

    acts = {"POST": (Can.RUN_PANELS,)}

    def done(self, act: Callable[..., Wave], pk: UUID) -> Response:
        wave = only(visible_waves(self.key).filter(pk=pk))
        self.read(NoBody)
        act(wave, by=self.key, now=self.now)
        return _shown(self, wave)


class OpenWave(WaveAct):
    @endpoint("open_wave", "Let it be asked", body=NoBody, answer=WaveShape, parameters=[IDEMPOTENCY_KEY])
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """From its `opens_at` on, which is now where that is past. The first question asks what went right."""
        return self.done(waves.open_wave, pk)


class CloseWave(WaveAct):
    @endpoint("close_wave", "Count what was answered", body=NoBody, answer=WaveShape, parameters=[IDEMPOTENCY_KEY])
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Once and for all: from now on there are results, and none of them ever changes."""
        return self.done(waves.close_wave, pk)


class CancelWave(WaveAct):
    @endpoint("cancel_wave", "Call a wave off", body=NoBody, answer=WaveShape, parameters=[IDEMPOTENCY_KEY])
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """It counts nowhere, and nothing that was answered is shown."""
        return self.done(waves.cancel_wave, pk)


class CopyWave(Resource):
    acts = {"POST": (Can.RUN_PANELS,)}

    @endpoint(
        "copy_wave",
        "Draft a wave that asks the same again",
        body=WaveCopy,
        answer=WaveShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"name": "Autumn 2026", "opens_at": "2026-10-01T13:00:00Z", "closes_at": "2026-10-15T13:00:00Z"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        wave = only(visible_waves(self.key).filter(pk=pk))
        return _shown(self, waves.copy_wave(wave, **self.read(WaveCopy), by=self.key, now=self.now), status=201)


def _panel(asked: Resource, wording: str) -> Panel:
    found: Panel | None = find(visible_panels(asked.key), wording, "name")
    if found is None:
        raise InvalidFieldsError.of("panel", "unknown", "There is none with this id or name.")
    return found


def _set_shares(wave: Wave, shares: Sequence[dict[str, Any]], asked: Resource) -> None:
    for number, one in enumerate(shares):
        try:
            waves.set_share(wave, one["segment"], one["share"], by=asked.key)
        except InvalidFieldsError as error:
            errors = [FieldError(f"shares.{number}.{e.field}", e.code, e.message) for e in error.errors]
            raise InvalidFieldsError(errors) from error


def _shown(asked: Resource, wave: Wave, *, status: int = 200) -> Response:
    location = reverse("api:wave", args=[wave.pk]) if status == 201 else ""
    return asked.show(Wave.objects.filter(pk=wave.pk), WAVES, status=status, location=location)
