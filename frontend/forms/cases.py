"""Logging an OOPS, and what is done with a case."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from django import forms
from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from cso.customers.actions import find_or_add_customer
from cso.errors import InvalidFieldsError
from cso.recovery.actions import (
    MAX_NOTE,
    confirm_exclusion,
    correct_case,
    dispute_case,
    fix_case,
    move_case,
    open_case,
    propose_exclusion,
    reopen_case,
    withdraw_exclusion,
)
from cso.recovery.models import MAX_SUMMARY, Case, Channel, ExclusionReason
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


class CaseForm(PortalForm):
    """Something that is done with a case."""

    def save(self, case: Case, *, by: Membership, now: datetime) -> None:
        """Do it; raises what the act raises."""
        raise NotImplementedError


class FixForm(CaseForm):
    fixed = forms.ChoiceField(
        label=_("When was it fixed?"), choices=_WHEN[:2], initial=Moment.NOW, widget=forms.RadioSelect
    )
    at = local_time(label=_("If earlier: when?"), required=False)
    note = forms.CharField(
        label=_("What was done?"), required=False, max_length=MAX_NOTE, widget=forms.Textarea(attrs={"rows": 3})
    )

    def save(self, case: Case, *, by: Membership, now: datetime) -> None:
        at = now if self.cleaned_data["fixed"] == Moment.NOW else self.cleaned_data["at"]
        if at is None:
            raise InvalidFieldsError.of("at", "required", str(_("Say when it was.")))
        fix_case(case, by=by, at=at, now=now, note=self.cleaned_data["note"])


class ReopenForm(CaseForm):
    note = forms.CharField(
        label=_("What was not fixed?"), max_length=MAX_NOTE, widget=forms.Textarea(attrs={"rows": 3})
    )

    def save(self, case: Case, *, by: Membership, now: datetime) -> None:
        reopen_case(case, by=by, at=now, now=now, note=self.cleaned_data["note"])


class DisputeForm(CaseForm):
    note = forms.CharField(
        label=_("What does the customer say?"), max_length=MAX_NOTE, widget=forms.Textarea(attrs={"rows": 3})
    )

    def save(self, case: Case, *, by: Membership, now: datetime) -> None:
        dispute_case(case, by=by, at=now, now=now, note=self.cleaned_data["note"])


class MoveForm(CaseForm):
    unit = UnitField(label=_("Which unit answers for it?"))
    note = forms.CharField(label=_("Why?"), required=False, max_length=MAX_NOTE)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_units(self, "unit")

    def save(self, case: Case, *, by: Membership, now: datetime) -> None:
        move_case(case, self.cleaned_data["unit"], by=by, now=now, note=self.cleaned_data["note"])


class CorrectForm(CaseForm):
    """The facts of a case; what changes is logged with what it was."""

    summary = forms.CharField(
        label=_("What went wrong"), required=False, max_length=MAX_SUMMARY, widget=forms.Textarea(attrs={"rows": 4})
    )
    occurred_at = local_time(label=_("Happened"), required=False)
    reported_at = local_time(label=_("Reported"))
    cause = forms.CharField(label=_("Main cause"), required=False, max_length=120)
    channel = forms.ChoiceField(label=_("Channel"), choices=[("", _("Not known")), *Channel.choices], required=False)

    def __init__(self, data: QueryDict | None = None, *, case: Case) -> None:
        initial = {
            "summary": case.summary,
            "occurred_at": _minute(case.occurred_at),
            "reported_at": _minute(case.reported_at),
            "cause": case.cause.name if case.cause else "",
            "channel": case.channel,
        }
        super().__init__(data, initial=initial)

    def save(self, case: Case, *, by: Membership, now: datetime) -> None:
        # Only what was changed: an instant whose minute was left alone keeps its seconds.
        values = {name: self.cleaned_data[name] for name in self.changed_data}
        correct_case(case, by=by, now=now, **values)


class ExcludeForm(CaseForm):
    reason = forms.ChoiceField(
        label=_("Why should it not count?"), choices=ExclusionReason.choices, widget=forms.RadioSelect
    )
    note = forms.CharField(
        label=_("Explain it to the second person"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )

    def save(self, case: Case, *, by: Membership, now: datetime) -> None:
        propose_exclusion(case, self.cleaned_data["reason"], self.cleaned_data["note"], by=by, now=now)


class ConfirmExclusionForm(CaseForm):
    def save(self, case: Case, *, by: Membership, now: datetime) -> None:
        confirm_exclusion(case, by=by, now=now)


class WithdrawExclusionForm(CaseForm):
    def save(self, case: Case, *, by: Membership, now: datetime) -> None:
        withdraw_exclusion(case, by=by, now=now)


def _minute(instant: datetime | None) -> datetime | None:
    """As the browser's control shows it."""
    return instant.replace(second=0, microsecond=0) if instant else None
