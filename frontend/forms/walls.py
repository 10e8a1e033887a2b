"""Putting up a wall."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.scorecards.models import Wall
from cso.scorecards.models.walls import MAX_NAME
from cso.scorecards.walls.links import make_wall
from frontend.forms.base import PortalForm, UnitField, offer_units
from tenants.models import Membership


class WallForm(PortalForm):
    name = forms.CharField(label=_("Name"), max_length=MAX_NAME, help_text=_("Such as where the screen hangs."))
    unit = UnitField(label=_("Whose figures"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_units(self, "unit")
        self.fields["unit"].help_text = _("A unit with all below it; the whole organization where this is empty.")

    def save(self, *, by: Membership, now: datetime) -> Wall:
        return make_wall(self.cleaned_data["name"], self.cleaned_data["unit"], by=by, now=now)
