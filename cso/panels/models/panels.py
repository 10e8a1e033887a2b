"""Panels of customers, who is on them, and how carefully they are heard."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cso.customers.models import Customer
from cso.people.models import Unit
from cso.recovery.models import Case
from tenants.base import TenantModel
from tenants.fields import TenantForeignKey
from tenants.models import Membership

# Criticism is never shown for fewer people, whatever a tenant sets.
LEAST_GROUP = 3
MAX_SEGMENT = 60


class ListeningSettings(TenantModel):
    """One row per tenant. Criticism is shown for no fewer than `smallest_group` people, of customers and of staff."""

    smallest_group = models.PositiveSmallIntegerField(default=5, db_default=5)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant"], name="one_listening_settings"),
            models.CheckConstraint(
                condition=Q(smallest_group__gte=LEAST_GROUP, smallest_group__lte=100), name="groups_are_not_tiny"
            ),
        ]

    def __str__(self) -> str:
        return "listening settings"


class Panel(TenantModel):
    """Customers who agreed to be asked about a unit and those below it.

    `steward` keeps the panel, and alone reads what was written with the names of staff in it. A member stays for
    `term_days` (None: until they leave), so that new voices come in.
    """

    name = models.CharField(max_length=120)
    purpose = models.CharField(max_length=500, blank=True, default="")
    unit = TenantForeignKey(Unit, models.PROTECT, related_name="panels")
    steward = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    term_days = models.PositiveSmallIntegerField(null=True, blank=True)
    founded_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="one_panel_per_name"),
            models.CheckConstraint(condition=Q(term_days=None) | Q(term_days__gte=1), name="a_term_lasts_a_day"),
        ]

    def __str__(self) -> str:
        return self.name


class Quota(TenantModel):
    """How many members of a segment a panel wants."""

    panel = TenantForeignKey(Panel, models.CASCADE, related_name="quotas")
    segment = models.CharField(max_length=MAX_SEGMENT)
    wanted = models.PositiveIntegerField()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "panel", "segment"], name="one_quota_per_segment")]

    def __str__(self) -> str:
        return f"{self.wanted} of {self.segment}"


class PanelMember(TenantModel):
    """A customer on a panel, from their consent until they leave; who comes back gets a row anew.

    `segment` and `unit` (whose customer it is, within the panel's) are as they were on joining, so that what was
    counted stays. `term_ends_at`: when the member makes room for another.
    """

    class Via(models.TextChoices):
        CUSTOMER = "customer", _("From the customers")
        CASE = "case", _("From a case")
        IMPORT = "import", _("By import")

    class LeftBecause(models.TextChoices):
        ASKED = "asked", _("They asked to leave")
        ROTATED = "rotated", _("Their term ended")
        BOUNCED = "bounced", _("Their address does not exist")
        REMOVED = "removed", _("Taken off the panel")
        ERASED = "erased", _("Erased")

    panel = TenantForeignKey(Panel, models.CASCADE, related_name="members")
    customer = TenantForeignKey(Customer, models.CASCADE, related_name="panel_memberships")
    segment = models.CharField(max_length=MAX_SEGMENT, blank=True, default="")
    unit = TenantForeignKey(Unit, models.PROTECT, related_name="+")
    via = models.CharField(max_length=10, choices=Via)
    case = TenantForeignKey(Case, models.SET_NULL, null=True, blank=True, related_name="+")
    consented_at = models.DateTimeField()
    consent_source = models.CharField(max_length=200)
    joined_at = models.DateTimeField()
    term_ends_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)
    left_because = models.CharField(max_length=10, choices=LeftBecause, blank=True, default="", db_default="")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "panel", "customer"], condition=Q(left_at=None), name="on_a_panel_once"
            ),
            models.CheckConstraint(
                condition=Q(left_at=None, left_because="") | (Q(left_at__isnull=False) & ~Q(left_because="")),
                name="leaving_has_a_reason",
            ),
            models.CheckConstraint(condition=Q(consented_at__lte=F("joined_at")), name="consent_comes_before_joining"),
        ]
        indexes = [
            models.Index(fields=["tenant", "panel", "segment"], condition=Q(left_at=None), name="member_of_panel"),
            models.Index(fields=["tenant", "customer"], name="panels_of_customer"),
            models.Index(fields=["tenant", "term_ends_at"], condition=Q(left_at=None), name="member_term"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} on {self.panel_id}"
