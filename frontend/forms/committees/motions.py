"""Moving a motion, the owner's reply, and opening a ballot on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.committees.balloting import schedule_ballot
from cso.committees.models import Ballot, Committee, Motion, Nomination
from cso.committees.motions import move_motion, reply_as_owner, withdraw_motion
from frontend.forms.base import PortalForm, calendar_day, local_time
from frontend.forms.committees.fields import OneOfField, live_committees, offer, rules_in_force
from tenants.models import Membership


class MoveForm(PortalForm):
    """What the committee is asked; what one kind needs, the others leave empty."""

    rule = OneOfField(label=_("Which rule?"))
    kind = forms.ChoiceField(
        label=_("What shall be done with it?"),
        choices=Motion.Kind.choices,
        initial=Motion.Kind.KILL,
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=_("How is it read out?"),
        help_text=_("Empty: in the office’s own words."),
        required=False,
        max_length=1_000,
    )
    new_text = forms.CharField(
        label=_("The new words"),
        help_text=_("For a change."),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    keep_until = calendar_day(label=_("Kept until"), help_text=_("For keeping it."), required=False)
    refer_to = OneOfField(label=_("The other committee"), help_text=_("For referring it."), required=False)

    def __init__(self, *args: Any, committee: Committee, nomination: Nomination | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.committee, self.nomination = committee, nomination
        offer(self, "rule", rules_in_force(), "title")
        offer(self, "refer_to", [each for each in live_committees() if each.pk != committee.pk])
        if nomination is not None and nomination.rule is not None:
            self.initial["rule"] = nomination.rule

    def save(self, *, by: Membership, now: datetime) -> Motion:
        values = dict(self.cleaned_data)
        rule, kind = values.pop("rule"), values.pop("kind")
        return move_motion(self.committee, rule, kind, by=by, now=now, nomination=self.nomination, **values)


class MotionForm(PortalForm):
    """About a motion as it stands."""

    def __init__(self, *args: Any, motion: Motion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.motion = motion

    def save(self, *, by: Membership, now: datetime) -> Any:
        raise NotImplementedError


class ReplyForm(MotionForm):
    text = forms.CharField(
        label=_("What speaks for the rule?"),
        help_text=_("It stands on the ballot, beside the evidence."),
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def save(self, *, by: Membership, now: datetime) -> None:
        reply_as_owner(self.motion, self.cleaned_data["text"], by=by, now=now)


class OpenBallotForm(MotionForm):
    closes_at = local_time(label=_("Until when?"), help_text=_("Empty: as long as the charter says."), required=False)

    def save(self, *, by: Membership, now: datetime) -> Ballot:
        return schedule_ballot(self.motion, by=by, now=now, closes_at=self.cleaned_data["closes_at"])


class WithdrawMotionForm(MotionForm):
    """Nothing to fill in."""

    def save(self, *, by: Membership, now: datetime) -> None:
        withdraw_motion(self.motion, by=by, now=now)
