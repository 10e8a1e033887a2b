"""Celebrating a hero."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.people.models import Person
from cso.recognition.actions import MAX_CUSTOMER_WORDS, MAX_WHAT, recognise
from cso.recognition.models import Recognition
from cso.recovery.models import Case
from frontend.forms.base import PortalForm
from frontend.forms.committees.fields import OneOfField, offer
from tenants.models import Membership


class CelebrateForm(PortalForm):
    """Somebody else than oneself; out of a `case`, where there is one, whose words stand in the form already."""

    person = OneOfField(label=_("Who?"))
    kind = forms.ChoiceField(label=_("What was it?"), choices=Recognition.Kind.choices, widget=forms.RadioSelect)
    what = forms.CharField(
        label=_("What did they do?"),
        help_text=_("As you would tell it: everybody who works here reads it. No customer’s name."),
        max_length=MAX_WHAT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    customer_words = forms.CharField(
        label=_("What did the customer say?"),
        max_length=MAX_CUSTOMER_WORDS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, by: Membership, case: Case | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.case = case
        others = Person.objects.exclude(member=by).order_by("name", "id")
        offer(self, "person", others, "name")

    def save(self, *, by: Membership, now: datetime) -> Recognition:
        values = dict(self.cleaned_data)
        if self.case is not None:
            values |= {"source": Recognition.Source.CASE, "source_id": self.case.pk}
        return recognise(values.pop("person"), by=by, now=now, **values)


class HideForm(PortalForm):
    """Nothing to fill in: it cannot be taken back, so it is asked about once."""
