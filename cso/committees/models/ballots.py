"""Motions, the ballots on them, who may vote, what was voted, and what came of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cso.committees.models.bodies import CharterVersion, Committee, Seat
from cso.committees.models.nominations import Nomination
from cso.committees.wording import words_of
from cso.people.models import Unit
from cso.rules.models import Rule
from tenants.base import TableRules, TenantModel
from tenants.fields import TenantForeignKey, computed
from tenants.models import ApiKey, Membership


class Motion(TenantModel):
    """What a committee is asked to decide about a rule. `text` is how it will be read out and voted on.

    The database writes the committee's `unit`, and `due_at`: within two of the committee's cadences, as they were when
    it was moved, it is to be decided.
    """

    class Kind(models.TextChoices):
        KILL = "kill", _("Kill it")
        CHANGE = "change", _("Change it to a new text")
        KEEP = "keep", _("Keep it until a date")
        REFER = "refer", _("Refer it to another committee")

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        DELIBERATING = "deliberating", _("In deliberation")
        BALLOTING = "balloting", _("In ballot")
        CARRIED = "carried", _("Carried")
        LOST = "lost", _("Lost")
        INQUORATE = "inquorate", _("No quorum")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        REFERRED = "referred", _("Referred")

    committee = TenantForeignKey(Committee, models.PROTECT, related_name="motions")
    rule = TenantForeignKey(Rule, models.PROTECT, related_name="motions")
    nomination = TenantForeignKey(Nomination, models.PROTECT, null=True, blank=True, related_name="motions")
    kind = models.CharField(max_length=10, choices=Kind)
    text = models.CharField(max_length=1_000)
    new_text = models.TextField(blank=True, default="")
    keep_until = models.DateField(null=True, blank=True)
    refer_to = TenantForeignKey(Committee, models.PROTECT, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=15, choices=Status, default=Status.DRAFT)
    moved_by = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    api_key = TenantForeignKey(ApiKey, models.PROTECT, null=True, related_name="+")
    moved_at = models.DateTimeField()
    deliberated_until = models.DateTimeField(null=True)
    owner_reply = models.CharField(max_length=2_000, blank=True, default="")
    owner_replied_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    unit = TenantForeignKey(Unit, models.PROTECT, null=True, editable=False, related_name="+")
    due_at = models.DateTimeField(null=True, editable=False)
    # One that was taken back before it was due is nothing that was owed; without a quorum nothing is decided.
    is_due = computed("NOT (status = 'withdrawn' AND COALESCE(decided_at < due_at, true))", models.BooleanField())
    decided_in_time = computed(
        "status IN ('carried', 'lost', 'referred') AND COALESCE(decided_at <= due_at, false)", models.BooleanField()
    )
    revision = models.PositiveIntegerField(default=1, db_default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=~Q(kind="change") | ~Q(new_text=""), name="a_change_has_its_new_text"),
            models.CheckConstraint(condition=~Q(kind="keep") | Q(keep_until__isnull=False), name="kept_until_a_date"),
            models.CheckConstraint(condition=~Q(kind="refer") | Q(refer_to__isnull=False), name="referred_to_somebody"),
        ]
        indexes = [
            models.Index(fields=["tenant", "committee", "status"], name="motion_of_committee"),
            models.Index(fields=["tenant", "rule", "moved_at"], name="motion_of_rule"),
            models.Index(fields=["tenant", "unit", "due_at"], name="motion_by_due"),
        ]

    def __str__(self) -> str:
        return self.text


class Ballot(TenantModel):
    """One ballot on one motion. From its opening on, charter, motion, evidence and roll are frozen here.

    It takes votes while it is open and the database's clock stands before `closes_at`; past that it reads as closed,
    whether or not anybody has tallied it yet.
    """

    class Status(models.TextChoices):
        SCHEDULED = "scheduled", _("Scheduled")
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed: the chair's casting vote is awaited")
        DECLARED = "declared", _("Declared")
        CANCELLED = "cancelled", _("Cancelled")

    motion = TenantForeignKey(Motion, models.PROTECT, related_name="ballots")
    charter = TenantForeignKey(CharterVersion, models.PROTECT, null=True, related_name="+")
    status = models.CharField(max_length=10, choices=Status, default=Status.SCHEDULED)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    # When it was extended for want of a quorum, which is done once; what a chair extends is in the audit log.
    extended_at = models.DateTimeField(null=True)
    is_secret = models.BooleanField(default=False)
    motion_text = models.CharField(max_length=1_000, blank=True, default="")
    rule_text = models.TextField(blank=True, default="")
    evidence = models.JSONField(default=dict)
    evidence_hash = models.CharField(max_length=64, blank=True, default="")
    cancelled_because = models.CharField(max_length=500, blank=True, default="")
    # Raised by whatever a page that shows this ballot would show otherwise.
    version = models.PositiveIntegerField(default=1, db_default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(closes_at__gt=F("opens_at")), name="a_ballot_lasts"),
            models.CheckConstraint(
                condition=Q(status__in=["scheduled", "cancelled"]) | Q(charter__isnull=False, opened_at__isnull=False),
                name="an_open_ballot_is_frozen",
            ),
            models.CheckConstraint(
                condition=~Q(status="cancelled") | ~Q(cancelled_because=""), name="cancelled_for_a_reason"
            ),
            models.UniqueConstraint(
                fields=["tenant", "motion"],
                condition=Q(status__in=["scheduled", "open", "closed"]),
                name="one_ballot_at_a_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "closes_at"], condition=Q(status__in=["scheduled", "open"]), name="ballot_closing"
            )
        ]

    def __str__(self) -> str:
        return f"ballot on {self.motion_id}"


class Choice(models.TextChoices):
    YES = "yes", _("Yes")
    NO = "no", _("No")
    ABSTAIN = "abstain", _("Abstain")


class RollEntry(TenantModel):
    """One seat in one ballot, and in a named ballot its counted vote. One row for each seat, so one vote for each.

    `member`, or `holder_name` for who is no member, held the seat at the opening; neither: it was vacant. In a secret
    ballot only `has_voted` is kept: neither choice nor time.
    """

    class Status(models.TextChoices):
        ELIGIBLE = "eligible", _("Eligible")
        RECUSED = "recused", _("Recused")
        VACANT = "vacant", _("Vacant")

    ballot = TenantForeignKey(Ballot, models.CASCADE, related_name="roll")
    seat = TenantForeignKey(Seat, models.PROTECT, related_name="+")
    label = models.CharField(max_length=120)
    is_chair = models.BooleanField()
    member = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="roll_entries")
    holder_name = models.CharField(max_length=120, blank=True, default="")
    delegate = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    status = models.CharField(max_length=10, choices=Status)
    recused_because = models.CharField(max_length=300, blank=True, default="")
    has_voted = models.BooleanField(default=False)
    choice = models.CharField(max_length=10, choices=Choice, blank=True, default="")
    by_delegate = models.BooleanField(default=False)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "ballot", "seat"], name="one_vote_per_seat"),
            models.CheckConstraint(
                condition=Q(status="vacant", member=None, holder_name="")
                | ~Q(status="vacant") & (Q(member__isnull=False) | ~Q(holder_name="")),
                name="vacant_without_a_holder",
            ),
            models.CheckConstraint(
                condition=Q(status="eligible") | Q(has_voted=False, choice=""), name="only_eligible_seats_vote"
            ),
            models.CheckConstraint(condition=Q(choice="") | Q(has_voted=True), name="a_choice_is_a_vote"),
        ]
        indexes = [models.Index(fields=["tenant", "member", "ballot"], name="roll_of_member")]

    def __str__(self) -> str:
        return f"{self.label} in {self.ballot_id}"


class VoteEvent(TenantModel):
    """What was voted in a named ballot, each change too; a `choice` of "" voids what stood. Never of a secret one."""

    entry = TenantForeignKey(RollEntry, models.CASCADE, related_name="events")
    choice = models.CharField(max_length=10, choices=Choice, blank=True)
    at = models.DateTimeField()
    member = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    api_key = TenantForeignKey(ApiKey, models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True, default="")

    rules: ClassVar[TableRules] = TableRules(append_only=True)

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "entry", "at"], name="vote_events_of_entry")]

    def __str__(self) -> str:
        return f"{self.choice or 'void'} {self.at:%Y-%m-%d %H:%M}"


class SecretCount(TenantModel):
    """The papers of a secret ballot while it runs: three numbers, sealed; see `cso.committees.secrecy`.

    Rows, one for each paper, would lie in the order in which they were put in, beside a roll that was marked in the
    same order: whoever dumps the tables could tell. Numbers have no order.
    """

    ballot = TenantForeignKey(Ballot, models.CASCADE, related_name="+")
    sealed = models.BinaryField()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "ballot"], name="one_count_per_secret_ballot")]

    def __str__(self) -> str:
        return f"papers of {self.ballot_id}"


class OutcomeRecord(TenantModel):
    """What came of a ballot, written once, with all that it takes to compute it again. Chained by hash.

    `sentence`: the arithmetic in English; `words`: in the reader's language.

    `yes`, `no`, `abstain` are None where fewer than three secret papers were given, which are not broken down.
    `terms`: the charter's. `roll`: [{seat, member, status, voted, choice}], the choice of named ballots alone.
    """

    class Result(models.TextChoices):
        CARRIED = "carried", _("Carried")
        LOST = "lost", _("Lost")
        INQUORATE = "inquorate", _("No quorum")

    ballot = TenantForeignKey(Ballot, models.PROTECT, related_name="outcomes")
    # A correction is a new record, which names the one that it corrects.
    corrects = TenantForeignKey("self", models.PROTECT, null=True, related_name="+")
    result = models.CharField(max_length=10, choices=Result)
    yes = models.PositiveIntegerField(null=True)
    no = models.PositiveIntegerField(null=True)
    abstain = models.PositiveIntegerField(null=True)
    voted = models.PositiveIntegerField()
    eligible = models.PositiveIntegerField()
    recused = models.PositiveIntegerField()
    vacant = models.PositiveIntegerField()
    quorum = models.PositiveIntegerField()
    base_count = models.PositiveIntegerField(null=True)
    yes_needed = models.PositiveIntegerField(null=True)
    casting_vote = models.CharField(max_length=10, choices=Choice, blank=True, default="")
    sentence = models.CharField(max_length=1_000)
    terms = models.JSONField()
    roll = models.JSONField()
    evidence_hash = models.CharField(max_length=64, blank=True, default="")
    declared_at = models.DateTimeField()
    # Written by the database.
    number = models.PositiveBigIntegerField(editable=False, default=0)
    previous_hash = models.CharField(max_length=64, editable=False, default="")
    hash = models.CharField(max_length=64, editable=False, default="")

    rules: ClassVar[TableRules] = TableRules(append_only=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "number"], name="one_outcome_per_number"),
            models.UniqueConstraint(
                fields=["tenant", "ballot"], condition=Q(corrects=None), name="one_outcome_per_ballot"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "ballot", "declared_at"], name="outcome_of_ballot")]

    def __str__(self) -> str:
        return self.sentence

    @property
    def words(self) -> str:
        return words_of(self)
