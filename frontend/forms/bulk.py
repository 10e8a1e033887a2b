"""One act on all the cases that were ticked in a list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cso.errors import ConflictError, DomainError
from cso.recovery.actions import MAX_NOTE, move_case
from cso.recovery.contacts import record_contact
from cso.recovery.models import Case, Channel, Contact, ContactKind
from cso.recovery.queries import visible_cases
from cso.recovery.teamwork import hand_over, take_case
from cso.recovery.triggers import lock_customers
from frontend.forms.base import PortalForm, UnitField
from frontend.forms.members import MemberField
from frontend.forms.once import id_made_by
from frontend.offers import Offers
from tenants.models import Membership

MOST_AT_ONCE = 100
DUE = "due"
SENT_TWICE = "sent_twice"


class BulkForm(PortalForm):
    """The ticked cases are its `case`; which of its buttons was pressed is its `act`."""

    # One for the form as it was shown: a contact that is sent twice is recorded once.
    form_id = forms.UUIDField(widget=forms.HiddenInput, required=False)
    to = MemberField(label=gettext_lazy("Hand over to"), required=False)
    unit = UnitField(label=gettext_lazy("Move to"), required=False)
    kind = forms.ChoiceField(
        label=gettext_lazy("Contact made"),
        choices=[(DUE, gettext_lazy("The one that is due")), *ContactKind.choices],
        required=False,
    )
    channel = forms.ChoiceField(
        label=gettext_lazy("By"), choices=[("", gettext_lazy("Not said")), *Channel.choices], required=False
    )
    note = forms.CharField(label=gettext_lazy("Note for the log"), required=False, max_length=MAX_NOTE)

    def __init__(self, *args: Any, offers: Offers, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        to, unit = self.fields["to"], self.fields["unit"]
        assert isinstance(to, MemberField)
        assert isinstance(unit, UnitField)
        to.offer(offers.owners)
        unit.offer(offers.units)

    def clean(self) -> None:
        assert isinstance(self.data, QueryDict)
        act = self.data.get("act", "")
        if act not in ACTS:
            raise forms.ValidationError(_("Choose what to do with the cases."))
        self.ids = _uuids(self.data.getlist("case"))
        if not self.ids:
            raise forms.ValidationError(_("Tick the cases first."))
        if len(self.ids) > MOST_AT_ONCE:
            raise forms.ValidationError(_("Tick at most %(n)s cases at once.") % {"n": MOST_AT_ONCE})
        needed = ACTS[act].needs
        if needed and not self.cleaned_data.get(needed) and needed not in self.errors:
            self.add_error(needed, _("Say to whom.") if needed == "to" else _("Say to which unit."))

    def save(self, *, by: Membership, now: datetime) -> Outcome:
        """Do it with each case by itself: what the office refuses of one is undone and told, the others are done."""
        act, done = ACTS[self.data["act"]], 0
        refused: dict[str, list[str]] = {}
        # By id, so that two who tick the same cases never wait for each other's locks.
        cases = list(visible_cases(by).filter(pk__in=self.ids).order_by("pk"))
        # And all their customers before any of them, as every act does.
        lock_customers(case.customer_id for case in cases)
        prepared = act.prepare(self.cleaned_data)
        for case in cases:
            try:
                with transaction.atomic():
                    prepared(case, by, now)
                done += 1
            except DomainError as error:
                if error.code == SENT_TWICE:
                    done += 1  # once, by the first
                else:
                    refused.setdefault(error.message, []).append(case.reference)
        if missing := len(self.ids) - len(cases):
            refused[_("They are not there, or not for you to see.")] = [str(missing)]
        return Outcome(act.said(done) % {"n": done} if done else "", refused)


@dataclass(frozen=True)
class Outcome:
    """What was done, in a sentence or empty; and by what was said against it, the cases that stay as they were."""

    done: str
    refused: dict[str, list[str]]


# Does the act with one case.
Do = Callable[[Case, Membership, datetime], object]


@dataclass(frozen=True)
class BulkAct:
    """`prepare` makes of the valid form what is done with each case; `said` words how many were done."""

    prepare: Callable[[dict[str, Any]], Do]
    said: Callable[[int], str]
    needs: str = ""


def _take(words: dict[str, Any]) -> Do:
    return lambda case, by, now: take_case(case, by=by, now=now)


def _hand_over(words: dict[str, Any]) -> Do:
    to = Membership.objects.select_related("user").get(pk=words["to"])
    return lambda case, by, now: hand_over(case, to, by=by, now=now, note=words["note"])


def _move(words: dict[str, Any]) -> Do:
    return lambda case, by, now: move_case(case, words["unit"], by=by, now=now, note=words["note"])


def _contact(words: dict[str, Any]) -> Do:
    form, typed = words["form_id"], (words["kind"] or DUE, words["channel"], words["note"])

    def record(case: Case, by: Membership, now: datetime) -> object:
        kind, channel, note = typed
        row = id_made_by(form, case.pk, *typed) if form else None
        if kind == DUE and not case.next_contact:
            was_sent = row is not None and Contact.objects.filter(pk=row).exists()
            raise ConflictError(_("No contact is due."), code=SENT_TWICE if was_sent else "none_due")
        kind = case.next_contact if kind == DUE else kind
        return record_contact(case, kind, by=by, at=now, now=now, channel=channel, note=note, id=row)

    return record


ACTS = {
    "take": BulkAct(_take, lambda n: ngettext("%(n)s case is yours now.", "%(n)s cases are yours now.", n)),
    "hand-over": BulkAct(
        _hand_over, lambda n: ngettext("%(n)s case was handed over.", "%(n)s cases were handed over.", n), needs="to"
    ),
    "move": BulkAct(_move, lambda n: ngettext("%(n)s case was moved.", "%(n)s cases were moved.", n), needs="unit"),
    "contact": BulkAct(_contact, lambda n: ngettext("%(n)s contact is recorded.", "%(n)s contacts are recorded.", n)),
}


def _uuids(texts: list[str]) -> set[UUID]:
    try:
        return {UUID(text) for text in texts}
    except ValueError as error:
        raise forms.ValidationError(_("Tick the cases first.")) from error
