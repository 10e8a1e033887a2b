"""Outcomes with one owner each, the initiatives for them, and what blocks them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cso.people.models import Person, Unit
from tenants.base import TenantModel
from tenants.fields import TenantForeignKey
from tenants.models import Membership


class Outcome(TenantModel):
    """What the office wants for customers, with exactly one owner, and the day by which it is looked at again."""

    name = models.CharField(max_length=120)
    description = models.CharField(max_length=1_000, blank=True, default="")
    owner = TenantForeignKey(Person, models.PROTECT, related_name="outcomes")
    position = models.PositiveSmallIntegerField(default=0)
    review_on = models.DateField()
    reviewed_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], condition=Q(ended_at=None), name="one_outcome_per_name")
        ]

    def __str__(self) -> str:
        return self.name


class OutcomeMetric(TenantModel):
    """A metric serves exactly one outcome, whose owner is its owner."""

    outcome = TenantForeignKey(Outcome, models.CASCADE, related_name="metrics")
    metric = models.CharField(max_length=40)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "metric"], name="a_metric_serves_one_outcome")]

    def __str__(self) -> str:
        return self.metric


class Initiative(TenantModel):
    """Something done for an outcome, from a day to a day. `is_remarkable`: customers are to notice it."""

    outcome = TenantForeignKey(Outcome, models.CASCADE, related_name="initiatives")
    name = models.CharField(max_length=120)
    owner = TenantForeignKey(Person, models.PROTECT, related_name="+")
    starts_on = models.DateField()
    due_on = models.DateField()
    is_remarkable = models.BooleanField(default=False)
    done_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    what_came_of_it = models.CharField(max_length=500, blank=True, default="")

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(due_on__gte=F("starts_on")), name="an_initiative_ends_after_it_starts"),
            models.CheckConstraint(condition=Q(done_at=None) | Q(stopped_at=None), name="done_or_stopped"),
        ]
        indexes = [models.Index(fields=["tenant", "outcome", "due_on"], name="initiatives_of_outcome")]

    def __str__(self) -> str:
        return self.name


class Blocker(TenantModel):
    """What stands in the way and is raised to the executive meeting, with the one who clears it."""

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
