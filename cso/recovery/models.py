"""Cases and their log. Every verdict on a case is a column that the database computes from its instants."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Length, Now
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from cso.customers.models import Customer
from cso.people.models import Unit
from tenants.base import TableRules, TenantModel
from tenants.fields import TenantForeignKey
from tenants.models import ApiKey, Membership

RECOVERY_TIME = timedelta(hours=24)
# A fix that is disputed or reopened within this time, counted from the first fix, did not recover the case.
HOLDING_TIME = timedelta(days=14)
_RECOVERY = f"INTERVAL '{RECOVERY_TIME // timedelta(hours=1)} hours'"
_HOLDING = f"INTERVAL '{HOLDING_TIME.days} days'"
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


def _computed(expression: str, field: models.Field[Any, Any]) -> models.GeneratedField:
    """A column that the database computes, and keeps."""
    return models.GeneratedField(expression=RawSQL(expression, ()), output_field=field, db_persist=True)  # noqa: S611


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

    excluded_as = models.CharField(max_length=20, choices=ExclusionReason, blank=True, default="", db_default="")
    exclusion_note = models.CharField(max_length=500, blank=True, default="", db_default="")
    excluded_by = TenantForeignKey(Membership, models.PROTECT, null=True, editable=False, related_name="+")
    exclusion_confirmed_by = TenantForeignKey(Membership, models.PROTECT, null=True, editable=False, related_name="+")

    clock_start = models.GeneratedField(
        expression=Coalesce("occurred_at", "reported_at"), output_field=models.DateTimeField(), db_persist=True
    )
    occurrence_known = _computed("occurred_at IS NOT NULL", models.BooleanField())
    is_valid = _computed("exclusion_confirmed_by_id IS NULL", models.BooleanField())
    is_not_our_failure = _computed(
        "excluded_as = 'not_our_failure' AND exclusion_confirmed_by_id IS NOT NULL", models.BooleanField()
    )
    # The difference of two instants is elapsed time: exact over clock changes, and exactly 24:00:00 is in time.
    recovered_24h = _computed(
        f"COALESCE(first_fixed_at - COALESCE(occurred_at, reported_at) <= {_RECOVERY}, false)"
        f" AND COALESCE(first_undone_at - first_fixed_at > {_HOLDING}, true)",
        models.BooleanField(),
    )
    recovered_24h_reported = _computed(
        f"COALESCE(first_fixed_at - reported_at <= {_RECOVERY}, false)"
        f" AND COALESCE(first_undone_at - first_fixed_at > {_HOLDING}, true)",
        models.BooleanField(),
    )
    undone_in_14d = _computed(f"COALESCE(first_undone_at - first_fixed_at <= {_HOLDING}, false)", models.BooleanField())
    # Whole seconds, rounded up, from the clock's start to the fix that holds; None while the case is open.
    seconds_to_recover = _computed(
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
                include=["is_valid", "undone_in_14d"],
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
        indexes = [models.Index(fields=["tenant", "case", "recorded_at"], name="case_event_log")]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"


class Batch(TenantModel):
    """A bulk load larger than one request: its rows wait in chunks, and a worker takes them one transaction each."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        DONE = "done", _("Done")

    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    reading = models.JSONField(default=dict)
    rows = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    superseded = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    member = TenantForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    api_key = TenantForeignKey(ApiKey, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.id} {self.status}"


class BatchChunk(TenantModel):
    """Some lines of a batch that still wait, as JSON [[line, row], ...]; gone in the transaction that loads them."""

    batch = TenantForeignKey(Batch, models.CASCADE, related_name="chunks")
    first_line = models.PositiveIntegerField()
    lines = models.BinaryField()
    attempts = models.PositiveSmallIntegerField(default=0)

    rules: ClassVar[TableRules] = TableRules(dispatcher_sees_tenants=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "batch", "first_line"], name="one_chunk_per_first_line")
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} from line {self.first_line}"


class BatchRefusal(TenantModel):
    """Why one row of a batch did not go in: by line and field."""

    batch = TenantForeignKey(Batch, models.CASCADE, related_name="refusals")
    line = models.PositiveIntegerField()
    external_id = models.CharField(max_length=100, blank=True)
    field = models.CharField(max_length=60)
    code = models.CharField(max_length=60)
    message = models.CharField(max_length=500)

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "batch", "line", "id"], name="batch_refusal_line")]

    def __str__(self) -> str:
        return f"line {self.line}, {self.field}: {self.message}"
