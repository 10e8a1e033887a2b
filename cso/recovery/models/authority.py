"""The right to act: what each position may give, what was given, and what was asked above the limit."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cso.people.models import Person, Position, Unit
from cso.recovery.models.cases import Case
from tenants.base import TenantModel
from tenants.fields import TenantForeignKey, computed
from tenants.models import ApiKey, Membership

MAX_AMOUNT = 10**12


class Authority(TenantModel):
    """What someone in a position may give without asking. Money in minor units of `currency`.

    `per_case_minor` bounds what a case has been given on anybody's own authority, so that colleagues cannot split a
    sum; `per_day_minor` what one person gives in one day of the tenant. `exceptions`: what may be granted beside money.
    """

    position = TenantForeignKey(Position, models.PROTECT, related_name="authorities")
    currency = models.CharField(max_length=3)
    per_case_minor = models.PositiveBigIntegerField(default=0)
    per_day_minor = models.PositiveBigIntegerField(default=0)
    exceptions = ArrayField(models.CharField(max_length=80), default=list, db_default=[])

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "position"], name="one_authority_per_position"),
            models.CheckConstraint(
                condition=Q(per_case_minor__lte=MAX_AMOUNT, per_day_minor__lte=MAX_AMOUNT), name="authority_is_finite"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.per_case_minor} {self.currency} a case"


class Remedy(TenantModel):
    """Money or an exception for a customer: given within one's authority, or asked for and then decided.

    `unit` is the case's at that time; `day` is the tenant's day of giving. `approvers` are memberships, the way up,
    frozen when asked: each has `minutes_each`, then the next may decide too, and the last one always.
    """

    class Status(models.TextChoices):
        GIVEN = "given", _("Given")
        ASKED = "asked", _("Waits for approval")
        REFUSED = "refused", _("Not approved")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    case = TenantForeignKey(Case, models.PROTECT, related_name="remedies")
    unit = TenantForeignKey(Unit, models.PROTECT, related_name="+")
    person = TenantForeignKey(Person, models.PROTECT, related_name="remedies")
    status = models.CharField(max_length=10, choices=Status)
    amount_minor = models.PositiveBigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True, default="")
    exception = models.CharField(max_length=80, blank=True, default="")
    note = models.CharField(max_length=500, blank=True, default="")
    on_own_authority = models.BooleanField()
    given_at = models.DateTimeField(null=True)
    day = models.DateField(null=True)
    asked_at = models.DateTimeField(null=True)
    approvers = ArrayField(models.UUIDField(), default=list, db_default=[])
    minutes_each = models.PositiveIntegerField(default=0)
    decided_at = models.DateTimeField(null=True)
    decided_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    decision_note = models.CharField(max_length=500, blank=True, default="")
    member = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    api_key = TenantForeignKey(ApiKey, models.PROTECT, null=True, related_name="+")
    # Whole seconds, rounded up; None while it waits, and for what nobody had to be asked for.
    seconds_to_decide = computed(
        "ceil(EXTRACT(EPOCH FROM decided_at - asked_at))::bigint", models.BigIntegerField(null=True)
    )
    was_asked = computed("asked_at IS NOT NULL AND status <> 'withdrawn'", models.BooleanField())

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, amount_minor__lte=MAX_AMOUNT, exception="") & ~Q(currency="")
                | (Q(amount_minor=0, currency="") & ~Q(exception="")),
                name="a_remedy_is_money_or_an_exception",
            ),
            models.CheckConstraint(
                condition=Q(status="given", given_at__isnull=False, day__isnull=False)
                | (~Q(status="given") & Q(given_at=None, day=None)),
                name="given_at_some_time",
            ),
            models.CheckConstraint(
                condition=Q(on_own_authority=True, asked_at=None, status="given")
                | Q(on_own_authority=False, asked_at__isnull=False),
                name="asked_unless_on_own_authority",
            ),
            models.CheckConstraint(
                condition=Q(decided_at=None) | Q(decided_at__gte=F("asked_at")), name="decided_after_asked"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "case"], name="remedy_of_case"),
            models.Index(fields=["tenant", "person", "day"], name="remedy_of_day"),
            models.Index(fields=["tenant", "unit", "given_at"], name="remedy_of_unit"),
            models.Index(
                fields=["tenant", "unit", "asked_at"],
                include=["was_asked", "seconds_to_decide"],
                condition=Q(asked_at__isnull=False),
                name="remedy_by_asking",
            ),
            models.Index(fields=["tenant", "asked_at"], condition=Q(status="asked"), name="remedy_waiting"),
        ]

    def __str__(self) -> str:
        return self.exception or f"{self.amount_minor} {self.currency}"
