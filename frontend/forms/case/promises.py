"""Promises to the customer: made, moved, kept, or not."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.recovery.models import BrokenBecause
from cso.recovery.promises import (
    MAX_WHAT,
    cancel_promise,
    dispute_promise,
    explain_broken,
    keep_promise,
    make_promise,
    move_promise,
)
from frontend.forms.base import local_time
from frontend.forms.case.base import CaseForm, OnceForm, earlier_field, instant_of, line_field, when_field


class PromiseForm(OnceForm):
    """A vague word in it is enough for a time: the workspace says what it means."""

    looked_up: ClassVar = {"what": ("promise_meaning", "#promise-due")}

    what = line_field(
        _("What do you promise?"), MAX_WHAT, required=True, help_text=_("And by when: “soon”, “in 2 hours”.")
    )
    due_at = local_time(
        label=_("By a date and time"), required=False, help_text=_("Where the words alone do not say it.")
    )

    def make(self) -> None:
        words = self.cleaned_data
        make_promise(
            self.case,
            what=words["what"],
            due_at=words["due_at"],
            by=self.by,
            at=self.now,
            now=self.now,
            id=self.row_id(),
        )


class KeepPromiseForm(CaseForm):
    when = when_field(_("When was it done?"), required=False)
    at = earlier_field()

    def save(self) -> None:
        keep_promise(self.thing, by=self.by, at=instant_of(self, "when"), now=self.now)


class MovePromiseForm(CaseForm):
    due_at = local_time(label=_("To when?"))
    agreed = forms.BooleanField(
        label=_("The customer agreed"),
        required=False,
        help_text=_("It counts as kept only if they agreed before it fell due, once."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.intro = self.thing.what

    def save(self) -> None:
        words = self.cleaned_data
        move_promise(self.thing, words["due_at"], agreed=words["agreed"], by=self.by, at=self.now, now=self.now)


class CancelPromiseForm(CaseForm):
    def save(self) -> None:
        cancel_promise(self.thing, by=self.by, at=self.now, now=self.now)


class DisputePromiseForm(CaseForm):
    def save(self) -> None:
        dispute_promise(self.thing, by=self.by, at=self.now, now=self.now)


class ExplainBrokenForm(CaseForm):
    because = forms.ChoiceField(
        label=_("Why was it not kept?"), choices=BrokenBecause.choices, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("because", self.thing.broken_because)

    def save(self) -> None:
        explain_broken(self.thing, self.cleaned_data["because"], by=self.by, now=self.now)
