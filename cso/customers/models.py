"""Customers, what one is worth, and how often one may be asked."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from tenants.base import TenantModel
from tenants.fields import TenantForeignKey, computed
from tenants.models import Membership

# So that no product of the three can pass what a bigint holds.
MAX_SPEND = 10**12
MAX_VISITS = 10_000
MAX_YEARS = 100
_LOW = "spend_per_visit_minor * visits_per_year * years"
_HIGH = (
    "COALESCE(spend_per_visit_high_minor, spend_per_visit_minor) * COALESCE(visits_per_year_high, visits_per_year)"
    " * COALESCE(years_high, years)"
)


class Customer(TenantModel):
    """Someone whom the tenant serves. `external_id` is the tenant's own key, as integrations send it.

    Money is in minor units (cents) of `currency`; the worth over the remaining years is visits x spend x years, from
    low to high (a high that is not known equals its low), and None while one of the three is not known. `language` is
    the customer's, empty for the tenant's. `phone_digits` are the last ten, by which numbers are looked up. After
    `erased_at` nothing that tells who it was is left, and no question is sent after `declined_questions_at`.
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
    spend_per_visit_high_minor = models.PositiveBigIntegerField(null=True, blank=True)
    visits_per_year = models.PositiveIntegerField(null=True, blank=True)
    visits_per_year_high = models.PositiveIntegerField(null=True, blank=True)
    years = models.PositiveIntegerField(null=True, blank=True)
    years_high = models.PositiveIntegerField(null=True, blank=True)
    language = models.CharField(
        max_length=5, blank=True, default="", db_default="", choices=[("en", "English"), ("fr-ca", "Français (Canada)")]
    )
    declined_questions_at = models.DateTimeField(null=True, editable=False)
    erased_at = models.DateTimeField(null=True, editable=False)
    phone_digits = computed("right(regexp_replace(phone, '[^0-9]', '', 'g'), 10)", models.CharField(max_length=10))
    worth_low_minor = computed(_LOW, models.BigIntegerField(null=True))
    worth_high_minor = computed(_HIGH, models.BigIntegerField(null=True))
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "external_id"], name="one_customer_per_external_id"),
            models.CheckConstraint(
                condition=Q(spend_per_visit_minor=None) | ~Q(currency=""), name="customer_spend_names_its_currency"
            ),
            models.CheckConstraint(
                condition=(Q(spend_per_visit_minor=None) | Q(spend_per_visit_minor__lte=MAX_SPEND))
                & (Q(visits_per_year=None) | Q(visits_per_year__lte=MAX_VISITS))
                & (Q(years=None) | Q(years__lte=MAX_YEARS)),
                name="customer_worth_is_finite",
            ),
            models.CheckConstraint(
                condition=(
                    Q(spend_per_visit_high_minor=None)
                    | Q(
                        spend_per_visit_high_minor__gte=F("spend_per_visit_minor"),
                        spend_per_visit_high_minor__lte=MAX_SPEND,
                    )
                )
                & (
                    Q(visits_per_year_high=None)
                    | Q(visits_per_year_high__gte=F("visits_per_year"), visits_per_year_high__lte=MAX_VISITS)
                )
                & (Q(years_high=None) | Q(years_high__gte=F("years"), years_high__lte=MAX_YEARS)),
                name="customer_worth_is_a_range",
            ),
            # Whoever writes a contact at the moment of an erasure is refused by the row itself.
            models.CheckConstraint(
                condition=Q(erased_at=None) | Q(external_id=None, name="", email="", phone=""),
                name="an_erased_customer_is_nobody",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "email_ci"], name="customer_email"),
            models.Index(fields=["tenant", "phone"], name="customer_phone"),
            models.Index(fields=["tenant", "phone_digits"], name="customer_phone_digits"),
            models.Index(fields=["tenant", "name"], name="customer_name"),
        ]

    def __str__(self) -> str:
        return self.name or self.external_id or self.email or self.phone or "—"


class CustomerPreference(TenantModel):
    """A secret of a customer, kept with their consent: how they like to be served, and who says so.

    It ends on `expires_on` (None: it stays until it is taken back). Erasing the customer deletes it.
    """

    class Source(models.TextChoices):
        TOLD_US = "told_us", _("The customer told us")
        OBSERVED = "observed", _("We noticed")
        PARTNER = "partner", _("A partner told us")

    customer = TenantForeignKey(Customer, models.CASCADE, related_name="preferences")
    text = models.CharField(max_length=300)
    source = models.CharField(max_length=10, choices=Source)
    consented_at = models.DateTimeField()
    expires_on = models.DateField(null=True, blank=True)
    recorded_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "customer", "recorded_at"], name="preference_of_customer")]

    def __str__(self) -> str:
        return self.text


class Purchase(TenantModel):
    """Something a customer bought, as an integration tells: the proof that somebody at risk came back."""

    customer = TenantForeignKey(Customer, models.CASCADE, related_name="purchases")
    external_id = models.CharField(max_length=100)
    bought_at = models.DateTimeField()
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "external_id"], name="one_purchase_per_external_id")]
        indexes = [models.Index(fields=["tenant", "customer", "bought_at"], name="purchase_of_customer")]

    def __str__(self) -> str:
        return self.external_id


class AskingLimit(TenantModel):
    """One row per tenant: a customer is asked no more than `most` times in `days` days, by whatever question."""

    most = models.PositiveSmallIntegerField(default=3, db_default=3)
    days = models.PositiveSmallIntegerField(default=90, db_default=90)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant"], name="one_asking_limit"),
            models.CheckConstraint(
                condition=Q(most__gte=1, most__lte=100, days__gte=1, days__lte=366), name="an_asking_limit_limits"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.most} in {self.days} days"


class Asked(TenantModel):
    """A customer was asked something: after a case, or by a panel. Reminders of the same are no new asking."""

    class By(models.TextChoices):
        CASE = "case", _("After a case")
        PANEL = "panel", _("By a panel")

    customer = TenantForeignKey(Customer, models.CASCADE, related_name="+")
    at = models.DateTimeField()
    by = models.CharField(max_length=10, choices=By)
    about = models.UUIDField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "customer", "by", "about", "at"], name="asked_once_about")
        ]
        indexes = [models.Index(fields=["tenant", "customer", "at"], name="asked_of_customer")]

    def __str__(self) -> str:
        return f"{self.customer_id} asked {self.at:%Y-%m-%d}"
