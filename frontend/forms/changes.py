"""Changes of how a unit works."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.people.models import Unit
from cso.scorecards.changes import mark_change, rebase_from, withdraw_change
from cso.scorecards.models import ProcessChange
from cso.scorecards.models.changes import MAX_BECAUSE, MAX_WHAT
from frontend.forms.base import PortalForm, calendar_day
from tenants.models import Membership


class ChangeForm(PortalForm):
    on = calendar_day(label=_("Since which day?"))
    what = forms.CharField(
        label=_("What is done in another way?"),
        max_length=MAX_WHAT,
        help_text=_("In a sentence, such as “One queue for all channels”. It stands at the chart, with your name."),
    )

    def save(self, unit: Unit, *, by: Membership, now: datetime) -> ProcessChange:
        return mark_change(unit, on=self.cleaned_data["on"], what=self.cleaned_data["what"], by=by, now=now)


class _BecauseForm(PortalForm):
    because = forms.CharField(label=_("Why?"), max_length=MAX_BECAUSE)


class RebaseForm(_BecauseForm):
    def save(self, change: ProcessChange, *, by: Membership, now: datetime) -> ProcessChange:
        return rebase_from(change, because=self.cleaned_data["because"], by=by, now=now)


class WithdrawChangeForm(_BecauseForm):
    def save(self, change: ProcessChange, *, by: Membership, now: datetime) -> ProcessChange:
        return withdraw_change(change, because=self.cleaned_data["because"], by=by, now=now)
