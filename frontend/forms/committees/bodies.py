"""Founding a committee, its charter, its seats."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.committees.bodies import add_seat, delegate_seat, found_committee, seat_member, set_charter
from cso.committees.dissolving import MAX_BECAUSE, dissolve_committee
from cso.committees.models import Base, CharterVersion, Committee, Seat, SeatTenure
from frontend.forms.base import PortalForm, UnitField, offer_units
from frontend.forms.committees.fields import OneOfField, offer, working_members
from tenants.models import Membership

# Key -> (numerator, denominator, more than it), and how it is said.
SHARES = {
    "more_than_half": ((1, 2, True), _("More than half")),
    "half": ((1, 2, False), _("At least half")),
    "a_third": ((1, 3, False), _("At least a third")),
    "two_thirds": ((2, 3, False), _("At least two thirds")),
    "three_quarters": ((3, 4, False), _("At least three quarters")),
    "all": ((1, 1, False), _("All")),
}
NUMBER, KEPT = "number", "kept"
_SWITCHES: dict[str, tuple[Any, Any]] = {
    "is_secret": (_("Ballots are secret"), _("No change of a vote, no running count, no delegation.")),
    "votes_may_change": (_("A vote may be changed until the close"), ""),
    "shows_tally": (_("The count is shown while it runs"), ""),
    "chair_breaks_ties": (_("The chair decides a tie"), _("Else a tie is lost.")),
    "owner_is_recused": (_("The rule’s owner does not vote on killing it"), ""),
    "recused_leave_the_base": (_("Recused seats leave quorum and base"), ""),
    "allows_delegation": (_("A seat may be delegated to another"), ""),
    "may_close_early": (_("The chair may close a ballot early"), ""),
}
_LENGTHS = {
    "deliberation_hours": _("Hours to deliberate, before a ballot"),
    "ballot_hours": _("Hours that a ballot is open"),
    "extension_hours": _("Hours that it is extended once, without a quorum"),
    "cool_down_days": _("Days before a lost motion comes back"),
}


class FoundForm(PortalForm):
    unit = UnitField(label=_("Of which unit?"))
    name = forms.CharField(label=_("What is it called?"), max_length=120)
    cadence_days = forms.IntegerField(
        label=_("It decides every … days"), min_value=1, max_value=366, initial=14, widget=forms.NumberInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_units(self, "unit")

    def save(self, *, by: Membership, now: datetime) -> Committee:
        values = self.cleaned_data
        return found_committee(values["unit"], values["name"], by=by, now=now, cadence_days=values["cadence_days"])


class DissolveForm(PortalForm):
    because = forms.CharField(
        label=_("Why is it dissolved?"),
        help_text=_(
            "Its seats fall vacant, its motions are withdrawn, and its docket goes back to the triage. What it decided"
            " stays. This cannot be undone."
        ),
        max_length=MAX_BECAUSE,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def save(self, committee: Committee, *, by: Membership, now: datetime) -> None:
        dissolve_committee(committee, because=self.cleaned_data["because"], by=by, now=now)


class SeatForm(PortalForm):
    label = forms.CharField(
        label=_("What is the seat called?"), help_text=_("A seat votes, not a person: “Returns desk”."), max_length=120
    )
    holder = OneOfField(label=_("Who holds it?"), required=False)
    is_chair = forms.BooleanField(label=_("It is the chair’s"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "holder", working_members(), "label")

    def save(self, committee: Committee, *, by: Membership, now: datetime) -> None:
        values = self.cleaned_data
        add_seat(committee, values["label"], by=by, now=now, holder=values["holder"], is_chair=values["is_chair"])


class HolderForm(PortalForm):
    holder = OneOfField(label=_("Who holds the seat from now on?"), help_text=_("Empty: it is vacant."), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "holder", working_members(), "label")

    def save(self, seat: Seat, *, by: Membership, now: datetime) -> None:
        seat_member(seat, self.cleaned_data["holder"], by=by, now=now)


class DelegateForm(PortalForm):
    to_seat = OneOfField(
        label=_("Which seat may vote for yours?"),
        help_text=_("Until you take it back. Once you vote yourself, your own vote counts."),
    )

    def __init__(self, *args: Any, seat: Seat, others: list[SeatTenure], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seat = seat
        offer(self, "to_seat", [_NamedSeat(each) for each in others], "words")

    def save(self, *, by: Membership, now: datetime) -> None:
        delegate_seat(self.seat, self.cleaned_data["to_seat"].seat, by=by, now=now)


class _NamedSeat:
    """A seat to choose, told by its label and who holds it."""

    def __init__(self, tenure: SeatTenure) -> None:
        assert tenure.member is not None, "only members vote for others"
        self.seat, self.pk = tenure.seat, tenure.seat_id
        self.words = f"{tenure.seat.label}: {tenure.member.label}"


def _share_choices() -> list[tuple[str, Any]]:
    return [(key, words) for key, (_share_of_them, words) in SHARES.items()]


def _share(label: Any, *, fixed: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[*_share_choices(), (NUMBER, fixed)])


class CharterForm(PortalForm):
    """A new version of the charter; ballots that are open keep theirs."""

    quorum = _share(_("Quorum: how many seats must take part?"), fixed=_("A number of seats"))
    quorum_count = forms.IntegerField(
        label=_("The number of seats"),
        help_text=_("Where the quorum is a number."),
        min_value=1,
        max_value=999,
        required=False,
    )
    majority = _share(_("Majority: how many must say yes?"), fixed=_("A number of yes votes"))
    base = forms.ChoiceField(
        label=_("Of what?"), choices=[choice for choice in Base.choices if choice[0] != Base.FIXED]
    )
    majority_count = forms.IntegerField(
        label=_("The number of yes votes"),
        help_text=_("Where the majority is a number: of yes votes, whatever they are cast of."),
        min_value=1,
        max_value=999,
        required=False,
    )

    # The charter in force, whose shares may be none of those above.
    kept: CharterVersion

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, hint) in _SWITCHES.items():
            self.fields[name] = forms.BooleanField(label=label, help_text=hint, required=False)
        for name, label in _LENGTHS.items():
            least = 1 if name == "ballot_hours" else 0
            self.fields[name] = forms.IntegerField(label=label, min_value=least, max_value=1_440)

    @classmethod
    def of(cls, charter: CharterVersion, data: Any) -> CharterForm:
        known = {name: getattr(charter, name) for name in (*_SWITCHES, *_LENGTHS, "quorum_count", "majority_count")}
        known["base"] = Base.CAST if charter.base == Base.FIXED else charter.base
        known |= {name: _share_of(charter, name) for name in ("quorum", "majority")}
        form = cls(data, initial=known)
        form.kept = charter
        for name in ("quorum", "majority"):
            if known[name] == KEPT:
                field = form.fields[name]
                assert isinstance(field, forms.ChoiceField)
                field.choices = [*_share_choices(), (NUMBER, _("A number")), (KEPT, _share_words(charter, name))]
        return form

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for name in ("quorum", "majority"):
            if values.get(name) == NUMBER and not values.get(f"{name}_count") and f"{name}_count" not in self.errors:
                self.add_error(f"{name}_count", _("Write a number."))
        return values

    def save(self, committee: Committee, *, by: Membership, now: datetime) -> CharterVersion:
        terms = {name: self.cleaned_data[name] for name in (*_SWITCHES, *_LENGTHS)}
        if terms["is_secret"]:
            # What it says beside the switch.
            terms |= {"votes_may_change": False, "shows_tally": False, "allows_delegation": False}
        for name in ("quorum", "majority"):
            terms |= self._terms(name)
        is_fixed = self.cleaned_data["majority"] == NUMBER
        return set_charter(
            committee, by=by, now=now, base=Base.FIXED if is_fixed else self.cleaned_data["base"], **terms
        )

    def _terms(self, name: str) -> dict[str, Any]:
        chosen = self.cleaned_data[name]
        if chosen == NUMBER:
            return {f"{name}_count": self.cleaned_data[f"{name}_count"]}
        share = _parts(self.kept, name) if chosen == KEPT else SHARES[chosen][0]
        return {f"{name}_{part}": value for part, value in zip(_PARTS, share, strict=True)}


_PARTS = ("numerator", "denominator", "is_more_than")


def _parts(charter: CharterVersion, name: str) -> tuple[int, int, bool]:
    numerator, denominator, is_more_than = (getattr(charter, f"{name}_{part}") for part in _PARTS)
    return numerator, denominator, is_more_than


def _share_of(charter: CharterVersion, name: str) -> str:
    if getattr(charter, f"{name}_count"):
        return NUMBER
    return next((key for key, (share, _words) in SHARES.items() if share == _parts(charter, name)), KEPT)


def _share_words(charter: CharterVersion, name: str) -> str:
    numerator, denominator, is_more_than = _parts(charter, name)
    words = _("More than %(part)s of %(all)s") if is_more_than else _("At least %(part)s of %(all)s")
    return str(words) % {"part": numerator, "all": denominator}
