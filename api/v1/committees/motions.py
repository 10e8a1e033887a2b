"""Motions: what a committee is asked to decide about a rule."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Day, Reference, Text
from api.filters import ListFilters, ReferenceFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, IF_NONE_MATCH, endpoint
from api.v1.remedies import NoBody
from api.v1.shapes import MemberRef, Shape
from cso.committees import motions
from cso.committees.models import Committee, Motion, Nomination
from cso.rules.models import Rule
from tenants.roles import Can


class CommitteeRef(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()


class RuleRef(Shape):
    id = serializers.UUIDField()
    code = serializers.CharField(allow_null=True)
    title = serializers.CharField()


class MotionShape(Shape):
    id = serializers.UUIDField()
    committee = CommitteeRef()
    rule = RuleRef()
    nomination = serializers.UUIDField(allow_null=True, help_text="The nomination that it answers.")
    kind = serializers.ChoiceField(Motion.Kind.choices)
    text = serializers.CharField(help_text="As it is read out and voted on.")
    new_text = serializers.CharField(allow_null=True, help_text="Of the rule, when it is changed.")
    keep_until = serializers.DateField(allow_null=True)
    refer_to = CommitteeRef(allow_null=True)
    status = serializers.ChoiceField(Motion.Status.choices)
    moved_at = serializers.DateTimeField()
    moved_by = MemberRef(allow_null=True, help_text="Null: an integration.")
    deliberated_until = serializers.DateTimeField(
        allow_null=True, help_text="Until then the rule's owner may reply, and no ballot opens. Null: nobody is asked."
    )
    owner_reply = serializers.CharField(allow_null=True)
    owner_replied_at = serializers.DateTimeField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)


def committee_reference(**options: Any) -> Reference:
    return Reference(Committee, "name", help_text="Id or name of a committee.", **options)


def rule_reference(**options: Any) -> Reference:
    return Reference(Rule, "code", help_text="Id or code of a rule.", **options)


def nomination_reference(**options: Any) -> Reference:
    return Reference(Nomination, "words", help_text="Id of a nomination.", **options)


class NewMotion(Body):
    committee = committee_reference()
    rule = rule_reference()
    kind = serializers.ChoiceField(Motion.Kind.choices)
    text = Text(max_length=motions.MAX_TEXT, required=False, help_text="When left out, words of its kind.")
    new_text = Text(max_length=motions.MAX_NEW_TEXT, required=False, help_text="For the kind `change`.")
    keep_until = Day(required=False, allow_null=True, help_text="For the kind `keep`.")
    refer_to = committee_reference(required=False, allow_null=True)
    nomination = nomination_reference(required=False, allow_null=True)


class ReplyBody(Body):
    text = Text(max_length=motions.MAX_REPLY)


_AS_THEY_ARE = (
    "id",
    "kind",
    "text",
    "keep_until",
    "status",
    "moved_at",
    "deliberated_until",
    "owner_replied_at",
    "decided_at",
)
_NAMES = ("committee__name", "rule__code", "rule__title", "refer_to__name", "moved_by__user__name")


def motion_json(row: Row) -> Row:
    return {
        **{name: row[name] for name in _AS_THEY_ARE},
        "committee": {"id": row["committee_id"], "name": row["committee__name"]},
        "rule": rule_ref(row),
        "nomination": row["nomination_id"],
        "new_text": row["new_text"] or None,
        "refer_to": {"id": row["refer_to_id"], "name": row["refer_to__name"]} if row["refer_to_id"] else None,
        "moved_by": {"id": row["moved_by_id"], "name": row["moved_by__user__name"]} if row["moved_by_id"] else None,
        "owner_reply": row["owner_reply"] or None,
    }


def rule_ref(row: Row, column: str = "rule") -> Row | None:
    if row[f"{column}_id"] is None:
        return None
    return {"id": row[f"{column}_id"], "code": row[f"{column}__code"], "title": row[f"{column}__title"]}


MOTIONS = Listing(
    ("-id",),
    (
        *_AS_THEY_ARE,
        *_NAMES,
        "committee_id",
        "rule_id",
        "nomination_id",
        "refer_to_id",
        "moved_by_id",
        "new_text",
        "owner_reply",
    ),
    motion_json,
)


class MotionFilters(ListFilters):
    committee = ReferenceFilter(Committee, "name", help_text="Id or name of a committee.")
    rule = ReferenceFilter(Rule, "code", help_text="Id or code of a rule.")
    kind = django_filters.ChoiceFilter(choices=Motion.Kind.choices)
    status = django_filters.ChoiceFilter(choices=Motion.Status.choices)


class Motions(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,), "POST": (Can.RUN_COMMITTEES,)}

    @endpoint("list_motions", "Motions, the latest first", answer=MotionShape, filters=MotionFilters)
    def get(self, request: Request) -> Response:
        return page(request, MotionFilters(request, Motion.objects.all(), now=self.now).rows(), MOTIONS)

    @endpoint(
        "move_motion",
        "Ask a committee to decide about a rule",
        body=NewMotion,
        answer=MotionShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"committee": "Dumb rules of the north", "rule": "R-7", "kind": "kill"},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """409 `external_law`: only made friendlier; `cool_down`: it was lost lately, and nothing new speaks for it;
        `moved_already`, `ordered_already`, `ended`: it is being decided, was decided, or holds no longer.
        """
        motion = motions.move_motion(**self.read(NewMotion), by=self.key, now=self.now)
        location = reverse("api:motion", args=[motion.pk])
        return self.show(Motion.objects.filter(pk=motion.pk), MOTIONS, status=201, location=location)


class OneMotion(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,)}

    @endpoint("read_motion", "One motion", answer=MotionShape, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(Motion.objects.filter(pk=pk), MOTIONS)


class ReplyToMotion(Resource):
    acts = {"POST": (Can.RUN_COMMITTEES,)}

    @endpoint(
        "reply_to_motion",
        "What the owner of the rule replies",
        body=ReplyBody,
        answer=MotionShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"text": "Without it we pay twice a month for the same suitcase."},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Before the ballot. Once they replied, the ballot may open."""
        rows = Motion.objects.filter(pk=pk)
        motions.reply_as_owner(only(rows), self.read(ReplyBody)["text"], by=self.key, now=self.now)
        return self.show(rows, MOTIONS)


class WithdrawMotion(Resource):
    acts = {"POST": (Can.RUN_COMMITTEES,)}

    @endpoint("withdraw_motion", "Take a motion back", body=NoBody, answer=MotionShape, parameters=[IDEMPOTENCY_KEY])
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Not while there is a ballot on it."""
        rows = Motion.objects.filter(pk=pk)
        motion = only(rows)
        self.read(NoBody)
        motions.withdraw_motion(motion, by=self.key, now=self.now)
        return self.show(rows, MOTIONS)
