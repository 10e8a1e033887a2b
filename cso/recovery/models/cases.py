"""Cases and their log. Every verdict on a case is a column that the database computes from its instants."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Length, Now
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from cso.customers.models import Customer
from cso.people.models import Unit
from cso.rules.models import Rule
from tenants.base import TableRules, TenantModel
from tenants.fields import TenantForeignKey, computed
from tenants.models import ApiKey, Membership

RECOVERY_TIME = timedelta(hours=24)
# A fix that is disputed or reopened within this time, counted from the first fix, did not recover the case.
HOLDING_TIME = timedelta(days=14)
_RECOVERY = f"INTERVAL '{RECOVERY_TIME // timedelta(hours=1)} hours'"
_HOLDING = f"INTERVAL '{HOLDING_TIME.days} days'"
_RECOVERED_24H = (
    f"COALESCE(first_fixed_at - COALESCE(occurred_at, reported_at) <= {_RECOVERY}, false)"
    f" AND COALESCE(first_undone_at - first_fixed_at > {_HOLDING}, true)"
)
# How far ahead of ours a caller's clock may run before an instant is "in the future".
CLOCK_TOLERANCE = timedelta(seconds=60)
MAX_SUMMARY = 5_000
# The word alone, in any case. Without classes such as \w, of which Python and PostgreSQL think differently.
ATTITUDE = "(^|[^a-z0-9_])attitude([^a-z0-9_]|$)"


class Channel(models.TextChoices):
    PHONE = "phone", _("Phone")
    EMAIL = "email", _("E-mail")
    WEB = "web", _("Web")
    CHAT = "chat", _("Chat")
    IN_PERSON = "in_person", _("In person")
    COLLEAGUE = "colleague", _("Colleague")


class ExclusionReason(models.TextChoices):
    DUPLICATE = "duplicate", _("Duplicate")
    TEST = "test", _("Test")
    SPAM = "spam", _("Spam")
    NOT_OUR_FAILURE = "not_our_failure", _("Not our failure")


class ContactKind(models.TextChoices):
    """The four contacts of a recovery, in their order. What each promises is a due time of the tenant's."""

    ACKNOWLEDGE = "acknowledge", _("Acknowledge")
    STATUS = "status", _("Status")
    RESOLUTION = "resolution", _("Resolution")
    FOLLOW_UP = "follow_up", _("Follow-up")


class Solution(models.TextChoices):
    """How a case was solved. Quoting policy is an outcome too, and names the rule that was quoted."""

    PUT_RIGHT = "put_right", _("We put it right")
    REPLACED = "replaced", _("We replaced or redid it")
    PAID_BACK = "paid_back", _("We paid it back or compensated")
    EXCEPTION = "exception", _("We made an exception")
    EXPLAINED = "explained", _("We explained, and the customer was content")
    POLICY_QUOTED = "policy_quoted", _("Policy was quoted")


class FailedRight(models.TextChoices):
    """Which of the four basics failed."""

    PRODUCT = "product", _("The right product or service")
    PLACE = "place", _("The right place")
    TIME = "time", _("The right time")
    WAY = "way", _("The right way")


class Cause(TenantModel):
    """What went wrong, in the tenant's own words. There is no cause called attitude: people are not a cause."""

    name = models.CharField(max_length=120)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="one_cause_per_name"),
            models.CheckConstraint(condition=~Q(name__iregex=ATTITUDE), name="attitude_is_not_a_cause"),
        ]

    def __str__(self) -> str:
        return self.name


class Case(TenantModel):
    """One service failure (an OOPS) that the office recovers.

    Instants, all UTC: `occurred_at` the mistake (None: unknown), `reported_at` the first contact, `recorded_at` when
    this server first heard of it, `first_fixed_at` the first fix, `fixed_at` the fix that holds (None: open),
    `first_undone_at` the first reopening or dispute after the first fix.

    The columns computed by the database (`clock_start`, `is_valid`, `recovered_24h`, ...) are the only source of every
    verdict: list, page, API, metric and drill-down read the same column. Their rules are those of docs/metrics.md.
    """

    external_id = models.CharField(max_length=100, null=True, blank=True)
    unit = TenantForeignKey(Unit, models.PROTECT, related_name="cases")
    customer = TenantForeignKey(Customer, models.PROTECT, null=True, blank=True, related_name="cases")
    cause = TenantForeignKey(Cause, models.PROTECT, null=True, blank=True, related_name="cases")
    channel = models.CharField(max_length=10, choices=Channel, blank=True)
    summary = models.TextField(blank=True)
    opened_by = TenantForeignKey(Membership, models.PROTECT, null=True, editable=False, related_name="+")

    occurred_at = models.DateTimeField(null=True, blank=True)
    reported_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    first_fixed_at = models.DateTimeField(null=True, blank=True)
    fixed_at = models.DateTimeField(null=True, blank=True)
    first_undone_at = models.DateTimeField(null=True, blank=True)
    times_undone = models.PositiveSmallIntegerField(default=0, db_default=0)
    revision = models.PositiveIntegerField(default=1, db_default=1)

    # None: nobody took it yet, so the intake owner of its unit holds it; see `cso.recovery.teamwork.owner_of`.
    owner = TenantForeignKey(Membership, models.PROTECT, null=True, blank=True, related_name="owned_cases")
    # The next contact that the customer is owed; None where none is, as when nobody knows who the customer is.
    next_contact = models.CharField(max_length=12, choices=ContactKind, blank=True, default="", db_default="")
    next_contact_due_at = models.DateTimeField(null=True, blank=True)
    planned_surprise = models.CharField(max_length=500, blank=True, default="", db_default="")

    closed_at = models.DateTimeField(null=True, blank=True)
    solution = models.CharField(max_length=20, choices=Solution, blank=True, default="", db_default="")
    quoted_rule = TenantForeignKey(Rule, models.PROTECT, null=True, blank=True, related_name="cases")
    failed_right = models.CharField(max_length=10, choices=FailedRight, blank=True, default="", db_default="")
    given_surprise = models.CharField(max_length=500, blank=True, default="", db_default="")
    change_idea = models.CharField(max_length=500, blank=True, default="", db_default="")
    approvals_asked = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)

    # The customer's last valid answer to the three questions; None: not answered, or "I don't know".
    answered_at = models.DateTimeField(null=True, editable=False)
    said_fixed = models.BooleanField(null=True, editable=False)
    said_apology = models.BooleanField(null=True, editable=False)
    said_surprised = models.BooleanField(null=True, editable=False)
    # Raised to make every link that was sent to the customer worthless.
    link_version = models.PositiveSmallIntegerField(default=1, db_default=1, editable=False)

    # The first promise of this case that was not kept in time.
    first_promise_broken_at = models.DateTimeField(null=True, editable=False)
    # When the clock of a later case of the same customer and cause started, within 30 days of the first fix. Written by
    # a trigger, which no path can forget.
    repeated_at = models.DateTimeField(null=True, editable=False)

    merged_into = TenantForeignKey("self", models.PROTECT, null=True, editable=False, related_name="duplicates")

    excluded_as = models.CharField(max_length=20, choices=ExclusionReason, blank=True, default="", db_default="")
    exclusion_note = models.CharField(max_length=500, blank=True, default="", db_default="")
    excluded_by = TenantForeignKey(Membership, models.PROTECT, null=True, editable=False, related_name="+")
    exclusion_confirmed_by = TenantForeignKey(Membership, models.PROTECT, null=True, editable=False, related_name="+")

    clock_start = models.GeneratedField(
        expression=Coalesce("occurred_at", "reported_at"), output_field=models.DateTimeField(), db_persist=True
    )
    occurrence_known = computed("occurred_at IS NOT NULL", models.BooleanField())
    is_valid = computed("exclusion_confirmed_by_id IS NULL AND merged_into_id IS NULL", models.BooleanField())
    is_not_our_failure = computed(
        "excluded_as = 'not_our_failure' AND exclusion_confirmed_by_id IS NOT NULL", models.BooleanField()
    )
    # The difference of two instants is elapsed time: exact over clock changes, and exactly 24:00:00 is in time.
    recovered_24h = computed(_RECOVERED_24H, models.BooleanField())
    recovered_24h_reported = computed(
        f"COALESCE(first_fixed_at - reported_at <= {_RECOVERY}, false)"
        f" AND COALESCE(first_undone_at - first_fixed_at > {_HOLDING}, true)",
        models.BooleanField(),
    )
    undone_in_14d = computed(f"COALESCE(first_undone_at - first_fixed_at <= {_HOLDING}, false)", models.BooleanField())
    answered_surprise = computed("said_surprised IS NOT NULL", models.BooleanField())
    surprised = computed("COALESCE(said_surprised, false)", models.BooleanField())
    answered_apology = computed("said_apology IS NOT NULL", models.BooleanField())
    apologised = computed("COALESCE(said_apology, false)", models.BooleanField())
    # Only the customer's own answer makes a case dazzled.
    dazzled = computed(f"{_RECOVERED_24H} AND COALESCE(said_surprised, false)", models.BooleanField())
    doubly_deviated = computed(
        "first_undone_at IS NOT NULL OR first_promise_broken_at IS NOT NULL OR repeated_at IS NOT NULL",
        models.BooleanField(),
    )
    within_own_authority = computed("approvals_asked = 0", models.BooleanField())
    policy_quoted = computed("solution = 'policy_quoted'", models.BooleanField())
    surprise_was_planned = computed("planned_surprise <> ''", models.BooleanField())
    # Whole seconds, rounded up, from the clock's start to the fix that holds; None while the case is open.
    seconds_to_recover = computed(
        "ceil(EXTRACT(EPOCH FROM fixed_at - COALESCE(occurred_at, reported_at)))::bigint",
        models.BigIntegerField(null=True),
    )

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "external_id"], name="one_case_per_external_id"),
            models.CheckConstraint(condition=Q(occurred_at__lte=F("reported_at")), name="reported_after_it_occurred"),
            models.CheckConstraint(
                condition=Q(reported_at__lte=F("recorded_at") + CLOCK_TOLERANCE),
                name="not_reported_in_the_future",
            ),
            models.CheckConstraint(
                condition=Q(first_fixed_at__gte=Coalesce("occurred_at", "reported_at")),
                name="fixed_after_the_clock_started",
            ),
            models.CheckConstraint(
                condition=Q(fixed_at=None) | Q(fixed_at__gte=F("first_fixed_at")), name="no_fix_before_the_first"
            ),
            models.CheckConstraint(
                condition=Q(first_fixed_at=None, fixed_at=None, first_undone_at=None) | Q(first_fixed_at__isnull=False),
                name="a_fix_has_a_first_fix",
            ),
            models.CheckConstraint(
                condition=Q(first_fixed_at=None) | Q(fixed_at__isnull=False) | Q(first_undone_at__isnull=False),
                name="open_again_only_when_undone",
            ),
            models.CheckConstraint(
                condition=Q(first_undone_at=None, times_undone=0)
                | Q(first_undone_at__isnull=False, first_undone_at__gte=F("first_fixed_at"), times_undone__gt=0),
                name="undone_after_the_first_fix",
            ),
            models.CheckConstraint(condition=LessThanOrEqual(Length("summary"), MAX_SUMMARY), name="summary_is_short"),
            models.CheckConstraint(
                condition=Q(excluded_as="", excluded_by=None, exclusion_confirmed_by=None)
                | (~Q(excluded_as="") & ~Q(exclusion_note="") & Q(excluded_by__isnull=False)),
                name="exclusion_has_a_reason_and_a_person",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None)
                | (Q(fixed_at__isnull=False, closed_at__gte=F("fixed_at")) & ~Q(solution="")),
                name="closed_after_a_fix_with_its_solution",
            ),
            models.CheckConstraint(
                condition=(Q(quoted_rule=None) & ~Q(solution=Solution.POLICY_QUOTED))
                | Q(quoted_rule__isnull=False, solution=Solution.POLICY_QUOTED),
                name="quoted_policy_names_its_rule",
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None, said_fixed=None, said_apology=None, said_surprised=None)
                | Q(answered_at__isnull=False, said_fixed__isnull=False),
                name="an_answer_says_whether_it_is_fixed",
            ),
            models.CheckConstraint(condition=~Q(merged_into=F("id")), name="not_its_own_duplicate"),
            models.CheckConstraint(
                condition=Q(next_contact="", next_contact_due_at=None)
                | (~Q(next_contact="") & Q(next_contact_due_at__isnull=False)),
                name="a_contact_owed_has_a_due_time",
            ),
            models.CheckConstraint(
                condition=Q(exclusion_confirmed_by=None) | ~Q(exclusion_confirmed_by=F("excluded_by")),
                name="exclusion_needs_a_second_person",
            ),
        ]
        indexes = [
            # The three that the engine counts from, index-only; each begins with what a cell is keyed by.
            models.Index(
                fields=["tenant", "unit", "clock_start"],
                include=[
                    "is_valid",
                    "is_not_our_failure",
                    "recovered_24h",
                    "occurrence_known",
                    "seconds_to_recover",
                    "cause",
                    "answered_surprise",
                    "surprised",
                    "answered_apology",
                    "apologised",
                    "dazzled",
                    "surprise_was_planned",
                ],
                name="case_by_clock_start",
            ),
            models.Index(
                fields=["tenant", "unit", "reported_at"],
                include=["is_valid", "recovered_24h_reported"],
                name="case_by_report",
            ),
            models.Index(
                fields=["tenant", "unit", "first_fixed_at"],
                include=["is_valid", "undone_in_14d", "doubly_deviated"],
                condition=Q(first_fixed_at__isnull=False),
                name="case_by_first_fix",
            ),
            # Lists, newest first; and what is not yet due, which is always among the last day's reports.
            models.Index(
                fields=["tenant", "reported_at", "id"],
                include=[
                    "unit",
                    "is_valid",
                    "is_not_our_failure",
                    "clock_start",
                    "recovered_24h",
                    "recovered_24h_reported",
                ],
                name="case_newest",
            ),
            # The work list: open cases, the latest first.
            models.Index(
                fields=["tenant", "clock_start", "id"],
                include=["unit", "is_valid"],
                condition=Q(fixed_at=None),
                name="case_open",
            ),
            models.Index(
                fields=["tenant", "customer", "reported_at"],
                condition=Q(customer__isnull=False),
                name="case_by_customer",
            ),
            # Whether the same went wrong for the same customer again.
            models.Index(
                fields=["tenant", "customer", "cause", "clock_start"],
                condition=Q(customer__isnull=False, cause__isnull=False),
                name="case_by_repeat",
            ),
            models.Index(
                fields=["tenant", "unit", "closed_at"],
                include=["is_valid", "within_own_authority", "policy_quoted"],
                condition=Q(closed_at__isnull=False),
                name="case_by_closing",
            ),
            models.Index(
                fields=["tenant", "unit", "next_contact_due_at"],
                include=["is_valid"],
                condition=Q(next_contact_due_at__isnull=False),
                name="case_by_contact_due",
            ),
            # What a member has to do: the cases that they own, and those that nobody took.
            models.Index(
                fields=["tenant", "owner", "clock_start"],
                condition=Q(owner__isnull=False),
                name="case_by_owner",
            ),
            models.Index(
                fields=["tenant", "quoted_rule", "clock_start"],
                condition=Q(quoted_rule__isnull=False),
                name="case_by_rule",
            ),
            models.Index(
                fields=["tenant", "merged_into"], condition=Q(merged_into__isnull=False), name="case_merged_into"
            ),
            # What a member logged, newest first, in whatever unit.
            models.Index(
                fields=["tenant", "opened_by", "reported_at"],
                condition=Q(opened_by__isnull=False),
                name="case_by_opener",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """What people call it: the tenant's own number, else the last eight digits of the id."""
        return self.external_id or self.id.hex[-8:]

    @property
    def due_at(self) -> datetime:
        """24 elapsed hours after the clock's start: no business hours, no pause, no clock change."""
        start: datetime = self.clock_start
        return start + RECOVERY_TIME

    @property
    def is_open(self) -> bool:
        return self.fixed_at is None


class EventKind(models.TextChoices):
    OPENED = "opened", _("Opened")
    FIXED = "fixed", _("Fixed")
    REOPENED = "reopened", _("Reopened")
    DISPUTED = "disputed", _("Disputed by the customer")
    CORRECTED = "corrected", _("Corrected")
    MOVED = "moved", _("Moved to another unit")
    EXCLUSION_PROPOSED = "exclusion_proposed", _("Exclusion proposed")
    EXCLUSION_CONFIRMED = "exclusion_confirmed", _("Excluded from the figures")
    EXCLUSION_WITHDRAWN = "exclusion_withdrawn", _("Counted again")
    TAKEN = "taken", _("Taken")
    HANDED_OVER = "handed_over", _("Handed to another owner")
    CONTACTED = "contacted", _("Customer contacted")
    TASK_ADDED = "task_added", _("Asked of a unit")
    TASK_DONE = "task_done", _("Task done")
    TASK_CANCELLED = "task_cancelled", _("Task no longer needed")
    SURPRISE_PLANNED = "surprise_planned", _("Surprise planned")
    REMEDY_GIVEN = "remedy_given", _("Given to the customer")
    APPROVAL_ASKED = "approval_asked", _("Approval asked")
    APPROVED = "approved", _("Approved")
    APPROVAL_REFUSED = "approval_refused", _("Not approved")
    REMEDY_WITHDRAWN = "remedy_withdrawn", _("Request withdrawn")
    PROMISED = "promised", _("Promised")
    PROMISE_MOVED = "promise_moved", _("Promise moved")
    PROMISE_KEPT = "promise_kept", _("Promise kept")
    PROMISE_BROKEN = "promise_broken", _("Promise not kept in time")
    PROMISE_LATE = "promise_late", _("Promise done, too late")
    PROMISE_CANCELLED = "promise_cancelled", _("No longer wanted by the customer")
    CLOSED = "closed", _("Closed")
    QUESTION_SENT = "question_sent", _("Asked the customer")
    ANSWERED = "answered", _("The customer answered")
    CALL_BACK_ASKED = "call_back_asked", _("The customer asks to be called back")
    CALLED_BACK = "called_back", _("Called back")
    MAIL_RECEIVED = "mail_received", _("Mail received")
    MERGED = "merged", _("Merged into another case")
    DUPLICATE_TAKEN_IN = "duplicate_taken_in", _("Took in a duplicate")
    SPLIT = "split", _("Split from the case it was merged into")
    DUPLICATE_LET_GO = "duplicate_let_go", _("Let go of a duplicate")


class CaseEvent(TenantModel):
    """One line of a case's log, append-only: what happened at `at`, as recorded at `recorded_at`.

    The opening is not a row: it is the case's own instants, so that a bulk load writes each case once.
    """

    case = TenantForeignKey(Case, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=20, choices=EventKind)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    member = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    api_key = TenantForeignKey(ApiKey, models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=2_000, blank=True, default="", db_default="")
    changes = models.JSONField(default=dict, db_default={})

    rules: ClassVar[TableRules] = TableRules(append_only=True)

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["tenant", "case", "recorded_at"], name="case_event_log"),
            # Which cases left a unit; the cases themselves lie elsewhere by then.
            models.Index(fields=["tenant", "case"], condition=Q(changes__has_key="unit"), name="case_event_of_moves"),
            # Whether a case was passed on in its 24 hours; of all that is logged of all cases, that is little.
            models.Index(
                fields=["tenant", "case", "at"],
                condition=Q(kind__in=[EventKind.MOVED, EventKind.HANDED_OVER]),
                name="case_event_passed_on",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"
