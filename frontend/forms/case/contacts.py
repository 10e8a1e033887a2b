"""The four contacts with the customer, calling back, and what they would not expect."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.recovery.call_backs import call_back_done
from cso.recovery.closing import plan_surprise
from cso.recovery.contacts import record_contact
from cso.recovery.models import Channel, ContactKind
from frontend.forms.case.base import (
    CaseForm,
    OnceForm,
    Said,
    earlier_field,
    instant_of,
    line_field,
    note_field,
    when_field,
)

_SAID = {
    ContactKind.ACKNOWLEDGE: _("Recorded: acknowledged."),
    ContactKind.STATUS: _("Recorded: told how it stands."),
    ContactKind.RESOLUTION: _("Recorded: told that it is fixed."),
    ContactKind.FOLLOW_UP: _("Recorded: followed up."),
}


class ContactForm(OnceForm):
    """On the page of a case its buttons are the kinds, and it was just now."""

    kind = forms.ChoiceField(label=_("What was it?"), choices=ContactKind.choices, widget=forms.RadioSelect)
    channel = forms.ChoiceField(label=_("How?"), choices=[("", ""), *Channel.choices], required=False)
    note = note_field(_("What was said?"), rows=2)
    when = when_field(_("When?"), required=False)
    at = earlier_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("kind", self.case.next_contact)

    def make(self) -> Said:
        words = self.cleaned_data
        record_contact(
            self.case,
            words["kind"],
            by=self.by,
            at=instant_of(self, "when"),
            now=self.now,
            channel=words["channel"],
            note=words["note"],
            id=self.row_id(),
        )
        return _SAID[words["kind"]]


class SurpriseForm(CaseForm):
    text = line_field(
        _("What would they not expect?"),
        500,
        help_text=_("It need not cost money. Only the customer can say that it worked."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("text", self.case.planned_surprise)

    def save(self) -> None:
        plan_surprise(self.case, self.cleaned_data["text"], by=self.by, now=self.now)


class CalledBackForm(CaseForm):
    def save(self) -> None:
        call_back_done(self.thing, by=self.by, at=self.now, now=self.now)
