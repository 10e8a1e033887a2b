"""Screens that hang where everybody passes."""

from __future__ import annotations

from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from cso.people.models import Unit
from tenants.base import TenantModel
from tenants.fields import TenantForeignKey
from tenants.models import Membership

MAX_NAME = 80


class Wall(TenantModel):
    """A screen on a wall, by a link that only reads. `unit` None: of the whole company.

    `link` is what the address names, so that a new one ends the one before. Revoked, a wall opens nothing, and its name
    is free again.
    """

    name = models.CharField(max_length=MAX_NAME)
    unit = TenantForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="+")
    link = models.UUIDField(default=uuid4, editable=False)
    made_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(db_default=Now())
    revoked_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], condition=Q(revoked_at=None), name="one_wall_per_name"),
            models.UniqueConstraint(fields=["tenant", "link"], name="one_wall_per_link"),
        ]

    def __str__(self) -> str:
        return self.name
