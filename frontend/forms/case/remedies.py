"""Giving money or an exception, and deciding what was asked above somebody's authority."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.errors import ConflictError
from cso.people.models import Person
from cso.recovery.authority import Room, decide_remedy, give_remedy, room_left, withdraw_remedy
from cso.recovery.models import Remedy
from frontend.forms.base import PortalForm
from frontend.forms.case.base import CaseForm, Said, line_field
from frontend.money import MoneyField, money_words
from tenants.models import Membership


class RemedyForm(CaseForm):
    """Act first: what fits the giver's authority is given by sending this, what does not is asked for."""

    amount = MoneyField(label=_("Amount"), required=False)
    exception = forms.CharField(
        label=_("Or an exception"), required=False, max_length=80, help_text=_("In a few words, such as “late return”.")
    )
    note = line_field(_("What for?"), 500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = Person.objects.filter(member=self.by).first()
        self.room = room_left(self.person, self.case, now=self.now) if self.person else None
        if self.room is None:
            self.intro = _("You are not in the organization yet, so nothing can be given in your name.")
            return
        self.fields["amount"].currency = self.room.currency  # type: ignore[attr-defined]
        self.fields["amount"].label = _("Amount in %(currency)s") % {"currency": self.room.currency}
        self.intro = room_words(self.room)

    def save(self) -> Said:
        if self.person is None:
            raise ConflictError(str(self.intro))
        words = self.cleaned_data
        remedy = give_remedy(
            self.case,
            person=self.person,
            by=self.by,
            now=self.now,
            amount_minor=words["amount"] or 0,
            exception=words["exception"],
            note=words["note"],
        )
        if remedy.status == Remedy.Status.GIVEN:
            return None
        return _("That is above your authority, so it is asked for: %(name)s has heard of it.") % {
            "name": _first_asked(remedy)
        }


class WithdrawRemedyForm(CaseForm):
    def save(self) -> None:
        withdraw_remedy(self.thing, by=self.by, now=self.now)


class DecisionForm(PortalForm):
    """Its two buttons are the two answers."""

    decision = forms.ChoiceField(choices=[("approve", ""), ("refuse", "")], widget=forms.HiddenInput)
    note = line_field(_("A word to who asks"), 500)

    def decide(self, remedy: Remedy, *, by: Membership, now: Any) -> Remedy:
        words = self.cleaned_data
        return decide_remedy(remedy, by=by, approve=words["decision"] == "approve", now=now, note=words["note"])


def room_words(room: Room) -> str:
    """What may be given without asking."""
    left = min(room.case_minor, room.day_minor)
    words = [
        _("You may give up to %(left)s on this case now, without asking.") % {"left": money_words(left, room.currency)}
        if left
        else _("What you may give on this case without asking is used up, or there is none for your position.")
    ]
    if room.exceptions:
        words.append(_("Exceptions that are yours to make: %(list)s.") % {"list": ", ".join(room.exceptions)})
    return " ".join(str(text) for text in words)


def remedy_words(remedy: Remedy) -> str:
    """ "Late return", "120.50 CAD"."""
    return remedy.exception or money_words(remedy.amount_minor, remedy.currency)


def _first_asked(remedy: Remedy) -> str:
    first = Membership.objects.select_related("user").filter(pk=remedy.approvers[0]).first()
    return first.label if first else ""
