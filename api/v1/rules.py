"""The rule register."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Day, Text, person_reference, unit_reference
from api.filters import ListFilters, UnitFilter
from api.idempotency import idempotent
from api.pagination import Listing, Row, page
from api.resources import Resource, only
from api.schema import IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, endpoint
from api.v1.cases.representation import CASES, CaseShape
from api.v1.shapes import PersonRef, Shape, UnitRef, unit_columns, unit_ref
from cso.recovery.quoting import cases_citing
from cso.rules import actions
from cso.rules.models import Origin, Rule, RuleVersion
from cso.rules.queries import search_rules, similar_rules, visible_rules
from tenants.roles import Can


class RuleShape(Shape):
    id = serializers.UUIDField()
    code = serializers.CharField(allow_null=True, help_text="Your own key for it.")
    title = serializers.CharField()
    text = serializers.CharField(help_text="The words that hold now.")
    version = serializers.IntegerField(help_text="The number of these words, from 1.")
    in_force_from = serializers.DateTimeField()
    unit = UnitRef(allow_null=True, help_text="Null: it holds for all.")
    owner = PersonRef(allow_null=True, help_text="Who answers for it.")
    origin = serializers.ChoiceField(Origin.choices)
    citation = serializers.CharField(allow_null=True)
    sunset_on = serializers.DateField(allow_null=True, help_text="The first day on which it holds no longer.")
    status = serializers.ChoiceField(Rule.Status.choices)
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    withdrawn_because = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


class VersionShape(Shape):
    number = serializers.IntegerField()
    text = serializers.CharField()
    in_force_from = serializers.DateTimeField()


class SimilarShape(Shape):
    id = serializers.UUIDField()
    title = serializers.CharField()
    status = serializers.ChoiceField(Rule.Status.choices)


class SimilarRulesShape(Shape):
    data = SimilarShape(many=True)  # type: ignore[assignment]


class RuleChange(Body):
    title = Text(max_length=200, required=False)
    unit = unit_reference(required=False, allow_null=True)
    owner = person_reference(required=False, allow_null=True)
    origin = Text(max_length=20, required=False, help_text="habit, own_policy or external_law.")
    citation = Text(max_length=300, required=False, allow_blank=True, help_text="Needed for external_law.")
    sunset_on = Day(required=False, allow_null=True)
    code = Text(max_length=100, required=False, allow_null=True)


class NewRule(RuleChange):
    title = Text(max_length=200)
    text = Text(max_length=actions.MAX_TEXT, help_text="As people are told it.")
    origin = Text(max_length=20, help_text="habit, own_policy or external_law.")


class AmendBody(Body):
    text = Text(max_length=actions.MAX_TEXT)


class WithdrawBody(Body):
    reason = Text(max_length=actions.MAX_REASON)


class SimilarQuery(Body):
    text = Text(max_length=actions.MAX_TEXT, help_text="A title, or the words of a rule.")


_SAME = ("id", "code", "title", "text", "version", "in_force_from")
_LATER = ("sunset_on", "status", "withdrawn_at")


def rule_json(row: Row) -> Row:
    return {
        **{name: row[name] for name in _SAME},
        "unit": unit_ref(row, "unit"),
        "owner": {"id": row["owner_id"], "name": row["owner__name"]} if row["owner_id"] else None,
        "origin": row["origin"],
        "citation": row["citation"] or None,
        **{name: row[name] for name in _LATER},
        "withdrawn_because": row["withdrawn_because"] or None,
        "created_at": row["created_at"],
    }


RULES = Listing(
    ("id",),
    (
        *_SAME,
        *unit_columns("unit"),
        "owner_id",
        "owner__name",
        "origin",
        "citation",
        *_LATER,
        "withdrawn_because",
        "created_at",
    ),
    rule_json,
)
VERSIONS = Listing(("-number",), ("number", "text", "in_force_from"), dict)


class RuleFilters(ListFilters):
    q = django_filters.CharFilter(method="with_words", help_text="Words of its title or text; their beginnings do.")
    code = django_filters.CharFilter()
    unit = UnitFilter()
    origin = django_filters.ChoiceFilter(choices=Origin.choices)
    status = django_filters.ChoiceFilter(choices=Rule.Status.choices)

    def with_words(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(pk__in=search_rules(self.request.auth, value).order_by().values_list("pk", flat=True))


class Rules(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,), "POST": (Can.EDIT_RULES,)}

    @endpoint("list_rules", "Rules, in the order in which they were registered", answer=RuleShape, filters=RuleFilters)
    def get(self, request: Request) -> Response:
        return page(request, RuleFilters(request, visible_rules(self.key), now=self.now).rows(), RULES)

    @endpoint(
        "register_rule",
        "Register a rule",
        body=NewRule,
        answer=RuleShape,
        status=201,
        parameters=[IDEMPOTENCY_KEY],
        example={
            "title": "Receipts for every claim",
            "text": "A claim for a delayed bag is paid only against original receipts.",
            "origin": "own_policy",
            "unit": "yyz",
            "sunset_on": "2027-06-30",
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        rule = actions.register_rule(**self.read(NewRule), by=self.key, now=self.now)
        rows = visible_rules(self.key).filter(pk=rule.pk)
        return self.show(rows, RULES, status=201, location=reverse("api:rule", args=[rule.pk]))


class OneRule(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,), "PATCH": (Can.EDIT_RULES,)}

    @endpoint("read_rule", "One rule", answer=RuleShape, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, pk: UUID) -> Response:
        return self.show(visible_rules(self.key).filter(pk=pk), RULES)

    @endpoint(
        "change_rule",
        "Change what is known of a rule; its words change by amending it",
        body=RuleChange,
        answer=RuleShape,
        parameters=[IF_MATCH],
        example={"owner": "hr-1", "sunset_on": "2027-01-01"},
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        rows = visible_rules(self.key).filter(pk=pk)
        rule = self.hold(rows, RULES)
        actions.change_rule(rule, **self.read(RuleChange), by=self.key, now=self.now)
        return self.show(rows, RULES)


class RuleAct(Resource):
    """One act on one rule; answers with the rule as it then is."""

    acts = {"POST": (Can.EDIT_RULES,)}

    def held(self, pk: UUID) -> Any:
        return only(visible_rules(self.key).filter(pk=pk))

    def shown(self, pk: UUID) -> Response:
        return self.show(visible_rules(self.key).filter(pk=pk), RULES)


class AmendRule(RuleAct):
    @endpoint(
        "amend_rule",
        "Give a rule other words; the old ones are kept",
        body=AmendBody,
        answer=RuleShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"text": "A claim for a delayed bag up to 100 dollars is paid without receipts."},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        actions.amend_rule(self.held(pk), self.read(AmendBody)["text"], by=self.key, now=self.now)
        return self.shown(pk)


class WithdrawRule(RuleAct):
    @endpoint(
        "withdraw_rule",
        "A rule holds no longer",
        body=WithdrawBody,
        answer=RuleShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"reason": "Nobody could say what it was good for."},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        actions.withdraw_rule(self.held(pk), reason=self.read(WithdrawBody)["reason"], by=self.key, now=self.now)
        return self.shown(pk)


class RuleVersions(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,)}

    @endpoint("list_rule_versions", "The words of a rule, the newest first", answer=VersionShape, filters=ListFilters)
    def get(self, request: Request, pk: UUID) -> Response:
        rule = only(visible_rules(self.key).filter(pk=pk))
        return page(request, ListFilters(request, RuleVersion.objects.filter(rule=rule), now=self.now).rows(), VERSIONS)


class RuleCases(Resource):
    acts = {"GET": (Can.SEE_ALL_CASES,)}

    @endpoint("list_rule_cases", "The cases in which a rule was quoted", answer=CaseShape, filters=ListFilters)
    def get(self, request: Request, pk: UUID) -> Response:
        rule = only(Rule.objects.filter(pk=pk))
        return page(request, ListFilters(request, cases_citing(self.key, rule), now=self.now).rows(), CASES)


class SimilarRules(Resource):
    acts = {"GET": (Can.SEE_PEOPLE,)}

    @endpoint(
        "similar_rules",
        "Rules that may be the same as one that is about to be registered",
        answer=SimilarRulesShape,
        parameters=[SimilarQuery],
    )
    def get(self, request: Request) -> Response:
        """At most five, the likest first; none that has less than half of the words."""
        found = similar_rules(self.read_query(SimilarQuery)["text"])
        return Response({"data": [{"id": rule.pk, "title": rule.title, "status": rule.status} for rule in found]})
