"""Planning a session, who is expected to it, and what is noted while it runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cso.panels import sessions as acts
from cso.panels.models import Panel, PanelSession, RosterEntry, Truth, Wave
from cso.panels.truths import MAX_TRUTH, hear_truth
from cso.people.models import Leadership, Person
from cso.people.queries import leading_on
from frontend.forms.base import PortalForm, local_time
from frontend.forms.committees.fields import OneOfField, known_people, offer
from tenants.models import Membership
from tenants.roles import Role
from tenants.scope import day_of

# Ready to be ticked; others are named.
MOST_TICKED = 40


class PlanForm(PortalForm):
    """A session of a panel; also to change one that is planned."""

    title = forms.CharField(label=_("What is it about?"), max_length=acts.MAX_TITLE)
    planned_at = local_time(label=_("When?"))
    planned_minutes = forms.IntegerField(label=_("For how many minutes?"), min_value=1, max_value=720, initial=60)
    agenda = forms.CharField(
        label=_("Agenda"),
        help_text=_("What went right comes first."),
        max_length=acts.MAX_AGENDA,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    wave = OneOfField(label=_("Whose results are talked about?"), required=False)

    def __init__(self, *args: Any, panel: Panel, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.panel = panel
        offer(self, "wave", Wave.objects.filter(panel=panel).order_by("-closes_at", "id"), "name")

    def save(self, *, by: Membership, now: datetime) -> PanelSession:
        values = dict(self.cleaned_data)
        return acts.plan_session(self.panel, values.pop("title"), by=by, now=now, **values)


class SessionForm(PortalForm):
    """About a session as it stands."""

    def __init__(self, *args: Any, session: PanelSession, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.session = session

    def save(self, *, by: Membership, now: datetime) -> Any:
        raise NotImplementedError


class ChangeForm(PlanForm):
    def __init__(self, *args: Any, session: PanelSession, **kwargs: Any) -> None:
        initial = {name: getattr(session, name) for name in acts.CHANGEABLE}
        super().__init__(*args, panel=session.panel, initial=initial, **kwargs)
        self.session = session

    def save(self, *, by: Membership, now: datetime) -> PanelSession:
        return acts.change_session(self.session, by=by, now=now, **self.cleaned_data)


class CancelForm(SessionForm):
    because = forms.CharField(label=_("Why is it not held?"), max_length=acts.MAX_BECAUSE)

    def save(self, *, by: Membership, now: datetime) -> None:
        acts.cancel_session(self.session, because=self.cleaned_data["because"], by=by, now=now)


class RosterForm(SessionForm):
    """Who is expected. Ready to be ticked are those who lead, and who was expected before."""

    people = forms.MultipleChoiceField(label=_("Who is expected?"), required=False, widget=forms.CheckboxSelectMultiple)
    another = OneOfField(label=_("Somebody else"), required=False)
    chief_executive = OneOfField(
        label=_("Who of them is the chief executive?"),
        help_text=_("Empty: who leads the top of the organization. Their attendance stands in a line of its own."),
        required=False,
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        entries = list(self.session.roster.select_related("person"))
        everybody = known_people()
        self.known = {str(person.pk): person for person in everybody}
        ticked = _likely(self.session, now) | {entry.person_id for entry in entries}
        choices = [(str(person.pk), person.name) for person in everybody if person.pk in ticked]
        ticks = self.fields["people"]
        assert isinstance(ticks, forms.MultipleChoiceField)
        ticks.choices = choices
        self.initial["people"] = [str(entry.person_id) for entry in entries]
        chief = next((entry.person for entry in entries if entry.is_chief_executive), None)
        self.initial["chief_executive"] = chief
        offer(self, "another", everybody, "name")
        offer(self, "chief_executive", everybody, "name")

    def save(self, *, by: Membership, now: datetime) -> None:
        values = self.cleaned_data
        people = [self.known[pk] for pk in values["people"]] + [values["another"]] * bool(values["another"])
        acts.set_roster(self.session, people, chief_executive=values["chief_executive"], by=by, now=now)


def _likely(session: PanelSession, now: datetime) -> set[UUID]:
    """Who leads a unit near the top or is an executive, and who was expected to this panel's sessions before."""
    near_the_top = Q(leaderships__unit__parent=None) | Q(leaderships__unit__parent__parent=None)
    leading = Q(leaderships__in=_leading(now)) & near_the_top
    executive = Q(member__role__in=[Role.CSO, Role.EXECUTIVE], member__ended_at=None)
    found = set(Person.objects.filter(leading | executive).values_list("pk", flat=True)[:MOST_TICKED])
    before = RosterEntry.objects.filter(session__panel=session.panel_id)
    return found | set(before.order_by("-id").values_list("person_id", flat=True)[:MOST_TICKED])


def _leading(now: datetime) -> list[UUID]:
    return list(Leadership.objects.filter(leading_on(day_of(now))).values_list("pk", flat=True))


class AtForm(SessionForm):
    """Something that happens now, or happened earlier and is told now."""

    at = local_time(label=_("When was that?"), help_text=_("Empty: just now."), required=False)


class StartForm(AtForm):
    def save(self, *, by: Membership, now: datetime) -> None:
        acts.start_session(self.session, by=by, now=now, at=self.cleaned_data["at"])


class EndForm(AtForm):
    def save(self, *, by: Membership, now: datetime) -> None:
        acts.end_session(self.session, by=by, now=now, at=self.cleaned_data["at"])


class TruthForm(SessionForm):
    words = forms.CharField(
        label=_("What did you hear?"),
        help_text=_("In the customer’s words: what happens to them, never who did it."),
        max_length=MAX_TRUTH,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def save(self, *, by: Membership, now: datetime) -> Truth:
        return hear_truth(self.session, self.cleaned_data["words"], by=by, now=now)


class EntryForm(PortalForm):
    """About one on the roster."""

    def __init__(self, *args: Any, entry: RosterEntry, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entry = entry

    def save(self, *, by: Membership, now: datetime) -> Any:
        raise NotImplementedError


class JoinForm(EntryForm):
    at = local_time(label=_("When did they come in?"), help_text=_("Empty: just now."), required=False)

    def save(self, *, by: Membership, now: datetime) -> None:
        acts.join_session(self.entry, by=by, now=now, at=self.cleaned_data["at"])


class LeaveForm(EntryForm):
    at = local_time(label=_("When did they go out?"), help_text=_("Empty: just now."), required=False)

    def save(self, *, by: Membership, now: datetime) -> None:
        acts.leave_session(self.entry, by=by, now=now, at=self.cleaned_data["at"])


class PresenceForm(EntryForm):
    joined_at = local_time(label=_("They came in at"))
    left_at = local_time(label=_("They went out at"))

    def __init__(self, *args: Any, entry: RosterEntry, **kwargs: Any) -> None:
        session = entry.session
        initial = {"joined_at": session.started_at or session.planned_at, "left_at": session.ended_at}
        super().__init__(*args, entry=entry, initial=initial, **kwargs)

    def save(self, *, by: Membership, now: datetime) -> None:
        values = self.cleaned_data
        acts.record_presence(self.entry, joined_at=values["joined_at"], left_at=values["left_at"], by=by, now=now)


class ExcuseForm(EntryForm):
    because = forms.CharField(
        label=_("Why do they not come?"),
        help_text=_("It is shown. They count as absent all the same."),
        max_length=acts.MAX_EXCUSE,
    )

    def save(self, *, by: Membership, now: datetime) -> None:
        acts.excuse(self.entry, self.cleaned_data["because"], by=by, now=now)


class DelegateForm(EntryForm):
    delegate = forms.CharField(
        label=_("Who comes in their place?"),
        help_text=_("It is shown. Only coming oneself counts."),
        max_length=acts.MAX_DELEGATE,
    )

    def save(self, *, by: Membership, now: datetime) -> None:
        acts.send_delegate(self.entry, self.cleaned_data["delegate"], by=by, now=now)
