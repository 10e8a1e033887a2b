"""Giving money or an exception, and deciding what was asked above somebody's authority."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.errors import ConflictError, InvalidFieldsError
from cso.people.models import Person
from cso.recovery.approvals import who_is_asked
from cso.recovery.authority import MAX_EXCEPTION, Room, decide_remedy, give_remedy, room_left, withdraw_remedy
from cso.recovery.models import Case, Remedy
from cso.recovery.settings import recovery_settings
from frontend.forms.base import PortalForm
from frontend.forms.case.base import CaseForm, OnceForm, Said, line_field
from frontend.words.money import MoneyField, money_words
from tenants.models import Membership


class RemedyForm(OnceForm):
    """Act first: what fits the giver's authority is given by sending this, what does not is asked for."""

    amount = MoneyField(label=_("Amount"), required=False)
    exception = forms.ChoiceField(label=_("An exception of yours"), required=False, widget=forms.RadioSelect)
    other = line_field(_("Another exception"), MAX_EXCEPTION, help_text=_("In a few words; it will be asked for."))
    note = line_field(_("What for?"), 500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = Person.objects.filter(member=self.by).first()
        if self.person is None:
            self.intro = _("You are not in the organization yet, so nothing can be given in your name.")
            return
        room = room_left(self.person, self.case, now=self.now)
        self.intro = f"{room_words(room)} {asked_words(self.case, self.person, now=self.now)}"
        self.fields["amount"].currency = room.currency  # type: ignore[attr-defined]
        self.fields["amount"].label = _("Amount in %(currency)s") % {"currency": room.currency}
        if room.exceptions:
            choices = [*((text, text) for text in room.exceptions), ("", _("None"))]
            self.fields["exception"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["exception"]

    def make(self) -> Said:
        if self.person is None:
            raise ConflictError(str(self.intro))
        words = self.cleaned_data
        with _problems_by_field():
            remedy = give_remedy(
                self.case,
                person=self.person,
                by=self.by,
                now=self.now,
                amount_minor=words["amount"] or 0,
                exception=words["other"] or words.get("exception", ""),
                note=words["note"],
                id=self.row_id(),
            )
        if remedy.status == Remedy.Status.GIVEN:
            return None
        return _("That is above your authority, so it is asked for.")


@contextmanager
def _problems_by_field() -> Iterator[None]:
    """The act's fields by the names that they have in the form."""
    names = {"amount_minor": "amount", "exception": "other"}
    try:
        yield
    except InvalidFieldsError as error:
        renamed = [replace(problem, field=names.get(problem.field, problem.field)) for problem in error.errors]
        raise InvalidFieldsError(renamed) from error


class WithdrawRemedyForm(CaseForm):
    def save(self) -> None:
        withdraw_remedy(self.thing, by=self.by, now=self.now)


class DecisionForm(PortalForm):
    """Its two buttons are the two answers."""

    decision = forms.ChoiceField(choices=[("approve", ""), ("refuse", "")], widget=forms.HiddenInput)
    note = line_field(_("A word to who asks"), 500)

    def decide(self, remedy: Remedy, *, by: Membership, now: datetime) -> Remedy:
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


def asked_words(case: Case, person: Person, *, now: datetime) -> str:
    """Who is asked for more than that, and how long they have."""
    asked = who_is_asked(case, person, now=now)
    if not asked:
        return str(_("There is nobody whom you could ask for more."))
    words = {"name": asked[0].label, "minutes": recovery_settings().approval_minutes}
    if len(asked) == 1:
        return str(_("For more, %(name)s is asked.") % words)
    return str(_("For more, %(name)s is asked, and after %(minutes)s minutes the next one up may decide too.") % words)
