"""Fixing, undoing a fix, correcting, and what does not count."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.recovery.actions import (
    confirm_exclusion,
    correct_case,
    dispute_case,
    fix_case,
    move_case,
    propose_exclusion,
    reopen_case,
    withdraw_exclusion,
)
from cso.recovery.models import MAX_SUMMARY, Case, Channel, ExclusionReason
from frontend.forms.base import UnitField, local_time, offer_units
from frontend.forms.case.base import CaseForm, earlier_field, instant_of, note_field, when_field


class FixForm(CaseForm):
    fixed = when_field(_("When was it fixed?"))
    at = earlier_field()
    note = note_field(_("What was done?"))

    def save(self) -> None:
        fix_case(self.case, by=self.by, at=instant_of(self, "fixed"), now=self.now, note=self.cleaned_data["note"])


class ReopenForm(CaseForm):
    note = note_field(_("What was not fixed?"), required=True)

    def save(self) -> None:
        reopen_case(self.case, by=self.by, at=self.now, now=self.now, note=self.cleaned_data["note"])


class DisputeForm(CaseForm):
    note = note_field(_("What does the customer say?"), required=True)

    def save(self) -> None:
        dispute_case(self.case, by=self.by, at=self.now, now=self.now, note=self.cleaned_data["note"])


class MoveForm(CaseForm):
    unit = UnitField(label=_("Which unit answers for it?"))
    note = note_field(_("Why?"), rows=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_units(self, "unit")

    def save(self) -> None:
        move_case(self.case, self.cleaned_data["unit"], by=self.by, now=self.now, note=self.cleaned_data["note"])


class CorrectForm(CaseForm):
    """The facts of a case; what changes is logged with what it was."""

    summary = forms.CharField(
        label=_("What went wrong"), required=False, max_length=MAX_SUMMARY, widget=forms.Textarea(attrs={"rows": 4})
    )
    occurred_at = local_time(label=_("Happened"), required=False)
    reported_at = local_time(label=_("Reported"))
    cause = forms.CharField(label=_("Main cause"), required=False, max_length=120)
    channel = forms.ChoiceField(label=_("Channel"), choices=[("", _("Not known")), *Channel.choices], required=False)

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        initial = {
            "summary": case.summary,
            "occurred_at": _minute(case.occurred_at),
            "reported_at": _minute(case.reported_at),
            "cause": case.cause.name if case.cause else "",
            "channel": case.channel,
        }
        super().__init__(*args, case=case, initial=initial, **kwargs)

    def save(self) -> None:
        # Only what was changed: an instant whose minute was left alone keeps its seconds.
        values = {name: self.cleaned_data[name] for name in self.changed_data}
        correct_case(self.case, by=self.by, now=self.now, **values)


class ExcludeForm(CaseForm):
    reason = forms.ChoiceField(
        label=_("Why should it not count?"), choices=ExclusionReason.choices, widget=forms.RadioSelect
    )
    note = forms.CharField(
        label=_("Explain it to the second person"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )

    def save(self) -> None:
        words = self.cleaned_data
        propose_exclusion(self.case, words["reason"], words["note"], by=self.by, now=self.now)


class ConfirmExclusionForm(CaseForm):
    def save(self) -> None:
        confirm_exclusion(self.case, by=self.by, now=self.now)


class WithdrawExclusionForm(CaseForm):
    def save(self) -> None:
        withdraw_exclusion(self.case, by=self.by, now=self.now)


def _minute(instant: datetime | None) -> datetime | None:
    """As the browser's control shows it."""
    return instant.replace(second=0, microsecond=0) if instant else None
