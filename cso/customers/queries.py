"""Reads of customers, viewer first."""

from __future__ import annotations

import re
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from cso.customers.models import Customer
from tenants.models import Actor
from tenants.roles import Can

# A number is compared by its last ten digits; fewer than these find too many, or an order number.
NATIONAL_DIGITS = 10
FEWEST_DIGITS = 7


def visible_customers(viewer: Actor) -> QuerySet[Customer]:
    return Customer.objects.all() if viewer.can(Can.SEE_CUSTOMERS) else Customer.objects.none()


def find_customer(viewer: Actor, wording: str) -> Customer | None:
    """The customer whose external id, e-mail address or phone number is exactly `wording`."""
    return customer_known_by(wording, among=visible_customers(viewer))


def customer_known_by(wording: str, *, among: QuerySet[Customer]) -> Customer | None:
    known, wording = among, wording.strip()
    for lookup in ({"external_id": wording}, {"email_ci": wording.lower()}, {"phone": wording}):
        if found := known.filter(**lookup).first():
            return found
    return None


def search_customers(viewer: Actor, wording: str) -> QuerySet[Customer]:
    """Those with that external id, e-mail address or phone number, or whose name begins so; all for no wording.

    Who was erased is in none of them.
    """
    known, wording = visible_customers(viewer).filter(erased_at=None), wording.strip()
    if not wording:
        return known
    # A beginning as a range: a pattern could use no index under row-level security.
    begins = [
        Q(name__gte=name, name__lt=name + "\U0010ffff") for name in {wording, wording.capitalize(), wording.title()}
    ]
    matches = reduce(or_, begins, Q(external_id=wording) | Q(email_ci=wording.lower()))
    digits = re.sub(r"\D", "", wording, flags=re.ASCII)
    if len(digits) >= FEWEST_DIGITS:
        matches |= Q(phone_digits=digits[-NATIONAL_DIGITS:])
    return known.filter(matches)
