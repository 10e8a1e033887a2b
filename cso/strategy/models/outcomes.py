"""Outcomes with one owner each, which metrics serve them, their reviews, and the initiatives for them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from cso.people.models import Person
from tenants.base import TenantModel
from tenants.fields import TenantForeignKey
from tenants.models import Membership


class Outcome(TenantModel):
    """What the office wants for customers, with exactly one owner, and the day by which it is looked at again.

    Only a review moves that day, so that none is put off without a word.
    """

    name = models.CharField(max_length=120)
    description = models.CharField(max_length=1_000, blank=True, default="")
    owner = TenantForeignKey(Person, models.PROTECT, related_name="outcomes")
    position = models.PositiveSmallIntegerField(default=0)
    review_on = models.DateField()
    made_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=500, blank=True, default="")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], condition=Q(ended_at=None), name="one_outcome_per_name"),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_because="") | (Q(ended_at__isnull=False) & ~Q(ended_because="")),
                name="ended_says_why",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class OutcomeMetric(TenantModel):
    """A metric serves exactly one outcome, whose owner is its owner.

    target: of what has no target path, in the unit of `cso.strategy.goals`.
    """

    outcome = TenantForeignKey(Outcome, models.CASCADE, related_name="metrics")
    metric = models.CharField(max_length=40)
    target = models.DecimalField(max_digits=9, decimal_places=2, null=True)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "metric"], name="a_metric_serves_one_outcome")]

    def __str__(self) -> str:
        return self.metric


class OutcomeReview(TenantModel):
    """That an outcome was looked at, what was decided, and when it is looked at again. Rows are only added.

    was_due_on: the day by which it was to be, so that a late review stays one.
    """

    outcome = TenantForeignKey(Outcome, models.CASCADE, related_name="reviews")
    decided = models.CharField(max_length=1_000)
    was_due_on = models.DateField()
    next_on = models.DateField()
    at = models.DateTimeField()
    by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [models.CheckConstraint(condition=~Q(decided=""), name="a_review_decides")]
        indexes = [models.Index(fields=["tenant", "outcome", "at"], name="reviews_of_outcome")]

    def __str__(self) -> str:
        return f"{self.outcome_id} on {self.at:%Y-%m-%d}"


class Initiative(TenantModel):
    """Something done for an outcome, from a day to a day. `is_remarkable`: customers are to notice it."""

    outcome = TenantForeignKey(Outcome, models.CASCADE, related_name="initiatives")
    name = models.CharField(max_length=120)
    owner = TenantForeignKey(Person, models.PROTECT, related_name="+")
    starts_on = models.DateField()
    due_on = models.DateField()
    is_remarkable = models.BooleanField(default=False)
    done_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    what_came_of_it = models.CharField(max_length=500, blank=True, default="")

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(due_on__gte=F("starts_on")), name="an_initiative_ends_after_it_starts"),
            models.CheckConstraint(condition=Q(done_at=None) | Q(stopped_at=None), name="done_or_stopped"),
            models.CheckConstraint(
                condition=Q(done_at=None, stopped_at=None, what_came_of_it="")
                | ((Q(done_at__isnull=False) | Q(stopped_at__isnull=False)) & ~Q(what_came_of_it="")),
                name="what_is_over_says_what_came_of_it",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "outcome", "due_on"], name="initiatives_of_outcome")]

    def __str__(self) -> str:
        return self.name
