"""Alarms that have not rung."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.base import TableRules, TenantModel


class Alarm(TenantModel):
    """`kind` is to be done about `subject` (an id) at `rings_at`; gone in the transaction that has done it.

    `attempts` counts the tries begun, each in a commit of its own, so that what kills a worker is seen.
    """

    kind = models.CharField(max_length=40)
    subject = models.UUIDField()
    rings_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    last_error = models.CharField(max_length=500, blank=True, default="", db_default="")

    rules: ClassVar[TableRules] = TableRules(dispatcher_sees_tenants=True, dispatcher_sees_due="rings_at")

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "kind", "subject"], name="one_alarm_per_subject")]
        indexes = [models.Index(fields=["tenant", "rings_at"], name="alarm_due")]

    def __str__(self) -> str:
        return f"{self.kind} at {self.rings_at:%Y-%m-%d %H:%M}"
