"""Nominating a rule, and what the triage desk does with a nomination; saying that one bent a rule."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.committees.models import Nomination, RuleBreak
from cso.committees.nominations import (
    MAX_WORDS,
    dismiss,
    docket,
    log_break,
    merge_nominations,
    nominate,
    quick_kill,
    triage,
)
from cso.recovery.models import Case
from cso.rules.models import Rule
from frontend.forms.base import Moment, PortalForm, local_time
from frontend.forms.committees.fields import OneOfField, live_committees, offer, rules_in_force
from tenants.models import Membership

_LIKE = {"hx-trigger": "input changed delay:400ms", "hx-target": "#like", "hx-include": "closest form"}
_ONE_TO_FIVE = [(number, str(number)) for number in range(1, 6)]


class NominateForm(PortalForm):
    """A sentence is all it takes; `rule`, where it is known, is one of `like` or the one that the link named."""

    words = forms.CharField(
        label=_("What is the rule, and what does it do to customers?"),
        help_text=_("A sentence, as you would say it to a colleague."),
        max_length=MAX_WORDS,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    rule = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, like_url: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].widget.attrs |= _LIKE | {"hx-get": like_url}

    def clean_rule(self) -> Rule | None:
        pk = self.cleaned_data["rule"]
        rule = Rule.objects.filter(pk=pk).first() if pk else None
        if pk and rule is None:
            raise forms.ValidationError(_("There is no such rule any more."))
        return rule

    def save(self, *, by: Membership, now: datetime, case: Case | None) -> Nomination:
        return nominate(self.cleaned_data["words"], by=by, now=now, rule=self.cleaned_data["rule"], case=case)


class NominationForm(PortalForm):
    """About one nomination."""

    def __init__(self, *args: Any, nomination: Nomination, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.nomination = nomination

    def save(self, *, by: Membership, now: datetime) -> Any:
        raise NotImplementedError


class TriageForm(NominationForm):
    ease = forms.TypedChoiceField(
        label=_("How easy is it to kill?"),
        help_text=_("1: years of work · 5: today"),
        choices=_ONE_TO_FIVE,
        coerce=int,
        widget=forms.RadioSelect,
    )
    impact = forms.TypedChoiceField(
        label=_("How much would customers notice?"),
        help_text=_("1: hardly · 5: everybody"),
        choices=_ONE_TO_FIVE,
        coerce=int,
        widget=forms.RadioSelect,
    )
    rule = OneOfField(
        label=_("Which rule of the register is it?"),
        help_text=_("Empty while nobody has found it."),
        required=False,
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=500)

    def __init__(self, *args: Any, nomination: Nomination, **kwargs: Any) -> None:
        known = {name: getattr(nomination, name) for name in ("ease", "impact", "rule", "note")}
        super().__init__(*args, nomination=nomination, initial=known, **kwargs)
        rules = rules_in_force()
        if nomination.rule is not None and nomination.rule not in rules:
            rules.append(nomination.rule)
        offer(self, "rule", rules, "title")

    def save(self, *, by: Membership, now: datetime) -> None:
        values = self.cleaned_data
        triage(
            self.nomination,
            by=by,
            now=now,
            ease=values["ease"],
            impact=values["impact"],
            rule=values["rule"],
            note=values["note"],
        )


class DocketForm(NominationForm):
    committee = OneOfField(label=_("Which committee decides?"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        committees = live_committees()
        offer(self, "committee", committees)
        if len(committees) == 1:
            self.initial["committee"] = committees[0]

    def save(self, *, by: Membership, now: datetime) -> None:
        docket(self.nomination, self.cleaned_data["committee"], by=by, now=now)


class MergeForm(NominationForm):
    into = OneOfField(
        label=_("Which nomination is the same?"), help_text=_("The earliest keeps its place in the queue.")
    )

    def __init__(self, *args: Any, nomination: Nomination, **kwargs: Any) -> None:
        super().__init__(*args, nomination=nomination, **kwargs)
        waiting = Nomination.objects.filter(
            status__in=[Nomination.Status.SUBMITTED, Nomination.Status.TRIAGED, Nomination.Status.DOCKETED]
        )
        offer(self, "into", waiting.exclude(pk=nomination.pk).order_by("words", "id"), "words")

    def save(self, *, by: Membership, now: datetime) -> None:
        merge_nominations(self.nomination, self.cleaned_data["into"], by=by, now=now)


class DismissForm(NominationForm):
    """With the reason that whoever nominated it is told."""

    status: Nomination.Status
    note = forms.CharField(
        label=_("What do you tell whoever nominated it?"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )

    def save(self, *, by: Membership, now: datetime) -> None:
        dismiss(self.nomination, self.status, by=by, now=now, note=self.cleaned_data["note"])


class NoSuchRuleForm(DismissForm):
    status = Nomination.Status.NO_SUCH_RULE


class ExternalLawForm(DismissForm):
    status = Nomination.Status.EXTERNAL_LAW


class WithdrawNominationForm(DismissForm):
    status = Nomination.Status.WITHDRAWN

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Whoever nominated it owes nobody a reason; of others the office asks for one.
        self.fields["note"].required = False


class QuickKillForm(NominationForm):
    """Nothing to fill in: whoever owns the rule agrees."""

    def save(self, *, by: Membership, now: datetime) -> None:
        quick_kill(self.nomination, by=by, now=now)


class BreakForm(PortalForm):
    """One minute on a phone; blameless."""

    rule = OneOfField(label=_("Which rule did you bend?"))
    why = forms.CharField(label=_("What was it good for?"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
    result = forms.ChoiceField(
        label=_("How did it turn out?"),
        choices=RuleBreak.Result.choices,
        initial=RuleBreak.Result.HELPED,
        widget=forms.RadioSelect,
    )
    when = forms.ChoiceField(
        label=_("When was it?"),
        choices=[(Moment.NOW, _("Just now")), (Moment.EARLIER, _("Earlier"))],
        initial=Moment.NOW,
        widget=forms.RadioSelect,
    )
    broken_at = local_time(label=_("Day and time"), required=False)

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now
        offer(self, "rule", rules_in_force(), "title")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        values["at"] = Moment.of(self, "when", "broken_at", now=self.now)
        return values

    def save(self, *, by: Membership, now: datetime) -> RuleBreak:
        values = self.cleaned_data
        return log_break(
            values["rule"], by=by, why=values["why"], now=now, broken_at=values["at"], result=values["result"]
        )
