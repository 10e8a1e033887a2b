"""Customers: who they are, what they are worth, their secrets, and erasing them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cso.customers.actions import save_customer
from cso.customers.models import MAX_VISITS, MAX_YEARS, Customer, CustomerPreference
from cso.customers.preferences import MAX_TEXT, add_preference
from cso.errors import InvalidFieldsError
from cso.languages import LANGUAGES
from cso.recovery.erasure import erase_customer
from cso.recovery.settings import recovery_settings
from frontend.forms.base import PortalForm, calendar_day
from frontend.words.money import MoneyField, places_of
from tenants.models import Membership

_PLAIN = ("external_id", "name", "email", "phone", "segment", "language")
_COUNTS = ("visits_per_year", "visits_per_year_high", "years", "years_high")
_MONEY = ("spend_per_visit_minor", "spend_per_visit_high_minor")


class CustomerForm(PortalForm):
    """Money is typed in the customer's currency; where none is known, in the workspace's."""

    name = forms.CharField(label=_("Name"), required=False, max_length=200)
    email = forms.EmailField(label=_("E-mail address"), required=False)
    phone = forms.CharField(label=_("Phone"), required=False, max_length=40)
    external_id = forms.CharField(label=_("Your own number for them"), required=False, max_length=100)
    segment = forms.CharField(label=_("Group"), help_text=_("Such as gold."), required=False, max_length=60)
    language = forms.ChoiceField(
        label=_("Language"), choices=[("", _("The workspace’s")), *LANGUAGES.items()], required=False
    )
    spend_per_visit_minor = MoneyField(label=_("Spends each time, at least"), required=False)
    spend_per_visit_high_minor = MoneyField(label=_("at most"), required=False)
    visits_per_year = forms.IntegerField(
        label=_("Comes so often a year, at least"), required=False, max_value=MAX_VISITS
    )
    visits_per_year_high = forms.IntegerField(label=_("at most"), required=False, max_value=MAX_VISITS)
    years = forms.IntegerField(label=_("For so many years, at least"), required=False, max_value=MAX_YEARS)
    years_high = forms.IntegerField(label=_("at most"), required=False, max_value=MAX_YEARS)

    def __init__(self, data: Any = None, *, customer: Customer) -> None:
        self.customer = customer
        self.currency = customer.currency or recovery_settings().currency
        initial = {name: getattr(customer, name) for name in (*_PLAIN, *_COUNTS)}
        for name in _MONEY:
            minor = getattr(customer, name)
            initial[name] = None if minor is None else Decimal(minor).scaleb(-places_of(self.currency))
        super().__init__(data, initial=initial)
        for name in _MONEY:
            field = self.fields[name]
            assert isinstance(field, MoneyField)
            field.currency, field.help_text = self.currency, _("In %(currency)s.") % {"currency": self.currency}

    def save(self, *, by: Membership) -> Customer:
        # Only what was changed: a currency is said with the first amount.
        values = {name: self.cleaned_data[name] for name in self.changed_data}
        if values.get("spend_per_visit_minor") is not None:
            values["currency"] = self.currency
        return save_customer(self.customer, by=by, **values)


class SecretForm(PortalForm):
    text = forms.CharField(
        label=_("What do they like, or never want?"),
        help_text=_("Such as: drinks camomile tea, never coffee."),
        max_length=MAX_TEXT,
    )
    source = forms.ChoiceField(
        label=_("How do we know?"),
        choices=CustomerPreference.Source.choices,
        initial=CustomerPreference.Source.TOLD_US,
        widget=forms.RadioSelect,
    )
    consent = forms.BooleanField(label=_("They agreed that we keep it."), required=False)
    expires_on = calendar_day(label=_("Forget it on"), help_text=_("Empty: when they take it back."), required=False)

    def save(self, customer: Customer, *, by: Membership, now: datetime) -> None:
        asked = self.cleaned_data
        if not asked["consent"]:
            raise InvalidFieldsError.of(
                "consent", "required", str(_("Ask them first: without consent it is not kept."))
            )
        add_preference(
            customer,
            text=asked["text"],
            source=asked["source"],
            consented_at=now,
            expires_on=asked["expires_on"],
            by=by,
            now=now,
        )


class EraseForm(PortalForm):
    """What cannot be undone wants the customer's name, letter by letter."""

    typed = forms.CharField(label=_("Type it to be sure"), max_length=254)

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.customer = customer
        self.fields["typed"].help_text = str(customer)
        self.fields["typed"].widget.attrs["autocomplete"] = "off"

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed != str(self.customer):
            raise forms.ValidationError(_("This is not what stands there."), code="differs")
        return typed

    def save(self, *, by: Membership, now: datetime) -> None:
        erase_customer(self.customer, by=by, now=now)
