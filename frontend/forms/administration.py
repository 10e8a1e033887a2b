"""Members, keys, units, leaders and targets."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.metrics.actions import set_target
from cso.metrics.queries import HEADLINE
from cso.people.actions import add_person, add_unit, end_leadership, move_unit, name_leader, rename_unit
from cso.people.models import Leadership, Person, Unit
from frontend.forms.base import PortalForm, UnitField, calendar_day, offer_units
from tenants.keys import create_api_key
from tenants.members import change_role, enroll
from tenants.models import Membership, Tenant
from tenants.roles import SCOPE_GRANTS, Role


class AddMemberForm(PortalForm):
    name = forms.CharField(label=_("Name"), max_length=120)
    email = forms.EmailField(label=_("E-mail address"), help_text=_("They sign in with it."))
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.FRONTLINE)
    unit = UnitField(
        label=_("Unit in which they work"), help_text=_("What they log is taken for this unit."), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_units(self, "unit")

    def save(self, *, by: Membership) -> tuple[Membership, str | None]:
        """The member, and the first password of a new account (`tenants.members.enroll`)."""
        words = self.cleaned_data
        member, password = enroll(words["email"], words["name"], Role(words["role"]), by=by)
        if not Person.objects.filter(member=member).exists():
            add_person(words["name"], email=words["email"], unit=words["unit"], member=member, by=by)
        return member, password


class RoleForm(PortalForm):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)

    def save(self, member: Membership, *, by: Membership) -> None:
        change_role(member, Role(self.cleaned_data["role"]), by=by)


class AddKeyForm(PortalForm):
    name = forms.CharField(label=_("What is it for?"), max_length=80)
    scopes = forms.MultipleChoiceField(
        label=_("What may it do?"),
        choices=[(scope, scope) for scope in SCOPE_GRANTS],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one.")},
    )

    def save(self, tenant: Tenant, *, by: Membership) -> str:
        """The whole key, which is shown this once."""
        return create_api_key(tenant, self.cleaned_data["name"], self.cleaned_data["scopes"], by=by)[1]


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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_units(self, "parent")

    def save(self, unit: Unit, *, by: Membership) -> None:
        if unit.name != self.cleaned_data["name"]:
            rename_unit(unit, self.cleaned_data["name"], by=by)
        move_unit(unit, self.cleaned_data["parent"], by=by)


class NameLeaderForm(PortalForm):
    """Someone who is known by name, or somebody new."""

    name = forms.CharField(label=_("Who leads it?"), help_text=_("Their whole name."), max_length=200)
    position = forms.CharField(label=_("Position"), required=False, max_length=200)
    starts_on = calendar_day(label=_("From"))

    def save(self, unit: Unit, *, by: Membership) -> None:
        words = self.cleaned_data
        known = Person.objects.filter(name=words["name"]).first()
        person = known or add_person(words["name"], position=words["position"], unit=unit, by=by)
        current = unit.leaderships.filter(ends_on=None, starts_on__lt=words["starts_on"]).first()
        if current is not None:
            end_leadership(current, words["starts_on"], by=by)
        name_leader(unit, person, words["starts_on"], by=by)


class EndLeadershipForm(PortalForm):
    ends_on = calendar_day(label=_("First day without them"))

    def save(self, leadership: Leadership, *, by: Membership) -> None:
        end_leadership(leadership, self.cleaned_data["ends_on"], by=by)


class TargetForm(PortalForm):
    percent = forms.DecimalField(
        label=_("Share of cases recovered within 24 hours, in percent"), max_digits=5, decimal_places=2
    )
    starts_on = calendar_day(label=_("From"))
    reason = forms.CharField(
        label=_("Why, if it is lowered"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )

    def save(self, *, by: Membership) -> None:
        words = self.cleaned_data
        set_target(HEADLINE.key, words["percent"], words["starts_on"], by=by, reason=words["reason"])
