"""What the customer says through their own page: answers, and the wish to be called back."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from cso.people.models import Person, Unit
from cso.recovery.models.cases import Case
from tenants.base import TenantModel
from tenants.fields import TenantForeignKey, computed
from tenants.models import ApiKey, Membership


class CustomerAnswer(TenantModel):
    """One sending of the three questions; None is "I don't know". Each change is a row; the last valid one counts."""

    case = TenantForeignKey(Case, models.CASCADE, related_name="answers")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    is_fixed = models.BooleanField()
    apology = models.BooleanField(null=True)
    surprised = models.BooleanField(null=True)
    words = models.CharField(max_length=2_000, blank=True, default="", db_default="")

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "case", "at"], name="answer_of_case")]

    def __str__(self) -> str:
        return f"answer of {self.at:%Y-%m-%d %H:%M}"


class CallBack(TenantModel):
    """The customer wants to be called; the leader of the unit is told at once. `unit` is the case's at that time."""

    case = TenantForeignKey(Case, models.CASCADE, related_name="call_backs")
    unit = TenantForeignKey(Unit, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    phone = models.CharField(max_length=40, blank=True, default="")
    note = models.CharField(max_length=500, blank=True, default="")
    leader = TenantForeignKey(Person, models.PROTECT, null=True, related_name="+")
    called_at = models.DateTimeField(null=True)
    called_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    api_key = TenantForeignKey(ApiKey, models.PROTECT, null=True, related_name="+")
    case_counts = models.BooleanField(default=True, db_default=True, editable=False)
    seconds_to_call = computed(
        "ceil(EXTRACT(EPOCH FROM called_at - asked_at))::bigint", models.BigIntegerField(null=True)
    )

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(called_at=None) | Q(called_at__gte=F("asked_at")), name="called_after_asked"
            ),
            models.UniqueConstraint(
                fields=["tenant", "case"], condition=Q(called_at=None), name="one_open_call_back_per_case"
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "unit", "asked_at"],
                include=["case_counts", "seconds_to_call"],
                name="call_back_asked",
            )
        ]

    def __str__(self) -> str:
        return f"call back asked {self.asked_at:%Y-%m-%d %H:%M}"
