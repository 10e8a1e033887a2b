"""Bulk loads that are larger than one request."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from tenants.base import TableRules, TenantModel
from tenants.fields import TenantForeignKey
from tenants.models import ApiKey, Membership


class Batch(TenantModel):
    """A bulk load larger than one request: its rows wait in chunks, and a worker takes them one transaction each."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        DONE = "done", _("Done")

    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    reading = models.JSONField(default=dict)
    rows = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    superseded = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    member = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    api_key = TenantForeignKey(ApiKey, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.id} {self.status}"


class BatchChunk(TenantModel):
    """Some lines of a batch that still wait, as JSON [[line, row], ...]; gone in the transaction that loads them."""

    batch = TenantForeignKey(Batch, models.CASCADE, related_name="chunks")
    first_line = models.PositiveIntegerField()
    lines = models.BinaryField()
    attempts = models.PositiveSmallIntegerField(default=0)

    rules: ClassVar[TableRules] = TableRules(dispatcher_sees_tenants=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "batch", "first_line"], name="one_chunk_per_first_line")
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} from line {self.first_line}"


class BatchRefusal(TenantModel):
    """Why one row of a batch did not go in: by line and field."""

    batch = TenantForeignKey(Batch, models.CASCADE, related_name="refusals")
    line = models.PositiveIntegerField()
    external_id = models.CharField(max_length=100, blank=True)
    field = models.CharField(max_length=60)
    code = models.CharField(max_length=60)
    message = models.CharField(max_length=500)

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "batch", "line", "id"], name="batch_refusal_line")]

    def __str__(self) -> str:
        return f"line {self.line}, {self.field}: {self.message}"
