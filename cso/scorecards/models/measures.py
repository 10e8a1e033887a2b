"""Figures that others count: finance, people, process."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cso.people.models import Unit
from tenants.base import TableRules, TenantModel
from tenants.fields import TenantForeignKey
from tenants.models import ApiKey, Membership

MAX_CODE = 40


class Category(TenantModel):
    """A part of every plan, such as serving or finance. One of them is serving, and weighs as much as each other."""

    code = models.CharField(max_length=MAX_CODE)
    name = models.CharField(max_length=80)
    is_serving = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "code"], name="one_category_per_code"),
            models.UniqueConstraint(fields=["tenant"], condition=Q(is_serving=True), name="one_serving_category"),
            models.CheckConstraint(condition=Q(is_serving=False) | Q(retired_at=None), name="serving_never_retires"),
        ]

    def __str__(self) -> str:
        return self.name


class Measure(TenantModel):
    """A figure that this product does not count, with where it comes from.

    A month's figure is `numerator / denominator`. Over more months: the sum of numerators (`sum`), the sum of
    numerators over the sum of denominators (`ratio`), or the last month's (`last`).
    """

    class Rollup(models.TextChoices):
        SUM = "sum", _("Added up")
        RATIO = "ratio", _("The ratio of the sums")
        LAST = "last", _("The last month's")

    class Better(models.TextChoices):
        HIGHER = "higher", _("Higher is better")
        LOWER = "lower", _("Lower is better")

    class Nature(models.TextChoices):
        OUTCOME = "outcome", _("An outcome")
        TASK = "task", _("A task")

    code = models.CharField(max_length=MAX_CODE)
    name = models.CharField(max_length=120)
    unit_word = models.CharField(max_length=20, blank=True, default="")
    rollup = models.CharField(max_length=5, choices=Rollup)
    better = models.CharField(max_length=6, choices=Better, default=Better.HIGHER)
    nature = models.CharField(max_length=7, choices=Nature, default=Nature.OUTCOME)
    source = models.CharField(max_length=200)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "code"], name="one_measure_per_code")]

    def __str__(self) -> str:
        return self.name


class MeasureFigure(TenantModel):
    """A measure of one unit in one month, as its source had it at `as_of`. Told again, it is a row anew.

    The one recorded last is in force; what was in force at any instant can be read from the rows before.
    """

    measure = TenantForeignKey(Measure, models.CASCADE, related_name="figures")
    unit = TenantForeignKey(Unit, models.PROTECT, related_name="+")
    month = models.DateField()
    numerator = models.DecimalField(max_digits=20, decimal_places=4)
    denominator = models.DecimalField(max_digits=20, decimal_places=4, default=1)
    source = models.CharField(max_length=200)
    as_of = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    api_key = TenantForeignKey(ApiKey, models.PROTECT, null=True, related_name="+")

    rules: ClassVar[TableRules] = TableRules(append_only=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(month__day=1), name="a_month_begins_on_its_first"),
            models.CheckConstraint(condition=Q(denominator__gt=0), name="a_denominator_is_above_zero"),
        ]
        indexes = [models.Index(fields=["tenant", "measure", "unit", "month", "recorded_at"], name="figure_of_measure")]

    def __str__(self) -> str:
        return f"{self.measure_id} {self.unit_id} {self.month}"
