"""Money as the office keeps it: whole minor units (cents), beside the code of their currency."""

from __future__ import annotations

import re
from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from cso.errors import FieldError

# ISO 4217, where a unit of the currency has not a hundred parts.
WHOLE = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"}
)
THOUSANDTHS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_CURRENCY = re.compile(r"[A-Z]{3}")


def currency_errors(field: str, code: str) -> list[FieldError]:
    """What is wrong with a currency's code of ISO 4217."""
    if _CURRENCY.fullmatch(code):
        return []
    return [FieldError(field, "not_a_currency", _("Write a currency by its three capital letters, such as CAD."))]


def places_of(currency: str) -> int:
    """How many digits stand after the point."""
    return 0 if currency in WHOLE else 3 if currency in THOUSANDTHS else 2


def money_words(minor: int, currency: str) -> str:
    """ "120.50 USD", "1,200 USD", as the language in force writes numbers: no cents where there are none."""
    places = places_of(currency)
    whole = minor % 10**places == 0
    amount = Decimal(minor).scaleb(-places)
    return f"{number_format(amount, 0 if whole else places, use_l10n=True, force_grouping=True)}\u00a0{currency}"
