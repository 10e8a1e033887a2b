"""Screens that hang where everybody passes."""

from __future__ import annotations

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

    Revoked, it opens nothing, and its name is free again; a new link is a new version, which ends the one before.
    """

    name = models.CharField(max_length=MAX_NAME)
    unit = TenantForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="+")
    link_version = models.PositiveSmallIntegerField(default=1)
    made_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(db_default=Now())
    revoked_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], condition=Q(revoked_at=None), name="one_wall_per_name")
        ]

    def __str__(self) -> str:
        return self.name
