"""Customers, and what one is worth."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from tenants.base import TenantModel


class Customer(TenantModel):
    """Someone whom the tenant serves. `external_id` is the tenant's own key, as integrations send it.

    Money is in minor units (cents) of `currency`; the worth over the years is visits x spend x years, each as known.
    `email_ci` is the address in lower case: under row-level security `lower(email)` could not use an index.
    """

    external_id = models.CharField(max_length=100, null=True, blank=True)
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    email_ci = models.GeneratedField(
        expression=models.functions.Lower("email"), output_field=models.EmailField(), db_persist=True
    )
    phone = models.CharField(max_length=40, blank=True)
    segment = models.CharField(max_length=60, blank=True)
    spend_per_visit_minor = models.PositiveBigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    visits_per_year = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "external_id"], name="one_customer_per_external_id"),
            models.CheckConstraint(
                condition=Q(spend_per_visit_minor=None) | ~Q(currency=""), name="customer_spend_names_its_currency"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "email_ci"], name="customer_email"),
            models.Index(fields=["tenant", "phone"], name="customer_phone"),
            models.Index(fields=["tenant", "name"], name="customer_name"),
        ]

    def __str__(self) -> str:
        return self.name or self.external_id or self.email or self.phone or "—"
