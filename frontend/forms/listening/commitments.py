"""Commitments to a panel: made, kept, withdrawn, told to the members."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.panels import commitments as acts
from cso.panels.models import Commitment, Panel, Truth
from cso.panels.telling import tell_members
from cso.people.models import Person
from frontend.forms.base import PortalForm, local_time
from frontend.forms.committees.fields import OneOfField, known_people, offer
from tenants.models import Membership


class CommitForm(PortalForm):
    """To one of `panels`; by who runs it for anybody, else for themselves (`owners`)."""

    panel = OneOfField(label=_("To which panel?"))
    you_said = forms.CharField(
        label=_("What did the members say?"),
        help_text=_("They read it again when it is done: “You said: …”"),
        max_length=acts.MAX_YOU_SAID,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    what = forms.CharField(
        label=_("What will be done?"), max_length=acts.MAX_WHAT, widget=forms.Textarea(attrs={"rows": 2})
    )
    owner = OneOfField(label=_("Who answers for it?"))
    due_at = local_time(label=_("By when?"))

    def __init__(
        self, *args: Any, panels: list[Panel], owners: list[Person] | None, truth: Truth | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.truth = truth
        offer(self, "panel", panels, "name")
        offer(self, "owner", known_people() if owners is None else owners, "name")
        if len(panels) == 1:
            self.initial["panel"] = panels[0]
        if owners is not None and len(owners) == 1:
            self.initial["owner"] = owners[0]
        if truth is not None:
            self.initial["you_said"] = truth.words[: acts.MAX_YOU_SAID]

    def save(self, *, by: Membership, now: datetime) -> Commitment:
        values = dict(self.cleaned_data)
        return acts.commit(values.pop("panel"), truth=self.truth, by=by, now=now, **values)


class CommitmentForm(PortalForm):
    """About one commitment."""

    def __init__(self, *args: Any, commitment: Commitment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.commitment = commitment

    def save(self, *, by: Membership, now: datetime) -> Any:
        raise NotImplementedError


class KeepForm(CommitmentForm):
    we_did = forms.CharField(
        label=_("What was done?"),
        help_text=_("In words for customers: the panel’s members read it."),
        max_length=acts.MAX_WE_DID,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    at = local_time(label=_("Since when?"), help_text=_("Empty: since now."), required=False)

    def save(self, *, by: Membership, now: datetime) -> None:
        values = self.cleaned_data
        acts.keep_commitment(self.commitment, we_did=values["we_did"], at=values["at"], by=by, now=now)


class WithdrawForm(CommitmentForm):
    because = forms.CharField(
        label=_("Why will it not be done?"), help_text=_("It is shown."), max_length=acts.MAX_BECAUSE
    )
    was_mistake = forms.BooleanField(
        label=_("Nobody ever committed themselves to this: it was noted by mistake"), required=False
    )

    def save(self, *, by: Membership, now: datetime) -> None:
        values = self.cleaned_data
        acts.withdraw_commitment(
            self.commitment, because=values["because"], was_mistake=values["was_mistake"], by=by, now=now
        )


class TellForm(PortalForm):
    """Which of those that were kept the members of a panel are told of, in one mail."""

    commitments = forms.MultipleChoiceField(label=_("What are they told?"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, untold: list[Commitment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.untold = {str(each.pk): each for each in untold}
        ticks = self.fields["commitments"]
        assert isinstance(ticks, forms.MultipleChoiceField)
        ticks.choices = [(pk, each.we_did) for pk, each in self.untold.items()]
        self.initial["commitments"] = list(self.untold)

    def clean_commitments(self) -> list[Commitment]:
        chosen: list[str | UUID] = self.cleaned_data["commitments"]
        return [self.untold[str(pk)] for pk in chosen]

    def save(self, *, by: Membership, now: datetime) -> None:
        tell_members(self.cleaned_data["commitments"], by=by, now=now)
