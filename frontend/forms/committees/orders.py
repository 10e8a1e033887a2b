"""Carrying out a kill order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.committees.models import KillOrder
from cso.committees.orders import (
    MAX_BECAUSE,
    MAX_EVIDENCE,
    MAX_STEP,
    add_step,
    execute_order,
    name_owner,
    postpone,
    reinstate,
    verify_order,
)
from frontend.forms.base import PortalForm, local_time
from frontend.forms.committees.fields import OneOfField, known_people, offer
from tenants.models import Membership


class OrderForm(PortalForm):
    """About an order as it stands."""

    def __init__(self, *args: Any, order: KillOrder, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order = order

    def save(self, *, by: Membership, now: datetime) -> Any:
        raise NotImplementedError


class StepForm(OrderForm):
    what = forms.CharField(
        label=_("What has to go?"), help_text=_("A form, a system, a training, a sign on a wall."), max_length=MAX_STEP
    )

    def save(self, *, by: Membership, now: datetime) -> None:
        add_step(self.order, self.cleaned_data["what"], by=by, now=now)


class ExecuteForm(OrderForm):
    evidence = forms.CharField(
        label=_("How can somebody else see that it is gone?"),
        help_text=_("What was taken away, where, and who was told."),
        max_length=MAX_EVIDENCE,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def save(self, *, by: Membership, now: datetime) -> None:
        execute_order(self.order, by=by, now=now, evidence=self.cleaned_data["evidence"])


class VerifyForm(OrderForm):
    """Nothing to fill in: somebody else went and saw."""

    def save(self, *, by: Membership, now: datetime) -> None:
        verify_order(self.order, by=by, now=now)


class ReinstateForm(OrderForm):
    because = forms.CharField(
        label=_("Why does the rule come back?"), max_length=MAX_BECAUSE, widget=forms.Textarea(attrs={"rows": 3})
    )

    def save(self, *, by: Membership, now: datetime) -> None:
        reinstate(self.order, by=by, now=now, because=self.cleaned_data["because"])


class NameOwnerForm(OrderForm):
    owner = OneOfField(label=_("Who carries it out?"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "owner", known_people(), "name")

    def save(self, *, by: Membership, now: datetime) -> None:
        name_owner(self.order, self.cleaned_data["owner"], by=by, now=now)


class PostponeForm(OrderForm):
    due_at = local_time(label=_("Until when?"))
    because = forms.CharField(label=_("Why?"), max_length=MAX_BECAUSE)

    def save(self, *, by: Membership, now: datetime) -> None:
        postpone(self.order, self.cleaned_data["due_at"], by=by, now=now, because=self.cleaned_data["because"])
