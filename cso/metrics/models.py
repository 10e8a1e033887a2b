"""What the engine keeps: marks of what became stale, cells of counts, targets, and its own health."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cso.people.models import Unit
from tenants.base import TableRules, TenantModel
from tenants.fields import TenantForeignKey


class Mark(TenantModel):
    """The facts of `source` in `unit` on the UTC day `day` changed. Written by a trigger, never updated.

    Append-only on purpose: marks merged by ON CONFLICT make writers wait for each other, and get lost.
    """

    source = models.CharField(max_length=40)
    unit = TenantForeignKey(Unit, models.CASCADE, related_name="+")
    day = models.DateField()

    rules: ClassVar[TableRules] = TableRules(dispatcher_sees_tenants=True, tenant_through="unit")

    def __str__(self) -> str:
        return f"{self.source} {self.unit_id} {self.day}"


class QuarantinedMark(TenantModel):
    """What could not be refreshed, with the reason: set aside so that the others go on, shown, and tried every hour."""

    source = models.CharField(max_length=40)
    unit = TenantForeignKey(Unit, models.CASCADE, related_name="+")
    day = models.DateField()
    error = models.CharField(max_length=500)
    quarantined_at = models.DateTimeField(db_default=Now())
    tried_at = models.DateTimeField(db_default=Now())

    rules: ClassVar[TableRules] = TableRules(dispatcher_sees_tenants=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "source", "unit", "day"], name="one_quarantine_per_facts")
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.unit_id} {self.day}: {self.error}"


class Grain(models.TextChoices):
    MONTH = "month", _("Month")
    WEEK = "week", _("Week")


class Cell(TenantModel):
    """The counts of one family in one unit and one month or week of the tenant's zone.

    `own` counts the unit's own cases, `total` those of the unit and all below, in the order of the family's counters
    (`cso.metrics.registry`). `*_buckets` and `*_bucket_counts` are a sparse histogram of seconds, ascending. A cell is
    time-independent: what is not yet due is subtracted by the reader, who knows the time.
    """

    family = models.CharField(max_length=20)
    grain = models.CharField(max_length=5, choices=Grain)
    unit = TenantForeignKey(Unit, models.CASCADE, related_name="+")
    period = models.DateField()
    own = ArrayField(models.BigIntegerField())
    total = ArrayField(models.BigIntegerField())
    own_buckets = ArrayField(models.SmallIntegerField(), default=list, db_default=[])
    own_bucket_counts = ArrayField(models.IntegerField(), default=list, db_default=[])
    total_buckets = ArrayField(models.SmallIntegerField(), default=list, db_default=[])
    total_bucket_counts = ArrayField(models.IntegerField(), default=list, db_default=[])
    revision = models.PositiveIntegerField(default=1, db_default=1)
    as_of = models.DateTimeField(db_default=Now())

    rules: ClassVar[TableRules] = TableRules(tenant_through="unit")

    class Meta(TenantModel.Meta):
        constraints = [
            # Period before unit: one index serves a page of units in one period and one unit over many periods.
            models.UniqueConstraint(fields=["tenant", "family", "grain", "period", "unit"], name="one_cell_per_period")
        ]

    def __str__(self) -> str:
        return f"{self.family} {self.unit_id} {self.grain} {self.period}"


class Restatement(TenantModel):
    """The total of a month's cell changed after the month was final: `before` -> `after`, in the family's order."""

    family = models.CharField(max_length=20)
    grain = models.CharField(max_length=5, choices=Grain)
    unit = TenantForeignKey(Unit, models.PROTECT, related_name="+")
    period = models.DateField()
    before = ArrayField(models.BigIntegerField())
    after = ArrayField(models.BigIntegerField())
    at = models.DateTimeField(db_default=Now())

    rules: ClassVar[TableRules] = TableRules(append_only=True)

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "family", "period", "unit"], name="restatement_of_cell")]

    def __str__(self) -> str:
        return f"{self.family} {self.unit_id} {self.period}: {self.before} -> {self.after}"


class EngineState(TenantModel):
    """How the engine fares in one tenant: one row, made at the first refresh.

    `attempts` counts the refreshes begun since the last that succeeded; each is counted in its own commit, so that a
    killed worker counts too. `next_try_at` is when the next may begin, None for at once. `alone` is the mark that the
    last attempts took alone. `verified_at`: when all cells were last compared with a recomputation.
    """

    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    alone = models.UUIDField(null=True)
    last_error = models.CharField(max_length=500, blank=True, default="")
    refreshed_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant"], name="one_engine_state_per_tenant")]

    def __str__(self) -> str:
        return f"{self.attempts} attempts"


class Discrepancy(TenantModel):
    """A cell that is not what its facts say, as the last comparison found: totals as kept and as recomputed.

    None where one side has no such cell. Nothing is repaired in silence: a rebuild does that, and empties this.
    """

    family = models.CharField(max_length=20)
    grain = models.CharField(max_length=5, choices=Grain)
    unit = TenantForeignKey(Unit, models.CASCADE, related_name="+")
    period = models.DateField()
    kept = ArrayField(models.BigIntegerField(), null=True)
    rebuilt = ArrayField(models.BigIntegerField(), null=True)
    found_at = models.DateTimeField()

    rules: ClassVar[TableRules] = TableRules(dispatcher_sees_tenants=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "family", "grain", "period", "unit"], name="one_discrepancy_per_cell"
            )
        ]

    def __str__(self) -> str:
        return f"{self.family} {self.unit_id} {self.grain} {self.period}: {self.kept}, not {self.rebuilt}"


class Target(TenantModel):
    """The share of a metric that leaders are to reach from a day on; in force until the next one starts."""

    metric = models.CharField(max_length=40)
    starts_on = models.DateField()
    percent = models.DecimalField(max_digits=5, decimal_places=2)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "metric", "starts_on"], name="one_target_per_day"),
            models.CheckConstraint(condition=Q(percent__gt=0, percent__lte=100), name="target_is_a_percentage"),
        ]

    def __str__(self) -> str:
        return f"{self.metric} {self.percent} % from {self.starts_on}"


class WorkerHeartbeat(models.Model):
    """When the dispatch last ran: one global row, by which `/readyz` tells whether a worker lives."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    beat_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_heartbeat")]

    def __str__(self) -> str:
        return f"{self.beat_at:%Y-%m-%d %H:%M:%S}"
