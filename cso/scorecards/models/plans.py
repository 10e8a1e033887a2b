"""Plans: what a leader is accountable for in a year, version by version."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from cso.people.models import Person, Unit
from cso.scorecards.models.measures import Category, Measure
from tenants.base import TableRules, TenantModel
from tenants.fields import TenantForeignKey
from tenants.models import ApiKey, Membership


class Plan(TenantModel):
    """One leader's for one unit and one year of the calendar; what it says stands in its versions."""

    person = TenantForeignKey(Person, models.PROTECT, related_name="plans")
    unit = TenantForeignKey(Unit, models.PROTECT, related_name="plans")
    year = models.PositiveSmallIntegerField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "person", "unit", "year"], name="one_plan_per_year"),
            models.CheckConstraint(condition=Q(year__gte=1970, year__lte=2200), name="a_plan_is_of_our_time"),
        ]
        indexes = [models.Index(fields=["tenant", "year", "unit"], name="plans_of_year")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.year}"


class PlanVersion(TenantModel):
    """What a plan says from the month `starts_on` on, until the next version starts. Nothing of it ever changes.

    A month is scored by the version of the highest number that starts no later than the month. Only the first may
    start before it was made: a month that has begun keeps its weights. read_at: when its leader said that they have
    read it, where it was read together with its plan (`plans.with_versions`).
    """

    plan = TenantForeignKey(Plan, models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField()
    starts_on = models.DateField()
    reason = models.CharField(max_length=500, blank=True, default="")
    made_at = models.DateTimeField()
    made_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    api_key = TenantForeignKey(ApiKey, models.PROTECT, null=True, related_name="+")

    read_at: datetime | None
    rules: ClassVar[TableRules] = TableRules(append_only=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "plan", "number"], name="one_plan_version_per_number"),
            models.CheckConstraint(condition=Q(starts_on__day=1), name="a_version_starts_with_a_month"),
        ]

    def __str__(self) -> str:
        return f"version {self.number}"


class PlanItem(TenantModel):
    """One figure in a version: a metric of this product, or a measure of others.

    The weights of each category's items add up to as much as serving's. Points go from `floor` (0) to the target (100):
    `target`, or, where that is None, the metric's target path in force when the period starts. Shares are in percent;
    floor and target of what adds up, such as a count, are those of one month.
    """

    version = TenantForeignKey(PlanVersion, models.CASCADE, related_name="items")
    category = TenantForeignKey(Category, models.PROTECT, related_name="+")
    metric = models.CharField(max_length=40, blank=True, default="")
    measure = TenantForeignKey(Measure, models.PROTECT, null=True, related_name="+")
    weight = models.DecimalField(max_digits=7, decimal_places=3)
    floor = models.DecimalField(max_digits=20, decimal_places=4)
    target = models.DecimalField(max_digits=20, decimal_places=4, null=True)

    rules: ClassVar[TableRules] = TableRules(append_only=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=(Q(metric="") & Q(measure__isnull=False)) | (~Q(metric="") & Q(measure=None)),
                name="an_item_is_a_metric_or_a_measure",
            ),
            models.CheckConstraint(condition=Q(weight__gt=0), name="a_weight_weighs"),
            models.CheckConstraint(
                condition=Q(target=None) | ~Q(target=F("floor")), name="the_target_is_not_the_floor"
            ),
            models.CheckConstraint(
                condition=Q(target__isnull=False) | ~Q(metric=""), name="only_a_metric_follows_a_path"
            ),
            models.UniqueConstraint(
                fields=["tenant", "version", "metric"], condition=~Q(metric=""), name="each_metric_once_in_a_version"
            ),
            models.UniqueConstraint(
                fields=["tenant", "version", "measure"],
                condition=Q(measure__isnull=False),
                name="each_measure_once_in_a_version",
            ),
        ]

    def __str__(self) -> str:
        return self.metric or str(self.measure_id)


class Acknowledgement(TenantModel):
    """The leader has read a version of their plan."""

    version = TenantForeignKey(PlanVersion, models.CASCADE, related_name="acknowledgements")
    member = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    rules: ClassVar[TableRules] = TableRules(append_only=True)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "version"], name="acknowledged_once")]

    def __str__(self) -> str:
        return f"{self.version_id} read {self.at:%Y-%m-%d}"
