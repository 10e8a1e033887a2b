"""Reads of customers, viewer first."""

from __future__ import annotations

from django.db.models import QuerySet

from cso.customers.models import Customer
from tenants.models import Actor
from tenants.roles import Can


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
