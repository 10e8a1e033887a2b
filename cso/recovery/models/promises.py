"""Promises to customers: what, by when, and what became of them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cso.people.models import Unit
from cso.recovery.models.cases import Case
from tenants.base import TenantModel
from tenants.fields import TenantForeignKey, computed
from tenants.models import ApiKey, Membership


class BrokenBecause(models.TextChoices):
    """The five causes of a promise that was not kept. None of them is a person."""

    NO_MEANS = "no_means", _("It could not be met with the means we have")
    BETWEEN_UNITS = "between_units", _("Departments did not tell each other")
    UNEXPECTED = "unexpected", _("A process or policy that does not expect the unexpected")
    PACIFIED = "pacified", _("Said to calm the customer, without a way to do it")
    UNSPOKEN = "unspoken", _("What the customer took for granted was not considered")


class Promise(TenantModel):
    """A dated promise. `words` is how it was said ("soon"); `first_due_at` what that meant, `due_at` what holds now.

    It is kept when done by the first promised time, and not disputed; or by the moved time, if it was moved once and
    the customer agreed before it fell due. `unit` is the case's when it was promised; `case_counts` follows the case's
    `is_valid` by a trigger.
    """

    case = TenantForeignKey(Case, models.CASCADE, related_name="promises")
    unit = TenantForeignKey(Unit, models.PROTECT, related_name="+")
    what = models.CharField(max_length=300)
    words = models.CharField(max_length=40, blank=True, default="")
    made_at = models.DateTimeField()
    first_due_at = models.DateTimeField()
    due_at = models.DateTimeField()
    times_moved = models.PositiveSmallIntegerField(default=0, db_default=0)
    # Whether the customer agreed, before it fell due, to the one time it was moved.
    move_agreed = models.BooleanField(default=False, db_default=False)
    done_at = models.DateTimeField(null=True)
    disputed_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    # When it was broken, once that is known; `cso.recovery.promises` derives it. The verdict of the figures is `kept`.
    broken_at = models.DateTimeField(null=True, editable=False)
    broken_because = models.CharField(max_length=20, choices=BrokenBecause, blank=True, default="", db_default="")
    case_counts = models.BooleanField(default=True, db_default=True, editable=False)
    member = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    api_key = TenantForeignKey(ApiKey, models.PROTECT, null=True, related_name="+")

    is_counted = computed("cancelled_at IS NULL AND case_counts", models.BooleanField())
    kept_at_first = computed("COALESCE(done_at <= first_due_at, false) AND disputed_at IS NULL", models.BooleanField())
    kept_as_moved = computed(
        "COALESCE(done_at > first_due_at AND done_at <= due_at, false) AND move_agreed AND times_moved = 1"
        " AND disputed_at IS NULL",
        models.BooleanField(),
    )
    kept = computed(
        "(COALESCE(done_at <= first_due_at, false) OR COALESCE(done_at <= due_at, false) AND move_agreed"
        " AND times_moved = 1) AND disputed_at IS NULL",
        models.BooleanField(),
    )

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(first_due_at__gte=F("made_at")), name="promised_for_later"),
            models.CheckConstraint(condition=Q(done_at=None) | Q(done_at__gte=F("made_at")), name="kept_after_made"),
            models.CheckConstraint(condition=Q(done_at=None) | Q(cancelled_at=None), name="done_or_cancelled"),
        ]
        indexes = [
            models.Index(fields=["tenant", "case", "made_at"], name="promise_of_case"),
            models.Index(
                fields=["tenant", "unit", "first_due_at"],
                include=["is_counted", "kept", "kept_as_moved"],
                name="promise_by_due",
            ),
            models.Index(fields=["tenant", "first_due_at"], include=["unit"], name="promise_due"),
        ]

    def __str__(self) -> str:
        return self.what
