"""Rules and their versions."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cso.people.models import Person, Unit
from tenants.base import TableRules, TenantModel
from tenants.fields import TenantForeignKey
from tenants.models import Membership


class Origin(models.TextChoices):
    """Where a rule comes from. Most have no better reason than habit; what the law asks needs its citation."""

    HABIT = "habit", _("Habit")
    OWN_POLICY = "own_policy", _("Our own policy")
    EXTERNAL_LAW = "external_law", _("External law")


class Rule(TenantModel):
    """One rule of the company, of a `unit` (None: of all). Its words stand in its versions; `code` is the tenant's key.

    `owner` is the leader who answers for it. It expires on `sunset_on` unless somebody keeps it. Of a rule that holds
    no more (`ENDED`), `withdrawn_at` and `withdrawn_because` say since when and why.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", _("In force")
        UNDER_REVIEW = "under_review", _("In force, under review")
        REINSTATED = "reinstated", _("In force again")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        KILLED = "killed", _("Killed")
        EXPIRED = "expired", _("Expired")

    HOLDING: ClassVar = (Status.ACTIVE, Status.UNDER_REVIEW, Status.REINSTATED)
    ENDED: ClassVar = (Status.WITHDRAWN, Status.KILLED, Status.EXPIRED)

    code = models.CharField(max_length=100, null=True, blank=True)
    title = models.CharField(max_length=200)
    unit = TenantForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="own_rules")
    owner = TenantForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="own_rules")
    origin = models.CharField(max_length=20, choices=Origin)
    citation = models.CharField(max_length=300, blank=True, default="")
    sunset_on = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.ACTIVE)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_because = models.CharField(max_length=500, blank=True, default="", db_default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    revision = models.PositiveIntegerField(default=1, db_default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "code"], name="one_rule_per_code"),
            models.CheckConstraint(condition=~Q(origin=Origin.EXTERNAL_LAW) | ~Q(citation=""), name="a_law_is_cited"),
            models.CheckConstraint(
                condition=Q(status__in=["active", "under_review", "reinstated"], withdrawn_at=None)
                | (
                    Q(status__in=["withdrawn", "killed", "expired"], withdrawn_at__isnull=False)
                    & ~Q(withdrawn_because="")
                ),
                name="withdrawn_at_some_time_for_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "title"], name="rule_title")]

    def __str__(self) -> str:
        return self.title


class RuleVersion(TenantModel):
    """The words of a rule since `in_force_from`; the highest number holds."""

    rule = TenantForeignKey(Rule, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    text = models.TextField()
    in_force_from = models.DateTimeField()
    member = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")

    rules: ClassVar[TableRules] = TableRules(append_only=True)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "rule", "number"], name="one_version_per_number")]

    def __str__(self) -> str:
        return f"version {self.number}"
