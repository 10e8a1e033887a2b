"""Money as the office keeps it: whole minor units (cents), beside the code of their currency."""

from __future__ import annotations

import re

from cso.errors import FieldError

_CURRENCY = re.compile(r"[A-Z]{3}")


def currency_errors(field: str, code: str) -> list[FieldError]:
    """What is wrong with a currency's code of ISO 4217."""
    if _CURRENCY.fullmatch(code):
        return []
    return [FieldError(field, "not_a_currency", "Write a currency by its three capital letters, such as CAD.")]
