"""Closing a case: how it was solved, and what to learn from it."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from cso.errors import InvalidFieldsError
from cso.recovery.closing import close_case
from cso.recovery.models import Case, FailedRight, Solution
from cso.rules.actions import find_or_register
from cso.rules.models import Rule
from cso.rules.queries import similar_rules
from cso.rules.search import plain
from frontend.forms.base import PortalForm
from frontend.forms.case.base import CaseForm, earlier_field, instant_of, line_field, when_field

NEW_RULE = "new"


class RuleFields(PortalForm):
    """Naming a rule in one's own words, or choosing one of those that are like them."""

    rule_title = line_field(
        _("Which rule was quoted?"), 200, help_text=_("In a few words, as the customer was told it.")
    )
    rule = forms.ChoiceField(label=_("Is it one of these?"), required=False, widget=forms.RadioSelect)

    @property
    def offers_rules(self) -> bool:
        return bool(self.fields["rule"].choices)  # type: ignore[attr-defined]

    def offer_rules(self) -> None:
        """The rules that are like what was typed, or a new one; nothing where none is."""
        title, chosen = self._typed("rule_title")[:200], self._typed("rule")
        like = similar_rules(title) if plain(title) else []
        if is_uuid(chosen) and all(str(rule.pk) != chosen for rule in like):
            like = [*Rule.objects.filter(pk=chosen), *like]
        choices = [(str(rule.pk), rule.title) for rule in like]
        offered = [*choices, (NEW_RULE, _("None of these: a new rule"))] if choices else []
        self.fields["rule"].choices = offered  # type: ignore[attr-defined]

    def _typed(self, name: str) -> str:
        return str(self.data.get(name, "")).replace("\x00", "")


class RuleForm(RuleFields):
    """Those two fields alone, as they are looked up."""

    def __init__(self, data: QueryDict) -> None:
        # Not bound: what is looked up has no errors yet.
        super().__init__()
        self.data = data
        self.offer_rules()


class CloseForm(RuleFields, CaseForm):
    """The line comes first: with the solution that the case itself suggests, it is all there is to write."""

    looked_up: ClassVar = {"rule_title": ("rules_like", "#rules-like")}

    given_surprise = line_field(_("What did you do that they did not expect?"), 500)
    solution = forms.ChoiceField(label=_("How was it solved?"), choices=Solution.choices, widget=forms.RadioSelect)
    failed_right = forms.ChoiceField(
        label=_("What failed?"),
        choices=[*FailedRight.choices, ("", _("Not sure"))],
        required=False,
        widget=forms.RadioSelect,
    )
    change_idea = line_field(_("What should change, so that it does not happen again?"), 500)
    fixed = when_field(_("When was it fixed?"))
    at = earlier_field()

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, case=case, **kwargs)
        self.initial["given_surprise"] = case.planned_surprise
        self.initial["solution"] = suggested_solution(case)
        if case.planned_surprise:
            self.fields["given_surprise"].help_text = _("As it was planned; write what was really done.")
        self.fields["given_surprise"].widget.attrs["autofocus"] = True
        if not case.is_open:
            del self.fields["fixed"], self.fields["at"]
        self.offer_rules()

    def save(self) -> None:
        words = self.cleaned_data
        close_case(
            self.case,
            by=self.by,
            at=instant_of(self, "fixed") if self.case.is_open else self.now,
            now=self.now,
            solution=words["solution"],
            quoted_rule=self._rule() if words["solution"] == Solution.POLICY_QUOTED else None,
            failed_right=words["failed_right"],
            given_surprise=words["given_surprise"],
            change_idea=words["change_idea"],
        )

    def _rule(self) -> Rule:
        """The rule that was chosen, or that has this title; a new one only once those that are like it were seen."""
        title, chosen = self.cleaned_data["rule_title"], self.cleaned_data["rule"]
        if chosen and chosen != NEW_RULE:
            return Rule.objects.get(pk=chosen)
        if not plain(title):
            raise InvalidFieldsError.of("rule_title", "required", str(_("Say which rule was quoted.")))
        is_known = any(plain(str(label)) == plain(title) for _pk, label in self.fields["rule"].choices)  # type: ignore[attr-defined]
        if self.offers_rules and not is_known and chosen != NEW_RULE:
            raise InvalidFieldsError.of("rule", "required", str(_("Say whether it is one of these rules.")))
        try:
            return find_or_register(title, by=self.by, now=self.now, unit=self.case.unit)
        except InvalidFieldsError as error:
            raise InvalidFieldsError.of("rule_title", "invalid", error.errors[0].message) from error


def suggested_solution(case: Case) -> str:
    """What was given tells how it was solved."""
    given = case.remedies.filter(status="given").values_list("amount_minor", flat=True)
    amounts = list(given)
    if any(amounts):
        return Solution.PAID_BACK
    return Solution.EXCEPTION if amounts else Solution.PUT_RIGHT


def is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
