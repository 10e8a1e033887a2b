"""Duplicates: which case was merged into which, and what it takes to split them again."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from cso.recovery.models.cases import Case
from tenants.base import TenantModel
from tenants.fields import TenantForeignKey
from tenants.models import ApiKey, Membership


class Merge(TenantModel):
    """`duplicate` went into `survivor`, until it was split again. The survivor's clock is the earliest of them all.

    `own_*` are the survivor's instants as it had them itself, so that a split can give them back.
    """

    survivor = TenantForeignKey(Case, models.CASCADE, related_name="merges")
    duplicate = TenantForeignKey(Case, models.CASCADE, related_name="+")
    own_occurred_at = models.DateTimeField(null=True)
    own_reported_at = models.DateTimeField()
    merged_at = models.DateTimeField()
    member = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    api_key = TenantForeignKey(ApiKey, models.PROTECT, null=True, related_name="+")
    split_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "duplicate"], condition=Q(split_at=None), name="merged_into_one_case"
            )
        ]
        indexes = [models.Index(fields=["tenant", "survivor"], name="merge_of_survivor")]

    def __str__(self) -> str:
        return f"{self.duplicate_id} -> {self.survivor_id}"
