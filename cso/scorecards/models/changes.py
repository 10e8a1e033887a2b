"""Changes of how a unit works, as its charts mark them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from cso.people.models import Unit
from tenants.base import TenantModel
from tenants.fields import TenantForeignKey
from tenants.models import Membership

MAX_WHAT, MAX_BECAUSE = 200, 300


class ProcessChange(TenantModel):
    """From the day `on` on a unit, with all below it, works in another way: marked on its charts, with who says so.

    `made_by` None: an integration. `rebased_*`: when, by whom and why it was decided that charts count their limits
    anew from it. Withdrawn it stays in the list, and marks nothing.
    """

    unit = TenantForeignKey(Unit, models.PROTECT, related_name="+")
    on = models.DateField()
    what = models.CharField(max_length=MAX_WHAT)
    made_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(db_default=Now())
    rebased_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    rebased_at = models.DateTimeField(null=True)
    rebased_because = models.CharField(max_length=MAX_BECAUSE, blank=True, default="")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_because = models.CharField(max_length=MAX_BECAUSE, blank=True, default="")

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(rebased_at=None, rebased_because="")
                | (Q(rebased_at__isnull=False) & ~Q(rebased_because="")),
                name="a_rebasing_has_its_reason",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_because="")
                | (Q(withdrawn_at__isnull=False) & ~Q(withdrawn_because="")),
                name="a_withdrawn_change_has_its_reason",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "unit", "on"], name="changes_of_unit")]

    def __str__(self) -> str:
        return f"{self.on}: {self.what[:60]}"

    @property
    def rebases(self) -> bool:
        return self.rebased_at is not None and self.withdrawn_at is None
