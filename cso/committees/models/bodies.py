"""Committees, the charter under which they vote, their seats and who holds them."""

from __future__ import annotations

from typing import ClassVar, cast

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cso.committees.tally import BaseOf, Share, Terms
from cso.people.models import Unit
from tenants.base import TableRules, TenantModel
from tenants.fields import TenantForeignKey
from tenants.models import Membership


class Committee(TenantModel):
    """The committee of a unit, which decides about its rules every `cadence_days`."""

    unit = TenantForeignKey(Unit, models.PROTECT, related_name="committees")
    name = models.CharField(max_length=120)
    cadence_days = models.PositiveSmallIntegerField(default=14)
    founded_at = models.DateTimeField(db_default=Now())
    dissolved_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "unit", "name"], name="one_committee_per_name"),
            models.CheckConstraint(condition=Q(cadence_days__gte=1, cadence_days__lte=366), name="meets_within_a_year"),
        ]

    def __str__(self) -> str:
        return self.name


class Base(models.TextChoices):
    """Of what a majority is one."""

    CAST = "cast", _("votes cast: yes and no")
    PARTICIPATING = "participating", _("votes given, abstentions too")
    ELIGIBLE = "eligible", _("eligible seats, whether they voted or not")
    FIXED = "fixed", _("a fixed number of yes votes")


class CharterVersion(TenantModel):
    """The rules by which a committee votes, from `in_force_from` until the next version; never changed.

    quorum: `quorum_count` seats, or a share of the eligible ones (`quorum_numerator` / `quorum_denominator`; more than
    it where `quorum_is_more_than`, else at least). majority: likewise, of `base`; with the base `fixed`,
    `majority_count` yes votes. Durations in hours and days, elapsed.
    """

    committee = TenantForeignKey(Committee, models.CASCADE, related_name="charters")
    number = models.PositiveIntegerField()
    quorum_count = models.PositiveSmallIntegerField(null=True, blank=True)
    quorum_numerator = models.PositiveSmallIntegerField(default=1)
    quorum_denominator = models.PositiveSmallIntegerField(default=2)
    quorum_is_more_than = models.BooleanField(default=True)
    base = models.CharField(max_length=15, choices=Base, default=Base.CAST)
    majority_count = models.PositiveSmallIntegerField(null=True, blank=True)
    majority_numerator = models.PositiveSmallIntegerField(default=1)
    majority_denominator = models.PositiveSmallIntegerField(default=2)
    majority_is_more_than = models.BooleanField(default=True)
    is_secret = models.BooleanField(default=False)
    votes_may_change = models.BooleanField(default=True)
    shows_tally = models.BooleanField(default=False)
    chair_breaks_ties = models.BooleanField(default=False)
    recused_leave_the_base = models.BooleanField(default=True)
    owner_is_recused = models.BooleanField(default=True)
    allows_delegation = models.BooleanField(default=False)
    may_close_early = models.BooleanField(default=True)
    deliberation_hours = models.PositiveSmallIntegerField(default=48)
    ballot_hours = models.PositiveSmallIntegerField(default=72)
    extension_hours = models.PositiveSmallIntegerField(default=48)
    cool_down_days = models.PositiveSmallIntegerField(default=90)
    in_force_from = models.DateTimeField()
    member = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")

    rules: ClassVar[TableRules] = TableRules(append_only=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "committee", "number"], name="one_charter_per_number"),
            models.CheckConstraint(
                condition=Q(quorum_denominator__gte=1, quorum_numerator__lte=F("quorum_denominator"))
                & Q(majority_denominator__gte=1, majority_numerator__lte=F("majority_denominator")),
                name="shares_are_at_most_one",
            ),
            models.CheckConstraint(
                condition=Q(base=Base.FIXED, majority_count__gte=1) | (~Q(base=Base.FIXED) & Q(majority_count=None)),
                name="a_fixed_majority_names_its_number",
            ),
            models.CheckConstraint(
                condition=Q(is_secret=False) | Q(votes_may_change=False, shows_tally=False, allows_delegation=False),
                name="secret_votes_stay_secret",
            ),
        ]

    def __str__(self) -> str:
        return f"charter {self.number}"

    @property
    def terms(self) -> Terms:
        """What of it decides a ballot."""
        quorum = Share(self.quorum_numerator, self.quorum_denominator, self.quorum_is_more_than)
        majority = Share(self.majority_numerator, self.majority_denominator, self.majority_is_more_than)
        return Terms(
            quorum=quorum if self.quorum_count is None else self.quorum_count,
            base=cast(BaseOf, self.base),
            majority=majority if self.majority_count is None else self.majority_count,
            chair_breaks_ties=self.chair_breaks_ties,
        )


class Seat(TenantModel):
    """A seat votes, not a person: whoever holds it when a ballot opens."""

    committee = TenantForeignKey(Committee, models.CASCADE, related_name="seats")
    label = models.CharField(max_length=120)
    is_chair = models.BooleanField(default=False)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "committee", "label"], name="one_seat_per_label"),
            models.UniqueConstraint(
                fields=["tenant", "committee"], condition=Q(is_chair=True, retired_at=None), name="one_chair"
            ),
        ]

    def __str__(self) -> str:
        return self.label


class InstantRange(Func):
    function = "tstzrange"
    output_field = DateTimeRangeField()


class SeatTenure(TenantModel):
    """Who held a seat from `starts_at` up to, not including, `ends_at` (None: still does); never two at once.

    A holder who is no member of the workspace has a name alone: an integration tells what they vote.
    """

    seat = TenantForeignKey(Seat, models.CASCADE, related_name="tenures")
    member = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="seat_tenures")
    holder_name = models.CharField(max_length=120, blank=True, default="")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")), name="held_for_a_while"),
            models.CheckConstraint(
                condition=Q(member__isnull=False, holder_name="") | (Q(member=None) & ~Q(holder_name="")),
                name="held_by_a_member_or_a_name",
            ),
            ExclusionConstraint(
                name="one_holder_at_a_time",
                expressions=[
                    (Func(F("tenant_id"), F("tenant_id"), Value("[]"), function="int8range"), RangeOperators.EQUAL),
                    (Func(F("seat_id"), F("seat_id"), Value("[]"), function="uuidrange"), RangeOperators.EQUAL),
                    (InstantRange("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [models.Index(fields=["tenant", "member"], name="tenure_of_member")]

    def __str__(self) -> str:
        return f"{self.member_id or self.holder_name} holds {self.seat_id} from {self.starts_at:%Y-%m-%d}"


class Delegation(TenantModel):
    """One seat lets another of the same committee vote for it, until taken back. One hop: it is never passed on."""

    seat = TenantForeignKey(Seat, models.CASCADE, related_name="delegations")
    to_seat = TenantForeignKey(Seat, models.CASCADE, related_name="+")
    given_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "seat"], condition=Q(revoked_at=None), name="one_delegate_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seat_id} -> {self.to_seat_id}"


class QuietVoter(TenantModel):
    """Somebody who wants no reminders of ballots."""

    member = TenantForeignKey(Membership, models.CASCADE, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "member"], name="quiet_once")]

    def __str__(self) -> str:
        return f"{self.member_id} is not reminded"
