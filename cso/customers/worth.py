"""What a customer is worth: visits x spend x years, from low to high; the database multiplies."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from cso.customers.models import MAX_SPEND, MAX_VISITS, MAX_YEARS, Customer
from cso.errors import FieldError
from cso.texts import counted

# A measure, its highest guess, and what neither may pass.
_RANGES = (
    ("spend_per_visit_minor", "spend_per_visit_high_minor", MAX_SPEND),
    ("visits_per_year", "visits_per_year_high", MAX_VISITS),
    ("years", "years_high", MAX_YEARS),
)


@dataclass(frozen=True)
class Worth:
    """What a customer spends in the years that remain, in minor units of `currency`; low equals high where no more is
    known."""

    low_minor: int
    high_minor: int
    currency: str


def worth_of(customer: Customer | None) -> Worth | None:
    """None while spend, visits or years are not known, or nobody knows who the customer is. Reads nothing more."""
    if customer is None or customer.worth_low_minor is None:
        return None
    return Worth(customer.worth_low_minor, customer.worth_high_minor, customer.currency)


def worth_errors(customer: Customer) -> list[FieldError]:
    """What is wrong with the three measures: each has a bound, and a high guess stands on a low one."""
    errors = []
    for low_name, high_name, most in _RANGES:
        low, high = getattr(customer, low_name), getattr(customer, high_name)
        for name, value in ((low_name, low), (high_name, high)):
            if value is not None and not 0 <= value <= most:
                errors.append(FieldError(name, "out_of_range", _("Use 0 to %(most)s.") % {"most": counted(most)}))
        if high is not None and low is None:
            errors.append(FieldError(low_name, "required", _("Give the low guess before the high one.")))
        if high is not None and low is not None and high < low:
            errors.append(FieldError(high_name, "below_low", _("The high guess cannot be below the low one.")))
    return errors
