"""The rule register: what narrows its list, and what changes a rule."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from cso.people.models import Person
from cso.people.queries import in_or_below
from cso.rules.actions import CHANGEABLE, MAX_REASON, MAX_TEXT, amend_rule, change_rule, register_rule, withdraw_rule
from cso.rules.models import Origin, Rule
from cso.rules.queries import expired, in_force
from frontend.forms.base import PortalForm, UnitField, calendar_day, offer_units
from tenants.models import Membership
from tenants.scope import day_of

STATES = {
    "active": _("In force"),
    "expired": _("Expired"),
    "withdrawn": _("Withdrawn"),
    "all": _("All"),
}
_SIMILAR = {"hx-trigger": "input changed delay:400ms", "hx-target": "#similar", "hx-include": "closest form"}


class RuleFilters(PortalForm):
    """All may be left out; what cannot be read is an error, never silently everything."""

    state = forms.ChoiceField(choices=list(STATES.items()), required=False, widget=forms.HiddenInput)
    q = forms.CharField(label=_("Words of the rule"), required=False, max_length=200)
    unit = UnitField(label=_("Unit, with those below"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_units(self, "unit")

    @property
    def chosen_state(self) -> str:
        return self.cleaned_data.get("state") or "active"

    @property
    def narrows(self) -> bool:
        """Whether more than the state is asked for."""
        return any(self.cleaned_data.get(name) for name in ("q", "unit"))

    def of(self, rules: QuerySet[Rule], *, now: datetime) -> QuerySet[Rule]:
        """Those of `rules` in the state and of the unit that the valid form asks for; the words are the search's."""
        today = day_of(now)
        condition = {
            "active": in_force(today),
            "expired": expired(today),
            "withdrawn": Q(status__in=[Rule.Status.WITHDRAWN, Rule.Status.KILLED]),
            "all": Q(),
        }[self.chosen_state]
        if self.cleaned_data["unit"]:
            condition &= in_or_below([self.cleaned_data["unit"].pk])
        return rules.filter(condition)


class OwnerField(forms.CharField):
    """Somebody of the organization, by their whole name."""

    def to_python(self, value: Any) -> Any:
        name = " ".join((super().to_python(value) or "").split())
        if not name:
            return None
        found = list(Person.objects.filter(name=name)[:2])
        if len(found) != 1:
            words = _("Several people have this name.") if found else _("Nobody here has this name.")
            raise forms.ValidationError(words, code="ambiguous" if found else "unknown")
        return found[0]

    def prepare_value(self, value: Any) -> Any:
        return value.name if isinstance(value, Person) else value

    def validate(self, value: Any) -> None:
        """It may be left out; a person is no text."""

    def run_validators(self, value: Any) -> None:
        """A person has no length."""


class RuleFacts(PortalForm):
    """What is known of a rule beside its words."""

    title = forms.CharField(label=_("What does it ask, in a few words?"), max_length=200)
    origin = forms.ChoiceField(
        label=_("Where does it come from?"), choices=Origin.choices, initial=Origin.HABIT, widget=forms.RadioSelect
    )
    citation = forms.CharField(
        label=_("Citation"),
        help_text=_("A law is named, with the place where it says so."),
        required=False,
        max_length=300,
    )
    unit = UnitField(label=_("Whose rule is it?"), help_text=_("Empty: it holds for all."), required=False)
    owner = OwnerField(
        label=_("Who answers for it?"), help_text=_("The whole name of a leader."), required=False, max_length=200
    )
    sunset_on = calendar_day(
        label=_("Ends on"),
        help_text=_("From this day on it holds no longer, unless somebody keeps it."),
        required=False,
    )
    code = forms.CharField(label=_("Your own number for it"), required=False, max_length=100)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_units(self, "unit")

    @property
    def facts(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in CHANGEABLE}


class RegisterForm(RuleFacts):
    text = forms.CharField(
        label=_("How do people hear it?"),
        help_text=_("In the words that customers or colleagues are told."),
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    field_order = ("title", "text", "origin", "citation", "unit", "owner", "sunset_on", "code")

    def __init__(self, *args: Any, similar_url: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("title", "text"):
            self.fields[name].widget.attrs |= _SIMILAR | {"hx-get": similar_url}

    def save(self, *, by: Membership, now: datetime) -> Rule:
        return register_rule(**self.facts, text=self.cleaned_data["text"], by=by, now=now)


class ChangeForm(RuleFacts):
    @classmethod
    def of(cls, rule: Rule, data: Any) -> ChangeForm:
        return cls(data, initial={name: getattr(rule, name) for name in CHANGEABLE})

    def save(self, rule: Rule, *, by: Membership, now: datetime) -> None:
        change_rule(rule, **{name: self.facts[name] for name in self.changed_data}, by=by, now=now)


class AmendForm(PortalForm):
    text = forms.CharField(
        label=_("The new words"),
        help_text=_("The old ones stay in the history."),
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
    )

    def save(self, rule: Rule, *, by: Membership, now: datetime) -> None:
        amend_rule(rule, self.cleaned_data["text"], by=by, now=now)


class WithdrawForm(PortalForm):
    reason = forms.CharField(
        label=_("Why does it hold no longer?"), max_length=MAX_REASON, widget=forms.Textarea(attrs={"rows": 3})
    )

    def save(self, rule: Rule, *, by: Membership, now: datetime) -> None:
        withdraw_rule(rule, reason=self.cleaned_data["reason"], by=by, now=now)
