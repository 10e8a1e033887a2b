"""Targets of shares: one by one, and as a path that rises to 100 %."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.languages import format_date
from cso.metrics.actions import MAX_REASON, set_target, set_target_path
from cso.metrics.periods import Period
from cso.metrics.registry import Metric
from frontend.forms.base import PortalForm, calendar_day
from tenants.models import Membership

# How far ahead a path may start, and may lead.
MONTHS_AHEAD, MOST_MONTHS = 24, 120


def _reason() -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 2})
    return forms.CharField(label=_("Why, if it is lowered"), required=False, max_length=MAX_REASON, widget=widget)


class TargetForm(PortalForm):
    percent = forms.DecimalField(label=_("Target, in percent"), max_digits=5, decimal_places=2)
    starts_on = calendar_day(label=_("From"))
    reason = _reason()

    def save(self, metric: Metric, *, by: Membership) -> None:
        words = self.cleaned_data
        set_target(metric.key, words["percent"], words["starts_on"], by=by, reason=words["reason"])


class PathForm(PortalForm):
    """A month is chosen, because a month is held against what is in force when it starts."""

    starts_on = forms.TypedChoiceField(label=_("From"), coerce=date.fromisoformat)
    percent = forms.DecimalField(label=_("Target to begin with, in percent"), max_digits=5, decimal_places=2)
    step = forms.DecimalField(label=_("Points more at each step"), max_digits=5, decimal_places=2)
    every_months = forms.IntegerField(label=_("A step every … months"), min_value=1, max_value=12)
    full_by = forms.TypedChoiceField(label=_("100 % at the latest from"), coerce=date.fromisoformat)
    reason = _reason()

    def __init__(self, data: Any, *, month: Period, **kwargs: Any) -> None:
        """month: the running one."""
        super().__init__(data, **kwargs)
        months = months_after(month)
        for name, offered in (("starts_on", months[:MONTHS_AHEAD]), ("full_by", months[1:])):
            field = self.fields[name]
            assert isinstance(field, forms.TypedChoiceField)
            field.choices = [(each.isoformat(), format_date(each, "F Y")) for each in offered]

    def save(self, metric: Metric, *, by: Membership) -> None:
        set_target_path(metric.key, by=by, **self.cleaned_data)


def months_after(month: Period) -> Sequence[date]:
    """The firsts of the months that follow."""
    found: list[date] = []
    while len(found) < MOST_MONTHS:
        month = month.next()
        found.append(month.first)
    return found
