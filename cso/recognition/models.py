"""Heroes and what they did."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cso.people.models import Person, Unit
from tenants.base import TenantModel
from tenants.fields import TenantForeignKey
from tenants.models import ApiKey, Membership


class Recognition(TenantModel):
    """Somebody who served remarkably, and what they did; praise is always named.

    `source` and `source_id`: the case or the remark of a panel that it comes from, if any; each makes one for each
    person. After `withdrawn_at` the hero does not want to be shown: the row stays, for acts are counted.
    """

    class Kind(models.TextChoices):
        RECOVERY = "recovery", _("Recovery")
        DELIGHT = "delight", _("Everyday delight")
        PREVENTION = "prevention", _("Prevention")
        IDEA = "idea", _("Idea")
        COLLEAGUE = "colleague", _("Colleague")

    class Source(models.TextChoices):
        CASE = "case", _("A case")
        REMARK = "remark", _("A customer's words to a panel")

    kind = models.CharField(max_length=12, choices=Kind)
    person = TenantForeignKey(Person, models.PROTECT, related_name="recognitions")
    unit = TenantForeignKey(Unit, models.PROTECT, related_name="+")
    what = models.CharField(max_length=500)
    customer_words = models.CharField(max_length=500, blank=True, default="")
    source = models.CharField(max_length=10, choices=Source, blank=True, default="")
    source_id = models.UUIDField(null=True)
    recognised_at = models.DateTimeField()
    recognised_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    api_key = TenantForeignKey(ApiKey, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(source="", source_id=None) | (~Q(source="") & Q(source_id__isnull=False)),
                name="a_source_is_named_whole",
            ),
            models.UniqueConstraint(
                fields=["tenant", "source", "source_id", "person"],
                condition=Q(source_id__isnull=False),
                name="recognised_once_per_source",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "recognised_at"], name="recognition_feed"),
            models.Index(fields=["tenant", "person"], name="recognitions_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.what[:60]}"
