"""What follows a carried kill: the order, its steps, and whether it helped."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cso.committees.models.ballots import OutcomeRecord
from cso.committees.models.nominations import Nomination
from cso.people.models import Person, Unit
from cso.rules.models import Rule
from tenants.base import TenantModel
from tenants.fields import TenantForeignKey, computed
from tenants.models import Membership

# A kill that is taken back so soon was none. Elapsed time, as all differences of instants.
_HOLDING, _OBSERVED = "INTERVAL '90 days'", "INTERVAL '56 days'"
_HELD = f"verified_at IS NOT NULL AND COALESCE(reinstated_at - verified_at > {_HOLDING}, true)"
_OBSERVED_WHOLE = f"verified_at IS NOT NULL AND COALESCE(reinstated_at - verified_at >= {_OBSERVED}, true)"
# With fewer cases before, no difference could be told from chance (`cso.committees.effect.FEWEST_BEFORE`).
_TOLD = "COALESCE(cited_before >= 5, false)"


class KillOrder(TenantModel):
    """One owner takes a rule out of the company's life by a date. Its figures are its unit's, which owned the rule.

    It comes of one outcome, or of a nomination whose rule's owner agreed at once. `verified_at`: somebody else saw that
    it was done; from then on its effect is observed.

    The database writes `first_due_at` (a postponed order is late by it), `killed_before` (an earlier order of the rule
    was verified and held, so this one kills nothing anew), and how many valid cases cite the rule in the 8 weeks before
    and after the verification, which follows the cases: `cited_before`, `cited_after`. See `cso.committees.triggers`.
    """

    class Status(models.TextChoices):
        ORDERED = "ordered", _("Ordered")
        IN_PROGRESS = "in_progress", _("In progress")
        EXECUTED = "executed", _("Executed")
        OBSERVING = "observing", _("Verified, effect observed")
        EFFECTIVE = "effective", _("It helped")
        NO_EFFECT = "no_effect", _("It made no difference")
        HARMFUL = "harmful", _("It did harm")
        TOO_FEW = "too_few", _("Too few cases to tell")
        REINSTATED = "reinstated", _("The rule is back")

    # Not executed; not reinstated, and so in the way of another order.
    OPEN: ClassVar = (Status.ORDERED, Status.IN_PROGRESS)
    UNDONE: ClassVar = (*OPEN, Status.EXECUTED, Status.OBSERVING)

    rule = TenantForeignKey(Rule, models.PROTECT, related_name="kill_orders")
    unit = TenantForeignKey(Unit, models.PROTECT, related_name="+")
    outcome = TenantForeignKey(OutcomeRecord, models.PROTECT, null=True, related_name="+")
    nomination = TenantForeignKey(Nomination, models.PROTECT, null=True, related_name="kill_orders")
    # None: nobody owns the rule or leads its unit; the CSO names somebody.
    owner = TenantForeignKey(Person, models.PROTECT, null=True, related_name="kill_orders")
    status = models.CharField(max_length=15, choices=Status, default=Status.ORDERED)
    nominated_at = models.DateTimeField()
    ordered_at = models.DateTimeField()
    due_at = models.DateTimeField()
    executed_at = models.DateTimeField(null=True)
    executed_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    evidence = models.CharField(max_length=2_000, blank=True, default="")
    verified_at = models.DateTimeField(null=True)
    verified_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    reinstated_at = models.DateTimeField(null=True)
    reinstated_because = models.CharField(max_length=500, blank=True, default="")
    cases_before = models.PositiveIntegerField(null=True)
    cases_after = models.PositiveIntegerField(null=True)
    effect_checked_at = models.DateTimeField(null=True)
    first_due_at = models.DateTimeField(null=True, editable=False)
    killed_before = models.BooleanField(default=False, db_default=False, editable=False)
    cited_before = models.PositiveIntegerField(null=True, editable=False)
    cited_after = models.PositiveIntegerField(null=True, editable=False)
    is_killed = computed(f"{_HELD} AND NOT killed_before", models.BooleanField())
    is_due = computed("executed_at IS NOT NULL OR COALESCE(reinstated_at >= first_due_at, true)", models.BooleanField())
    executed_in_time = computed("COALESCE(executed_at <= first_due_at, false)", models.BooleanField())
    executed_as_moved = computed(
        "COALESCE(executed_at > first_due_at AND executed_at <= due_at, false)", models.BooleanField()
    )
    effect_observed = computed(_OBSERVED_WHOLE, models.BooleanField())
    effect_told = computed(f"{_OBSERVED_WHOLE} AND {_TOLD}", models.BooleanField())
    revision = models.PositiveIntegerField(default=1, db_default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "outcome"], name="one_kill_order_per_outcome"),
            models.CheckConstraint(
                condition=Q(executed_at=None) | Q(executed_at__gte=F("ordered_at")), name="executed_after_ordered"
            ),
            models.CheckConstraint(
                condition=Q(verified_at=None) | Q(verified_at__gte=F("executed_at")), name="verified_after_executed"
            ),
            models.CheckConstraint(
                condition=Q(outcome__isnull=False) | Q(nomination__isnull=False), name="ordered_by_something"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "status", "due_at"], name="kill_order_due"),
            models.Index(fields=["tenant", "rule"], name="kill_order_of_rule"),
            models.Index(fields=["tenant", "unit", "verified_at"], name="kill_order_by_verification"),
            models.Index(fields=["tenant", "unit", "first_due_at"], name="kill_order_by_first_due"),
        ]

    def __str__(self) -> str:
        return f"kill {self.rule_id}"


class KillStep(TenantModel):
    """One thing to do so that the rule is gone: a form, a system, a training, a sign on a wall."""

    order = TenantForeignKey(KillOrder, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    what = models.CharField(max_length=300)
    done_at = models.DateTimeField(null=True)
    done_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "order", "position"], name="one_step_per_position")]

    def __str__(self) -> str:
        return self.what
