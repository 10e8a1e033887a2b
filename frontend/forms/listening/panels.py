"""Founding and changing a panel, its quotas, who joins it; and how a workspace listens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.customers.asking import MOST_DAYS, MOST_TIMES, asking_limit, set_asking_limit
from cso.customers.models import Customer
from cso.customers.queries import find_customer
from cso.panels.members import MAX_SOURCE, join_panel
from cso.panels.models import LEAST_GROUP, MAX_SEGMENT, Panel
from cso.panels.panels import (
    LARGEST_GROUP,
    LONGEST_TERM,
    MAX_NAME,
    MAX_PURPOSE,
    MOST_WANTED,
    change_panel,
    found_panel,
    listening_settings,
    set_listening,
    set_quota,
)
from cso.panels.permissions import may_be_steward
from frontend.forms.base import PortalForm, UnitField, local_time, offer_units
from frontend.forms.committees.fields import OneOfField, offer, working_members
from tenants.models import Membership


class PanelForm(PortalForm):
    name = forms.CharField(label=_("What is it called?"), max_length=MAX_NAME)
    purpose = forms.CharField(
        label=_("What is it for?"), required=False, max_length=MAX_PURPOSE, widget=forms.Textarea(attrs={"rows": 2})
    )
    unit = UnitField(label=_("About which unit?"), help_text=_("With all units below it."))
    steward = OneOfField(
        label=_("Who is its steward?"),
        help_text=_("The steward keeps the panel, and alone reads remarks with the names of staff in them."),
    )
    term_days = forms.IntegerField(
        label=_("A member stays for … days"),
        help_text=_("Then they make room for a new voice. Empty: until they leave."),
        min_value=1,
        max_value=LONGEST_TERM,
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_units(self, "unit")
        self.offer_stewards()

    def offer_stewards(self) -> None:
        offer(self, "steward", filter(may_be_steward, working_members()), "label")
        if self.initial.get("steward") and not may_be_steward(self.initial["steward"]):
            # They were, and another must be named.
            self.initial["steward"] = None

    def save(self, *, by: Membership, now: datetime) -> Panel:
        return found_panel(**self.cleaned_data, by=by, now=now)


class ChangePanelForm(PanelForm):
    """A panel stays with its unit: what was counted there stays."""

    def __init__(self, data: Any = None, *, panel: Panel) -> None:
        self.panel = panel
        initial = {name: getattr(panel, name) for name in ("name", "purpose", "steward", "term_days")}
        super().__init__(data, initial=initial)
        del self.fields["unit"]

    def save(self, *, by: Membership, now: datetime) -> Panel:
        return change_panel(self.panel, by=by, now=now, **self.cleaned_data)


class QuotaForm(PortalForm):
    segment = forms.CharField(label=_("Group of customers"), max_length=MAX_SEGMENT)
    wanted = forms.IntegerField(
        label=_("How many are wanted?"),
        help_text=_("Empty: as many as come."),
        min_value=0,
        max_value=MOST_WANTED,
        required=False,
    )

    def __init__(self, *args: Any, panel: Panel, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.panel = panel

    def save(self, *, by: Membership, now: datetime) -> None:
        set_quota(self.panel, self.cleaned_data["segment"], self.cleaned_data["wanted"], by=by)


class JoinForm(PortalForm):
    customer = forms.CharField(
        label=_("Which customer?"), help_text=_("Their e-mail address, phone number, or your own number for them.")
    )
    consented_at = local_time(label=_("When did they agree to be asked?"))
    consent_source = forms.CharField(
        label=_("How do we know?"), help_text=_("Such as: said so on the phone after a case."), max_length=MAX_SOURCE
    )

    def __init__(self, *args: Any, panel: Panel, by: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.panel, self.by = panel, by

    def clean_customer(self) -> Customer:
        found = find_customer(self.by, self.cleaned_data["customer"])
        if found is None:
            raise forms.ValidationError(_("Nobody is known by this."))
        return found

    def save(self, *, by: Membership, now: datetime) -> None:
        join_panel(self.panel, by=by, now=now, **self.cleaned_data)


class ListeningForm(PortalForm):
    smallest_group = forms.IntegerField(
        label=_("The fewest people of whom criticism is shown"),
        help_text=_("Of customers and of staff, from the next close on. Five is a good number, and three the least."),
        min_value=LEAST_GROUP,
        max_value=LARGEST_GROUP,
    )
    most = forms.IntegerField(label=_("A customer is asked at most … times"), min_value=1, max_value=MOST_TIMES)
    days = forms.IntegerField(
        label=_("in … days"),
        help_text=_("By all panels and after cases together."),
        min_value=1,
        max_value=MOST_DAYS,
    )

    @classmethod
    def of(cls, data: Any) -> ListeningForm:
        limit = asking_limit()
        now = {"smallest_group": listening_settings().smallest_group, "most": limit.most, "days": limit.days}
        return cls(data, initial=now)

    def save(self, *, by: Membership, now: datetime) -> None:
        set_listening(smallest_group=self.cleaned_data["smallest_group"], by=by)
        set_asking_limit(by=by, most=self.cleaned_data["most"], days=self.cleaned_data["days"])
