"""Logging an OOPS."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from django import forms
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cso.customers.matching import find_or_add_customer
from cso.recovery.actions import open_case
from cso.recovery.models import MAX_SUMMARY, Case, Channel
from cso.recovery.queries import frequent_causes
from frontend.forms.base import Moment, PortalForm, UnitField, local_time, offer_units
from tenants.models import Membership
from tenants.scope import current_tenant

_WHEN = [(Moment.NOW, _("Just now")), (Moment.EARLIER, _("Earlier")), (Moment.UNKNOWN, _("Not known"))]
CAUSES_OFFERED = 6


class LogCaseForm(PortalForm):
    """An OOPS in the words of whoever noticed it; everything but the words has a default."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    summary = forms.CharField(
        label=_("What went wrong?"),
        help_text=_("In your own words. A sentence is enough."),
        max_length=MAX_SUMMARY,
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}),
    )
    cause = forms.ChoiceField(label=_("Main cause"), required=False, widget=forms.RadioSelect)
    other_cause = forms.CharField(label=_("Another cause"), required=False, max_length=120)
    happened = forms.ChoiceField(
        label=_("When did it happen?"), choices=_WHEN, initial=Moment.NOW, widget=forms.RadioSelect
    )
    occurred_at = local_time(label=_("If earlier: when?"), required=False)
    unit = UnitField(label=_("Where?"))
    customer = forms.CharField(
        label=_("Customer"),
        help_text=_("Number, e-mail address or phone, as far as known."),
        required=False,
        max_length=254,
    )
    channel = forms.ChoiceField(
        label=_("How did you hear of it?"), choices=Channel.choices, required=False, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, member: Membership, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.member, self.now = member, now
        self.causes = {str(cause.pk): cause.name for cause in frequent_causes(CAUSES_OFFERED, now=now)}
        self.fields["cause"].choices = [*self.causes.items(), ("", _("Not sure"))]  # type: ignore[attr-defined]
        self.initial.setdefault("token", uuid4())
        self.initial.setdefault("unit", offer_units(self, "unit", home_of=member))
        in_zone = _("In the time zone %(zone)s.") % {"zone": current_tenant().time_zone}
        self.fields["occurred_at"].help_text = in_zone

    def clean(self) -> None:
        self.cleaned_data["occurred_at"] = Moment.of(self, "happened", "occurred_at", now=self.now)

    def save(self) -> Case:
        """Open the case; raises what `open_case` raises."""
        words = self.cleaned_data
        with transaction.atomic():  # a form sent twice leaves no second customer either
            return self._open(words)

    def _open(self, words: dict[str, Any]) -> Case:
        contact = words["customer"]
        return open_case(
            id=words["token"],
            by=self.member,
            unit=words["unit"],
            reported_at=self.now,
            occurred_at=words["occurred_at"],
            summary=words["summary"],
            channel=words["channel"],
            cause=words["other_cause"] or self.causes.get(words["cause"], ""),
            customer=find_or_add_customer(contact, by=self.member) if contact else None,
            now=self.now,
        )
