"""What narrows a list of cases; it lives in the query string."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from cso.metrics.periods import day_start
from cso.people.queries import in_or_below
from cso.recovery.models import RECOVERY_TIME, Case, Cause, Channel
from frontend.forms.base import PortalForm, UnitField, calendar_day, offer_units
from frontend.paging import NEWEST_REPORT, OLDEST_CLOCK, Order
from tenants.scope import current_tenant

STATES = {
    "open": _("Open"),
    "late": _("Late"),
    "fixed": _("Fixed"),
    "missed": _("Missed 24 h"),
    "all": _("All"),
}


class CaseFilters(PortalForm):
    """All fields may be left out; what cannot be read is an error, never silently everything."""

    state = forms.ChoiceField(choices=list(STATES.items()), required=False, widget=forms.HiddenInput)
    unit = UnitField(label=_("Unit, with those below"), required=False)
    cause = forms.ChoiceField(label=_("Cause"), required=False)
    channel = forms.ChoiceField(label=_("Channel"), choices=[("", _("All")), *Channel.choices], required=False)
    since = calendar_day(label=_("Reported from"), required=False)
    until = calendar_day(label=_("to"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_units(self, "unit")
        causes = Cause.objects.order_by("name").values_list("pk", "name")
        self.fields["cause"].choices = [("", _("All")), *((str(pk), name) for pk, name in causes)]  # type: ignore[attr-defined]

    def clean(self) -> None:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            self.add_error("until", _("This must not be earlier than the first day."))

    @property
    def chosen_state(self) -> str:
        return self.cleaned_data.get("state") or "open"

    @property
    def order(self) -> Order:
        """What is late longest stands first among the open ones; the newest among the others."""
        return OLDEST_CLOCK if self.chosen_state in {"open", "late"} else NEWEST_REPORT

    @property
    def narrows(self) -> bool:
        """Whether more than the state is asked for."""
        return any(self.cleaned_data.get(name) for name in self.fields if name != "state")

    def of(self, cases: QuerySet[Case], *, now: datetime) -> QuerySet[Case]:
        """Those of `cases` that the valid form lets through."""
        asked, zone = self.cleaned_data, current_tenant().zone
        condition = _in_state(self.chosen_state, now)
        if asked["unit"]:
            condition &= in_or_below([asked["unit"].pk])
        if asked["cause"]:
            condition &= Q(cause=asked["cause"])
        if asked["channel"]:
            condition &= Q(channel=asked["channel"])
        if asked["since"]:
            condition &= Q(reported_at__gte=day_start(asked["since"], zone))
        if asked["until"]:
            condition &= Q(reported_at__lt=day_start(asked["until"] + timedelta(days=1), zone))
        return cases.filter(condition)


def _in_state(state: str, now: datetime) -> Q:
    is_open = Q(fixed_at=None, is_valid=True)
    return {
        "open": is_open,
        "late": is_open & Q(clock_start__lt=now - RECOVERY_TIME),
        "fixed": Q(fixed_at__isnull=False),
        "missed": Q(is_valid=True, recovered_24h=False, clock_start__lt=now - RECOVERY_TIME),
        "all": Q(),
    }[state]
