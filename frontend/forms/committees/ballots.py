"""What the chair decides about a ballot, and leaving a seat out of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.committees.balloting import cancel_ballot, cast_breaking_vote, close_ballot, extend_ballot, recuse
from cso.committees.correcting import correct_outcome
from cso.committees.models import Ballot, Choice, OutcomeRecord, RollEntry
from frontend.forms.base import PortalForm, local_time
from frontend.forms.committees.fields import OneOfField, offer
from tenants.models import Membership


class BallotForm(PortalForm):
    """About a ballot as it stands."""

    def __init__(self, *args: Any, ballot: Ballot, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ballot = ballot

    def save(self, *, by: Membership, now: datetime) -> None:
        raise NotImplementedError


class ExtendForm(BallotForm):
    closes_at = local_time(label=_("Until when?"), help_text=_("Only later: nobody’s time is shortened."))

    def save(self, *, by: Membership, now: datetime) -> None:
        extend_ballot(self.ballot, self.cleaned_data["closes_at"], by=by)


class CancelForm(BallotForm):
    because = forms.CharField(
        label=_("Why is it called off?"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )

    def save(self, *, by: Membership, now: datetime) -> None:
        cancel_ballot(self.ballot, because=self.cleaned_data["because"], by=by)


class CloseForm(BallotForm):
    """Nothing to fill in: closing cannot be undone, so it is asked about once."""

    def save(self, *, by: Membership, now: datetime) -> None:
        close_ballot(self.ballot, by=by)


class RecuseSeatForm(BallotForm):
    """By the chair, or by who holds the seat."""

    entry = OneOfField(label=_("Which seat?"))
    because = forms.CharField(label=_("What is the conflict of interest?"), max_length=300)

    def __init__(self, *args: Any, entries: list[RollEntry], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "entry", entries, "label")
        if len(entries) == 1:
            self.initial["entry"] = entries[0]

    def save(self, *, by: Membership, now: datetime) -> None:
        recuse(self.ballot, self.cleaned_data["entry"].seat_id, because=self.cleaned_data["because"], by=by)


class CorrectForm(PortalForm):
    """Of one seat; an integration that told many wrong corrects them through the API."""

    entry = OneOfField(label=_("Which seat was taken down wrong?"))
    choice = forms.ChoiceField(
        label=_("What did it vote?"), choices=[*Choice.choices, ("", _("It did not vote"))], widget=forms.RadioSelect
    )
    because = forms.CharField(
        label=_("What was wrong?"), help_text=_("It stands in the new record, beside the old one."), max_length=300
    )

    def __init__(self, *args: Any, outcome: OutcomeRecord, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.outcome = outcome
        self.fields["choice"].required = False
        eligible = outcome.ballot.roll.filter(status=RollEntry.Status.ELIGIBLE).order_by("label")
        offer(self, "entry", eligible, "label")

    def save(self, *, by: Membership, now: datetime) -> OutcomeRecord:
        values = self.cleaned_data
        votes = {values["entry"].seat_id: values["choice"]}
        return correct_outcome(self.outcome, votes, because=values["because"], by=by)


class CastingVoteForm(BallotForm):
    choice = forms.ChoiceField(
        label=_("As many said yes as no. How do you decide?"),
        choices=[(Choice.YES, Choice.YES.label), (Choice.NO, Choice.NO.label)],
        widget=forms.RadioSelect,
    )

    def save(self, *, by: Membership, now: datetime) -> None:
        cast_breaking_vote(self.ballot, cast("Literal['yes', 'no']", self.cleaned_data["choice"]), by=by)
