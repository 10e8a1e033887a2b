"""Units and who leads them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.people.actions import add_unit, change_unit, end_leadership, replace_leader
from cso.people.models import Leadership, Unit
from frontend.forms.base import PortalForm, UnitField, calendar_day, offer_units
from frontend.forms.members import MemberField, working_members
from tenants.models import Membership


class AddUnitForm(PortalForm):
    name = forms.CharField(label=_("Name"), max_length=200)
    code = forms.CharField(
        label=_("Code"), help_text=_("Your own key for it, as your systems send it."), max_length=100
    )
    parent = UnitField(label=_("Part of"), help_text=_("Empty for a unit at the top."), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_units(self, "parent")

    def save(self, *, by: Membership) -> Unit:
        words = self.cleaned_data
        return add_unit(words["code"], words["name"], words["parent"], by=by)


class EditUnitForm(PortalForm):
    name = forms.CharField(label=_("Name"), max_length=200)
    parent = UnitField(label=_("Part of"), help_text=_("Empty for a unit at the top."), required=False)
    intake_owner = MemberField(
        label=_("Who takes in its cases"),
        help_text=_(
            "They own a case until somebody takes it. Empty: whoever does so for the unit above, or its leader."
        ),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_units(self, "parent")
        intake_owner = self.fields["intake_owner"]
        assert isinstance(intake_owner, MemberField)
        intake_owner.offer(working_members())

    def save(self, unit: Unit, *, by: Membership) -> None:
        words = self.cleaned_data
        owner = Membership.objects.get(pk=words["intake_owner"]) if words["intake_owner"] else None
        change_unit(unit, name=words["name"], parent=words["parent"], intake_owner=owner, by=by)


class NameLeaderForm(PortalForm):
    """Someone who is known by name, or somebody new."""

    name = forms.CharField(label=_("Who leads it?"), help_text=_("Their whole name."), max_length=200)
    position = forms.CharField(label=_("Position"), required=False, max_length=200)
    starts_on = calendar_day(label=_("From"))

    def save(self, unit: Unit, *, by: Membership) -> None:
        words = self.cleaned_data
        replace_leader(unit, words["name"], words["starts_on"], position=words["position"], by=by)


class EndLeadershipForm(PortalForm):
    ends_on = calendar_day(label=_("First day without them"))

    def save(self, leadership: Leadership, *, by: Membership) -> None:
        end_leadership(leadership, self.cleaned_data["ends_on"], by=by)
