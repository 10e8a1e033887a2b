"""What narrows a list of cases; it lives in the query string."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from cso.metrics.periods import day_start
from cso.money import THOUSANDTHS, WHOLE
from cso.people.queries import in_or_below
from cso.recovery.models import RECOVERY_TIME, Case, Channel
from cso.recovery.teamwork import held_by
from frontend.forms.base import PortalForm, UnitField, calendar_day
from frontend.forms.members import MemberField
from frontend.offers import Offers
from frontend.paging import LONGEST_SILENT, NEWEST_REPORT, OLDEST_CLOCK, Order
from tenants.models import Membership
from tenants.roles import Can
from tenants.scope import current_tenant

STATES = {
    "open": _("Open"),
    "mine": _("Mine"),
    "late": _("Late"),
    "silent": _("Silent"),
    "fixed": _("Fixed"),
    "missed": _("Missed 24 h"),
    "all": _("All"),
}
MOST_VALUE = 10**12


class CaseFilters(PortalForm):
    """All fields may be left out; what cannot be read is an error, never silently everything."""

    state = forms.ChoiceField(choices=list(STATES.items()), required=False, widget=forms.HiddenInput)
    unit = UnitField(label=_("Unit, with those below"), required=False)
    owner = MemberField(label=_("Owner"), required=False)
    cause = forms.ChoiceField(label=_("Cause"), required=False)
    channel = forms.ChoiceField(label=_("Channel"), choices=[("", _("All")), *Channel.choices], required=False)
    value = forms.IntegerField(
        label=_("Customer worth at least"), required=False, min_value=0, max_value=MOST_VALUE, localize=True
    )
    since = calendar_day(label=_("Reported from"), required=False)
    until = calendar_day(label=_("to"), required=False)

    def __init__(self, *args: Any, viewer: Membership, offers: Offers, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer
        unit, owner = self.fields["unit"], self.fields["owner"]
        assert isinstance(unit, UnitField)
        assert isinstance(owner, MemberField)
        unit.offer(offers.units)
        owner.offer(offers.owners, none=str(_("All")))
        causes = [(str(cause.id), cause.name) for cause in offers.causes]
        self.fields["cause"].choices = [("", _("All")), *causes]  # type: ignore[attr-defined]
        if not viewer.can(Can.SEE_CUSTOMERS):
            del self.fields["value"]

    def clean(self) -> None:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            self.add_error("until", _("This must not be earlier than the first day."))

    @property
    def chosen_state(self) -> str:
        return self.cleaned_data.get("state") or "open"

    @property
    def order(self) -> Order:
        """What waits longest stands first among what is to be done; the newest among the others."""
        if self.chosen_state == "silent":
            return LONGEST_SILENT
        return OLDEST_CLOCK if self.chosen_state in {"open", "mine", "late"} else NEWEST_REPORT

    @property
    def narrows(self) -> bool:
        """Whether more than the state is asked for."""
        return any(self.cleaned_data.get(name) for name in self.fields if name != "state")

    def of(self, cases: QuerySet[Case], *, now: datetime) -> QuerySet[Case]:
        """Those of `cases` that the valid form lets through."""
        return cases.filter(self._in_state(now), self._of_whom(), self._reported())

    def _in_state(self, now: datetime) -> Q:
        is_open = Q(fixed_at=None, is_valid=True)
        state = self.chosen_state
        if state == "mine":
            return is_open & held_by(self.viewer)
        return {
            "open": is_open,
            "late": is_open & Q(clock_start__lt=now - RECOVERY_TIME),
            "silent": Q(is_valid=True, next_contact_due_at__lt=now),
            "fixed": Q(fixed_at__isnull=False),
            "missed": Q(is_valid=True, recovered_24h=False, clock_start__lt=now - RECOVERY_TIME),
            "all": Q(),
        }[state]

    def _of_whom(self) -> Q:
        asked, condition = self.cleaned_data, Q()
        if asked["unit"]:
            condition &= in_or_below([asked["unit"].pk])
        if asked["owner"]:
            condition &= held_by(Membership.objects.get(pk=asked["owner"]))
        if asked["cause"]:
            condition &= Q(cause=asked["cause"])
        if asked["channel"]:
            condition &= Q(channel=asked["channel"])
        if asked.get("value"):
            condition &= _worth_at_least(asked["value"])
        return condition

    def _reported(self) -> Q:
        asked, zone, condition = self.cleaned_data, current_tenant().zone, Q()
        if asked["since"]:
            condition &= Q(reported_at__gte=day_start(asked["since"], zone))
        if asked["until"]:
            condition &= Q(reported_at__lt=day_start(asked["until"] + timedelta(days=1), zone))
        return condition


def _worth_at_least(value: int) -> Q:
    """By what the customer may at most be worth, in whole units of the customer's own currency."""
    whole, fine = Q(customer__currency__in=WHOLE), Q(customer__currency__in=THOUSANDTHS)
    return (
        (whole & Q(customer__worth_high_minor__gte=value))
        | (fine & Q(customer__worth_high_minor__gte=value * 1_000))
        | (~whole & ~fine & Q(customer__worth_high_minor__gte=value * 100))
    )
