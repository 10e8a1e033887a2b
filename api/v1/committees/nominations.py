"""Nominations of rules, their triage, and rules that were bent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import django_filters
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Instant, Reference, Text, Whole, customer_reference, member_reference, unit_reference
from api.filters import ListFilters, ReferenceFilter, UnitFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, IF_NONE_MATCH, endpoint
from api.v1.committees.motions import CommitteeRef, RuleRef, committee_reference, rule_ref, rule_reference
from api.v1.shapes import MemberRef, Shape, UnitRef, unit_columns, unit_ref
from cso.committees import nominations
from cso.committees.models import Committee, Nomination, RuleBreak
from cso.recovery.models import Case
from cso.rules.models import Rule
from tenants.roles import Can

_DISMISSALS = ("no_such_rule", "external_law", "withdrawn")
_NOTE = "What the nominator reads."


class NominationShape(Shape):
    id = serializers.UUIDField()
    words = serializers.CharField()
    rule = RuleRef(allow_null=True, help_text="Null: which one is not known yet.")
    source = serializers.ChoiceField(Nomination.Source.choices)  # type: ignore[assignment]
    status = serializers.ChoiceField(Nomination.Status.choices)
    unit = UnitRef(allow_null=True)
    case = serializers.UUIDField(allow_null=True)
    nominator = MemberRef(allow_null=True, help_text="Null: an integration, or the product itself.")
    submitted_at = serializers.DateTimeField(help_text="Of all that were merged into it, the earliest.")
    triaged_at = serializers.DateTimeField(allow_null=True)
    ease = serializers.IntegerField(allow_null=True, help_text="1 hard to kill, 5 easy.")
    impact = serializers.IntegerField(allow_null=True, help_text="1 little, 5 much.")
    committee = CommitteeRef(allow_null=True, help_text="On whose docket it is.")
    merged_into = serializers.UUIDField(allow_null=True)
    note = serializers.CharField(allow_null=True)


class RuleBreakShape(Shape):
    id = serializers.UUIDField()
    rule = RuleRef()
    why = serializers.CharField()
    result = serializers.ChoiceField(RuleBreak.Result.choices)
    broken_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()


def _case_reference() -> Reference:
    help_text = "Id or external id of a case."
    return Reference(Case, "external_id", required=False, allow_null=True, help_text=help_text)


class NewNomination(Body):
    words = Text(max_length=nominations.MAX_WORDS, help_text="One sentence: what the rule does to customers.")
    rule = rule_reference(required=False, allow_null=True)
    case = _case_reference()
    unit = unit_reference(required=False, allow_null=True)


class TriageBody(Body):
    ease = Whole(required=False, min_value=1, max_value=5)
    impact = Whole(required=False, min_value=1, max_value=5)
    rule = rule_reference(required=False, allow_null=True)
    note = Text(max_length=nominations.MAX_NOTE, required=False, help_text=_NOTE)


class DocketBody(Body):
    committee = committee_reference()


class MergeBody(Body):
    into = serializers.UUIDField(help_text="The nomination that stays.")


class DismissBody(Body):
    status = serializers.ChoiceField(_DISMISSALS)
    note = Text(max_length=nominations.MAX_NOTE, required=False, help_text=_NOTE)


class QuickKillBody(Body):
    agreed_by = member_reference(help_text="Who owns the rule, or leads its unit where nobody does.")


class NewRuleBreak(Body):
    rule = rule_reference()
    author = member_reference()
    why = Text(max_length=nominations.MAX_WHY)
    broken_at = Instant(required=False, help_text="Now when left out.")
    customer = customer_reference(required=False, allow_null=True)
    case = _case_reference()
    result = serializers.ChoiceField(RuleBreak.Result.choices, required=False)


_AS_THEY_ARE = ("id", "words", "source", "status", "submitted_at", "triaged_at", "ease", "impact")


def nomination_json(row: Row) -> Row:
    return {
        **{name: row[name] for name in _AS_THEY_ARE},
        "rule": rule_ref(row),
        "unit": unit_ref(row, "unit"),
        "case": row["case_id"],
        "nominator": {"id": row["member_id"], "name": row["member__user__name"]} if row["member_id"] else None,
        "committee": {"id": row["committee_id"], "name": row["committee__name"]} if row["committee_id"] else None,
        "merged_into": row["merged_into_id"],
        "note": row["note"] or None,
    }


def rule_break_json(row: Row) -> Row:
    shown = {name: row[name] for name in ("id", "why", "result", "broken_at", "recorded_at")}
    return shown | {"rule": rule_ref(row)}


NOMINATIONS = Listing(
    ("-id",),
    (
        *_AS_THEY_ARE,
        *unit_columns("unit"),
        "rule_id",
        "rule__code",
        "rule__title",
        "case_id",
        "member_id",
        "member__user__name",
        "committee_id",
        "committee__name",
        "merged_into_id",
        "note",
    ),
    nomination_json,
)
_RULE_BREAKS = Listing(
    ("-id",),
    ("id", "rule_id", "rule__code", "rule__title", "why", "result", "broken_at", "recorded_at"),
    rule_break_json,
)


class NominationFilters(ListFilters):
    status = django_filters.ChoiceFilter(choices=Nomination.Status.choices)
    source = django_filters.ChoiceFilter(choices=Nomination.Source.choices)
    rule = ReferenceFilter(Rule, "code", help_text="Id or code of a rule.")
    committee = ReferenceFilter(Committee, "name", help_text="Id or name of a committee.")
    unit = UnitFilter()


class Nominations(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,), "POST": (Can.NOMINATE_RULE,)}

    @endpoint("list_nominations", "Nominations, the latest first", answer=NominationShape, filters=NominationFilters)
    def get(self, request: Request) -> Response:
        rows = nominations.visible_nominations(self.key)
        return page(request, NominationFilters(request, rows, now=self.now).rows(), NOMINATIONS)

    @endpoint(
        "nominate_rule",
        "Ask for a rule to go",
        body=NewNomination,
        answer=NominationShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={"words": "Nobody keeps a receipt for a toothbrush.", "rule": "R-7"},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        found = nominations.nominate(**self.read(NewNomination), by=self.key, now=self.now)
        rows = Nomination.objects.filter(pk=found.pk)
        return self.show(rows, NOMINATIONS, status=201, location=reverse("api:nomination", args=[found.pk]))


class OneNomination(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,)}

    @endpoint("read_nomination", "One nomination", answer=NominationShape, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(nominations.visible_nominations(self.key).filter(pk=pk), NOMINATIONS)


class NominationAct(Resource):
    """One act on one nomination; answers with the nomination as it then is."""

    acts = {"POST": (Can.TRIAGE_NOMINATIONS,)}

    def done(self, act: Callable[..., Any], pk: UUID, body: type[Body], *names: str) -> Response:
        """`names`: what of the body the act takes by position."""
        rows = nominations.visible_nominations(self.key).filter(pk=pk)
        nomination = only(rows)
        values = self.read(body)
        act(nomination, *(values.pop(name) for name in names), **values, by=self.key, now=self.now)
        return self.show(rows, NOMINATIONS)


class TriageNomination(NominationAct):
    @endpoint(
        "triage_nomination",
        "Say how easy and how useful it is, and which rule it is about",
        body=TriageBody,
        answer=NominationShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"ease": 5, "impact": 3, "rule": "R-7"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        return self.done(nominations.triage, pk, TriageBody)


class DocketNomination(NominationAct):
    @endpoint(
        "docket_nomination",
        "Put it on the docket of a committee",
        body=DocketBody,
        answer=NominationShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"committee": "Dumb rules of the north"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        return self.done(nominations.docket, pk, DocketBody, "committee")


class MergeNomination(NominationAct):
    @endpoint(
        "merge_nomination",
        "It goes on in another one",
        body=MergeBody,
        answer=NominationShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"into": "01999999-0000-7000-8000-000000000000"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """The other one's time is the earliest of both."""
        rows = nominations.visible_nominations(self.key)
        nomination = only(rows.filter(pk=pk))
        into = only(rows.filter(pk=self.read(MergeBody)["into"]))
        nominations.merge_nominations(nomination, into, by=self.key, now=self.now)
        return self.show(rows.filter(pk=pk), NOMINATIONS)


class DismissNomination(NominationAct):
    @endpoint(
        "dismiss_nomination",
        "End it without a ballot",
        body=DismissBody,
        answer=NominationShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"status": "no_such_rule", "note": "Nobody ever wrote it down: from today it is not asked for."},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """The nominator is told."""
        return self.done(nominations.dismiss, pk, DismissBody, "status")


class QuickKill(NominationAct):
    @endpoint(
        "quick_kill",
        "Its owner agrees: the rule is killed at once, without a ballot",
        body=QuickKillBody,
        answer=NominationShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"agreed_by": "ana@example.com"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """It makes a kill order. 409 `no_rule`, `external_law`, `ended`, `in_ballot` or `ordered_already`."""
        return self.done(nominations.quick_kill, pk, QuickKillBody)


class RuleBreaks(Resource):
    acts = {"POST": (Can.NOMINATE_RULE,)}

    @endpoint(
        "log_rule_break",
        "Somebody bent a rule for a customer",
        body=NewRuleBreak,
        answer=RuleBreakShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={
            "rule": "R-7",
            "author": "fran@example.com",
            "why": "She had photographs of the suitcase.",
            "result": "helped",
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Nobody is blamed: only the author sees that it was they; all others see how often (`/rules/{id}/evidence`).
        The fifth break within 90 days nominates the rule.
        """
        values = self.read(NewRuleBreak)
        author = values.pop("author")
        told = nominations.log_break(**values, by=author, now=self.now)
        return self.show(RuleBreak.objects.filter(pk=told.pk), _RULE_BREAKS, status=201)
