"""How the workspace recovers: due times, money, mail; and what its vague words mean."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Text, Whole, unit_reference
from api.pagination import Listing, Row
from api.resources import Resource
from api.schema import IF_MATCH, IF_NONE_MATCH, endpoint
from api.v1.shapes import Shape, UnitRef, unit_columns, unit_ref
from cso.recovery import settings
from cso.recovery.models import MAX_MINUTES, RecoverySettings
from tenants.roles import Can

LANGUAGES = RecoverySettings._meta.get_field("language").flatchoices


class RecoverySettingsShape(Shape):
    currency = serializers.CharField(help_text="ISO 4217; in it worth is summed, and without an authority asked for.")
    acknowledge_minutes = serializers.IntegerField(help_text="After the report.")
    status_minutes = serializers.IntegerField(help_text="After the last contact, while the case is open.")
    resolution_minutes = serializers.IntegerField(help_text="After the fix.")
    follow_up_minutes = serializers.IntegerField(help_text="After the fix.")
    approval_minutes = serializers.IntegerField(help_text="How long an approver has before the next may decide too.")
    question_rest_days = serializers.IntegerField(help_text="A customer is not asked again within so many days.")
    question_reminder_days = serializers.IntegerField(help_text="After so many days a customer is reminded, once.")
    intake_unit = UnitRef(allow_null=True, help_text="Where cases by mail and web form land; null: the top.")
    mail_name = serializers.CharField(help_text="Who writes to customers.")
    mail_address = serializers.CharField(help_text="Where their answers go.")
    language = serializers.ChoiceField(LANGUAGES, help_text="Of a customer who did not choose one.")


def _minutes() -> Whole:
    return Whole(min_value=1, max_value=MAX_MINUTES, required=False)


def _days() -> Whole:
    return Whole(min_value=1, max_value=settings.MAX_DAYS, required=False)


class RecoverySettingsChange(Body):
    currency = Text(min_length=3, max_length=3, required=False)
    acknowledge_minutes = _minutes()
    status_minutes = _minutes()
    resolution_minutes = _minutes()
    follow_up_minutes = _minutes()
    approval_minutes = _minutes()
    question_rest_days = _days()
    question_reminder_days = _days()
    intake_unit = unit_reference(required=False, allow_null=True)
    mail_name = Text(max_length=settings.MAX_MAIL_NAME, required=False, allow_blank=True)
    mail_address = Text(max_length=254, required=False, allow_blank=True)
    language = serializers.ChoiceField(LANGUAGES, required=False)


_AS_THEY_ARE = tuple(name for name in settings.SETTABLE if name != "intake_unit")


def settings_json(row: Row) -> Row:
    return {name: row[name] for name in _AS_THEY_ARE} | {"intake_unit": unit_ref(row, "intake_unit")}


SETTINGS = Listing(("id",), ("id", *_AS_THEY_ARE, *unit_columns("intake_unit")), settings_json)


class OneRecoverySettings(Resource):
    acts = {"GET": (Can.SET_RECOVERY,), "PATCH": (Can.SET_RECOVERY,)}

    @endpoint(
        "read_recovery_settings",
        "How the workspace recovers",
        answer={200: RecoverySettingsShape, 304: None},
        parameters=[IF_NONE_MATCH],
    )
    def get(self, request: Request) -> Response:
        settings.recovery_settings()
        return self.show(RecoverySettings.objects.all(), SETTINGS)

    @endpoint(
        "change_recovery_settings",
        "Set how the workspace recovers",
        body=RecoverySettingsChange,
        answer=RecoverySettingsShape,
        parameters=[IF_MATCH],
        example={"acknowledge_minutes": 30, "approval_minutes": 20, "currency": "CAD"},
    )
    def patch(self, request: Request) -> Response:
        """Contacts that are owed already follow new times at once."""
        settings.recovery_settings()
        rows = RecoverySettings.objects.all()
        self.hold(rows, SETTINGS)
        settings.set_recovery(by=self.key, **self.read(RecoverySettingsChange))
        return self.show(rows, SETTINGS)


class WordShape(Shape):
    word = serializers.CharField()
    minutes = serializers.IntegerField()


class PromiseWordsShape(Shape):
    words = WordShape(many=True)


class WordBody(Body):
    word = Text(max_length=settings.MAX_WORD, help_text="In any case of letters; kept in small ones.")
    minutes = Whole(min_value=1, max_value=MAX_MINUTES)


class PromiseWordsBody(Body):
    words = serializers.ListField(child=WordBody(), max_length=settings.MOST_WORDS)


class PromiseWords(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,), "PUT": (Can.SET_RECOVERY,)}

    @endpoint("read_promise_words", "What vague words mean here, in minutes", answer=PromiseWordsShape)
    def get(self, request: Request) -> Response:
        return self._words()

    @endpoint(
        "replace_promise_words",
        "Set what vague words mean here: these and no others",
        body=PromiseWordsBody,
        answer=PromiseWordsShape,
        example={"words": [{"word": "soon", "minutes": 120}, {"word": "right away", "minutes": 15}]},
    )
    def put(self, request: Request) -> Response:
        """Promises that were made keep their times."""
        words = self.read(PromiseWordsBody)["words"]
        settings.replace_promise_words([(each["word"], each["minutes"]) for each in words], by=self.key)
        return self._words()

    def _words(self) -> Response:
        words = settings.promise_words().items()
        return Response({"words": [{"word": word, "minutes": minutes} for word, minutes in words]})
