"""Since when each unit has, or lacks, a committee that is alive."""

from __future__ import annotations

from django.db import models

from cso.people.models import Unit
from tenants.base import TenantManager
from tenants.fields import TenantForeignKey


class UnitCoverage(models.Model):
    """A time in which a unit had a live committee all along, or had none: from `starts_at` up to, not including,
    `ends_at` (None: for ever). The times of a unit follow each other without a gap, so at each instant it has one.

    A view of the committees, their seats and their ballots (`cso.committees.triggers`): nobody writes it, and what
    lapses by the clock needs no worker.
    """

    id = models.UUIDField(primary_key=True)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.DO_NOTHING, related_name="+")
    unit = TenantForeignKey(Unit, models.DO_NOTHING, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    is_covered = models.BooleanField()

    objects = TenantManager()

    class Meta:
        managed = False
        db_table = "committees_unitcoverage"
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"{self.unit_id} {'covered' if self.is_covered else 'without a committee'} from {self.starts_at}"
