"""Who holds a case, and what other units do for it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.recovery.teamwork import (
    add_task,
    cancel_task,
    finish_task,
    hand_over,
    take_case,
    take_punch,
    write_support_note,
)
from frontend.forms.base import UnitField, local_time, offer_units
from frontend.forms.case.base import CaseForm, OnceForm, line_field, note_field
from tenants.models import Membership
from tenants.roles import ROLE_GRANTS, Can


class TakeForm(CaseForm):
    def save(self) -> None:
        take_case(self.case, by=self.by, now=self.now)


class PunchForm(CaseForm):
    intro = _(
        "You become its owner. The log names you alone, and no list or figure shows who had it before: "
        "needing relief is no mark on anyone."
    )

    def save(self) -> None:
        take_punch(self.case, by=self.by, now=self.now)


class HandOverForm(CaseForm):
    to: forms.ModelChoiceField[Membership] = forms.ModelChoiceField(
        label=_("Who takes it on?"), queryset=None, empty_label=""
    )
    note = note_field(_("What should they know?"), rows=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = [role for role, grants in ROLE_GRANTS.items() if Can.WORK_CASE in grants]
        able = Membership.objects.filter(ended_at=None, role__in=roles)
        if self.case.owner_id:
            able = able.exclude(pk=self.case.owner_id)
        self.fields["to"].queryset = able.select_related("user").order_by("user__name")  # type: ignore[attr-defined]
        self.fields["to"].label_from_instance = lambda member: member.label  # type: ignore[attr-defined]

    def save(self) -> None:
        hand_over(self.case, self.cleaned_data["to"], by=self.by, now=self.now, note=self.cleaned_data["note"])


class SupportNoteForm(CaseForm):
    intro = _("Only you will ever read this: no leader, no export, no program.")
    text = note_field(_("How was that for you?"), required=True)

    def save(self) -> None:
        write_support_note(self.case, self.cleaned_data["text"], by=self.by, now=self.now)


class TaskForm(OnceForm):
    unit = UnitField(label=_("Which unit?"))
    what = line_field(_("What should they do?"), 300, required=True)
    due_at = local_time(label=_("By when?"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_units(self, "unit")

    def make(self) -> None:
        asked = {name: self.cleaned_data[name] for name in ("unit", "what", "due_at")}
        add_task(self.case, by=self.by, now=self.now, id=self.row_id(), **asked)


class FinishTaskForm(CaseForm):
    def save(self) -> None:
        finish_task(self.thing, by=self.by, now=self.now)


class CancelTaskForm(CaseForm):
    def save(self) -> None:
        cancel_task(self.thing, by=self.by, now=self.now)
