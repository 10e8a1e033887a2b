"""What a member keeps of the portal itself."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from tenants.base import TenantModel
from tenants.fields import TenantForeignKey
from tenants.models import Membership


class SavedView(TenantModel):
    """A list as one member filtered it: a name for a query string."""

    member = TenantForeignKey(Membership, models.CASCADE, related_name="+")
    page = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500)
    saved_at = models.DateTimeField(db_default=Now())

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "member", "page", "name"], name="one_saved_view_per_name")
        ]

    def __str__(self) -> str:
        return self.name
