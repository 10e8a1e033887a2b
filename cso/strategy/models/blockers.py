"""What blocks the office, with the one who clears it, and through whose hands it went."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cso.people.models import Person, Unit
from cso.strategy.models.outcomes import Outcome
from tenants.base import TenantModel
from tenants.fields import TenantForeignKey
from tenants.models import Membership


class Blocker(TenantModel):
    """What stands in the way and is raised to the executive meeting, with the one who clears it.

    raised_by: None for an integration.
    """

    class Severity(models.TextChoices):
        STOPS = "stops", _("Stops us")
        SLOWS = "slows", _("Slows us")

    what = models.CharField(max_length=300)
    severity = models.CharField(max_length=5, choices=Severity, default=Severity.SLOWS)
    outcome = TenantForeignKey(Outcome, models.SET_NULL, null=True, blank=True, related_name="blockers")
    unit = TenantForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="+")
    owner = TenantForeignKey(Person, models.PROTECT, related_name="+")
    raised_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    raised_at = models.DateTimeField(db_default=Now())
    cleared_at = models.DateTimeField(null=True)
    how = models.CharField(max_length=500, blank=True, default="")

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(cleared_at=None, how="") | (Q(cleared_at__isnull=False) & ~Q(how="")),
                name="cleared_says_how",
            )
        ]
        indexes = [models.Index(fields=["tenant", "cleared_at", "raised_at"], name="blockers_by_age")]

    def __str__(self) -> str:
        return self.what[:60]


class BlockerHandover(TenantModel):
    """That a blocker went from one owner to another, and why. Rows are only added."""

    blocker = TenantForeignKey(Blocker, models.CASCADE, related_name="handovers")
    from_owner = TenantForeignKey(Person, models.PROTECT, related_name="+")
    to_owner = TenantForeignKey(Person, models.PROTECT, related_name="+")
    why = models.CharField(max_length=300)
    at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [models.CheckConstraint(condition=~Q(why=""), name="handed_over_says_why")]
        indexes = [models.Index(fields=["tenant", "blocker", "at"], name="handovers_of_blocker")]

    def __str__(self) -> str:
        return f"{self.blocker_id} to {self.to_owner_id}"
