"""Rules that people broke, or want gone, and what speaks for it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cso.committees.models.bodies import Committee
from cso.customers.models import Customer
from cso.people.models import Unit
from cso.recovery.models import Case
from cso.rules.models import Rule
from tenants.base import TenantModel
from tenants.fields import TenantForeignKey, computed
from tenants.models import ApiKey, Membership


class RuleBreak(TenantModel):
    """Somebody bent a rule for a customer. Blameless: no penalty is kept, and only its author sees who it was."""

    class Result(models.TextChoices):
        HELPED = "helped", _("It helped the customer")
        NO_DIFFERENCE = "no_difference", _("It made no difference")
        HARMED = "harmed", _("It did harm")
        UNKNOWN = "unknown", _("Not known yet")

    rule = TenantForeignKey(Rule, models.PROTECT, related_name="breaks")
    author = TenantForeignKey(Membership, models.PROTECT, related_name="+")
    customer = TenantForeignKey(Customer, models.PROTECT, null=True, blank=True, related_name="+")
    case = TenantForeignKey(Case, models.PROTECT, null=True, blank=True, related_name="+")
    why = models.CharField(max_length=500)
    result = models.CharField(max_length=15, choices=Result, default=Result.UNKNOWN)
    broken_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["tenant", "rule", "broken_at"], name="break_of_rule"),
            models.Index(fields=["tenant", "author", "broken_at"], name="break_of_author"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} bent {self.broken_at:%Y-%m-%d}"


class Nomination(TenantModel):
    """Somebody wants a rule gone: one sentence, from wherever it comes. `rule` None: which rule is not known yet.

    `ease` and `impact`, 1 to 5, are the triage's. A merged nomination goes on in `merged_into`, whose time is that of
    the earliest.

    `ended_at`: when it was said that the rule stays, or that it is none of ours. `killed_at`, written by the database:
    when somebody saw that the rule was gone, unless it was back within 90 days. Where no unit is named, the database
    takes the first at the top.
    """

    class Source(models.TextChoices):
        PERSON = "person", _("A colleague")
        CASE = "case", _("A case")
        BREAKS = "breaks", _("Rule breaks")
        PANEL = "panel", _("A feedback panel")
        INTEGRATION = "integration", _("An integration")
        SUNSET = "sunset", _("Its sunset")

    class Status(models.TextChoices):
        SUBMITTED = "submitted", _("Submitted")
        TRIAGED = "triaged", _("Triaged")
        DOCKETED = "docketed", _("On the docket")
        DECIDED = "decided", _("Decided")
        MERGED = "merged", _("Merged with another")
        NO_SUCH_RULE = "no_such_rule", _("There is no such rule")
        EXTERNAL_LAW = "external_law", _("The law asks for it")
        QUICK_KILLED = "quick_killed", _("Killed at once: its owner agreed")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    # Of those something may still come.
    LIVE: ClassVar = (Status.SUBMITTED, Status.TRIAGED, Status.DOCKETED)

    rule = TenantForeignKey(Rule, models.PROTECT, null=True, blank=True, related_name="nominations")
    words = models.CharField(max_length=500)
    source = models.CharField(max_length=15, choices=Source)
    status = models.CharField(max_length=15, choices=Status, default=Status.SUBMITTED)
    unit = TenantForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="+")
    case = TenantForeignKey(Case, models.PROTECT, null=True, blank=True, related_name="nominations")
    member = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="nominations")
    api_key = TenantForeignKey(ApiKey, models.PROTECT, null=True, related_name="+")
    submitted_at = models.DateTimeField()
    triaged_at = models.DateTimeField(null=True)
    triaged_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    ease = models.PositiveSmallIntegerField(null=True)
    impact = models.PositiveSmallIntegerField(null=True)
    committee = TenantForeignKey(Committee, models.PROTECT, null=True, blank=True, related_name="docket")
    merged_into = TenantForeignKey("self", models.PROTECT, null=True, related_name="merged")
    note = models.CharField(max_length=500, blank=True, default="")
    ended_at = models.DateTimeField(null=True)
    killed_at = models.DateTimeField(null=True, editable=False)
    is_counted = computed("status <> 'merged'", models.BooleanField())
    seconds_to_kill = computed(
        "ceil(EXTRACT(EPOCH FROM killed_at - submitted_at))::bigint", models.BigIntegerField(null=True)
    )
    seconds_to_end = computed(
        "CASE WHEN killed_at IS NULL THEN ceil(EXTRACT(EPOCH FROM ended_at - submitted_at))::bigint END",
        models.BigIntegerField(null=True),
    )
    revision = models.PositiveIntegerField(default=1, db_default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=(Q(ease=None) | Q(ease__gte=1, ease__lte=5))
                & (Q(impact=None) | Q(impact__gte=1, impact__lte=5)),
                name="triage_is_one_to_five",
            ),
            models.CheckConstraint(
                condition=~Q(status="merged") | Q(merged_into__isnull=False), name="merged_into_another"
            ),
            models.CheckConstraint(condition=~Q(merged_into=F("id")), name="not_merged_into_itself"),
        ]
        indexes = [
            models.Index(fields=["tenant", "status", "submitted_at"], name="nomination_by_status"),
            models.Index(fields=["tenant", "rule", "submitted_at"], name="nomination_of_rule"),
            models.Index(fields=["tenant", "member", "submitted_at"], name="nomination_of_member"),
            models.Index(fields=["tenant", "unit", "submitted_at"], name="nomination_by_unit"),
        ]

    def __str__(self) -> str:
        return self.words
