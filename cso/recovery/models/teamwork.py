"""What several people do on one case: contacts, tasks of units, and how its owner got over it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from cso.people.models import Unit
from cso.recovery.models.cases import Case, Channel, ContactKind
from tenants.base import TableRules, TenantModel
from tenants.fields import TenantForeignKey
from tenants.models import ApiKey, Membership


class Contact(TenantModel):
    """One of the four contacts, made with the customer at `at`."""

    case = TenantForeignKey(Case, models.CASCADE, related_name="contacts")
    kind = models.CharField(max_length=12, choices=ContactKind)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    channel = models.CharField(max_length=10, choices=Channel, blank=True, default="", db_default="")
    member = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    api_key = TenantForeignKey(ApiKey, models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=2_000, blank=True, default="", db_default="")

    rules: ClassVar[TableRules] = TableRules(append_only=True)

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "case", "at"], name="contact_of_case")]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"


class CaseTask(TenantModel):
    """What one unit is asked to do for a case, by when."""

    case = TenantForeignKey(Case, models.CASCADE, related_name="tasks")
    unit = TenantForeignKey(Unit, models.PROTECT, related_name="case_tasks")
    what = models.CharField(max_length=300)
    due_at = models.DateTimeField()
    added_at = models.DateTimeField()
    added_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)
    done_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    cancelled_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(done_at=None) | Q(done_at__gte=F("added_at")), name="done_after_added"),
            models.CheckConstraint(
                condition=Q(done_at=None) | Q(cancelled_at=None), name="a_task_is_done_or_cancelled"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "case", "added_at"], name="task_of_case"),
            models.Index(
                fields=["tenant", "unit", "due_at"],
                condition=Q(done_at=None, cancelled_at=None),
                name="task_waiting",
            ),
        ]

    def __str__(self) -> str:
        return self.what


class SupportNote(TenantModel):
    """What a case did to whoever took the punch, in their own words, for their own eyes alone."""

    case = TenantForeignKey(Case, models.CASCADE, related_name="+")
    author = TenantForeignKey(Membership, models.CASCADE, related_name="+")
    text = models.CharField(max_length=2_000)
    written_at = models.DateTimeField(db_default=Now())

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "author", "case", "written_at"], name="support_note_of_author")]

    def __str__(self) -> str:
        return f"a note of {self.author_id}"
