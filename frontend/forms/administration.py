"""Members and keys."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.people.actions import enroll_colleague
from frontend.forms.base import PortalForm, UnitField, offer_units
from tenants.keys import create_api_key
from tenants.members import change_role
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
        return enroll_colleague(words["name"], words["email"], Role(words["role"]), unit=words["unit"], by=by)


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
