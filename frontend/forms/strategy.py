"""Forms of the strategy: outcomes, their reviews and metrics, initiatives, and blockers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cso.metrics.registry import Metric
from cso.people.models import Leadership, Person
from cso.people.queries import leading_on
from cso.strategy import blockers, initiatives, outcomes
from cso.strategy.goals import goal_unit
from cso.strategy.models import Blocker, Initiative, Outcome
from cso.strategy.queries import Served
from cso.strategy.wording import (
    MAX_BECAUSE,
    MAX_CAME,
    MAX_DECIDED,
    MAX_DESCRIPTION,
    MAX_HOW,
    MAX_NAME,
    MAX_WHAT,
    MAX_WHY,
)
from frontend.forms.base import PortalForm, UnitField, calendar_day, offer_units
from frontend.forms.committees.fields import OneOfField, offer
from frontend.words.goals import unit_words
from tenants.models import Membership


def _answerable(today: date, *also: Person) -> list[Person]:
    """Who signs in or leads a unit, and so can answer for something; with those who do already."""
    leads = Leadership.objects.filter(leading_on(today)).values("person")
    can = Q(member__isnull=False, member__ended_at=None) | Q(pk__in=leads) | Q(pk__in=[each.pk for each in also])
    return list(Person.objects.filter(can).order_by("name", "id"))


def _lines(label: Any, longest: int, *, rows: int = 2, help_text: Any = "", required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=longest,
        help_text=help_text,
        required=required,
        widget=forms.Textarea(attrs={"rows": rows}),
    )


class OutcomeForm(PortalForm):
    """Made, or changed where there is one already; its review alone moves its day."""

    name = forms.CharField(
        label=_("What is wanted for customers?"),
        help_text=_("In a few words, such as: put right within a day."),
        max_length=MAX_NAME,
    )
    description = _lines(_("How will anybody see that it is reached?"), MAX_DESCRIPTION, rows=3, required=False)
    owner = OneOfField(label=_("Who answers for it?"), help_text=_("One person, who owns its metrics too."))
    review_on = calendar_day(label=_("By when is it looked at again?"))

    def __init__(self, *args: Any, today: date, outcome: Outcome | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.outcome = outcome
        offer(self, "owner", _answerable(today, *([outcome.owner] if outcome else [])), "name")
        if outcome is not None:
            del self.fields["review_on"]
            self.initial = {name: getattr(outcome, name) for name in ("name", "description", "owner")}

    def save(self, *, by: Membership, now: datetime) -> Outcome:
        if self.outcome is not None:
            return outcomes.change_outcome(self.outcome, **self.cleaned_data, by=by)
        return outcomes.make_outcome(**self.cleaned_data, by=by, now=now)


class _AboutOutcome(PortalForm):
    def __init__(self, *args: Any, today: date, outcome: Outcome, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.outcome = today, outcome


class ReviewForm(_AboutOutcome):
    decided = _lines(_("What was decided?"), MAX_DECIDED, rows=4, help_text=_("Even that all goes on as it does."))
    next_on = calendar_day(label=_("By when is it looked at again?"))

    def save(self, *, by: Membership, now: datetime) -> None:
        outcomes.review_outcome(self.outcome, **self.cleaned_data, by=by, now=now)


class EndForm(_AboutOutcome):
    because = _lines(
        _("Why does it end?"), MAX_BECAUSE, help_text=_("It is reached, or given up. Its metrics serve none then.")
    )

    def save(self, *, by: Membership, now: datetime) -> None:
        outcomes.end_outcome(self.outcome, because=self.cleaned_data["because"], by=by, now=now)


class MetricForm(PortalForm):
    """Which outcome a metric serves, and where it is to lead where it follows no path."""

    outcome = OneOfField(
        label=_("Which outcome does it serve?"),
        help_text=_("It leaves the one that it serves now. Empty: none, and nobody answers for it."),
        required=False,
    )
    target = forms.DecimalField(label=_("Target"), required=False, localize=True)

    def __init__(self, *args: Any, metric: Metric, served: Served, live: list[Outcome], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.metric = metric
        self.left: Outcome | None = None
        offer(self, "outcome", live, "name")
        self.initial = {"outcome": served.outcome, "target": served.target}
        if goal_unit(metric) is None:
            del self.fields["target"]
        else:
            self.fields["target"].help_text = unit_words(metric)

    def save(self, *, by: Membership, now: datetime) -> None:
        """`left`: the outcome that it served before."""
        outcome = self.cleaned_data["outcome"]
        if outcome is None:
            self.left = outcomes.free_metric(self.metric.key, by=by)
        else:
            target = self.cleaned_data.get("target")
            self.left = outcomes.give_metric(self.metric.key, outcome, by=by, target=target)


class InitiativeForm(PortalForm):
    """Started for an outcome, or changed where there is one already."""

    name = forms.CharField(label=_("What is done?"), max_length=MAX_NAME)
    owner = OneOfField(label=_("Who does it?"))
    starts_on = calendar_day(label=_("From"))
    due_on = calendar_day(label=_("To be done by"))
    is_remarkable = forms.BooleanField(label=_("Customers are to notice it"), required=False)

    def __init__(
        self,
        *args: Any,
        today: date,
        outcome: Outcome | None = None,
        initiative: Initiative | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.outcome, self.initiative = outcome, initiative
        offer(self, "owner", _answerable(today, *([initiative.owner] if initiative else [])), "name")
        if initiative is not None:
            self.initial = {name: getattr(initiative, name) for name in self.fields}

    def save(self, *, by: Membership, now: datetime) -> Initiative:
        values = dict(self.cleaned_data)
        if self.initiative is not None:
            return initiatives.change_initiative(self.initiative, **values, by=by)
        assert self.outcome is not None, "what is not changed is started for an outcome"
        return initiatives.start_initiative(self.outcome, values.pop("name"), **values, by=by)


class CameForm(PortalForm):
    """An initiative is over: all done, or stopped."""

    what_came_of_it = _lines(_("What came of it?"), MAX_CAME, rows=3)
    act = staticmethod(initiatives.finish_initiative)

    def __init__(self, *args: Any, today: date, initiative: Initiative, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.initiative = today, initiative

    def save(self, *, by: Membership, now: datetime) -> None:
        type(self).act(self.initiative, what_came_of_it=self.cleaned_data["what_came_of_it"], by=by, now=now)


class StopForm(CameForm):
    act = staticmethod(initiatives.stop_initiative)


class BlockerForm(PortalForm):
    what = _lines(_("What stands in the way?"), MAX_WHAT)
    severity = forms.ChoiceField(
        label=_("How much?"), choices=Blocker.Severity.choices, initial=Blocker.Severity.SLOWS, widget=forms.RadioSelect
    )
    owner = OneOfField(label=_("Who can clear it?"), help_text=_("One person, who answers for how long it takes."))
    outcome = OneOfField(label=_("Which outcome does it block?"), required=False)
    unit = UnitField(label=_("Which unit does it block?"), required=False)

    def __init__(
        self, *args: Any, today: date, live: list[Outcome], wished: Outcome | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "owner", _answerable(today), "name")
        offer(self, "outcome", live, "name")
        offer_units(self, "unit")
        self.initial["outcome"] = wished

    def save(self, *, by: Membership, now: datetime) -> Blocker:
        values = dict(self.cleaned_data)
        return blockers.raise_blocker(values.pop("what"), **values, by=by, now=now)


class _AboutBlocker(PortalForm):
    def __init__(self, *args: Any, today: date, blocker: Blocker, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.blocker = today, blocker


class ClearForm(_AboutBlocker):
    how = _lines(_("How was it removed?"), MAX_HOW)

    def save(self, *, by: Membership, now: datetime) -> None:
        blockers.clear_blocker(self.blocker, how=self.cleaned_data["how"], by=by, now=now)


class HandOverForm(_AboutBlocker):
    owner = OneOfField(label=_("Who can clear it?"))
    why = _lines(_("Why?"), MAX_WHY, help_text=_("It is shown; the blocker keeps its age."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "owner", _answerable(self.today), "name")

    def save(self, *, by: Membership, now: datetime) -> None:
        values = self.cleaned_data
        blockers.hand_over_blocker(self.blocker, values["owner"], why=values["why"], by=by, now=now)
