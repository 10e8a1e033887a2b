"""What was scored, as it was seen; and the ways by which scores leave the portal."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cso.scorecards.models.plans import Plan, PlanVersion
from tenants.base import TableRules, TenantModel
from tenants.fields import TenantForeignKey
from tenants.models import Membership


class ScoreSnapshot(TenantModel):
    """A plan's score of one period as it stood from `as_of` on, until the next row of the same.

    Rows are only added, so that what anybody saw at any instant can be shown again. `items` hold each figure as it was
    counted: what it is, its category, numerator, denominator, value, floor, target, weight and points. `score` is None
    where it is incomplete. `because`: what made it another one than the row before.
    """

    class Grain(models.TextChoices):
        MONTH = "month", _("Month")
        QUARTER = "quarter", _("Quarter")
        YEAR = "year", _("Year")

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        PROVISIONAL = "provisional", _("Provisional")
        FINAL = "final", _("Final")

    class Because(models.TextChoices):
        FIRST = "first", _("Scored for the first time")
        FACTS = "facts", _("What happened changed the figures")
        PLAN = "plan", _("The plan changed")
        STATE = "state", _("The period moved on")

    plan = TenantForeignKey(Plan, models.CASCADE, related_name="snapshots")
    version = TenantForeignKey(PlanVersion, models.PROTECT, related_name="+")
    grain = models.CharField(max_length=7, choices=Grain)
    period = models.DateField()
    state = models.CharField(max_length=11, choices=State)
    score = models.DecimalField(max_digits=7, decimal_places=3, null=True)
    items = models.JSONField()
    because = models.CharField(max_length=5, choices=Because)
    as_of = models.DateTimeField(db_default=Now())

    rules: ClassVar[TableRules] = TableRules(append_only=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(score=None) | Q(score__gte=0, score__lte=100), name="a_score_is_of_100")
        ]
        indexes = [
            models.Index(fields=["tenant", "plan", "grain", "period", "as_of"], name="snapshot_of_plan"),
            models.Index(fields=["tenant", "grain", "period", "as_of"], name="snapshot_of_period"),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.grain} {self.period}: {self.score}"


class DigestChoice(TenantModel):
    """Who wants the weekly digest, and when: a weekday (0 is Monday) and an hour of the tenant's zone."""

    member = TenantForeignKey(Membership, models.CASCADE, related_name="+")
    is_wanted = models.BooleanField(default=True)
    weekday = models.PositiveSmallIntegerField(default=0)
    hour = models.PositiveSmallIntegerField(default=7)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "member"], name="one_digest_choice"),
            models.CheckConstraint(condition=Q(weekday__lte=6, hour__lte=23), name="an_hour_of_the_week"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.weekday} {self.hour}"
