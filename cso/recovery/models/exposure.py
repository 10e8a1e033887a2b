"""Customers at risk: from their first open case to the fix of the last, and whether they came back."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from cso.customers.models import Customer
from cso.people.models import Unit
from cso.recovery.models.cases import Case
from tenants.base import TenantModel
from tenants.fields import TenantForeignKey, computed


class Exposure(TenantModel):
    """One customer at risk, however many of their cases are open at once; so sums over units count a customer once.

    Nobody writes it but a trigger, which derives a customer's rows anew from their valid cases, purchases and worth:
    the cases' times [reported, fixed) joined where they overlap. `case`, and its `unit`, is the one that came first.
    Worth in minor units of the tenant's currency, None where it is not known. `saved_at`: the first purchase within 90
    days.
    """

    customer = TenantForeignKey(Customer, models.CASCADE, related_name="exposures")
    case = TenantForeignKey(Case, models.CASCADE, related_name="+")
    unit = TenantForeignKey(Unit, models.PROTECT, related_name="+")
    at_risk_since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    worth_low_minor = models.BigIntegerField(null=True)
    worth_high_minor = models.BigIntegerField(null=True)
    saved_at = models.DateTimeField(null=True)

    is_open = computed("ended_at IS NULL", models.BooleanField())
    is_known = computed("worth_low_minor IS NOT NULL", models.BooleanField())
    is_saved = computed("saved_at IS NOT NULL", models.BooleanField())

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "customer", "at_risk_since"], name="one_exposure_per_start"),
            models.CheckConstraint(
                condition=Q(worth_low_minor=None, worth_high_minor=None)
                | Q(worth_low_minor__isnull=False, worth_high_minor__gte=models.F("worth_low_minor")),
                name="worth_is_a_range",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "unit", "at_risk_since"],
                include=["is_open", "is_known", "is_saved", "worth_low_minor", "worth_high_minor"],
                name="exposure_by_start",
            ),
            models.Index(fields=["tenant", "at_risk_since"], include=["unit"], name="exposure_start"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} at risk since {self.at_risk_since:%Y-%m-%d}"
