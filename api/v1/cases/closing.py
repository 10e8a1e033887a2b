"""Closing a case, and the surprise planned for it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import Body, Instant, Reference, Text
from api.idempotency import idempotent
from api.schema import IDEMPOTENCY_KEY, endpoint
from api.v1.cases.acts import AT, CaseAct
from api.v1.cases.representation import CaseShape
from cso.errors import InvalidFieldsError
from cso.recovery import actions, closing
from cso.recovery.models import FailedRight, Solution
from cso.rules.actions import find_or_register
from cso.rules.models import Rule


class CloseBody(Body):
    at = Instant(required=False, help_text=AT)
    solution = serializers.ChoiceField(Solution.choices)
    quoted_rule = Reference(
        Rule, "code", required=False, help_text="Id or code of the rule, when the solution is `policy_quoted`."
    )
    quoted_words = Text(
        max_length=200, required=False, help_text="Or its title, as it was quoted; registered when new."
    )
    failed_right = serializers.ChoiceField(FailedRight.choices, required=False)
    given_surprise = Text(max_length=closing.MAX_LINE, required=False, allow_blank=True)
    change_idea = Text(max_length=closing.MAX_LINE, required=False, allow_blank=True)
    note = Text(max_length=actions.MAX_NOTE, required=False, allow_blank=True)


class SurpriseBody(Body):
    text = Text(max_length=closing.MAX_LINE, allow_blank=True, help_text="Empty takes the plan back.")


class CloseCase(CaseAct):
    @endpoint(
        "close_case",
        "Nothing is left to do",
        body=CloseBody,
        answer=CaseShape,
        parameters=[IDEMPOTENCY_KEY],
        example={
            "solution": "policy_quoted",
            "quoted_words": "No refund without the paper receipt",
            "failed_right": "way",
            "given_surprise": "A loaf from the owner's own oven",
            "change_idea": "The card statement is receipt enough.",
        },
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """An open case is fixed in the same act. The fix decides its figures, and never the closing."""
        values = {"at": None} | self.read(CloseBody)
        words = values.pop("quoted_words", None)
        if words is not None:
            values["quoted_rule"] = self._rule_of(words, values)
        return self.done(closing.close_case, pk, values)

    def _rule_of(self, words: str, values: dict[str, Any]) -> Rule:
        if "quoted_rule" in values:
            raise InvalidFieldsError.of("quoted_words", "named_twice", "Name the rule once: by its id, code or title.")
        if values["solution"] != Solution.POLICY_QUOTED:
            raise InvalidFieldsError.of("quoted_words", "not_quoted", "A rule is named only when policy was quoted.")
        return find_or_register(words, by=self.key, now=self.now)


class PlanSurprise(CaseAct):
    @endpoint(
        "plan_surprise",
        "What would this customer not expect?",
        body=SurpriseBody,
        answer=CaseShape,
        parameters=[IDEMPOTENCY_KEY],
        example={"text": "A taxi to the recital, paid by us"},
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        return self.done(closing.plan_surprise, pk, self.read(SurpriseBody))
