"""Money between minor units (cents), as the office keeps it, and what people read and type."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import number_format, sanitize_separators
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cso.money import money_words, places_of
from cso.recovery.models import MAX_AMOUNT

__all__ = ["MoneyField", "money_words", "places_of", "range_words", "short_range_words"]


def range_words(low_minor: int, high_minor: int, currency: str) -> str:
    """ "1,200 to 3,400 USD", in whole units: what rests on guesses has no cents."""
    unit = 10 ** places_of(currency)
    low, high = (round(minor / unit) * unit for minor in (low_minor, high_minor))
    if low == high:
        return money_words(low, currency)
    words = {"low": money_words(low, currency).split("\u00a0")[0], "high": money_words(high, currency)}
    return _("%(low)s to %(high)s") % words


def short_range_words(low_minor: int, high_minor: int, currency: str) -> str:
    """As `range_words`; from a million on "2.0 to 4.4 M USD", which fits where a figure stands."""
    million = 10 ** (places_of(currency) + 6)
    if high_minor < million:
        return range_words(low_minor, high_minor, currency)
    low, high = (
        number_format(round(Decimal(minor) / million, 1), 1, use_l10n=True) for minor in (low_minor, high_minor)
    )
    return _("%(low)s to %(high)s M %(currency)s") % {"low": low, "high": high, "currency": currency}


class MoneyField(forms.DecimalField):
    """An amount as people type it; its value is in minor units of `currency`, which is set before it is read."""

    default_error_messages = {"invalid": gettext_lazy("Write an amount, such as 25 or 25.50.")}

    def __init__(self, *, currency: str = "", **kwargs: object) -> None:
        self.currency = currency
        super().__init__(localize=True, **kwargs)  # type: ignore[arg-type]

    def clean(self, value: object) -> int | None:
        places = places_of(self.currency)
        amount = super().clean(sanitize_separators(value))
        if amount is None:
            return None
        minor = amount.scaleb(places)
        if minor <= 0:
            raise ValidationError(_("Write an amount above zero."), code="min_value")
        if minor != minor.to_integral_value():
            raise ValidationError(_("%(currency)s has no smaller part than that.") % {"currency": self.currency})
        if minor > MAX_AMOUNT:
            raise ValidationError(_("This is more than can be recorded."), code="max_value")
        return int(minor)
